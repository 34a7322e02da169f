"""Pictures of what a workspace's latest run found, as pages that open offline."""

from __future__ import annotations

from collections.abc import Sequence

from mulegraph.errors import UsageError
from mulegraph.lazy import networkx as nx
from mulegraph.privacy.door import MaskedWorkspace
from mulegraph.privacy.shared_graph import SharedGraph
from mulegraph.views.chart import DAY
from mulegraph.views.network import network_page
from mulegraph.views.story import account_story, case_story, chain_story, path_story, trace_story
from mulegraph.views.tables import amounts, case_money, collapse_patterns, shown
from mulegraph.workspace.trace import POISON, TraceResult, ranged_methods


def picture(space: MaskedWorkspace, subject: str) -> str:
    """The page of a case, a chain, an account, or the trace of a payment or of a report's, told apart by their ids."""
    kind = space.kind_of_subject(subject)
    if kind == "case":
        return case_picture(space, subject)
    if kind == "chain":
        return chain_picture(space, subject)
    if kind == "payment":
        return trace_picture(space, space.trace([subject]))
    if kind == "report":
        return trace_picture(space, space.trace(reports=[subject]))
    if kind in ("device", "holder"):
        graph = network_of(space, subject)
        return network_page(
            graph, title=f"{kind.title()} {subject}", facts=_counted(graph), notes=notes_of(space, graph)
        )
    graph = space.account_network(subject)
    known = graph.nodes[graph.graph["account"]]
    facts = {
        "score": shown(known.get("score", 0.0)),
        "bank": shown(known.get("bank")),
        "cases": " ".join(known.get("cases", [])) or "none",
        "transfers": f"{_transfers(graph):,}",
    }
    title, story = f"Account {graph.graph['account']}", account_story(graph, graph.graph["account"])
    return network_page(graph, title=title, facts=facts, notes=notes_of(space, graph), story=story)


def network_of(space: MaskedWorkspace, subject: str) -> nx.MultiDiGraph[str]:
    """What `picture` draws, as a graph."""
    kind = space.kind_of_subject(subject)
    if kind == "case":
        return space.case(subject).network()
    if kind == "chain":
        return space.chain_network(subject)
    if kind in ("payment", "report"):
        found = space.trace([subject]) if kind == "payment" else space.trace(reports=[subject])
        return space.trace_network(found)
    if kind in ("device", "holder"):
        return space.device_network(subject) if kind == "device" else space.holder_network(subject)
    return space.account_network(subject)


def path_picture(space: MaskedWorkspace, account: str, to: str) -> str:
    """Ways by which money can have come from one account to another, in order of time."""
    graph = space.path_network(account, to)
    first, last = graph.graph["payer"], graph.graph["payee"]
    facts = {"ways": f"{graph.graph['ways']:,} of at most {graph.graph['hops']} transfers", **_counted(graph)}
    notes = [
        "A way says that the times allow it, not that it was the same money: mulegraph trace says how much was. Between"
        " two neighbours the earliest transfer that can follow is drawn; no way leads through accounts of very many"
        " counterparties, and no more than 200,000 transfers were looked at."
    ]
    notes = [*notes_of(space, graph), *notes]
    return network_page(graph, title=f"Ways from {first} to {last}", facts=facts, notes=notes, story=path_story(graph))


def joined_picture(space: MaskedWorkspace, subjects: Sequence[str]) -> str:
    """Several cases, chains, accounts, devices and holders in one picture."""
    graph = joined_network(space, subjects)
    shown_as = [_shown_id(space, each) for each in subjects]
    return network_page(graph, title=", ".join(shown_as), facts=_counted(graph), notes=notes_of(space, graph))


def joined_network(space: MaskedWorkspace, subjects: Sequence[str]) -> nx.MultiDiGraph[str]:
    """Several subjects' networks as one. Who has two roles in them has none here: his roles name their cases.

    Raises UsageError for traces: what two of them carried of one transfer may be the same money.
    """
    for each in subjects:
        if space.kind_of_subject(each) in ("payment", "report"):
            hint = "Trace both at once: mulegraph trace PAYMENT PAYMENT, or draw it alone."
            raise UsageError("the trace of '{subject}' cannot be drawn with others", hint=hint, subject=each)
    parts = [network_of(space, each) for each in dict.fromkeys(subjects)]
    made = nx.compose_all(parts)
    for node, data in made.nodes(data=True):
        roles = {part.nodes[node].get("role") or "" for part in parts if node in part}
        data["role"] = roles.pop() if len(roles) == 1 else next(iter(roles - {""})) if len(roles - {""}) == 1 else ""
    findings = {each["finding"]: each for part in parts for each in part.graph.get("findings") or ()}
    made.graph["findings"] = list(findings.values())
    for name in ("cut", "findings_cut"):
        made.graph[name] = sum(part.graph.get(name) or 0 for part in parts)
    return made


