"""Pictures of what a workspace's latest run found, as pages that open offline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from mulegraph.errors import UsageError
from mulegraph.lazy import networkx as nx
from mulegraph.privacy.door import MaskedWorkspace
from mulegraph.privacy.shared_graph import SharedGraph
from mulegraph.schema.language import check_language, later, retold, speaking, spoken, tr, word
from mulegraph.schema.nodes import subject_of
from mulegraph.views.chart import DAY
from mulegraph.views.network import network_page
from mulegraph.views.story import Story, account_story, case_story, chain_story, path_story, trace_story
from mulegraph.views.tables import amounts, case_money, collapse_patterns, shown
from mulegraph.workspace.trace import POISON, TraceResult, ranged_methods

CUT = later("{n} transfers are left out: {why}.")


@dataclass(frozen=True)
class NetworkView:
    """What a page draws and tells: a network, the facts above it, notes under it, a story at its left.

    `subject` is what it is of, in no language: a page that is kept says by it where it belongs.
    """

    graph: nx.MultiDiGraph[Any]
    subject: str
    title: str
    facts: Mapping[str, str]
    notes: Sequence[str]
    story: Story | None = None
    language: str = field(default_factory=spoken)

    def page(
        self,
        links: Mapping[str, str] | None = None,
        served: Mapping[str, Any] | None = None,
        in_notebook: bool = False,
    ) -> str:
        """As a page that opens with no network. `links` are what it leads to, by what they are called: cases, reports.

        `served` is what a page of `mulegraph serve` asks its server with; without it no page asks anybody. One that is
        `in_notebook` tells its cell what is chosen.
        """
        # The graph is the caller's: a page's surroundings stand in a view of it, and no later page or file has them.
        shown = nx.graphviews.generic_graph_view(self.graph)
        around = {"links": dict(links or {}), "served": served, "in_notebook": in_notebook, "subject": self.subject}
        shown.graph = {**self.graph.graph, **around}
        with speaking(self.language):
            return network_page(shown, title=self.title, facts=self.facts, notes=self.notes, story=self.story)


@contextmanager
def spoken_by(space: MaskedWorkspace, language: str | None = None) -> Iterator[None]:
    """Pages made inside are in this language, or in that of the settings. Raises UsageError for one there is not."""
    chosen = space.language(language)
    check_language(chosen)
    with speaking(chosen):
        yield


def picture(space: MaskedWorkspace, subject: str) -> str:
    """The page of a case, a chain, an account, or the trace of a payment or of a report's, told apart by their ids."""
    return drawn(space, subject).page()


def drawn(space: MaskedWorkspace, subject: str) -> NetworkView:
    """What is drawn of a case, a chain, an account, a device, a holder, or the trace of a payment or of a report's."""
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
        shown_as = _head_of(graph, kind)
        title = f"{tr(kind.title())} {shown_as}"
        return NetworkView(graph, f"{kind} {shown_as}", title, _counted(graph), notes_of(space, graph))
    graph = space.account_network(subject)
    known = graph.nodes[graph.graph["account"]]
    facts = {
        tr("score"): shown(known.get("score", 0.0)),
        tr("bank"): shown(known.get("bank")),
        tr("cases"): " ".join(known.get("cases", [])) or tr("none"),
        tr("transfers"): f"{_transfers(graph):,}",
    }
    account = graph.graph["account"]
    title, story = tr("Account {account}", account=account), account_story(graph, account)
    return NetworkView(graph, f"account {account}", title, facts, notes_of(space, graph), story)


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


def path_picture(space: MaskedWorkspace, account: str, to: str) -> NetworkView:
    """Ways by which money can have come from one account to another, in order of time."""
    graph = space.path_network(account, to)
    first, last = graph.graph["payer"], graph.graph["payee"]
    facts = {
        tr("ways"): tr("{n} of at most {m:transfer|transfers}", n=graph.graph["ways"], m=graph.graph["hops"]),
        **_counted(graph),
    }
    notes = [
        tr(
            "A way says that the times allow it, not that it was the same money: mulegraph trace says how much was."
            " Between two neighbours the earliest transfer that can follow is drawn; no way leads through accounts of"
            " very many counterparties, and no more than 200,000 transfers were looked at."
        )
    ]
    notes = [*notes_of(space, graph), *notes]
    title = tr("Ways from {first} to {last}", first=first, last=last)
    return NetworkView(graph, f"ways {first} {last}", title, facts, notes, path_story(graph))


