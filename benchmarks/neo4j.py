"""How fast a real server is filled and asked: 200k accounts, 100k holders, 150k devices, 1M transfers.

    python benchmarks/neo4j.py                   # makes the files in benchmarks/work/; needs java and mvn
    python benchmarks/neo4j.py --accounts 20000  # a tenth of it

The peer is the server's own offline importer on the same rows: what it reaches is the ceiling. Machines are shared and
noisy: read the ratios.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

sys.path[0] = str(Path(__file__).parents[1])  # this folder would hide the driver, which is called as this file is

from mulegraph.errors import EngineError
from mulegraph.graph.neo4j.address import Address
from mulegraph.graph.queries import ask
from mulegraph.ingest.load import load
from mulegraph.schema.tables import TABLES
from mulegraph.simulate import simulate
from mulegraph.workspace.graph_store import embedded, shared
from mulegraph.workspace.workspace import Workspace
from tools.neo4j.server import USER, Server, free_port

WORK = Path(__file__).parent / "work"
HEAP, PAGE_CACHE = "3g", "2g"
DAY_TRANSFERS = 50_000
ASKED = 20
THREE_HOPS = (
    "MATCH (a:Account)-[t1:TRANSFER]->(b:Account)-[t2:TRANSFER]->(c:Account)-[t3:TRANSFER]->(d:Account)"
    " WHERE t1.at <= t2.at AND t2.at <= t3.at AND t3.amount <= t2.amount AND t2.amount <= t1.amount"
    " RETURN count(*) AS n"
)
GOALS = """goals: first fill ≤ 180 s and ≥ 12,000 transfers/s; again ≤ 5 s by hashes, ≤ 60 s with every row compared;
one more day of 50k ≤ 15 s; offline import ≥ 40,000 rows/s; neighbourhood and chains of an account ≤ 300 ms, paths to
flagged within 4 hops ≤ 1 s"""


def main() -> None:
    """Fill, fill again, ask; print a line for each."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--accounts", type=int, default=200_000)
    options.add_argument("--no-embedded", action="store_true", help="do not ask the embedded engine beside it")
    chosen = options.parse_args()
    folder = WORK / f"neo4j-{chosen.accounts}"
    space = ledger_of(folder, chosen.accounts)
    rows = {name: space.ledger.rows(name) for name in ("accounts", "holders", "devices", "transfers")}
    print(", ".join(f"{count:,} {name}" for name, count in rows.items()))
    print(f"heap {HEAP}, page cache {PAGE_CACHE}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n", flush=True)
    shutil.rmtree(folder / "server", ignore_errors=True)
    server = Server(folder / "server", free_port(), heap=HEAP, page_cache=PAGE_CACHE)
    try:
        driver, ceiling = filled(server, space, folder)
        print(f"\nthrough the driver: {driver / ceiling:.0%} of the importer's rows/s")
        far = Workspace(space.folder, server=Address(server.uri, USER, server.password))
        asked(space, far, embedded_too=not chosen.no_embedded)
        whole_graph(space, far)
        another_day(space, far, folder)
    finally:
        server.kill()
    print(f"\n{GOALS}")


def ledger_of(folder: Path, accounts: int) -> Workspace:
    """A simulated ledger of the shape asked for, loaded and scanned; kept for the next time, without its last day."""
    files = folder / "files"
    shutil.rmtree(folder / "workspace", ignore_errors=True)
    if not files.exists():
        simulate(folder / "made", accounts=accounts, seed=11, file_format="parquet")
        shape(folder / "made", accounts)
        (folder / "made").rename(files)
    load(files, folder / "workspace")
    space = Workspace(folder / "workspace")
    space.scan()
    return space


