"""Every question of `cypher/`, on a server, on the embedded engine, and by pandas or NetworkX: the same answer."""

from __future__ import annotations

import csv
import io
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import networkx as nx
import pandas as pd
import pytest

from mulegraph.errors import UsageError
from mulegraph.graph.base import Answer
from mulegraph.graph.neo4j.address import PASSWORD, USERNAME, Address
from mulegraph.graph.neo4j.session import connect
from mulegraph.graph.queries import catalogue
from mulegraph.ingest.load import load
from mulegraph.schema.tables import CASH_IN, CASH_OUT
from mulegraph.simulate import simulate
from mulegraph.views.notebook import NotebookGraph, NotebookWorkspace
from mulegraph.views.pictures import picture
from mulegraph.workspace.graph_questions import far_graph
from mulegraph.workspace.graph_store import embedded
from mulegraph.workspace.shared_graph import account_network, case_network, chain_network
from mulegraph.workspace.workspace import Workspace
from tests.command import Done, run
from tests.conftest import ROOT, SAMPLE
from tests.neo4j_server import emptied

ACCOUNTS, HOPS, HUB = 9, 3, 30
WHY = "a test"
Space = tuple[NotebookWorkspace, NotebookWorkspace]


@pytest.fixture(scope="module", params=["sample", "simulated"])
def spaces(
    request: pytest.FixtureRequest,
    server: Address,
    workspace: NotebookWorkspace,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Space]:
    """One ledger, scanned; asked through the embedded graph and through a server."""
    space = NotebookWorkspace(workspace.folder, reveal=WHY)
    if request.param == "simulated":
        folder = tmp_path_factory.mktemp("simulated")
        simulate(folder / "files", accounts=300, days=14, seed=5, hard=True)
        load(folder / "files", folder / "workspace")
        space = NotebookWorkspace(folder / "workspace", reveal=WHY)
        space.scan()
    emptied(server)
    far = NotebookWorkspace(space.folder, server=server, reveal=WHY)
    far.fill_server()
    yield space, far
    emptied(server)


def members_of(space: NotebookWorkspace) -> list[str]:
    """Accounts that share devices, and those of the first cases, each group as one text."""
    clusters = space.devices()["accounts"]
    return [",".join(each) for each in [*clusters[:2], *space.cases(top=2)["accounts"]]]


def known(space: NotebookWorkspace) -> dict[str, list[str]]:
    """Values that questions of this ledger may be asked with, by parameter name."""
    cases, flagged = space.cases(), space.ledger.listed("account", on="suspicion").subject_id.to_pandas()
    members = [each for accounts in cases["accounts"] for each in accounts]
    busy = space.ledger.transfers.source.to_pandas().value_counts().index
    accounts = list(dict.fromkeys([*members[::3][: ACCOUNTS - 5], *busy[:3], *flagged[:2]]))
    devices = space.ledger.arrow("device_use", ["device_id"])["device_id"].to_pandas().value_counts().index
    chains = space.findings(sign="N1")["pattern"].drop_duplicates()
    return {
        "account": accounts,
        "device": list(devices[:4]),
        "case": list(cases["case"][:4]),
        "chain": list(chains[:4]),
    }


def asked(space: NotebookWorkspace) -> list[tuple[str, dict[str, str]]]:
    """Every question, each with several values."""
    values = known(space)
    of = {"device": values["device"], "list": ["suspicion", "for_sale"], "one": values["account"][:3]}
    found = []
    for name, query in catalogue().items():
        free = [each.name for each in query.parameters if each.default is None]
        if free == ["id"]:
            ids = values["chain" if "chain" in name else "case"]
            found += [(name, {"id": each}) for each in ids]
        elif free == ["one", "other"]:
            one, other = values["account"][:2]
            found += [(name, {"one": one, "other": other}), (name, {"one": other, "other": values["account"][-2]})]
        elif free == ["accounts"]:
            found += [(name, {"accounts": each}) for each in members_of(space)]
        elif free:
            found += [(name, {free[0]: each}) for each in of.get(free[0], values["account"])]
        else:
            found += [(name, {"list": each}) for each in of["list"]]
        if "hops" in {each.name for each in query.parameters}:
            more = {"hops": str(HOPS), "hub": str(HUB), "ordered": "0"}
            found += [(name, {**raw, **more}) for asked_name, raw in list(found) if asked_name == name]
    return found


