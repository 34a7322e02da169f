"""What else there is beside us: one command, one table, the same transfers in the same run.

    pip install polars rustworkx igraph snapml garg-aml-smurfing
    python -m benchmarks.peers                                 # 1M transfers; makes the ledger in benchmarks/work/
    python -m benchmarks.peers --millions 1 10 --limit 120     # longer sizes; a step gets so many seconds
    python -m benchmarks.peers --ledgers FOLDER                # a folder that holds a loaded workspace/

Each step runs in a process of its own, on two threads, compiled before. What is not installed is left out, and said so.
A peer that is slow gets the first transfers only, or works until its limit: the column of rows says how many. The table
says what each leaves out of what ours does, since few do the same. Ratios are of transfers a second, by the clock and
by the processor; where others use the machine the second is the fairer one.

Snap ML's Graph Feature Preprocessor gets transfers in time order, 4,096 at a time (131,072 took twice as long), with
its own default windows (fan 12 hours, scatter-gather 5 days, temporal cycle 20 days), one pattern at a time and no
vertex statistics; ours searches the same windows. It gives counts for each transfer; ours gives members and how
surprising they are.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import speed
from mulegraph.flow.transfers import Transfers

THREADS = 2
BATCH = 4_096
GRAPH_TRANSFERS = 20_000
SECOND = 1_000_000
FAN_SECONDS, SCATTER_SECONDS, CYCLE_SECONDS = 43_200, 432_000, 1_728_000
"""Defaults of `snapml.GraphFeaturePreprocessor`."""


@dataclass(frozen=True)
class Measured:
    """A line of the table: transfers worked on, seconds of the clock and of the processor (0: not known), what came."""

    rows: int
    seconds: float
    processor: float
    found: str
    peak_mib: float = 0.0


@dataclass(frozen=True)
class Step:
    """Somebody's way to do something, the package that it needs, and what it leaves out."""

    name: str
    package: str
    leaves_out: str
    run: Callable[[Path, float], Measured]


def timed(work: Callable[[], Any]) -> tuple[float, float, Any]:
    """Seconds of the clock and of the processor, and what came out."""
    start, processor = time.perf_counter(), time.process_time()
    made = work()
    return time.perf_counter() - start, time.process_time() - processor, made


def transfers_of(folder: Path) -> Transfers:
    """The ledger's transfers, as kernels read them."""
    from mulegraph.flow.read_transfers import read_transfers
    from mulegraph.ledger.ledger import Ledger

    return read_transfers(Ledger(folder / "workspace" / "ledger"))


def ours(search: Callable[[Any], Any]) -> Callable[[Path, float], Measured]:
    """One of our searches over transfers by account, which are sorted inside the clock."""

    def run(folder: Path, _limit: float) -> Measured:
        from mulegraph.flow.by_account import TransfersByAccount

        moved = transfers_of(folder)
        search(TransfersByAccount(moved))  # compiles
        seconds, processor, found = timed(lambda: search(TransfersByAccount(moved)))
        return Measured(len(moved), seconds, processor, f"{found:,} found")

    return run


def our_flow(folder: Path, _limit: float) -> Measured:
    """Links, strong links, chains, surprise, and the same in a shuffled ledger."""
    from mulegraph.flow.layering import find_flow
    from mulegraph.settings import FlowSettings

    moved = transfers_of(folder)
    find_flow(moved, FlowSettings())
    seconds, processor, flow = timed(lambda: find_flow(moved, FlowSettings()))
    return Measured(len(moved), seconds, processor, f"{len(flow.links):,} links, {len(flow.chains):,} chains")


def our_chains(folder: Path, _limit: float) -> Measured:
    """Best paths through every strong link, and networks: what graph libraries are asked for below."""
    from mulegraph.flow.chains import find_chains

    flow = _flow(folder)
    find_chains(flow.transfers, flow.strong, flow.account_score)

    def search() -> int:
        chains = find_chains(flow.transfers, flow.strong, flow.account_score)
        flow.networks(flow.threshold)
        return len(chains)

    seconds, processor, found = timed(search)
    return Measured(len(flow.strong), seconds, processor, f"{found:,} chains, and networks")