def shape(files: Path, accounts: int) -> None:
    """Half as many holders as accounts, three quarters as many devices, five transfers an account."""
    rng = np.random.default_rng(1)
    held = pq.read_table(files / "accounts.parquet")
    holders = pq.read_table(files / "holders.parquet").slice(0, accounts // 2)
    ids = holders["holder_id"].combine_chunks()
    places = pa.array(np.arange(len(held)) % len(ids))
    column = held.schema.get_field_index("holder_id")
    held = held.set_column(column, "holder_id", ids.take(places))
    pq.write_table(held, files / "accounts.parquet")
    pq.write_table(holders, files / "holders.parquet")
    more = accounts * 3 // 4 - pq.read_metadata(files / "devices.parquet").num_rows
    used = [
        {"account_id": held["account_id"][int(at)].as_py(), "device_id": f"MORE{number:07}"}
        for number, at in enumerate(rng.integers(0, len(held), max(more, 0)))
    ]
    devices = pq.read_table(files / "devices.parquet")
    extra = [{"device_id": each["device_id"], "kind": "mobile"} for each in used]
    pq.write_table(pa.concat_tables([devices, pa.Table.from_pylist(extra, devices.schema)]), files / "devices.parquet")
    use = pq.read_table(files / "device_use.parquet")
    first = use["at"][0].as_py()
    every = [{**each, "at": first, "action": "login", "outcome": "ok"} for each in used]
    pq.write_table(pa.concat_tables([use, pa.Table.from_pylist(every, use.schema)]), files / "device_use.parquet")
    transfers = pq.read_table(files / "transfers.parquet")
    keep = np.sort(rng.permutation(len(transfers))[: accounts * 5])
    pq.write_table(transfers.take(pa.array(keep)), files / "transfers.parquet")


def filled(server: Server, space: Workspace, folder: Path) -> tuple[float, float]:
    """First fill, again, again with every row compared, then the importer; gives both rates in rows/s."""
    server.prepare()
    server.start()
    far = Workspace(space.folder, server=Address(server.uri, USER, server.password))
    print(f"{'step':34} {'rows':>10} {'seconds':>8} {'rows/s':>9}")
    parts: dict[str, list[float]] = {}

    def told(name: str, rows: int) -> None:
        first = parts.setdefault(name, [time.perf_counter(), 0.0, 0])
        first[1], first[2] = time.perf_counter(), first[2] + rows

    seconds, _ = timed(lambda: far.fill_server(told=told))
    counts = far.graph_status()
    ledger_nodes = sum(counts.nodes.values())
    total = ledger_nodes + sum(counts.relationships.values())
    for name, (start, end, rows) in parts.items():
        if rows > 1000:
            line(f"  {name}", rows, end - start)
    line("first fill, findings included", total, seconds)
    rate = total / seconds
    seconds, again = timed(lambda: far.fill_server())
    line("again, by hashes", total, seconds, "nothing changed" if not again.changed else "CHANGED")
    seconds, again = timed(lambda: far.fill_server(every_row=True))
    line("again, every row compared", total, seconds, "nothing changed" if not again.changed else "CHANGED")
    return rate, imported(space, folder)


def imported(space: Workspace, folder: Path) -> float:
    """The same rows through the server's own importer, into a home of its own; rows/s of writing and importing."""
    shutil.rmtree(folder / "import", ignore_errors=True)
    shutil.rmtree(folder / "imported", ignore_errors=True)
    writing, made = timed(lambda: space.write_import(folder / "import"))
    other = Server(folder / "imported", free_port(), heap=HEAP, page_cache=PAGE_CACHE)
    other.prepare()
    importing, _ = timed(
        lambda: other.admin("database", "import", "full", "neo4j", "--overwrite-destination", f"@{made.argument_file}")
    )
    total = sum(made.rows.values())
    line("offline import: writing the files", total, writing)
    line("offline import: neo4j-admin", total, importing)
    line("offline import, both", total, writing + importing)
    return total / (writing + importing)


def asked(space: Workspace, far: Workspace, *, embedded_too: bool) -> None:
    """Each question of some busy and some suspected accounts, twice; the second time counts."""
    transfers = space.ledger.transfers.source.to_pandas().value_counts()
    suspects = [each for accounts in space.cases(top=ASKED)["accounts"] for each in accounts][:: ASKED // 4][:ASKED]
    accounts = [*suspects, *transfers.index[:3], *transfers.index[1000 : 1000 + ASKED // 2]]
    questions: list[tuple[str, dict[str, str], list[str]]] = [
        ("account_neighbourhood", {}, accounts),
        ("chains_through_account", {}, accounts),
        ("findings_of_account", {}, accounts),
        ("holders_of_cluster", {}, accounts),
        ("transfers_of_account", {}, accounts),
        *(("paths_to_flagged", {"hops": str(hops)}, accounts) for hops in (2, 3, 4)),
        ("paths_from_flagged", {"hops": "4"}, accounts),
        ("paths_to_flagged", {"hops": "4", "ordered": "0"}, accounts),
        ("top_receivers_from_listed", {}, [""]),
    ]
    engines = {"server": shared(far.server)} | ({"embedded": embedded(space.folder)} if embedded_too else {})
    print(f"\n{'question, warm':44} {'engine':9} {'asked':>5} {'median ms':>10} {'worst ms':>9} {'rows':>7}")
    for name, raw, values in questions:
        for engine, graph in engines.items():
            chosen = values if engine == "server" else values[:5]
            try:
                took, rows = answers(graph, name, raw, chosen)
            except EngineError as error:
                print(f"{name} {raw} {engine}: {error.problem}")
                continue
            label = f"{name} {' '.join(f'{key}={value}' for key, value in raw.items())}"
            middle, worst = statistics.median(took) * 1000, max(took) * 1000
            print(f"{label:44} {engine:9} {len(took):5} {middle:10,.1f} {worst:9,.1f} {rows:7,}", flush=True)
    for graph in engines.values():
        graph.close()


def answers(graph: Any, name: str, raw: dict[str, str], accounts: list[str]) -> tuple[list[float], int]:
    """Seconds of each second asking, and rows in all."""
    took, rows = [], 0
    for warm in (False, True):
        for account in accounts:
            parameters = raw | ({"account": account} if account else {})
            seconds, answer = timed(lambda: ask(graph, name, parameters))  # noqa: B023 (called at once)
            if warm:
                took.append(seconds)
                rows += len(answer.rows)
    return took, rows


def whole_graph(space: Workspace, far: Workspace) -> None:
    """Chains over the whole graph: a fixed three-hop MATCH there, and the flow kernel here."""
    from mulegraph.flow.layering import find_flow
    from mulegraph.flow.read_transfers import read_transfers

    print(f"\n{'chains in the whole ledger':44} {'seconds':>9}")
    with shared(far.server) as graph:
        try:
            seconds, answer = timed(lambda: graph.query(THREE_HOPS, {}, row_cap=1, timeout_seconds=120))
            print(f"{'Cypher, three hops, falling amounts':44} {seconds:9.1f}  {answer.rows[0]['n']:,} paths")
        except EngineError as error:
            print(f"{'Cypher, three hops, falling amounts':44} {error.problem}")
    find_flow(read_transfers(space.ledger), space.settings.flow)
    seconds, flow = timed(lambda: find_flow(read_transfers(space.ledger), space.settings.flow))
    print(f"{'flow kernel, chains and chance':44} {seconds:9.1f}  {len(flow.chains):,} chains", flush=True)


def another_day(space: Workspace, far: Workspace, folder: Path) -> None:
    """50k transfers of the day after the last, loaded into the ledger first; only the graph's part is timed."""
    rng = np.random.default_rng(2)
    ids = space.ledger.account_ids.to_pylist()
    last = max(file.day for file in space.ledger.snapshot.of("transfers"))
    day = np.datetime64(last) + 1
    ends = rng.integers(0, len(ids), (DAY_TRANSFERS, 2))
    ends = ends[ends[:, 0] != ends[:, 1]]
    at = day.astype("datetime64[us]") + rng.integers(0, 86_400, len(ends)).astype("timedelta64[s]")
    amounts = pa.array(rng.integers(100, 100_000, len(ends)) / 100).cast(pa.decimal128(18, 3), safe=False)
    columns = {
        "transfer_id": [f"N{number:09}" for number in range(len(ends))],
        "source": [ids[each] for each in ends[:, 0]],
        "target": [ids[each] for each in ends[:, 1]],
        "amount": amounts,
        "currency": ["EUR"] * len(ends),
        "at": pa.array(at).cast(pa.timestamp("us", "UTC")),
        "channel": ["instant"] * len(ends),
    }
    schema = TABLES["transfers"].arrow_schema
    filled_up = {name: columns.get(name, pa.nulls(len(ends), schema.field(name).type)) for name in schema.names}
    more = folder / "more"
    shutil.rmtree(more, ignore_errors=True)
    more.mkdir()
    pq.write_table(pa.table(filled_up), more / "transfers.parquet")
    report = load(more, space.folder, mapping=None)
    taken = report.tables["transfers"].taken
    seconds, loaded = timed(lambda: Workspace(space.folder, server=far.server).fill_server())
    written = {name: each.new + each.changed for name, each in loaded.tallies.items()}
    changed = ", ".join(f"{count:,} {name}" for name, count in written.items() if count)
    print()
    line("one more day", taken, seconds, changed)


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds and what came out."""
    start = time.perf_counter()
    made = work()
    return time.perf_counter() - start, made


def line(name: str, rows: int, seconds: float, note: str = "") -> None:
    """One line of the table."""
    print(f"{name:34} {rows:10,} {seconds:8.2f} {rows / seconds:9,.0f}  {note}".rstrip(), flush=True)


if __name__ == "__main__":
    main()