def plain(answer: Answer) -> list[dict[str, Any]]:
    """Rows in their order; what is collected in no order is sorted."""
    return [{key: sorted(value) if key == "lists" else value for key, value in row.items()} for row in answer.rows]


def test_every_question_has_the_same_answer_on_both_engines(spaces: Space) -> None:
    """Row for row, amounts to the last place; and most questions find something."""
    near, far = spaces
    filled = set()
    for name, raw in asked(near):
        here, there = near.query(name, raw), far.query(name, raw)
        assert (here.columns, here.capped) == (there.columns, there.capped), (name, raw)
        assert plain(here) == plain(there), (name, raw)
        filled |= {name} if here.rows else set()
    assert filled == set(catalogue())


def test_an_account_that_there_is_not_is_refused_by_both(spaces: Space) -> None:
    """Nothing found would say the same of it as of one that deals with nobody."""
    for space in spaces:
        with pytest.raises(UsageError, match="account 'nobody' is not in the ledger"):
            space.query("account_neighbourhood", {"account": "nobody"})


def transfers_of(space: NotebookWorkspace) -> pd.DataFrame:
    """All transfers, cash under its names."""
    frame = space.ledger.arrow("transfers").to_pandas()
    return frame.assign(source=frame["source"].fillna(CASH_IN), target=frame["target"].fillna(CASH_OUT))


def test_neighbourhoods_are_those_that_pandas_sums(spaces: Space) -> None:
    """Counterparty, direction, number and exact sum."""
    near, far = spaces
    transfers = transfers_of(near)
    for account in known(near)["account"]:
        rows = far.query("account_neighbourhood", {"account": account}).rows
        told = {(row["counterparty"], row["direction"]): (row["transfers"], row["amount"]) for row in rows}
        expected = {}
        for direction, own, other in (("paid", "source", "target"), ("received", "target", "source")):
            mine = transfers[(transfers[own] == account) & (transfers[other] != account)]
            for name, group in mine.groupby(other):
                expected[name, direction] = (len(group), group["amount"].sum())
        assert told == expected


def test_paths_to_flagged_are_those_that_networkx_walks(spaces: Space) -> None:
    """Every simple path of up to three transfers that runs through no hub, in any order of time."""
    near, far = spaces
    transfers = transfers_of(near)
    money = nx.MultiDiGraph()
    for row in transfers.itertuples():
        if row.source != row.target:
            money.add_edge(row.source, row.target, key=row.transfer_id)
    uses = pd.concat([transfers["source"], transfers.loc[transfers["source"] != transfers["target"], "target"]])
    busy = set(uses.value_counts()[lambda counts: counts > HUB].index)
    flagged = set(near.ledger.listed("account", on="suspicion").subject_id.to_pandas())
    total = 0
    for account in known(near)["account"][:-1]:
        quiet = money.subgraph((set(money) - busy) | flagged | {account})
        targets = flagged & set(quiet) - {account}
        walked = nx.all_simple_edge_paths(quiet, account, targets, cutoff=HOPS) if account in quiet else []
        expected = sorted(
            [key for *_, key in path] for path in walked if not {target for _, target, _ in path[:-1]} & busy
        )
        raw = {"account": account, "hops": str(HOPS), "hub": str(HUB), "ordered": "0"}
        found = far.query("paths_to_flagged", raw, row_cap=100_000)
        assert sorted(row["transfers"] for row in found.rows) == expected
        total += len(expected)
    assert total > 10


def test_findings_and_cases_are_those_of_the_run(spaces: Space) -> None:
    """What the scan wrote is what the server tells of an account and of a case."""
    near, far = spaces
    for account in known(near)["account"][:-1]:
        told = {row["finding"] for row in far.query("findings_of_account", {"account": account}).rows}
        assert told == {
            row["finding"]
            for row in Workspace(near.folder).run.table("findings").to_pylist()
            if account in row["accounts"] or (row["subject_kind"], row["subject_id"]) == ("account", account)
        }
    for case in known(near)["case"]:
        members = far.query("case_members", {"id": case}).rows
        assert [row["account"] for row in members] == sorted(near.case(case).accounts["account_id"])
        (summary,) = far.query("case_summary", {"id": case}).rows
        assert dict(zip(summary["accounts"], summary["roles"], strict=True)) == dict(
            near.case(case).accounts.itertuples(index=False)
        )