def joined_picture(space: MaskedWorkspace, subjects: Sequence[str]) -> NetworkView:
    """Several cases, chains, accounts, devices and holders in one picture."""
    graph = joined_network(space, subjects)
    shown_as = [_shown_id(space, each) for each in subjects]
    title = ", ".join(shown_as)
    return NetworkView(graph, title, title, _counted(graph), notes_of(space, graph))


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


def expanded(base: NetworkView, space: MaskedWorkspace, account: str) -> NetworkView:
    """A picture with an account's counterparties and latest transfers; what was drawn before keeps its roles.

    Raises UsageError for a trace, whose amounts are parts of payments and not payments.
    """
    if base.graph.graph.get("amount_name") == "traced":
        raise UsageError("a trace shows traced money only", hint="Draw the account: mulegraph view ACCOUNT.")
    more = space.account_network(account)
    mine = more.graph["account"]
    made = nx.compose(more, base.graph)
    if mine not in base.graph:
        made.nodes[mine]["role"] = ""
    findings = {each["finding"]: each for part in (base.graph, more) for each in part.graph.get("findings") or ()}
    made.graph.update(base.graph.graph, findings=list(findings.values()))
    made.graph["cut"] = (base.graph.graph.get("cut") or 0) + more.graph["cut"]
    facts = {**base.facts, tr("drawn in all"): tr("{n:transfer|transfers}", n=_transfers(made))}
    return replace(base, graph=made, facts=facts)


def _head_of(graph: nx.MultiDiGraph[str], kind: str) -> str:
    """The device or holder that a network is of, as it may be shown: what was asked for may be the real id."""
    return next(subject_of(kind, node) for node, data in graph.nodes(data=True) if data["kind"] == kind)


def _shown_id(space: MaskedWorkspace, subject: str) -> str:
    kind = space.kind_of_subject(subject)
    if kind == "account":
        return space.known_account(subject)
    return _head_of(network_of(space, subject), kind) if kind in ("device", "holder") else subject


def _counted(graph: nx.MultiDiGraph[str]) -> dict[str, str]:
    accounts = sum(data["kind"] == "account" for _, data in graph.nodes(data=True))
    return {tr("accounts"): f"{accounts:,}", tr("transfers"): f"{_transfers(graph):,}"}


def case_picture(space: MaskedWorkspace, case: str) -> NetworkView:
    """A case: its accounts by role, the evidence between them, the devices that they share."""
    found = space.case(case)
    row, graph = found.row, found.network()
    facts = {
        tr("score"): shown(row["score"]),
        tr("accounts of the case"): str(len(row["accounts"])),
        tr("findings"): str(len(collapse_patterns(found.findings))),
    }
    if row["amount"] is not None:
        facts[tr("entered its chains")] = case_money(row)
    trace = None
    no_trace = ""
    askable = []
    try:
        trace, askable = space.case_trace(case), space.askable_banks(case)
    except UsageError as error:
        no_trace = error.problem
    _mark_followed(graph, trace)
    story = case_story(graph, case, trace, no_trace, askable)
    graph.graph["kept"] = space.kept_page(case)
    return NetworkView(graph, case, case, facts, notes_of(space, graph), story)


def _mark_followed(graph: nx.MultiDiGraph[str], trace: TraceResult | None) -> None:
    """Write beside each payment how much of it is the followed money: an arrow is the whole payment."""
    carried = {}
    for part in trace.in_currencies if trace is not None else []:
        for row in part.steps.to_dict("records"):
            carried[row["transfer"], part.currency] = amounts([row["minimum"], row["maximum"]])
    for _, _, key, data in graph.edges(keys=True, data=True):
        if carried and data["kind"] == "transfer":
            data["followed"] = carried.get((key, data["currency"]), "0")


