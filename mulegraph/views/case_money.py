"""Where a case's money is by its trace, whom to hold, and what banks were asked and answered."""

from __future__ import annotations

from typing import Any

from mulegraph.casework.case_file import CaseFile, TracedMoneyIn
from mulegraph.casework.hold_results import HoldsIn
from mulegraph.schema.language import later, retold, tr, word
from mulegraph.views.case_summary import between, hold_sentence
from mulegraph.views.document import Block, Cell, Table, Text, cells, heads
from mulegraph.views.local_times import local_text, timed
from mulegraph.views.tables import shown

MAX_HELD = 25
KINDS = {"recall": later("recall"), "part": later("recall in part"), "hold": later("hold and information")}
ENDS_IN_WORDS = {
    "cash": later("taken out in cash"),
    "no account": later("to somebody without an account number"),
    "unbooked": later("gone by the balance, with no booking that shows how"),
    "overdraft": later("repaid an overdraft"),
}
PARTS = {
    "still_there": later("still there"),
    "cash": later("cash"),
    "left_our_sight": later("left our sight"),
    "returned": later("returned"),
    "stopped": later("not followed further"),
    "exchanged": later("exchanged into another currency"),
}
Content = CaseFile


def money(content: Content) -> list[Block]:
    """What is probably still there by bank and account, what left our sight, and whom to hold; or why none of it."""
    trace = content.trace
    if trace is None:
        return [Text(tr("Nothing can be traced: {why}.", why=content.no_trace))]
    followed = timed(
        "{amount} {currency} of {payments}, followed to {until} UTC. Two figures say how far "
        "the rules for mixed money differ.",
        amount=shown(trace.traced),
        currency=trace.currency,
        payments=_payments(trace.chosen),
        until=shown(content.until),
    )
    blocks: list[Block] = [Text(followed, tr("Traced.")), *_money_in(trace)]
    for other in trace.others:
        came = tr(
            "{amount} {currency} came of it, exchanged by {payments}.",
            amount=shown(other.traced),
            currency=other.currency,
            payments=_payments(other.chosen),
        )
        blocks += [Text(came, tr("In another currency.")), *_money_in(other)]
    for plan in content.holding.in_currencies if content.holding is not None else []:
        blocks += _holds(plan)
    return blocks + [Text(retold(each)) for each in trace.assumptions]


def _payments(ids: list[str]) -> str:
    """Payments by id; of many the first ones."""
    return ", ".join(ids[:6]) + (" " + tr("and {n} more", n=len(ids) - 6) if len(ids) > 6 else "")


def _money_in(trace: TracedMoneyIn) -> list[Block]:
    """Where traced money of one currency is, by bank and account, and where it left our sight."""
    currency, whole = trace.currency, trace.traced
    blocks: list[Block] = []
    parts = []
    for name, words in PARTS.items():
        if _most(trace.sums, name):
            parts.append(f"{between(_range(trace.sums, name))} {tr(words)}")
    if parts:
        added = tr("{parts}; by each rule they add up to what was traced.", parts=", ".join(parts))
        blocks.append(Text(added, tr("Where it is.")))
    columns = heads("bank", _still_there(currency), "share of what was traced *")
    rows = [cells(each["bank"], between(each), _share(each["maximum"], whole)) for each in trace.banks]
    blocks.append(Table(columns, rows, empty=tr("No remaining money was found on any account.")))
    held = trace.accounts
    rows = [cells(each["account"], each["bank"], each["generation"], between(each)) for each in held[:MAX_HELD]]
    note = _less(len(held) - MAX_HELD)
    account_heads = heads("account", "bank", "generation #", _still_there(currency))
    blocks.append(Table(account_heads, rows, empty=tr("None of it is on an account in this ledger."), note=note))
    ends = []
    for each in sorted(trace.ends, key=lambda each: (-each["maximum"], str(each["bank"]))):
        if each["maximum"]:
            ends.append(
                cells(
                    tr("ask {bank}", bank=each["bank"])
                    if each["bank"]
                    else tr(ENDS_IN_WORDS.get(each["end"], str(each["end"]))),
                    each["transfers"],
                    between(each),
                    each["last_at"],
                )
            )
    end_heads = heads("left our sight", "transfers #", _amount(currency), "last (UTC)")
    blocks.append(Table(end_heads, ends, empty=tr("None of it was seen to leave this ledger.")))
    return blocks + _seen_again(trace)


