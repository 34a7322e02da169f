"""Networks for other programs: each format read back by its own reader holds every node, transfer and amount."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import networkx as nx
import pytest
from followthemoney import model
from lxml import etree

from mulegraph.errors import UsageError
from mulegraph.graph.plain_values import plain_graph
from mulegraph.schema.choices import LANGUAGES
from mulegraph.schema.language import speaking
from mulegraph.settings import FILE
from mulegraph.views.exchange import exchanged
from mulegraph.views.notebook import NotebookWorkspace
from mulegraph.views.pictures import trace_picture
from tests.command import answered, run
from tests.views.english import english_left
from tests.views.hands import graph_of


def read_back(path: Path) -> nx.MultiDiGraph:
    if path.suffix == ".graphml":
        return nx.read_graphml(path, force_multigraph=True)
    if path.suffix == ".gexf":
        return nx.MultiDiGraph(nx.read_gexf(path))
    return nx.cytoscape_graph(json.loads(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("ending", [".graphml", ".gexf", ".cyjs"])
def test_a_case_is_read_back_as_it_was(workspace, tmp_path, ending):
    """Nodes by token with role, bank, score and lists; transfers with exact amount, currency, time and channel."""
    case = workspace.case(workspace.cases()["case"][0])
    path = workspace.export(case, tmp_path / f"case{ending}")
    graph, found = case.network(), read_back(path)
    assert {str(node) for node in graph} == set(found)
    moved = {row["transfer"]: row for *_, row in found.edges(data=True) if row["kind"] == "transfer"}
    known = [(key, data) for *_, key, data in graph.edges(keys=True, data=True) if data["kind"] == "transfer"]
    assert len(moved) == len(known)
    for key, data in known:
        row = moved[key]
        assert (row["amount"], row["currency"], row["channel"]) == (
            float(data["amount"]),
            data["currency"],
            data["channel"],
        )
        assert row["at"] == data["at"].isoformat() + "Z"
    for node, data in graph.nodes(data=True):
        row = found.nodes[node]
        assert (
            row["kind"] == data["kind"] and row.get("role", "") == data["role"] and row.get("bank") == data.get("bank")
        )
        assert row.get("score") == pytest.approx(data["score"]) if data.get("score") else True
        assert row.get("lists") == ("; ".join(data["lists"]) if data.get("lists") else None)


@pytest.mark.parametrize("write", [nx.write_graphml, nx.write_gexf])
def test_networkx_writes_the_graphs_of_a_notebook_itself(workspace, tmp_path, write):
    """Of a case, an account, a chain and a trace: nx.write_graphml(ws.case(id).graph(), path) raises nothing."""
    case = workspace.case(workspace.cases()["case"][0])
    chain = workspace.chains()["chain"][0]
    graphs = [
        case.graph(),
        workspace.account_graph(case.accounts["account_id"][0]),
        workspace.chain_graph(chain),
        workspace.trace_graph(workspace.trace([case.transfers["transfer_id"][0]])),
    ]
    for graph in graphs:
        write(graph, tmp_path / "a.xml")
        assert nx.cytoscape_graph(json.loads(json.dumps(nx.cytoscape_data(graph)))).number_of_edges() > 0
    assert len(nx.read_graphml(tmp_path / "a.xml") if write is nx.write_graphml else graphs[-1]) == len(graphs[-1])


def test_an_i2_chart_holds_every_node_and_transfer(workspace, tmp_path):
    """UTF-16 with its mark, as Analyst's Notebook imports it; each link with amount, date and time, ends that exist."""
    case = workspace.case(workspace.cases()["case"][0])
    network = case.network()
    raw = workspace.export(case, tmp_path / "case.anx").read_bytes()
    assert raw.startswith(b"\xff\xfe")
    chart = etree.fromstring(raw)
    entities = {each.get("EntityId"): each.get("Identity") for each in chart.iter("Entity")}
    assert set(entities.values()) == set(network)
    links = [item for item in chart.iter("ChartItem") if item.find("Link") is not None]
    drawn = sorted(
        (entities[item.find("Link").get("End1Id")], entities[item.find("Link").get("End2Id")], item.get("DateTime"))
        for item in links
        if item.get("DateTime")
    )
    known = [(a, b, data) for a, b, data in network.edges(data=True) if data["kind"] == "transfer"]
    assert drawn == sorted((a, b, f"{data['at']:%Y-%m-%dT%H:%M:%S}.000") for a, b, data in known)
    assert len(links) == network.number_of_edges()


def test_followthemoney_reads_its_entities_back(workspace, tmp_path):
    """Its own model takes every line: accounts by number and bank, payments with exact amount, ends and time."""
    case = workspace.case(workspace.cases()["case"][0])
    network = case.network()
    lines = workspace.export(case, tmp_path / "case.ftm.json").read_text(encoding="utf-8").splitlines()
    entities = {each.id: each for each in (model.get_proxy(json.loads(line)) for line in lines)}
    assert len(entities) == len(lines)
    accounts = {each.first("accountNumber") for each in entities.values() if each.schema.name == "BankAccount"}
    assert accounts == {node for node, data in network.nodes(data=True) if data["kind"] == "account"}
    payments = {each.first("recordId"): each for each in entities.values() if each.schema.name == "Payment"}
    known = [edge for edge in network.edges(keys=True, data=True) if edge[3]["kind"] == "transfer"]
    assert set(payments) == {key for _, _, key, _ in known}
    for source, target, key, data in known:
        made = payments[key]
        told = f"{data['amount']:f}", data["currency"], data["at"].isoformat()
        assert (made.first("amount"), made.first("currency"), made.first("date")) == told
        for end, name in ((source, "payerAccount"), (target, "beneficiaryAccount")):
            cash = network.nodes[end]["kind"] == "cash"
            assert made.first(name) is None if cash else entities[made.first(name)].first("accountNumber") == end