def chain_picture(space: MaskedWorkspace, chain: str) -> NetworkView:
    """One chain, with the others of its layering network when it is in one."""
    graph = space.chain_network(chain)
    facts = {
        tr("surprise"): f"{graph.graph['surprise']:.1f} nats",
        tr("chains in its network"): str(graph.graph["chains"]),
    }
    story = chain_story(graph)
    return NetworkView(graph, chain, chain, facts, notes_of(space, graph), story)


def trace_picture(space: MaskedWorkspace, found: TraceResult) -> NetworkView:
    """A trace: whom the money reached, in how many hops, and which banks to ask."""
    graph = space.trace_network(found)
    what = ", ".join(found.chosen[:3]) + (
        " " + tr("and {n} more", n=len(found.chosen) - 3) if len(found.chosen) > 3 else ""
    )
    title = tr("Sources of {payments}", payments=what) if found.back else tr("Trace of {payments}", payments=what)
    reached = sum(data["kind"] == "account" for _, data in graph.nodes(data=True))
    conserving = [found.traced[method] for method in ranged_methods(found.methods)]
    facts = {
        tr("traced"): f"{amounts(conserving)} {found.currency}",
        tr("accounts"): f"{reached:,}",
        tr("transfers"): f"{_transfers(graph):,}",
    }
    notes = [
        tr(
            "An arrow's amount is what of the traced money its transfers carried, from the least to the most over the"
            " rules for mixed money; a number in an account is how many hops it is from the traced payment. Neither"
            " says that somebody knew of it."
        ),
        *map(retold, found.assumptions),
    ]
    if POISON in found.methods and (only := found.only_poison["accounts"]):
        notes.insert(
            1, tr("{n} accounts that only the rule of poison reaches are not drawn: no money is there.", n=only)
        )
    notes = [*notes_of(space, graph), *notes]
    subject = " ".join(["sources" if found.back else "trace", *found.chosen])
    return NetworkView(graph, subject, title, facts, notes, trace_story(graph, found))


def shared_picture(shared: SharedGraph, subject: str) -> NetworkView:
    """The page of a case, a chain or an account of a server's graph."""
    network, space = shared.network(subject), shared.workspace
    notes = notes_of(space, network)
    if subject.startswith("CASE-"):
        facts = {tr("score"): shown(network.graph["score"]), tr("accounts"): str(len(network.graph["accounts"]))}
        return NetworkView(network, subject, subject, facts, notes)
    facts = {tr("latest transfers"): str(_transfers(network))}
    if subject.startswith("CH-"):
        return NetworkView(network, subject, subject, facts, notes)
    account = network.graph["account"]
    return NetworkView(network, f"account {account}", tr("Account {account}", account=account), facts, notes)


def notes_of(space: MaskedWorkspace, graph: nx.MultiDiGraph[str]) -> list[str]:
    """What is masked, which time it is, and what was cut."""
    about = graph.graph
    if space.reveal is None:
        notes = [
            tr(
                "Masked: accounts, people and devices are tokens, which every mulegraph command takes for the real"
                " ones."
            )
        ]
    else:
        notes = [tr("Not masked. Reason: {reason}", reason=space.reveal)]
    coarse = about.get("tick_seconds", 0) >= DAY
    notes.append(
        tr("The ledger knows days only.") if coarse else tr("Times are in {zone}.", zone=about.get("zone", "UTC"))
    )
    if about.get("cut"):
        notes.append(tr(CUT, n=about["cut"], why=word(about.get("cut_why", "those before the latest"))))
    if about.get("findings_cut"):
        notes.append(tr("{n} weaker findings are left out.", n=about["findings_cut"]))
    return [" ".join(notes)]


def _transfers(graph: nx.MultiDiGraph[str]) -> int:
    return sum(data["kind"] == "transfer" for *_, data in graph.edges(data=True))
