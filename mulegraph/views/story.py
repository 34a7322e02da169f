"""What a picture tells, in a few lines that each light their part of it, and a bar of the money that adds up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, NamedTuple

from mulegraph.lazy import networkx as nx
from mulegraph.schema.findings import Role
from mulegraph.schema.language import later, tr, word
from mulegraph.schema.nodes import CASH_NODES
from mulegraph.views.chart import Sum, amounts_in_words, sums_of
from mulegraph.workspace.trace import TraceResult, ranged_methods

MAX_NAMED = 2
MAX_BANKS = 4
LITTLE = 4
"""A bank that can be asked for less than one part in so many of what another has is not the next step."""
PARTS = {
    "cash": later("cash"),
    "left_our_sight": later("left our sight"),
    "returned": later("returned"),
    "stopped": later("not followed further"),
    "exchanged": later("exchanged into another currency"),
    "still_there": later("still there"),
}
BACK_PARTS = {
    "cash": later("from cash"),
    "left_our_sight": later("from other banks"),
    "returned": later("returned"),
    "stopped": later("not followed further"),
    "exchanged": later("exchanged into another currency"),
    "still_there": later("own money"),
}
"""Parts of traced money as a picture names them."""
WHY_STOPPED = {
    "shop": later("shops"),
    "wages": later("wages"),
    "own sweep": later("a firm's own accounts"),
    "victim": later("back at who lost it"),
    "small": later("small sums"),
    "late": later("later payments"),
}
PASSING = (Role.COLLECTOR, Role.RELAY, Role.CONSOLIDATOR, Role.CASH_OUT)


@dataclass(frozen=True)
class Line:
    """A line of the story, with the nodes and transfers of the graph that it is about."""

    head: str
    words: str
    nodes: list[str] = field(default_factory=list)
    transfers: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Part:
    """A part of the traced money: from `low` to `high` over the rules; `share` is the mean of its shares by rule."""

    words: str
    low: Decimal
    high: Decimal
    share: float


@dataclass(frozen=True)
class Story:
    """Lines from whom money was taken to what to do next; `command` is that step as it is typed, `because` why."""

    lines: list[Line]
    command: str = ""
    because: str = ""
    money: list[Part] = field(default_factory=list)
    entered: str = ""


def case_story(
    graph: nx.MultiDiGraph[str], case: str, trace: TraceResult | None, no_trace: str, askable: Collection[str]
) -> Story:
    """Whom a case's money was taken from, who collected it, how it spread, where it is now, and what is next.

    `askable` are banks of which a request can be written now.
    """
    victims, collectors = _with_role(graph, Role.VICTIM), _with_role(graph, Role.COLLECTOR)
    passing = [node for role in PASSING for node in _with_role(graph, role)]
    taken = {node: _paid_by(graph, [node]) for node in victims}
    collected = {node: _paid_to(graph, [node]) for node in collectors}
    spread = _paid_by(graph, passing)
    robbed = _each(tr("Taken from"), graph, taken, tr("nobody is seen to be robbed: no victim is known"))
    passed = _line(tr("Passed on by"), graph, passing, spread, tr("no account is seen to pass money on"))
    lines = [
        replace(robbed, words="; ".join([robbed.words, *_paid_as_well(graph, robbed.nodes, passing)])),
        _each(tr("Collected by"), graph, collected, tr("no collector is seen")),
        replace(passed, words=tr("{accounts}; the same money counts at each", accounts=passed.words))
        if len(passing) > 1
        else passed,
    ]
    if trace is None:
        strongest = max(_accounts(graph), key=lambda node: (graph.nodes[node].get("score") or 0, node), default="")
        return Story([*lines, Line(tr("Now"), no_trace)], f"mulegraph account {strongest}" if strongest else "")
    lines += [*_followed(graph, trace, victims), _now(graph, trace)]
    return Story(lines, *_next(case, trace, askable), money_parts(trace), _entered(trace))


def _followed(graph: nx.MultiDiGraph[str], trace: TraceResult, victims: list[str]) -> list[Line]:
    """Whose money it is that is told as being somewhere now, where that is not just what the victims paid here."""
    rows = trace.steps[trace.steps["transfer"].isin(trace.chosen)]
    paid: dict[str, Decimal] = defaultdict(Decimal)
    for payer, whole in zip(rows["source"], rows["whole"], strict=True):
        paid[payer if isinstance(payer, str) else tr("cash")] += whole
    here = {key for *_, key in graph.edges(keys=True)}
    others = [each for each in victims if each not in paid]
    if paid.keys() == set(victims) and set(rows["transfer"]) == set(_paid_by(graph, victims)):
        return []
    told = [f"{name}: {amount:,f} {trace.currency}" for name, amount in sorted(paid.items(), key=lambda row: -row[1])]
    told = [*told[:MAX_BANKS], *([tr("and {n} more", n=len(told) - MAX_BANKS)] if len(told) > MAX_BANKS else [])]
    if others:
        told.append(tr("not reported, so not followed: {accounts}", accounts=_named(others)))
    moved = [each for each in trace.chosen if each in here]
    return [Line(tr("Whose money is followed"), "; ".join(told), [each for each in paid if each in graph], moved)]


def _next(case: str, trace: TraceResult, askable: Collection[str]) -> tuple[str, str]:
    """The next step as a command, and why: the bank that most is at or went to, of those that can be asked."""
    banks = _by_bank(trace)
    first = next((each for each in banks if each.bank in askable), None)
    if first is None:
        why = tr("no bank can be asked now: see whom to hold, and what is out of reach")
        return f"mulegraph case holds {case}", why
    amount = _range(first.low, first.high, first.currency)
    if first.high * LITTLE < banks[0].high:
        # The best request that can be written is not the best thing to do.
        most = _range(banks[0].low, banks[0].high, banks[0].currency)
        text = later("most is at {bank}, which no request can ask now: call it ({most}); {other} has {amount}")
        return f"mulegraph case holds {case}", tr(text, bank=banks[0].bank, most=most, other=first.bank, amount=amount)
    seen = later("it recalls, or asks to hold and to inform: {amount} is still at {bank}")
    unseen = later("it recalls, or asks to hold and to inform: {amount} went to {bank}, where we do not see on")
    why = tr(seen if first.is_seen else unseen, amount=amount, bank=first.bank)
    if first is not banks[0]:
        why += "; " + tr("more is at {bank}, which no request can ask now", bank=banks[0].bank)
    return f"mulegraph request make {case} --to {first.bank}", why


class _AtBank(NamedTuple):
    """What of traced money is at a bank, or went to one that we do not see, over the rules."""

    bank: str
    low: Decimal
    high: Decimal
    currency: str
    is_seen: bool


def _by_bank(trace: TraceResult) -> list[_AtBank]:
    """Banks, those with most first; a currency at a time."""
    found = []
    for part in trace.in_currencies:
        rows = [row for row in part.banks.to_dict("records") if row["maximum"] > 0]
        here = [_AtBank(row["bank"], row["minimum"], row["maximum"], part.currency, True) for row in rows]
        left = part.frontier[part.frontier["end"] == "bank"]
        for bank, steps in left.groupby("bank", sort=True):
            sums = [sum(steps[f"{method}_amount"], Decimal(0)) for method in ranged_methods(part.methods)]
            here.append(_AtBank(str(bank), min(sums), max(sums), part.currency, False))
        found += sorted(here, key=lambda each: (-each.high, each.bank))
    return found


def trace_story(graph: nx.MultiDiGraph[str], trace: TraceResult) -> Story:
    """Where traced money came from or went to: its ends, how far it spread, and where it is now."""
    chosen = [each for each in trace.chosen if any(key == each for *_, key in graph.edges(keys=True))]
    payers = [a for a, b, key in graph.edges(keys=True) if key in set(chosen) and a not in CASH_NODES]
    payees = [b for a, b, key in graph.edges(keys=True) if key in set(chosen) and b not in CASH_NODES]
    hops = [data["generation"] for _, data in graph.nodes(data=True) if data.get("generation")]
    rest = [data for *_, data in graph.edges(data=True) if data["kind"] == "transfer"]
    times = [data["at"] for data in rest]
    spread = tr("nobody")
    if hops:
        days = (
            ", " + tr("{first} to {last}", first=f"{min(times):%Y-%m-%d}", last=f"{max(times):%Y-%m-%d}")
            if times
            else ""
        )
        spread = tr("{n:account|accounts} in {m:hop|hops}", n=len(_accounts(graph)), m=max(hops)) + days
    sums = amounts_in_words(sums_of(_edge_data(graph, chosen), graph.graph.get("traced")))
    lines = [
        Line(tr("Paid by"), _named(payers), payers, chosen),
        Line(tr("Paid to"), f"{_named(payees)}, {sums}", payees, chosen),
        Line(
            tr("Came through") if trace.back else tr("Reached"),
            spread,
            _accounts(graph),
            [key for *_, key in graph.edges(keys=True)],
        ),
        _now(graph, trace),
    ]
    cases = sorted({case for _, data in graph.nodes(data=True) for case in data.get("cases") or ()})
    command = f"mulegraph case show {cases[0]}" if len(cases) == 1 else f"mulegraph trace {' '.join(trace.chosen[:3])}"
    command += " --back" if trace.back and len(cases) != 1 else ""
    return Story(lines, command, money=money_parts(trace), entered=_entered(trace))


def chain_story(graph: nx.MultiDiGraph[str]) -> Story:
    """Where a chain begins, what it runs through, and where it ends."""
    path = graph.graph["path"]
    moved = _in_order(graph, [key for *_, key in graph.edges(keys=True)])
    cases = sorted({case for node in path for case in graph.nodes[node].get("cases") or ()})
    lines = [
        Line(tr("Begins with"), path[0], path[:1], _paid_by(graph, path[:1])),
        Line(tr("Runs through"), _named(path[1:-1]) if path[2:] else tr("nobody"), path[1:-1], moved),
        Line(tr("Ends with"), path[-1], path[-1:], _paid_to(graph, path[-1:])),
        Line(tr("In case"), " ".join(cases) or tr("none"), path, []),
    ]
    return Story(lines, f"mulegraph case show {cases[0]}" if cases else f"mulegraph trace {moved[0]}")


def account_story(graph: nx.MultiDiGraph[str], account: str) -> Story:
    """Who paid an account, whom it paid, and in which cases it stands."""
    came, went = _paid_to(graph, [account]), _paid_by(graph, [account])
    payers = list(dict.fromkeys(a for a, b, key in graph.edges(keys=True) if b == account and key in set(came)))
    payees = list(dict.fromkeys(b for a, b, key in graph.edges(keys=True) if a == account and key in set(went)))
    roles = []
    for each in graph.nodes[account].get("roles") or ():
        roles.append(tr("{role} in {case}", role=word(each["role"]), case=each["case"]))
    lines = [
        _line(tr("Paid by"), graph, payers, came, tr("nobody here")),
        _line(tr("Pays"), graph, payees, went, tr("nobody here")),
        Line(
            tr("In cases"),
            ", ".join(roles) or " ".join(graph.nodes[account].get("cases") or ()) or tr("none"),
            [account],
            [],
        ),
    ]
    return Story(lines, f"mulegraph account {account}")


def path_story(graph: nx.MultiDiGraph[str]) -> Story:
    """From whom, through whom and to whom money can have come."""
    first, last = graph.graph["payer"], graph.graph["payee"]
    between = [node for node in _accounts(graph) if node not in (first, last)]
    lines = [
        _line(tr("From"), graph, [first], _paid_by(graph, [first]), ""),
        _line(tr("Through"), graph, between, _paid_by(graph, between), tr("nobody: it was paid straight")),
        _line(tr("To"), graph, [last], _paid_to(graph, [last]), ""),
    ]
    return Story(lines, f"mulegraph trace {lines[0].transfers[0]}")


def money_parts(trace: TraceResult) -> list[Part]:
    """What became of traced money, or what it was made of: by every rule the parts add up to what was traced.

    None where poison is the only rule: its amounts are of the same money many times.
    """
    sums = trace.sums.to_dict("records")
    whole = [row["traced"] or Decimal(1) for row in sums]
    parts = {words: [row[name] for row in sums] for name, words in (BACK_PARTS if trace.back else PARTS).items()}
    made = []
    for words, each in parts.items():
        if any(each):
            made.append(
                Part(
                    words, min(each), max(each), float(sum(a / b for a, b in zip(each, whole, strict=True))) / len(each)
                )
            )
    return made


def _now(graph: nx.MultiDiGraph[str], trace: TraceResult) -> Line:
    """Where it is now by bank, with what was taken out in cash and what left our sight."""
    currency = trace.currency
    banks = [row for row in trace.banks.to_dict("records") if row["maximum"] > 0]
    told = [f"{row['bank']} {_range(row['minimum'], row['maximum'], currency)}" for row in banks[:MAX_BANKS]]
    told += [tr("{n:more bank|more banks}", n=len(banks) - MAX_BANKS)] if len(banks) > MAX_BANKS else []
    parts = [part for part in money_parts(trace) if part.words != ("own money" if trace.back else "still there")]
    why = {PARTS["stopped"]: _why_stopped(trace)}
    told += [f"{tr(part.words)}{why.get(part.words, '')} {_range(part.low, part.high, currency)}" for part in parts]
    there = []
    for row in trace.accounts.to_dict("records"):
        if row["maximum"] > 0 and row["account"] in graph:
            there.append(row["account"])
    if banks and not trace.back:
        first = max(trace.accounts.to_dict("records"), key=lambda row: (row["maximum"], row["account"]))
        amount = _range(first["minimum"], first["maximum"], currency)
        told.append(tr("most on {account}: {amount}", account=first["account"], amount=amount))
        told.append(tr("arrows are whole payments, this is what of them is the followed money"))
    ends = [key for a, b, key in graph.edges(keys=True) if {a, b} & CASH_NODES or graph.nodes[b]["kind"] == "bank"]
    return Line(tr("Its sources") if trace.back else tr("Now"), "; ".join(told) or tr("nothing is seen"), there, ends)


def _why_stopped(trace: TraceResult) -> str:
    """In brackets why most of what is not followed further is not."""
    rows = trace.stopped.to_dict("records")
    sums = {end: sum(row["maximum"] for row in rows if row["end"] == end) for end in {row["end"] for row in rows}}
    ends = sorted(sums, key=lambda end: (-sums[end], end))[:2]
    if not ends:
        return ""
    why = ", ".join(tr(WHY_STOPPED[end]) for end in ends)
    got = dict[str, Decimal]()
    for row in rows:
        if isinstance(row["target"], str) and not trace.back:
            got[row["target"]] = got.get(row["target"], Decimal(0)) + row["maximum"]
    most = max(got, key=lambda account: (got[account], account), default="")
    # One that got the most of it is the largest place of all: nobody sees it where only its kind is told.
    if most and 2 * got[most] > sum(got.values()):
        why += "; " + tr("most to {account}", account=most)
    return f" ({why})"


def _entered(trace: TraceResult) -> str:
    amounts = [trace.traced[method] for method in ranged_methods(trace.methods)]
    return _range(min(amounts), max(amounts), trace.currency)


def _range(low: Decimal, high: Decimal, currency: str) -> str:
    return amounts_in_words({currency: Sum(low, high)})


def _line(head: str, graph: nx.MultiDiGraph[str], nodes: list[str], transfers: list[str], otherwise: str) -> Line:
    if not nodes:
        return Line(head, otherwise)
    sums = amounts_in_words(sums_of(_edge_data(graph, transfers)))
    return Line(head, f"{_named(nodes)}" + (f": {sums}" if sums else ""), nodes, transfers)


def _each(head: str, graph: nx.MultiDiGraph[str], moved: Mapping[str, list[str]], otherwise: str) -> Line:
    """Accounts with an amount of its own each, the largest first: a joint sum would be held against all of them."""
    sums = {node: sums_of(_edge_data(graph, transfers)) for node, transfers in moved.items()}
    most = {node: max((each.high for each in found.values()), default=Decimal(0)) for node, found in sums.items()}
    nodes = sorted(moved, key=lambda node: (-most[node], node))
    told = [f"{node}: {amounts_in_words(sums[node])}" if sums[node] else node for node in nodes[:MAX_NAMED]]
    told += [tr("and {n} more", n=len(nodes) - MAX_NAMED)] if len(nodes) > MAX_NAMED else []
    return Line(head, "; ".join(told) or otherwise, nodes, [each for node in nodes for each in moved[node]])


def _paid_as_well(graph: nx.MultiDiGraph[str], victims: list[str], passing: list[str]) -> list[str]:
    """Of victims whom accounts that pass money on have paid: robbed and used look alike there."""
    told = []
    for victim in victims[:MAX_NAMED]:
        back = [key for a, b, key in graph.edges(keys=True) if b == victim and a in set(passing)]
        if back:
            sums = amounts_in_words(sums_of(_edge_data(graph, back)))
            told.append(tr("{account} was paid {sum} here as well: robbed, or used?", account=victim, sum=sums))
    return told


def _with_role(graph: nx.MultiDiGraph[str], role: Role) -> list[str]:
    return [node for node in _accounts(graph) if graph.nodes[node].get("role") == role]


def _accounts(graph: nx.MultiDiGraph[str]) -> list[str]:
    return [node for node, data in graph.nodes(data=True) if data["kind"] == "account"]


def _paid_by(graph: nx.MultiDiGraph[str], nodes: list[str]) -> list[str]:
    """Transfers out of any of these, in order of time."""
    return _in_order(graph, [key for a, _, key in graph.edges(keys=True) if a in set(nodes)])


def _paid_to(graph: nx.MultiDiGraph[str], nodes: list[str]) -> list[str]:
    """Transfers to any of these, in order of time."""
    return _in_order(graph, [key for _, b, key in graph.edges(keys=True) if b in set(nodes)])


def _in_order(graph: nx.MultiDiGraph[str], keys: Iterable[str]) -> list[str]:
    wanted = set(keys)
    edges = [(data["at"], key) for *_, key, data in _transfers(graph) if key in wanted]
    return [key for _, key in sorted(edges)]


def _transfers(graph: nx.MultiDiGraph[str]) -> list[tuple[str, str, str, dict[str, Any]]]:
    return [edge for edge in graph.edges(keys=True, data=True) if edge[3]["kind"] == "transfer"]


def _edge_data(graph: nx.MultiDiGraph[str], transfers: Iterable[str]) -> list[dict[str, Any]]:
    wanted = set(transfers)
    return [data for *_, key, data in graph.edges(keys=True, data=True) if key in wanted]


def _named(nodes: list[str]) -> str:
    nodes = list(dict.fromkeys(nodes))
    more = " " + tr("and {n} more", n=len(nodes) - MAX_NAMED) if len(nodes) > MAX_NAMED else ""
    return ", ".join(nodes[:MAX_NAMED]) + more