def test_a_transfer_to_oneself_is_told_in_a_chart(tmp_path):
    """Analyst's Notebook has no such link: it stands among the attributes, with its amount."""
    chart = etree.fromstring(exchanged(graph_of(("a", "a", "10"), ("a", "b", "5")), tmp_path / "a.anx"))
    assert "10.00 EUR" in " ".join(each.get("Value") or "" for each in chart.iter("Attribute"))


def test_devices_holders_and_banks_are_entities_too(tmp_path):
    """What a page draws is in the file, as what the model has for it; nothing is left out in silence."""
    network = graph_of(("a", "b", "5"), ("b", "CASH-OUT", "4"))
    network.add_node("device d", kind="device", role="")
    network.add_node("holder h", kind="holder", role="")
    network.add_node("ask NORD", kind="bank", role="")
    network.add_edge("a", "device d", key="device d", kind="used")
    network.add_edge("holder h", "a", key="holder h", kind="owns")
    lines = exchanged(network, tmp_path / "a.ftm.json").splitlines()
    schemata = sorted(json.loads(line)["schema"] for line in lines)
    assert (
        schemata
        == "Asset BankAccount BankAccount LegalEntity Organization Ownership Payment Payment UnknownLink".split()
    )
    assert plain_graph(network).number_of_edges() == 4


def test_a_trace_calls_no_part_of_the_money_a_payment_s_amount(workspace, tmp_path):
    """What a transfer carried of the traced money is called so in every file; Payments have no amount then."""
    found = workspace.trace([workspace.case(workspace.cases()["case"][0]).transfers["transfer_id"][0]])
    lines = workspace.export(found, tmp_path / "a.ftm.json").read_text(encoding="utf-8").splitlines()
    payments = [each["properties"] for each in map(json.loads, lines) if each["schema"] == "Payment"]
    assert payments and all("amount" not in each and "traced money" in str(each["summary"]) for each in payments)
    moved = [data for *_, data in workspace.trace_graph(found).edges(data=True) if data["kind"] == "transfer"]
    assert moved and all("traced" in each and "amount" not in each for each in moved)


def test_another_ending_is_refused(workspace, tmp_path):
    """Nothing is guessed: the error names the endings that there are."""
    with pytest.raises(UsageError, match="xls") as error:
        exchanged(nx.MultiDiGraph(), tmp_path / "case.xls")
    assert ".graphml" in str(error.value.hint)


def test_files_for_other_programs_say_the_same_whatever_language_people_read(few_cases, tmp_path):
    """Pages are in the language of the settings; what programs and the next investigator read is not."""
    folder = shutil.copytree(few_cases, tmp_path / "workspace")
    case = NotebookWorkspace(folder).cases()["case"][0]
    endings = (".cyjs", ".anx")
    asked = [("view", case, "-o", tmp_path / f"case{ending}") for ending in endings]
    asked += [("case", "show", case, "--format", "json")]

    def made() -> list[str | bytes]:
        said = [answered(*each, "-w", folder) for each in asked]
        files = [(tmp_path / f"case{ending}").read_bytes() for ending in endings]
        return [*files, *said]

    english = made()
    (folder / FILE).write_text('[views]\nlanguage = "nl"\n', encoding="utf-8")
    assert made() == english
    answered("view", case, "-o", tmp_path / "case.html", "-w", folder)
    assert '<html lang="nl">' in (tmp_path / "case.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_a_trace_that_was_made_before_its_page_is_told_in_the_language_of_the_page(workspace, language):
    """A notebook's trace is made in English, since its table is; the page says it again, whole."""
    case = workspace.cases()["case"][0]
    found = workspace.trace([workspace.case(case).transfers.iloc[0]["transfer_id"]])
    with speaking(language):
        view = trace_picture(workspace, found)
        assert english_left(view.page()) == []
    assert [each for each in found.assumptions if each in view.notes] == []


def test_the_chosen_nodes_are_exported_alone(workspace, tmp_path):
    """Those named and what is between them; a name that is not there, and a page, are refused."""
    case = workspace.cases()["case"][0]
    network = workspace.case(case).network()
    pairs = ((a, b) for a, b, data in network.edges(data=True) if data["kind"] == "transfer")
    one, other = next((a, b) for a, b in pairs if a != b and not {a, b} & {"CASH-IN", "CASH-OUT"})
    path = tmp_path / "two.graphml"
    where = ("-w", workspace.folder)
    answered("view", case, "-o", path, "--only", one, "--only", other, *where)
    assert set(read_back(path)) == {one, other}
    workspace.export(workspace.case(case), path, only=[one])
    assert set(read_back(path)) == {one}
    for output, name in ((path, "nobody"), (tmp_path / "two.html", one)):
        done = run("view", case, "-o", output, "--only", name, *where)
        assert done.code == 2 and "--only" in done.err