def edges(graph: nx.MultiDiGraph[str]) -> set[tuple[str, str, str]]:
    return {(source, target, key) for source, target, key in graph.edges(keys=True)}


def test_networks_are_those_of_the_ledger(spaces: Space) -> None:
    """The same accounts, roles, transfers and shared devices, from the server alone, on either engine."""
    near, far = spaces
    values = known(near)
    hubs = {f"device {each}" for each in near.hub_devices()["device_id"]}
    for graph in (far_graph(Workspace(far.folder, server=far.server)), embedded(near.folder)):
        with graph:
            for case in values["case"]:
                made, expected = case_network(graph, case), near.case(case).network()
                # Holders of several accounts are what the workspace adds for its pictures.
                expected.remove_nodes_from([n for n, kind in list(expected.nodes(data="kind")) if kind == "holder"])
                # Known good accounts have no role in its pictures.
                good = {node for node, lists in expected.nodes(data="lists") if "known_good" in (lists or ())}
                roles = [{n: role for n, role in of.nodes(data="role") if n not in good} for of in (made, expected)]
                assert roles[0] == roles[1]
                assert edges(made) == edges(expected)
            account = values["account"][0]
            made, expected = account_network(graph, account), near.account_network(account)
            expected.remove_nodes_from([node for node, kind in expected.nodes(data="kind") if kind == "holder"])
            assert {e for e in edges(made) if e[1] not in hubs} == edges(expected)
            chain = near.findings(sign="N1").iloc[0]
            assert {key for *_, key in edges(chain_network(graph, chain["pattern"]))} == set(chain["evidence"])


def test_pictures_from_the_server(spaces: Space) -> None:
    """A page of a case, a chain and an account; what is not there is bad use."""
    near, far = spaces
    values = known(near)
    with NotebookGraph(far) as graph:
        for subject in (values["case"][0], values["chain"][0], values["account"][0]):
            page = graph.picture(subject)
            assert subject in page
            assert abs(len(page) - len(picture(near, subject))) < 100_000
        for subject in ("CASE-0", "CH-0", "nobody"):
            with pytest.raises(UsageError, match="in the graph"):
                graph.picture(subject)
        with pytest.raises(UsageError, match="lacks or does not know: account, colour"):
            graph.ask("account_neighbourhood", colour="red")


def test_filling_again_changes_nothing_and_keeps_the_findings(spaces: Space) -> None:
    """By hashes, then with every row compared; findings of the same run are not written again."""
    _, far = spaces
    before = far.graph_status()
    assert not far.fill_server().changed
    assert not far.fill_server(every_row=True).changed
    assert far.graph_status() == before


def test_answers_of_a_server_are_masked_as_the_workspace_is(spaces: Space) -> None:
    """Tables, networks and pictures show tokens, which questions take; no account number is among what is shown."""
    near, far = spaces
    accounts = near.ledger.account_ids.to_pylist()
    account, case = known(near)["account"][0], known(near)["case"][0]
    with NotebookGraph(NotebookWorkspace(far.folder, server=far.server)) as graph:
        token = graph.network(account).graph["account"]
        assert "~" in token
        dealings = graph.ask("account_neighbourhood", account=token)
        assert len(dealings) == len(far.query("account_neighbourhood", {"account": account}).rows)
        shown = dealings.to_csv() + graph.picture(case) + graph.picture(token)
        assert graph.ask("devices_in_common", accounts=[account]).empty
    assert not [each for each in accounts if each in shown]


def test_a_server_that_holds_more_than_the_ledger_is_not_shown(spaces: Space, tmp_path: Path) -> None:
    """What the ledger does not know could not be masked; a reason to reveal shows it."""
    _, far = spaces
    simulate(tmp_path / "files", accounts=300, seed=9)
    load(tmp_path / "files", tmp_path / "workspace")
    with pytest.raises(UsageError, match="cannot be masked"):
        NotebookWorkspace(tmp_path / "workspace", server=far.server).query("top_receivers_from_listed", {})
    other = NotebookWorkspace(tmp_path / "workspace", server=far.server, reveal=WHY)
    assert other.query("top_receivers_from_listed", {}).rows


# The command line


