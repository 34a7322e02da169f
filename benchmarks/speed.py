"""How fast, beside what else one could do: load, flow and scan of 1M and 10M transfers, same run, same files.

    python benchmarks/speed.py                        # makes the ledgers in benchmarks/work/, which it keeps
    python benchmarks/speed.py --millions 1           # the small one only
    python benchmarks/speed.py --cpu                  # processor seconds, where others use the machine, too
    python benchmarks/speed.py --only scan --ledgers SMALL LARGE   # workspaces that are loaded already, such as these
    python benchmarks/speed.py --only flow --ledgers SMALL --copies 1 10 100   # as large a ledger as memory holds

Each step runs in a process of its own, so that its memory is its own. Peers on the same transfers: the one-to-one
time–amount join in DuckDB and in Polars, where it is installed (what SQL and Cypher recipes do), and NetworkX's naive
search over a part of them. One table comes out, with each time as a multiple of the flow kernel's.
Machines are shared and noisy: read the ratios.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mulegraph.flow.transfers import Transfers

ACCOUNTS_A_MILLION = 168_000
WORK = Path(__file__).parent / "work"
NAIVE_TRANSFERS = 20_000
LIMIT_SECONDS = 1_500
GOALS = """goals: load ≥ 700k rows/s; flow ≥ 2M transfers/s at 10M; scan of 10M ≤ 14 × its flow step and ≤ 6,144 MiB;
benign ≤ 5 s, A6 and N3 ≤ 10 s, score and cases ≤ 3 s each; every step grows ≤ 11 × from 1M to 10M"""


def main() -> None:
    """Print one table of every step at every size."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--millions", type=int, nargs="*", default=[1, 10])
    options.add_argument("--no-peers", action="store_true")
    options.add_argument("--only", choices=sorted(STEPS), help="this step only, of --ledgers")
    options.add_argument("--ledgers", type=Path, nargs="*", default=[], help="folders that hold a loaded workspace/")
    options.add_argument("--cpu", action="store_true", help="seconds of the processor, all threads, not of the clock")
    options.add_argument("--copies", type=int, nargs="*", default=[1], help="with --only flow: so many ledgers as one")
    options.add_argument("--step", nargs=2, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.cpu:
        # Steps of a scan are timed inside it; on a machine that others use the clock says little.
        time.perf_counter = time.process_time
    if chosen.step:
        name, folder = chosen.step
        print(json.dumps(STEPS[name](Path(folder))))
        return
    if chosen.only:
        # Numbers of accounts, time and amounts of a copy are the ledger's: what grows is memory that is not near.
        copies = [f":{each}" if each > 1 else "" for each in chosen.copies]
        made = [step(chosen.only, Path(f"{folder}{each}")) for folder in chosen.ledgers for each in copies]
        if chosen.only == "scan":
            each_step(made)
        for each in made if chosen.only != "scan" else []:
            print(f"{each['rows']:,} rows, {each['seconds']:.2f} s, {each['peak_mib']:,.0f} MiB, {each['note']}")
        return
    found = {size: measured(size, peers=not chosen.no_peers) for size in chosen.millions}
    one_table(found)
    print(GOALS)


def measured(millions: int, *, peers: bool) -> dict[str, dict[str, Any]]:
    """Every step on a ledger of about so many million transfers; told to standard error as each ends."""
    folder = WORK / f"{millions}m"
    if not (folder / "files").exists():
        step("simulate", folder, millions)
    shutil.rmtree(folder / "workspace", ignore_errors=True)
    found: dict[str, dict[str, Any]] = {}
    for name in ("load", "graph", "flow", "scan", *(PEERS if peers else ())):
        found[name] = step(name, folder)
        print(f"{millions}M {name}: {found[name]['seconds']:.2f} s, {found[name]['note']}", file=sys.stderr, flush=True)
    return found


def one_table(found: dict[int, dict[str, dict[str, Any]]]) -> None:
    """A line a step and peer: at each size seconds, rows a second, multiple of the flow kernel's time; and growth."""
    heads = "".join(f"{f'{size}M s':>10} {'rows/s':>11} {'× flow':>7} {'MiB':>7}" for size in found)
    print(f"{'step':10} {heads} {'growth':>8}")
    lines = {size: {**steps, **_steps_of(steps["scan"])} for size, steps in found.items()}
    for name in next(iter(lines.values())):
        rows = [(each.get(name), each["flow"]["seconds"]) for each in lines.values()]
        print(f"{name:10} {''.join(_cell(line, flow) for line, flow in rows)} {_growth([line for line, _ in rows])}")


def _steps_of(scan: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The steps of a scan as lines of their own."""
    each = scan.get("steps", {}).items()
    return {f"· {name}": {"rows": scan["rows"], "seconds": seconds, "peak_mib": 0} for name, seconds in each}


def _cell(line: dict[str, Any] | None, flow: float) -> str:
    if line is None or not line["rows"]:
        return f"{'–':>10} {'–':>11} {'–':>7} {'–':>7}"
    seconds = max(line["seconds"], 0.001)
    peak = f"{line['peak_mib']:7,.0f}" if line["peak_mib"] else f"{'':7}"
    return f"{line['seconds']:10.2f} {line['rows'] / seconds:11,.0f} {seconds / flow:7.2f} {peak}"


def _growth(lines: list[dict[str, Any] | None]) -> str:
    """The time at the largest size as a multiple of that at the smallest."""
    known = [line for line in lines if line is not None and line["rows"]]
    if len(known) < 2:
        return ""
    return f"{known[-1]['seconds'] / max(known[0]['seconds'], 0.01):7.1f}×"


def step(name: str, folder: Path, millions: int = 0) -> dict[str, Any]:
    """Run one step in a fresh process."""
    if ":" not in folder.name:
        folder.mkdir(parents=True, exist_ok=True)
    where = f"{folder}:{millions}" if millions else str(folder)
    command = [sys.executable, __file__, "--step", name, where, *(["--cpu"] if "--cpu" in sys.argv else [])]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=True)
    except subprocess.TimeoutExpired:
        return {"rows": 0, "seconds": LIMIT_SECONDS, "peak_mib": 0, "note": "stopped at its limit"}
    except subprocess.CalledProcessError as error:
        return {"rows": 0, "seconds": 1, "peak_mib": 0, "note": error.stderr.strip().splitlines()[-1][:120]}
    return dict(json.loads(done.stdout.splitlines()[-1]))


def each_step(scans: list[dict[str, Any]]) -> None:
    """Every step of a scan at each size: seconds, how often the flow step's own time that is, and how it grew."""
    scans = [each for each in scans if each["rows"]]
    if not scans:
        return
    heads = "".join(f"{each['rows']:>14,} {'× flow':>7}" for each in scans)
    print(f"\n{'step':10} {heads} {'growth':>8}")
    totals = [{**each["steps"], "whole": each["seconds"]} for each in scans]
    for name in totals[0]:
        cells = [f"{steps[name]:14.2f} {steps[name] / steps['flow']:7.2f}" for steps in totals]
        grew = f"{totals[-1][name] / max(totals[0][name], 0.01):7.1f}×" if len(totals) > 1 else ""
        print(f"{name:10} {''.join(cells)} {grew:>8}")
    print(f"{'peak MiB':10} " + "".join(f"{each['peak_mib']:14,.0f} {'':7}" for each in scans))


def result(rows: int, seconds: float, note: str = "", **more: Any) -> dict[str, Any]:
    """One line of the table; memory is this process's own."""
    from mulegraph.workspace.scan import peak_mb

    return {"rows": rows, "seconds": seconds, "peak_mib": peak_mb() / 1.048576, "note": note, **more}


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds and what came out."""
    start = time.perf_counter()
    made = work()
    return time.perf_counter() - start, made


def do_simulate(where: Path) -> dict[str, Any]:
    """Make the files; not measured against anything."""
    from mulegraph.simulate import simulate

    folder, _, millions = str(where).rpartition(":")
    accounts = ACCOUNTS_A_MILLION * int(millions)
    seconds, made = timed(lambda: simulate(Path(folder) / "files", accounts=accounts, seed=77))
    return result(made.rows["transfers"], seconds)


def do_load(folder: Path) -> dict[str, Any]:
    """CSV → ledger, every table."""
    from mulegraph.ingest.load import load

    seconds, report = timed(lambda: load(folder / "files", folder / "workspace"))
    return result(sum(tally.taken for tally in report.tables.values()), seconds, "rows of all tables")


def do_graph(folder: Path) -> dict[str, Any]:
    """Ledger → embedded graph."""
    from mulegraph.ledger.ledger import Ledger
    from mulegraph.workspace.graph_store import fill_graph

    ledger = Ledger(folder / "workspace" / "ledger")
    seconds, counts = timed(lambda: fill_graph(folder / "workspace", ledger, None, None, anew=True))
    return result(sum(counts.values()), seconds, "nodes and relationships")


def do_flow(folder: Path) -> dict[str, Any]:
    """Links, chains, surprise and chance, in memory; read and compiled before the clock starts."""
    from mulegraph.flow.layering import find_flow
    from mulegraph.flow.read_transfers import read_transfers
    from mulegraph.ledger.ledger import Ledger
    from mulegraph.settings import FlowSettings

    name, _, copies = str(folder).partition(":")
    reading, transfers = timed(lambda: read_transfers(Ledger(Path(name) / "workspace" / "ledger")))
    transfers = copied(transfers, int(copies or 1))
    find_flow(transfers, FlowSettings())
    seconds, flow = timed(lambda: find_flow(transfers, FlowSettings()))
    shuffles = FlowSettings().shuffles(len(transfers))
    return result(
        len(transfers), seconds, f"{len(flow.chains):,} chains, {shuffles} shuffled; reading took {reading:.1f} s"
    )


def copied(transfers: Transfers, copies: int) -> Transfers:
    """The same transfers between so many times the accounts: each payment `copies` times at its time."""
    if copies == 1:
        return transfers
    import numpy as np

    shift = np.tile(np.arange(copies, dtype=np.int32) * np.int32(transfers.accounts), len(transfers))
    ends = (np.repeat(each, copies) for each in (transfers.source, transfers.target))
    source, target = (np.where(each < 0, each, each + shift) for each in ends)
    amount, at = (np.repeat(each, copies) for each in (transfers.amount, transfers.at))
    row = np.arange(len(at), dtype=transfers.row.dtype)
    return type(transfers)(row, source, target, amount, at, transfers.accounts * copies, transfers.tick)


def do_scan(folder: Path) -> dict[str, Any]:
    """The whole scan, graph included."""
    from mulegraph.workspace.scan import scan

    seconds, made = timed(lambda: scan(folder / "workspace"))
    note = ", ".join(f"{name} {each:.1f}" for name, each in made.seconds.items() if each >= 0.5)
    rows = made.run.manifest["ledger"]["rows"]["transfers"]
    return result(rows, seconds, note, steps=made.seconds)


def do_join(folder: Path) -> dict[str, Any]:
    """The recipe: one transfer in, one out of 80–100 % of it within the window; then the same again for three."""
    from mulegraph.ledger.ledger import Ledger

    ledger = Ledger(folder / "workspace" / "ledger")
    db = ledger.engine.con
    paths = [str(path) for path in ledger.paths("transfers")]
    columns = 'row_number() OVER () AS n, source, target, amount::DOUBLE AS amount, "at" AS at'
    db.execute(f"CREATE TABLE t AS SELECT {columns} FROM read_parquet(?)", [paths])
    sql = """
        WITH pair AS (
            SELECT a.n AS a, b.n AS b FROM t a JOIN t b ON a.target = b.source AND b.at >= a.at
             AND b.at <= a.at + INTERVAL 6 HOUR AND b.amount BETWEEN 0.8 * a.amount AND a.amount
             WHERE a.source IS DISTINCT FROM a.target AND b.source IS DISTINCT FROM b.target)
        SELECT count(*) FROM pair p JOIN pair q ON p.b = q.a"""
    seconds, row = timed(lambda: db.execute(sql).fetchone())
    return result(ledger.rows("transfers"), seconds, f"{row[0]:,} chains of three, DuckDB")


def do_polars(folder: Path) -> dict[str, Any]:
    """The same recipe in Polars, streamed; transfers from an account to itself left out."""
    import polars as pl

    from mulegraph.ledger.ledger import Ledger

    ledger = Ledger(folder / "workspace" / "ledger")
    columns = ["source", "target", "amount", "at"]
    read = pl.scan_parquet([str(path) for path in ledger.paths("transfers")], hive_partitioning=False)
    moved = read.select(columns).with_columns(pl.col("amount").cast(pl.Float64)).with_row_index("n").collect()
    one, other = moved.lazy(), moved.lazy().rename({name: f"{name}_b" for name in ("n", "target", "amount", "at")})

    def pairs() -> pl.DataFrame:
        met = one.filter(pl.col("source").ne_missing(pl.col("target"))).join(
            other.filter(pl.col("source").ne_missing(pl.col("target_b"))), left_on="target", right_on="source"
        )
        soon = pl.col("at_b").is_between(pl.col("at"), pl.col("at") + pl.duration(hours=6))
        fits = pl.col("amount_b").is_between(0.8 * pl.col("amount"), pl.col("amount"))
        return met.filter(soon & fits).select("n", "n_b").collect(engine="streaming")

    def chains() -> int:
        found = pairs()
        return found.lazy().join(found.lazy(), left_on="n_b", right_on="n").select(pl.len()).collect().item()

    seconds, found = timed(chains)
    return result(ledger.rows("transfers"), seconds, f"{found:,} chains of three, Polars")


def do_naive(folder: Path) -> dict[str, Any]:
    """NetworkX: from every transfer, every path of three that goes on within the window with 80–100 % of it."""
    import networkx as nx

    from mulegraph.ledger.ledger import Ledger

    ledger = Ledger(folder / "workspace" / "ledger")
    frame = ledger.transfer_rows(range(NAIVE_TRANSFERS), ["source", "target", "amount", "at"]).dropna()
    graph = nx.MultiDiGraph()
    for row in frame.itertuples():
        graph.add_edge(row.source, row.target, amount=float(row.amount), at=row.at.timestamp())

    def after(node: Any, amount: float, at: float) -> list[tuple[Any, float, float]]:
        edges = graph.out_edges(node, data=True) if node in graph else []
        return [
            (target, data["amount"], data["at"])
            for _, target, data in edges
            if at <= data["at"] <= at + 21_600 and 0.8 * amount <= data["amount"] <= amount
        ]

    def search() -> int:
        found = 0
        for _, target, data in graph.edges(data=True):
            for second, amount, at in after(target, data["amount"], data["at"]):
                found += len(after(second, amount, at))
        return found

    seconds, found = timed(search)
    return result(len(frame), seconds, f"{found} chains of three in the first {NAIVE_TRANSFERS:,} transfers")


PEERS = ("join", "polars", "naive")
STEPS = {
    "simulate": do_simulate,
    "load": do_load,
    "graph": do_graph,
    "flow": do_flow,
    "scan": do_scan,
    "join": do_join,
    "polars": do_polars,
    "naive": do_naive,
}

if __name__ == "__main__":
    main()