def _seen_again(trace: TracedMoneyIn) -> list[Block]:
    """What came back to our accounts from banks that we do not see; it may be the same money."""
    if not trace.seen_again:
        return []
    told = tr(
        "Accounts at banks that we do not see paid this to our accounts after the money had reached them. It may be the"
        " same money, or other: it is in no sum."
    )
    names = ("transfer", "source", "target", "at", "amount", "most")
    rows = [cells(*(each[name] for name in names)) for each in trace.seen_again[:MAX_HELD]]
    columns = heads("transfer", "from", "to", "at (UTC)", "amount #", "at most of it #")
    return [Text(told), Table(columns, rows, note=_less(len(trace.seen_again) - MAX_HELD))]


def _holds(plan: HoldsIn) -> list[Block]:
    """What holds keep, in words, and whom to call in which order."""
    rows = []
    for each in plan.holds:
        rows.append(
            cells(
                each.account,
                each.bank,
                word(each.role),
                between(vars(each)),
                each.on_its_way,
                each.innocent_payments,
                shown(each.innocent_amount),
                tr("last: {why}", why=each.last) if each.last else each.says,
            )
        )
    columns = heads(
        "hold", "bank", "role", "there now #", "may come #", "innocent payments #", "their sum #", "how sure *"
    )
    return [
        Text(hold_sentence(plan), tr("Holds.")),
        *(
            [Table(columns, rows, note=tr("In the order in which to call. A person decides on each hold."))]
            if rows
            else []
        ),
        *_not_held(plan),
    ]


def _not_held(plan: HoldsIn) -> list[Block]:
    """What is still there and not held, with the reason and what to do instead."""
    shown_rows = plan.not_held[:MAX_HELD]
    if not shown_rows:
        return []
    rows = []
    for each in shown_rows:
        rows.append(cells(each.account, each.bank, between(vars(each)), word(each.why), word(each.instead)))
    note = _less(len(plan.not_held) - len(shown_rows))
    columns = heads("still there, not held", "bank", _amount(plan.currency), "why no hold *", "instead *")
    return [Table(columns, rows, note=note)]


def _still_there(currency: str) -> str:
    return tr("still there ({currency})", currency=currency) + " #"


def _amount(currency: str) -> str:
    return tr("amount ({currency})", currency=currency) + " #"


def _less(more: int) -> str:
    """The note below a table that holds only the largest."""
    return tr("The {n} accounts with most; {more} have less.", n=MAX_HELD, more=more) if more > 0 else ""


def _range(sums: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return {"minimum": min(row[name] for row in sums), "maximum": _most(sums, name)}


def _most(sums: list[dict[str, Any]], name: str) -> Any:
    return max((row[name] for row in sums), default=0)


def _share(part: Any, whole: Any) -> Cell:
    share = float(part) / float(whole) if whole else 0.0
    return Cell(tr("up to {share}", share=f"{share:.0%}"), share=min(share, 1.0))


def requests(content: Content) -> list[Block]:
    """Support requests as the journal has them, and what was answered."""
    state = content.state
    sent = []
    for each in content.requests:
        sent.append(
            cells(
                each.number,
                each.bank,
                tr(KINDS[each.kind]),
                len(each.transfers),
                f"{each.asked:,f} {each.currency}",
                f"{each.returned:,f}",
                each.reply_by,
                word(each.state) + (f", {tr('masked')}" if each.masked else ""),
            )
        )
    columns = heads("request", "to", "what it asks *", "payments #", "asked back #", "returned #", "reply by", "state")
    answers = []
    for reply in state["replies"]:
        for each in reply["answers"]:
            answers.append(
                cells(
                    local_text(reply["at"]),
                    reply["kind"],
                    reply["sender"] or tr("unknown"),
                    each["transfer"] or tr("all"),
                    word(each["answer"]),
                    f"{each['amount'] or ''} {each['currency'] or ''}".strip(),
                    each["reason"],
                )
            )
    reply_heads = heads("at (UTC)", "reply", "from", "transfer", "answer", "amount #", "reason *")
    return [
        Table(columns, sent, empty=tr("No request has been made.")),
        Table(reply_heads, answers, empty=tr("No reply has been received.")),
    ]