def _shown_id(space: MaskedWorkspace, subject: str) -> str:
    return space.known_account(subject) if space.kind_of_subject(subject) == "account" else subject


def _counted(graph: nx.MultiDiGraph[str]) -> dict[str, str]:
    accounts = sum(data["kind"] == "account" for _, data in graph.nodes(data=True))
    return {"accounts": f"{accounts:,}", "transfers": f"{_transfers(graph):,}"}


def case_picture(space: MaskedWorkspace, case: str) -> str:
    """A case: its accounts by role, the evidence between them, the devices that they share."""
    found = space.case(case)
    row, graph = found.row, found.network()
    facts = {
        "score": shown(row["score"]),
        "accounts of the case": str(len(row["accounts"])),
        "findings": str(len(collapse_patterns(found.findings))),
    }
    if row["amount"] is not None:
        facts["entered its chains"] = case_money(row)
    trace, no_trace = None, ""
    try:
        trace = space.case_trace(case)
    except UsageError as error:
        no_trace = error.problem
    story = case_story(graph, case, trace, no_trace)
    graph.graph["kept"] = space.kept_page(case)
    return network_page(graph, title=case, facts=facts, notes=notes_of(space, graph), story=story)


def chain_picture(space: MaskedWorkspace, chain: str) -> str:
    """One chain, with the others of its layering network when it is in one."""
    graph = space.chain_network(chain)
    facts = {"surprise": f"{graph.graph['surprise']:.1f} nats", "chains in its network": str(graph.graph["chains"])}
    story = chain_story(graph)
    return network_page(graph, title=chain, facts=facts, notes=notes_of(space, graph), story=story)


def trace_picture(space: MaskedWorkspace, found: TraceResult) -> str:
    """A trace: whom the money reached, in how many hops, and which banks to ask."""
    graph = space.trace_network(found)
    what = ", ".join(found.chosen[:3]) + (f" and {len(found.chosen) - 3} more" if len(found.chosen) > 3 else "")
    title = f"{'Sources' if found.back else 'Trace'} of {what}"
    drawn = [data for _, data in graph.nodes(data=True) if data["kind"] == "account"]
    conserving = [found.traced[method] for method in ranged_methods(found.methods)]
    facts = {
        "traced": f"{amounts(conserving)} {found.currency}",
        "accounts": f"{len(drawn):,}",
        "transfers": f"{_transfers(graph):,}",
    }
    notes = [
        "An arrow's amount is what of the traced money its transfers carried, from the least to the most over the rules"
        " for mixed money; a number in an account is how many hops it is from the traced payment. Neither says that"
        " somebody knew of it.",
        *found.assumptions,
    ]
    if POISON in found.methods and (only := found.only_poison["accounts"]):
        notes.insert(1, f"{only:,} accounts that only the rule of poison reaches are not drawn: no money is there.")
    notes = [*notes_of(space, graph), *notes]
    return network_page(graph, title=title, facts=facts, notes=notes, story=trace_story(graph, found))


def shared_picture(shared: SharedGraph, subject: str) -> str:
    """The page of a case, a chain or an account of a server's graph."""
    network, space = shared.network(subject), shared.workspace
    notes = notes_of(space, network)
    if subject.startswith("CASE-"):
        facts = {"score": shown(network.graph["score"]), "accounts": str(len(network.graph["accounts"]))}
        return network_page(network, title=subject, facts=facts, notes=notes)
    title = subject if subject.startswith("CH-") else f"Account {network.graph['account']}"
    return network_page(network, title=title, facts={"latest transfers": str(_transfers(network))}, notes=notes)


def notes_of(space: MaskedWorkspace, graph: nx.MultiDiGraph[str]) -> list[str]:
    """What is masked, which time it is, and what was cut."""
    about = graph.graph
    if space.reveal is None:
        notes = [
            "Masked: accounts, people and devices are tokens, which every mulegraph command takes for the real ones."
        ]
    else:
        notes = [f"Not masked. Reason: {space.reveal}"]
    coarse = about.get("tick_seconds", 0) >= DAY
    notes.append("The ledger knows days only." if coarse else f"Times are in {about.get('zone', 'UTC')}.")
    if about.get("cut"):
        notes.append(f"{about['cut']:,} transfers are left out: {about.get('cut_why', 'those before the latest')}.")
    if about.get("findings_cut"):
        notes.append(f"{about['findings_cut']:,} weaker findings are left out.")
    return [" ".join(notes)]


def _transfers(graph: nx.MultiDiGraph[str]) -> int:
    return sum(data["kind"] == "transfer" for *_, data in graph.edges(data=True))
