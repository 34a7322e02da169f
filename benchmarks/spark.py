"""A whole scan on Spark beside the scan on one machine: same ledger, same run, and what a hub costs.

    python -m benchmarks.spark --size 1000000 --master 'local[2]'   # in the environment of `make test-spark`
    python -m benchmarks.spark --workspace FOLDER --workers 1 2     # a loaded workspace, which is copied
    python -m benchmarks.spark --workspace FOLDER --no-hub

Each scan is a process of its own over a fresh copy of the ledger, nothing kept from before. `--workers` begins a real
standalone cluster here for each number, with one core a worker. In the ledger with a hub one account stands at one end
of every twentieth transfer. `s` are seconds by the clock without the graph, which no engine fills, `cpu s` those of the
processor, of all processes and the cluster's: where others use the machine these are the fairer ones, and so ratios are
of them. Every run is compared with the one of DuckDB on the same ledger, file by file.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.speed import ACCOUNTS_A_MILLION
from mulegraph.ingest.load import load
from mulegraph.ledger.ledger import Ledger
from mulegraph.simulate import simulate
from tests import spark_cluster

LOOK_SECONDS = 0.2
HUB_EVERY = 20
SET_BASED = "A1 A2 A4 A5 C1 C2 C3 C4 C5 N7 T1 V1 devices".split()


@dataclass(frozen=True)
class Scanned:
    """A scan: seconds in all, of its flow, of what Spark answers; memory of the driver's Python; the run's files."""

    seconds: float
    processor: float
    flow: float
    set_based: float
    peak_mb: int
    files: dict[str, bytes]


def main() -> None:
    """Print one table: a line an engine and ledger."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--size", type=int, default=1_000_000, help="transfers to simulate, about")
    options.add_argument("--workspace", type=Path, help="a loaded workspace instead; only read")
    options.add_argument("--master", nargs="*", default=["local[2]"])
    options.add_argument(
        "--workers", type=int, nargs="*", default=[], help="clusters of so many workers, one core each"
    )
    options.add_argument("--no-hub", action="store_true")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        plain = chosen.workspace or made(folder, chosen.size)
        ledgers = {"as it is": plain / "ledger"}
        if not chosen.no_hub:
            ledgers["with a hub"] = with_hub(plain / "ledger", folder / "hub")
        print(f"{Ledger(ledgers['as it is']).rows('transfers'):,} transfers", flush=True)
        heads = f"{'':26} {'ledger':12} {'s':>7} {'cpu s':>7} {'flow s':>7} {'queries s':>9} {'MB':>6}"
        print(f"{heads} {'× one':>6} {'× no hub':>8}  run", flush=True)
        first: dict[str, Scanned] = {}
        for name, master, groups in engines(folder, chosen.master, chosen.workers):
            without = None
            for kind, ledger in ledgers.items():
                done = scanned(ledger, folder / "scan", master, groups)
                first.setdefault(kind, done)
                beside = f"{done.processor / without.processor:8.2f}" if without else " " * 8
                same = "the same" if done.files == first[kind].files else "ANOTHER"
                costs = f"{done.seconds:7.1f} {done.processor:7.1f} {done.flow:7.1f} {done.set_based:9.1f}"
                ratio = done.processor / first[kind].processor
                print(f"{name:26} {kind:12} {costs} {done.peak_mb:6,} {ratio:6.2f} {beside}  {same}", flush=True)
                without = without or done


def engines(folder: Path, masters: list[str], workers: list[int]) -> Iterator[tuple[str, str | None, list[int]]]:
    """DuckDB first; then each master, and a cluster of each number of workers, which ends when the next is asked.

    A name, a master, and the groups of processes that work for it.
    """
    yield "DuckDB", None, []
    for master in masters:
        yield f"Spark {master}", master, []
    for number in workers:
        with spark_cluster.running(folder / f"cluster{number}", workers=number) as cluster:
            yield f"Spark, {number} of 1 core", cluster.url, [each.pid for each in cluster.workers]


def made(folder: Path, size: int) -> Path:
    """A loaded workspace of about so many transfers."""
    simulate(folder / "files", accounts=max(size * ACCOUNTS_A_MILLION // 1_000_000, 100), seed=18)
    load(folder / "files", folder / "workspace")
    return folder / "workspace"


def with_hub(ledger: Path, folder: Path) -> Path:
    """A copy in which one account is at one end of every twentieth transfer, payer and payee in turn.

    Written into the files themselves, since a load takes longer than all the rest; hashes of the store name their old
    content, which nobody asks here.
    """
    shutil.copytree(ledger, folder)
    hub = Ledger(folder).account_ids[0].as_py()
    row = 0
    for path in Ledger(folder).paths("transfers"):
        table = pq.read_table(path, partitioning=None)
        number = np.arange(row, row + len(table))
        row += len(table)
        for name, rest in (("source", 0), ("target", HUB_EVERY)):
            is_hubs = pa.array(number % (2 * HUB_EVERY) == rest)
            place = table.schema.get_field_index(name)
            column = pa.compute.if_else(is_hubs, hub, table[name]).cast(table.schema.field(name).type)
            table = table.set_column(place, table.schema.field(name), column)
        pq.write_table(table, path)
    return folder


def scanned(ledger: Path, folder: Path, master: str | None, groups: list[int]) -> Scanned:
    """Scan a copy of a ledger in a process of its own; `groups` are those that work for it elsewhere."""
    with copied(ledger, folder):
        command = [sys.executable, "-m", "mulegraph", "scan", "-w", str(folder), "--format", "json"]
        command += ["--engine", "spark", "--master", master] if master else []
        environment = {**os.environ, "SPARK_LOCAL_IP": spark_cluster.HERE}
        before = sum(seconds for _, seconds in processor_of(groups))
        with subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
        ) as process:
            # Looked at while they run: what has ended is counted by nobody, and the Java machine ends unasked.
            used: dict[int, float] = {}
            while process.poll() is None:
                used |= dict(processor_of([process.pid, *groups]))
                time.sleep(LOOK_SECONDS)
            told = json.loads(process.stdout.read() if process.stdout else b"")
        run = folder / "runs" / told["run"]
        files = {str(path.relative_to(run)): path.read_bytes() for path in sorted(run.rglob("*.parquet"))}
        steps = told["seconds"]
        return Scanned(
            seconds=told["elapsed"] - steps["graph"],
            processor=sum(used.values()) - before,
            flow=steps["flow"],
            set_based=sum(steps.get(name, 0.0) for name in SET_BASED),
            peak_mb=told["peak_mb"],
            files=files,
        )


def processor_of(groups: list[int]) -> Iterator[tuple[int, float]]:
    """Seconds of the processor by process, of all that are in these sessions (Linux)."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            after_name = path.read_text().rpartition(")")[2].split()
            if int(after_name[3]) in groups:
                yield int(path.parent.name), (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def copied(ledger: Path, folder: Path) -> Iterator[None]:
    """A workspace with this ledger, for a while."""
    shutil.copytree(ledger, folder / "ledger")
    try:
        yield
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