def _flow(folder: Path) -> Any:
    from mulegraph.flow.layering import find_flow
    from mulegraph.settings import FlowSettings

    return find_flow(transfers_of(folder), FlowSettings())


def our_fans(sides: Any) -> int:
    """Fans within twelve hours, and gather-scatters, which the search gives beside them."""
    from mulegraph.flow.bursts import find_bursts

    return sum(map(len, find_bursts(sides, [FAN_SECONDS * SECOND])))


def our_scatter_gather(sides: Any) -> int:
    """Pairs joined by three middlemen and more, within five days."""
    from mulegraph.flow.shared_counterparties import scatter_gather

    return len(scatter_gather(sides, [SCATTER_SECONDS * SECOND]))


def our_cycles(sides: Any) -> int:
    """Temporal cycles of three to twelve transfers within twenty days."""
    from mulegraph.flow.cycles import find_cycles

    return len(find_cycles(sides, CYCLE_SECONDS * SECOND))


def snap(pattern: str, window: int) -> Callable[[Path, float], Measured]:
    """The Graph Feature Preprocessor with one pattern."""

    def run(folder: Path, limit: float) -> Measured:
        from snapml import GraphFeaturePreprocessor

        moved = transfers_of(folder)
        inside = np.flatnonzero((moved.source >= 0) & (moved.target >= 0))
        columns = (inside, moved.source[inside], moved.target[inside], moved.at[inside] // SECOND)
        edges = np.ascontiguousarray(np.stack(columns, axis=1).astype(np.float64))
        made = GraphFeaturePreprocessor()
        patterns = dict.fromkeys(("fan", "degree", "scatter-gather", "temp-cycle", "lc-cycle"), False)
        chosen = {**patterns, pattern: True, f"{pattern}_tw": window, "time_window": window}
        made.set_params({**made.get_params(), **chosen, "vertex_stats": False, "num_threads": THREADS})

        def search() -> tuple[int, int]:
            begun, touched, done = time.perf_counter(), 0, 0
            while done < len(edges) and time.perf_counter() - begun < limit:
                # The input comes back in front of the features.
                features = made.transform(edges[done : done + BATCH])[:, edges.shape[1] :]
                touched += int((features > 0).any(axis=1).sum())
                done += len(features)
            return done, touched

        seconds, processor, (done, touched) = timed(search)
        return Measured(done, seconds, processor, f"{touched:,} transfers in some pattern")

    return run


def rustworkx_links(folder: Path, _limit: float) -> Measured:
    """Our strong links as a graph of transfers: its longest path by surprise, and its components."""
    import rustworkx

    flow = _flow(folder)
    weight = flow.account_score[flow.transfers.target[flow.strong.receipt]].tolist()
    edges = list(zip(flow.strong.receipt.tolist(), flow.strong.payment.tolist(), weight, strict=True))

    def search() -> str:
        graph = rustworkx.PyDiGraph()
        graph.extend_from_weighted_edge_list(edges)
        path = rustworkx.dag_longest_path(graph, weight_fn=lambda _, __, nats: nats)
        return f"1 path of {len(path)}, {len(rustworkx.weakly_connected_components(graph)):,} components"

    seconds, processor, found = timed(search)
    return Measured(len(edges), seconds, processor, found)


def igraph_links(folder: Path, _limit: float) -> Measured:
    """The same links in igraph: an order in time, and components."""
    import igraph

    flow = _flow(folder)
    edges = np.stack([flow.strong.receipt, flow.strong.payment], axis=1)

    def search() -> str:
        graph = igraph.Graph(n=len(flow.transfers), edges=edges, directed=True)
        graph.topological_sorting()
        return f"{len(graph.connected_components(mode='weak')):,} components, single transfers among them"

    seconds, processor, found = timed(search)
    return Measured(len(edges), seconds, processor, found)


def garg(folder: Path, _limit: float) -> Measured:
    """Scores of smurfing of the accounts in the first transfers."""
    import garg_aml
    import networkx as nx

    moved = transfers_of(folder)
    inside = np.flatnonzero((moved.source >= 0) & (moved.target >= 0))[:GRAPH_TRANSFERS]
    graph = nx.DiGraph()
    graph.add_edges_from(zip(moved.source[inside].tolist(), moved.target[inside].tolist(), strict=True))
    seconds, processor, scores = timed(lambda: garg_aml.score(graph))
    return Measured(len(inside), seconds, processor, f"{len(scores):,} accounts scored")


def recipe(name: str) -> Callable[[Path, float], Measured]:
    """One of the recipes of `benchmarks.speed`."""

    def run(folder: Path, _limit: float) -> Measured:
        made = speed.STEPS[name](folder)
        # Its clock runs for the search alone; the processor's seconds would be those of reading and building, too.
        return Measured(made["rows"], made["seconds"], 0.0, made["note"])

    return run


def sorted_keys(folder: Path, _limit: float) -> Measured:
    """Account and position of every receipt, packed in eight bytes, sorted: no search by account does without."""
    moved = transfers_of(folder)
    keys = (moved.target.astype(np.int64) << 32) | np.arange(len(moved))
    seconds, processor, _ = timed(lambda: np.sort(keys))
    return Measured(len(moved), seconds, processor, "8 bytes a transfer")


def parquet_scan(folder: Path, _limit: float) -> Measured:
    """The five columns that the kernels need, decoded from the ledger's files."""
    import pyarrow.parquet as pq

    from mulegraph.ledger.ledger import Ledger

    ledger = Ledger(folder / "workspace" / "ledger")
    columns = ["source", "target", "amount", "currency", "at"]

    def read() -> int:
        return sum(pq.read_table(path, columns=columns, partitioning=None).nbytes for path in ledger.paths("transfers"))

    read()  # from the disk into memory
    seconds, processor, size = timed(read)
    return Measured(ledger.rows("transfers"), seconds, processor, f"{size / 1e6:,.0f} MB in Arrow")


def memory_copy(folder: Path, _limit: float) -> Measured:
    """The integers of all transfers, copied."""
    moved = transfers_of(folder)
    columns = [moved.row, moved.source, moved.target, moved.amount, moved.at]
    [each.copy() for each in columns]
    seconds, processor, copies = timed(lambda: [each.copy() for each in columns])
    return Measured(len(moved), seconds, processor, f"{sum(each.nbytes for each in copies) / 1e6:,.0f} MB")


JOINS_LACK = "split and merged money, longer chains, chance, surprise"
STEPS = (
    Step("ours: links, chains, chance", "mulegraph", "", our_flow),
    Step("one-to-one join, DuckDB", "duckdb", JOINS_LACK, recipe("join")),
    Step("one-to-one join, Polars", "polars", JOINS_LACK, recipe("polars")),
    Step("naive search, NetworkX", "networkx", "as the joins; first transfers only", recipe("naive")),
    Step("ours: chains and networks of links", "mulegraph", "", our_chains),
    Step(
        "paths of links, rustworkx",
        "rustworkx",
        "links (ours), all paths but one",
        rustworkx_links,
    ),
    Step("order of links, igraph", "igraph", "links (ours), paths", igraph_links),
    Step("ours: fans, 12 hours", "mulegraph", "", ours(our_fans)),
    Step("fans, Snap ML", "snapml", "members, surprise, gather-scatter", snap("fan", FAN_SECONDS)),
    Step("ours: scatter-gather, 5 days", "mulegraph", "", ours(our_scatter_gather)),
    Step("scatter-gather, Snap ML", "snapml", "amounts, members, surprise", snap("scatter-gather", SCATTER_SECONDS)),
    Step("ours: temporal cycles, 20 days", "mulegraph", "", ours(our_cycles)),
    Step("temporal cycles, Snap ML", "snapml", "amounts, members, surprise", snap("temp-cycle", CYCLE_SECONDS)),
    Step("smurfing, garg-aml", "garg-aml-smurfing", "times, amounts, members; first transfers only", garg),
    Step("limit: sort of packed keys", "numpy", "everything else", sorted_keys),
    Step("limit: Parquet scan", "pyarrow", "everything else", parquet_scan),
    Step("limit: memory copy", "numpy", "everything else", memory_copy),
)
MODULES = {"garg-aml-smurfing": "garg_aml"}


def main() -> None:
    """Print the table of each ledger."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--millions", type=int, nargs="*", default=[1])
    options.add_argument("--ledgers", type=Path, nargs="*", help="folders that hold a loaded workspace/")
    options.add_argument("--limit", type=float, default=60.0, help="seconds after which a slow peer is stopped")
    options.add_argument("--only", help="steps whose name holds this")
    options.add_argument("--step", nargs=2, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.step:
        number, folder = chosen.step
        made = STEPS[int(number)].run(Path(folder), chosen.limit)
        print(json.dumps({**asdict(made), "peak_mib": speed.result(0, 0.0)["peak_mib"]}))
        return
    for folder in chosen.ledgers or [ledger_of(size) for size in chosen.millions]:
        table(folder, chosen.limit, chosen.only or "")


def ledger_of(millions: int) -> Path:
    """The folder of a simulated ledger of about so many million transfers, made and loaded where it is not there."""
    folder = speed.WORK / f"{millions}m"
    if not (folder / "files").exists():
        speed.step("simulate", folder, millions)
    if not (folder / "workspace").exists():
        speed.step("load", folder)
    return folder


def table(folder: Path, limit: float, only: str) -> None:
    """Each step's line as it ends; ratios are against our step of the same group, which comes first."""
    head = (
        "what",
        "version",
        "transfers",
        "s",
        "CPU s",
        "transfers/s",
        "ours ÷",
        "by CPU",
        "MiB",
        "found",
        "leaves out",
    )
    print("| " + " | ".join(head) + " |\n" + "|---" * len(head) + "|", flush=True)
    best = (0.0, 0.0)
    for number, each in enumerate(STEPS):
        if only not in each.name:
            continue
        known = version_of(each.package)
        line = measured(number, folder, limit) if known else None
        if line is None:
            cells = [each.name, known or "not installed", *["–"] * 8, each.leaves_out]
        else:
            rates = [line.rows / max(spent, 1e-9) for spent in (line.seconds, line.processor)]
            best = (rates[0], rates[1]) if each.name.startswith("ours") else best
            compared = not each.name.startswith(("ours", "limit"))
            ratios = [f"{own / other:,.1f}" if compared else "" for own, other in zip(best, rates, strict=True)]
            processor = f"{line.processor:.2f}" if line.processor else "–"
            ratios[1] = ratios[1] if line.processor else "–"
            numbers = f"{line.rows:,}", f"{line.seconds:.2f}", processor, f"{rates[0]:,.0f}", *ratios
            cells = [each.name, known, *numbers, f"{line.peak_mib:,.0f}", line.found, each.leaves_out]
        print("| " + " | ".join(cells) + " |", flush=True)


def version_of(package: str) -> str:
    """The version that is installed; nothing where none is."""
    if importlib.util.find_spec(MODULES.get(package, package)) is None:
        return ""
    try:
        return version(package)
    except PackageNotFoundError:
        return "?"


def measured(number: int, folder: Path, limit: float) -> Measured | None:
    """A step in a process of its own; None where it fails, or takes four times its limit."""
    command = [sys.executable, "-m", "benchmarks.peers", "--step", str(number), str(folder), "--limit", str(limit)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=4 * limit + 240, check=True)
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError) as error:
        told = (error.stderr or b"stopped at its limit") if isinstance(error.stderr, (bytes, str)) else "stopped"
        print(f"{STEPS[number].name}: {str(told).strip().splitlines()[-1][:200]}", file=sys.stderr)
        return None
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


if __name__ == "__main__":
    main()