def command(address: Address, *arguments: str | Path) -> Done:
    """`mulegraph … --graph URL`, with user and password in the environment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(USERNAME, address.user)
        patch.setenv(PASSWORD, address.password)
        return run(*arguments, "--graph", address.url)


def test_commands_on_a_server(server: Address, tmp_path: Path) -> None:
    """Load, scan, status, query and view, with nothing embedded made; then again, with nothing to do."""
    emptied(server)
    files, space = tmp_path / "files", tmp_path / "workspace"
    simulate(files, accounts=300, seed=3)
    done = [
        command(server, "load", files, "-w", space),
        command(server, "scan", "-w", space),
        command(server, "graph", "status", "-w", space, "-f", "csv"),
        command(server, "query", "top_receivers_from_listed", "-w", space, "-f", "csv"),
        command(server, "load", files, "-w", space, "--prune"),
        command(server, "graph", "rebuild", "-w", space),
    ]
    assert [each.code for each in done] == [0] * len(done), [each.err for each in done]
    assert "current,yes" in done[2].out
    assert done[3].out.startswith("account,kind,senders")
    assert "graph: unchanged" in done[4].err
    shown = {row["account"] for row in csv.DictReader(io.StringIO(done[3].out))}
    assert shown
    assert all("~" in account for account in shown)
    case = NotebookWorkspace(space).cases()["case"][0]
    assert command(server, "view", case, "-w", space, "-o", tmp_path / "case.html").code == 0
    assert case in (tmp_path / "case.html").read_text(encoding="utf-8")
    assert not (space / "graph.lbug").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "named"),
    [
        (["query", "case_members", "-p", "id=x", "--graph-database", "elsewhere", "--workspace"], 2, "no database"),
        (["query", "case_members", "-p", "id=x", "--graph-password-file", "/nowhere"], 2, "/nowhere"),
        (["graph", "status", "--workspace", "/nowhere"], 2, "nothing is loaded"),
    ],
)
def test_trouble_is_two_lines_and_an_exit_code(
    arguments: list[str], code: int, named: str, server: Address, workspace: NotebookWorkspace
) -> None:
    """What is wrong, and what to do about it; nothing on standard output, and no traceback."""
    done = command(server, *arguments, *([workspace.folder] if arguments[-1] == "--workspace" else []))
    assert (done.code, done.out) == (code, "")
    assert named in done.err
    assert len(done.err.strip().splitlines()) == 2


def test_no_server_is_exit_code_4(workspace: NotebookWorkspace) -> None:
    """Nobody listens on port 1."""
    nobody = Address("bolt://127.0.0.1:1", "neo4j", "x")
    done = command(nobody, "query", "case_members", "-p", "id=x", "--workspace", workspace.folder)
    assert (done.code, done.out) == (4, "")
    assert done.err.startswith("mulegraph: bolt://127.0.0.1:1 does not answer\nStart the server")


def test_prune_without_a_server_is_bad_use(tmp_path: Path) -> None:
    """The embedded graph is always written whole."""
    done = run("load", SAMPLE, "-w", tmp_path, "--prune")
    assert done.code == 2
    assert "--graph" in done.err
    assert not list(tmp_path.iterdir())


def test_the_driver_is_not_loaded_where_no_server_is_asked() -> None:
    """The embedded way works without it."""
    code = "import sys, mulegraph, mulegraph.cli.app; print([m for m in sys.modules if m.split('.')[0] == 'neo4j'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_saved_queries_of_the_documentation_run(spaces: Space) -> None:
    """Each Cypher statement in docs/neo4j.md is one that the server takes, and finds or writes something."""
    near, far = spaces
    case, account = known(near)["case"][0], near.case(known(near)["case"][0]).accounts["account_id"].iloc[0]
    text = (ROOT / "docs" / "neo4j.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```cypher\n(.*?)```", text, re.DOTALL)
    statements = [each for block in blocks for each in block.split(";\n") if each.strip()]
    assert len(statements) == 6
    found = 0
    with connect(far.server) as driver, driver.session(database=far.server.database) as session:
        for statement in statements:
            transaction = session.begin_transaction()
            result = transaction.run(statement, case=case, account=account)
            rows = len(list(result))
            found += bool(rows or result.consume().counters.relationships_created)
            transaction.rollback()
    assert found >= 4
