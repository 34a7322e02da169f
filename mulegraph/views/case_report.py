"""The report of a case, for people to read and to keep in its folder: sections from what the workspace tells of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from mulegraph.cases.balance import Step
from mulegraph.casework.case_file import CaseFile
from mulegraph.lazy import networkx as nx
from mulegraph.schema.findings import Role
from mulegraph.schema.language import later, tr, word
from mulegraph.views.case_money import money, requests
from mulegraph.views.case_plots import MAX_LANES, balances_plot, payments_plot
from mulegraph.views.case_proof import journal, page_notes, proof
from mulegraph.views.case_summary import stories, summary, sums, title_of
from mulegraph.views.chart import clock_of
from mulegraph.views.document import (
    Block,
    Cell,
    Document,
    Finding,
    Picture,
    Section,
    Table,
    Text,
    cells,
    heads,
)
from mulegraph.views.local_times import in_zone, local, local_text, timed, zone
from mulegraph.views.printed import network_pictures
from mulegraph.views.tables import score_text, shown
from mulegraph.views.thresholds import measured

MAX_TRANSFERS, MAX_STORIES = 500, 40
SEEN = {"found": "good", "not found": "dim", "blind": "bad"}
MASKED = later(
    "Accounts, people and devices are shown as tokens. To show them, make the report again with --reveal "
    "REASON, which the journal keeps."
)
REVEALED = later(
    "Accounts are shown as they are. The reason is in the journal; handle this report like the bank's own records."
)
Content = CaseFile


def case_document(
    content: Content, network: nx.MultiDiGraph[Any], *, revealed: bool, links: Mapping[str, str] | None = None
) -> Document:
    """The report of a case; `network` is its graph, `revealed` says that everything is shown.

    `links` are pages beside it, by what they are called.
    """
    with in_zone(content.zone, coarse=clock_of(network).coarse):
        return _document(content, network, revealed, links)


def _document(
    content: Content, network: nx.MultiDiGraph[Any], revealed: bool, links: Mapping[str, str] | None
) -> Document:
    """In the language that is spoken and the zone that is set."""
    row, state = content.row, content.state
    stands = " ".join(word(str(state[name])) for name in ("status", "disposition", "snoozed_until") if state[name])
    return Document(
        title=tr("Case {case}", case=content.case),
        facts={
            tr("score"): score_text(row["score"]),
            tr("from"): f"{shown(row['first_at'])} {zone()}",
            tr("until"): f"{shown(row['last_at'])} {zone()}",
            tr("state"): stands,
            tr("assigned to"): shown(state["assignee"]) or tr("nobody"),
            tr("scan"): f"{local_text(content.scanned_at)} {zone()}",
        },
        notices=[tr(REVEALED if revealed else MASKED)],
        sections=[
            Section("summary", tr("Summary"), [Text(text, about) for about, text in summary(content)]),
            Section("accounts", tr("Accounts"), [_accounts(content)]),
            Section("network", tr("Network"), network_pictures(network, numbered(content), zone())),
            Section("notes", tr("Notes and marks on its page"), [page_notes(content)]),
            Section("timeline", tr("Timeline"), _timeline(content)),
            Section("balances", tr("In, out, and what remains"), _balances(content)),
            Section("transfers", tr("Transfers"), [_transfers(content)]),
            Section("signs", tr("Signs and innocent explanations"), _signs(content)),
            Section("journey", tr("Journey of the fraud"), [_journey(content)]),
            Section("money", tr("Money probably still there"), money(content)),
            Section("requests", tr("Requests and replies"), requests(content)),
            Section("journal", tr("Journal of the case"), [journal(content)]),
            Section("proof", tr("What this rests on"), proof(content)),
        ],
        links=links or {},
    )


def numbered(content: Content) -> dict[str, int]:
    """The number of each account, by which pictures and sentences refer to the table of accounts."""
    ordered = sorted(content.accounts, key=lambda each: (each["role"] == "named", -each["score"], each["account_id"]))
    return {each["account_id"]: number for number, each in enumerate(ordered, 1)}


def _accounts(content: Content) -> Table:
    columns = heads("№ #", "account", "role", "bank", "kind", "score #", "came in #", "went out #", "shared devices *")
    used = {}
    for account in (each["account_id"] for each in content.accounts):
        used[account] = [shown(each["device_id"]) for each in content.devices if account in each["accounts"]]
    number = numbered(content)
    rows = []
    for each in sorted(content.accounts, key=lambda each: number[each["account_id"]]):
        rows.append(
            cells(
                number[each["account_id"]],
                each["account_id"],
                word(each["role"]),
                each["bank"],
                word(shown(each["kind"])),
                score_text(each["score"]),
                _sides(each["came"]),
                _sides(each["went"]),
                " ".join(used[each["account_id"]]),
            )
        )
    return Table(
        columns, rows, note=tr("What came in and went out is the evidence only; the score is the account's own.")
    )


def _sides(amounts: Mapping[str, Any]) -> str:
    return " + ".join(f"{shown(amount)} {code}" for code, amount in sorted(amounts.items()))


def _timeline(content: Content) -> list[Block]:
    blocks: list[Block] = []
    moved = content.transfers
    if moved:
        roles = {each["account_id"]: each["role"] for each in content.accounts}
        inside = (content.row["first_at"], content.row["last_at"])
        reported = []
        for each in content.reports:
            if inside[0] <= each["reported_at"] <= inside[1]:
                reported.append({"at": each["reported_at"], "account": each["victim_account"]})
        caption = timed(
            "Each arrow is a transfer, from its payer's lane (dot) to its payee's; wider is more. Dotted lines mark "
            "pauses that are cut short, with their length above. Times are UTC."
        )
        if len(roles) > MAX_LANES:
            caption += " " + tr("The {n} accounts that moved most have lanes of their own.", n=MAX_LANES)
        first, last = shown(moved[0]["at"]), shown(moved[-1]["at"])
        alt = timed(
            "{n:transfer|transfers} in order of time, from {first} to {last} UTC",
            n=len(moved),
            first=first,
            last=last,
        )
        blocks.append(Picture(payments_plot(_at_local(moved), roles, _at_local(reported)), alt, caption))
    rows = [cells(at, what) for at, what in moments(content)]
    blocks.append(Table(heads("at (UTC)", "what *"), rows, empty=tr("No event of it has a time.")))
    return blocks


def _at_local(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{**each, "at": local(each["at"])} for each in rows]


def moments(content: Content) -> list[tuple[Any, str]]:
    """What to remember, in order of time: firsts, the largest, reports, and what people did."""
    moved, found = content.transfers, []
    victims = {each["account_id"] for each in content.accounts if each["role"] == Role.VICTIM}
    firsts = {
        later("first evidence"): moved,
        later("first payment by a victim"): [each for each in moved if each["source"] in victims],
        later("first cash taken out"): [each for each in moved if each["target"] is None],
        later("largest transfer"): sorted(moved, key=lambda each: -each["amount"])[:1],
        later("last evidence"): moved[-1:],
    }
    for what, rows in firsts.items():
        if rows:
            found.append((rows[0]["at"], f"{tr(what)}: {_told(rows[0])}"))
    for each in content.reports:
        found.append(
            (
                each["reported_at"],
                tr("{payment} reported as fraud ({report})", payment=each["transfer_id"], report=each["report_id"]),
            )
        )
    return sorted(found, key=lambda each: (each[0], each[1]))


def _told(transfer: Mapping[str, Any]) -> str:
    source, target = (shown(transfer[side]) or tr("cash") for side in ("source", "target"))
    return tr(
        "{amount} {currency} from {source} to {target} ({payment})",
        amount=shown(transfer["amount"]),
        currency=transfer["currency"],
        source=source,
        target=target,
        payment=transfer["transfer_id"],
    )


def _balances(content: Content) -> list[Block]:
    if not content.balances:
        return [Text(tr("No account of the case moved money around its time."))]
    panels = []
    for each in content.balances:
        panels.append((each["account_id"], each["role"], [replace(step, at=local(step.at)) for step in each["steps"]]))
    alt = "; ".join(f"{shown(name)}: {_ends(steps[-1])}" for name, _, steps in panels)
    caption = tr(
        "The accounts that passed most on. All their transfers from a day before the case's first evidence to three "
        "days after its last, from nothing on: balances before that are not known, so what remains is under zero where "
        "an account paid from what it had. Dotted lines mark pauses that are cut short."
    )
    columns = heads("account", "role", "transfers at #", "came in #", "went out #", "remains #")
    rows = []
    for name, role, steps in panels:
        rows.append(
            cells(
                name, word(role), tr("{n:moment|moments}", n=len(steps)), steps[-1].came, steps[-1].went, steps[-1].left
            )
        )
    return [Picture(balances_plot(panels), alt, caption), Table(columns, rows)]


def _ends(step: Step) -> str:
    came, went, left = shown(step.came), shown(step.went), shown(step.left)
    return tr("{came} in, {went} out, {left} remains", came=came, went=went, left=left)


def _transfers(content: Content) -> Table:
    columns = heads("amount #", "at (UTC)", "transfer", "from", "to", "channel", "signs *")
    moved = content.transfers
    rows = []
    for each in moved[:MAX_TRANSFERS]:
        rows.append(
            cells(
                f"{shown(each['amount'])} {each['currency']}",
                f"{local(each['at']):%Y-%m-%d %H:%M:%S}",
                each["transfer_id"],
                shown(each["source"]) or tr("cash"),
                shown(each["target"]) or tr("cash"),
                word(shown(each["channel"])),
                " ".join(each["signs"]),
            )
        )
    note = tr("{n:transfer|transfers}, {sum} in all.", n=len(moved), sum=sums(moved)) if moved else ""
    if len(moved) > MAX_TRANSFERS:
        note += " " + tr("The first {n} are here; all: mulegraph view {case}.", n=MAX_TRANSFERS, case=content.case)
    return Table(
        columns,
        rows,
        empty=tr("No transfer is evidence: its findings rest on devices, papers or lists."),
        note=note,
        small=True,
    )


def _signs(content: Content) -> list[Block]:
    kinds: dict[str, list[Mapping[str, Any]]] = {}
    for each in stories(content):
        kinds.setdefault(each["sign"], []).append(each)
    blocks: list[Block] = []
    for told in kinds.values():
        blocks.append(_story(told, content))
        if len(told) > 1:
            blocks.append(_alike(told[1:], content))
    for code, needs in content.not_testable.items():
        blocks.append(
            Text(
                tr("Load {tables}.", tables=", ".join(needs)),
                tr("{sign}: not testable.", sign=title_of(code, content)),
            )
        )
    return blocks


def _story(told: Sequence[Mapping[str, Any]], content: Content) -> Finding:
    """The strongest finding of a kind, and how many there are of it."""
    story = told[0]
    asked = {name: why for name, why in story["benign_why"].items() if why != "does not explain this sign"}
    rows, others = measured(story, content.least_nats)
    about = tr(
        "{finding}, about {kind} {subject}, phase {phase}",
        finding=story["finding"],
        kind=word(story["subject_kind"]),
        subject=shown(story["about"]),
        phase=_words(story["phase"]),
    )
    if len(told) > 1:
        scores = [score_text(each["score"]) for each in told]
        about = tr(
            "{n:finding|findings}, scores {low} to {high}; the strongest: {about}",
            n=len(told),
            low=scores[-1],
            high=scores[0],
            about=about,
        )
    return Finding(
        title=title_of(story["sign"], content),
        about=about,
        score=tr("score {score}", score=score_text(story["score"])),
        reason=shown(story["reason"]),
        innocent_when=word(content.signs[story["sign"]]["innocent_when"]),
        measured=rows,
        thresholds=others,
        passed=[(_words(name), shown(why)) for name, why in asked.items() if story["benign"][name] == "passed"],
        failed=[(_words(name), shown(why)) for name, why in asked.items() if story["benign"][name] != "passed"],
        unasked=", ".join(_words(name) for name in story["benign"] if name not in asked),
    )


def _alike(told: Sequence[Mapping[str, Any]], content: Content) -> Table:
    """The other findings of a kind: only what differs from the strongest."""
    rows = []
    for each in told[:MAX_STORIES]:
        rows.append(
            cells(
                each["finding"],
                shown(each["about"]),
                score_text(each["score"]),
                each["reason"],
                ", ".join(_words(name) for name, result in each["benign"].items() if result == "passed") or tr("none"),
            )
        )
    more = len(told) - len(rows)
    note = tr("{n} weaker are not shown here: mulegraph case show {case}.", n=more, case=content.case) if more else ""
    columns = heads("others of this kind", "about", "score #", "why *", "innocent explanations that fit")
    return Table(columns, rows, note=note, small=True)


def _journey(content: Content) -> Table:
    columns = heads("phase", "seen here", "what happens *", "who could raise which barrier *")
    rows = []
    for each in content.journey:
        rows.append(
            cells(
                _words(each["phase"]),
                Cell(word(each["seen"]), tone=SEEN[each["seen"]]),
                each["what"],
                each["barriers"],
            )
        )
    return Table(columns, rows, note=tr("Blind: bank data cannot show this phase, whatever happened in it."))


def _words(name: str) -> str:
    return word(name.replace("_", " "))
