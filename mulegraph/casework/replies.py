"""Banks' answers, accounted: each message once, and no more back than was asked, in the currency that was asked."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Annotated

from mulegraph.casework.messages import asked_by
from mulegraph.casework.reply_messages import CAMT_111, Answer, Known, Reply, read_reply
from mulegraph.casework.request_acts import request_row
from mulegraph.casework.request_states import BY_TELEPHONE, NOTHING, RETURNED, Line, Row, request_rows
from mulegraph.casework.requests import references_of
from mulegraph.errors import DataError, UsageError
from mulegraph.journal.journal import Entry
from mulegraph.journal.state import REPLIED
from mulegraph.schema.acts import ENTRY
from mulegraph.schema.choices import RequestKind
from mulegraph.schema.disclosure import ACCOUNT, CURRENCY, Each, declared, record_of
from mulegraph.workspace.questions import Word, question
from mulegraph.workspace.workspace import Workspace

SAID = ("returned", "refused", "held", "accepted", "information", "pending")
"""What a bank may say by telephone."""


@question(record_of(Reply))
def take_reply(space: Workspace, case: Word, path: Path) -> Reply:
    """Read a bank's answer onto a case, whose requests it answers.

    Raises DataError for what is no answer, for a message that was read before, and for more money, or other money,
    than was asked for; UsageError where no request of the case names what it answers.
    """
    rows = _asked(space, case)
    named = sorted({each.transfer for row in rows for each in row.lines})
    reply = read_reply(path, Known(references_of(space, named), asked_by(rows)))
    if not rows:
        raise UsageError(
            "{case} has no request to answer",
            hint="Make one: mulegraph request CASE --to BANK --reveal REASON",
            case=case,
        )
    strange = sorted({each.transfer for each in reply.answers if each.transfer} - set(named))
    if strange:
        raise UsageError(
            "{path}: answers '{transfer}', which no request of {case} names",
            hint="Check whether the file belongs to another case.",
            path=path,
            transfer=strange[0],
            case=case,
        )
    if not reply.message:
        # A message must have an id; one without is known by its content.
        reply = replace(reply, message="sha256-" + hashlib.sha256(path.read_bytes()).hexdigest()[:16])
    reply = replace(reply, answers=tuple(_placed(each, rows, reply, path) for each in reply.answers))

    def check(entries: Iterable[Entry]) -> None:
        known = list(entries)
        _check_new(reply, known, path)
        _check_money(reply, request_rows(known), path)

    space.journal.append(REPLIED, case, check=check, **reply.as_facts())
    return reply


@question(ENTRY)
def answer_by_telephone(
    space: Workspace,
    number: Word,
    said: Word,
    *,
    who: Word,
    transfer: Word | None = None,
    amount: Decimal | None = None,
    text: Word = "",
) -> Entry:
    """Write down what a bank said of a request by telephone, of one payment or of all; money is promised, not counted.

    Raises UsageError for a request that never went out, an unknown payment or answer, and for more than was asked.
    """
    row = request_row(space, number)
    if said not in SAID:
        raise UsageError("--as is '{said}'", hint=f"Expected one of {', '.join(SAID)}.", said=said)
    if row.masked or row.withdrawn:
        raise UsageError("{number} never went out", hint="See: mulegraph request list", number=number)
    lines = [each for each in row.lines if transfer in (None, each.transfer)]
    if transfer is not None and not lines:
        raise UsageError(
            "{number} does not name transfer '{transfer}'",
            hint="See: mulegraph request list --format json",
            number=number,
            transfer=transfer,
        )
    caps = [each.cap for each in lines]
    most = None if None in caps else sum((each for each in caps if each is not None), NOTHING)
    if amount is not None and (amount < 0 or (most is not None and amount > most)):
        raise UsageError(
            "--amount is {amount}, and {most} {currency} were asked for",
            hint="Give what the bank said of these payments, in the request's currency.",
            amount=amount,
            most=most,
            currency=row.currency,
        )
    answer = {
        "transfer": transfer or "",
        "answer": said,
        "amount": None if amount is None else f"{amount:f}",
        "currency": None if amount is None else row.currency,
        "reason": text or None,
        "request": number,
    }
    return space.journal.append(REPLIED, row.case, kind=BY_TELEPHONE, message="", sender=who, answers=[answer])


@declared
@dataclass(frozen=True)
class Returned:
    """What came back of what one victim lost; no victim where money cannot be told apart among several."""

    victim: Annotated[str | None, ACCOUNT]
    currency: Annotated[str, CURRENCY]
    asked: Decimal
    returned: Decimal


@question(Each(record_of(Returned)))
def returned_money(space: Workspace, case: Word) -> list[Returned]:
    """What was asked back and what came back, by victim; recalls in part stand for all victims together."""
    sums: dict[tuple[str, str], list[Decimal]] = {}
    for row in _asked(space, case):
        for line in row.lines:
            of = sums.setdefault((line.victim or "", row.currency), [NOTHING, NOTHING])
            of[0] += line.asked
            of[1] += row.returned(line.transfer)
    made = []
    for (victim, currency), (asked, back) in sorted(sums.items()):
        if asked or back:
            made.append(Returned(victim or None, currency, asked, back))
    return made


def _asked(space: Workspace, case: str) -> list[Row]:
    """The case's requests that may have gone out."""
    rows = request_rows(space.journal.entries())
    return [each for each in rows if each.case == case and not (each.masked or each.withdrawn)]


def _placed(answer: Answer, rows: list[Row], reply: Reply, path: Path) -> Answer:
    """An answer with the request that it is to: a recall of its payment before a hold that names it, too."""
    if answer.request:
        return answer  # it names the message that it answers
    ranks = list(RequestKind)
    fitting = sorted(
        (each for each in rows if not answer.transfer or _line(each, answer.transfer)),
        key=lambda each: ranks.index(each.kind),
    )
    if answer.transfer:
        return replace(answer, request=fitting[0].number)
    others = {each.transfer for each in reply.answers if each.transfer}
    recalls = [each for each in fitting if each.kind is not RequestKind.HOLD]
    meant = [each for each in recalls if any(_line(each, name) for name in others)] if others else recalls
    if len(meant) != 1 or answer.answer == RETURNED:
        raise DataError(
            "{path}: answers no payment by name, and {count} recalls of the case could be meant",
            hint="Ask the bank which payment it speaks of, or write it down: mulegraph request answer NUMBER --as …",
            path=path,
            count=len(meant),
        )
    return replace(answer, request=meant[0].number)


def _line(row: Row, transfer: str) -> Line | None:
    return next((each for each in row.lines if each.transfer == transfer), None)


def _check_new(reply: Reply, entries: list[Entry], path: Path) -> None:
    """Raise DataError where the message spoke of one of these payments before."""
    told = {(each.transfer, each.request) for each in reply.answers}
    for entry in entries:
        facts = entry.facts
        if entry.what != REPLIED or (facts["kind"], facts["message"]) != (reply.kind, reply.message):
            continue
        if any((each["transfer"], each.get("request")) in told for each in facts["answers"]):
            raise DataError(
                "{path}: message {message} was read before, as entry {number} of the journal",
                hint="Nothing was counted again.",
                path=path,
                message=reply.message,
                number=entry.number,
            )


def _check_money(reply: Reply, rows: list[Row], path: Path) -> None:
    """Raise DataError where more comes back than was asked of a payment, or is agreed to, or another currency."""
    if reply.kind == CAMT_111:
        _check_agreed(reply.answers[0], rows, path)
        return
    by_number = {each.number: each for each in rows}
    back: dict[tuple[str, str], Decimal] = {}
    for answer in reply.answers:
        if answer.answer != RETURNED:
            continue
        row = by_number[answer.request or ""]
        if answer.amount is None or (row.currency and answer.currency != row.currency):
            raise DataError(
                "{path}: returns {amount} {given} for transfer {transfer}, which was asked for in {currency}",
                hint="Ask the bank what it has paid; nothing was counted.",
                path=path,
                amount=answer.amount or "no sum",
                given=answer.currency or "without a currency",
                transfer=answer.transfer,
                currency=row.currency,
            )
        line = _line(row, answer.transfer)
        of = (row.number, answer.transfer)
        back[of] = back.get(of, row.returned(answer.transfer)) + Decimal(answer.amount)
        if Decimal(answer.amount) <= 0 or (line is not None and line.cap is not None and back[of] > line.cap):
            raise DataError(
                "{path}: returns {amount} {currency} for transfer {transfer}; {asked} were asked for,"
                " and with what came before it would be {back}",
                hint="Ask the bank what it has paid; nothing was counted.",
                path=path,
                amount=answer.amount,
                currency=row.currency,
                transfer=answer.transfer,
                asked=line.cap if line else NOTHING,
                back=back[of],
            )


def _check_agreed(answer: Answer, rows: list[Row], path: Path) -> None:
    """A bank that agrees to debit more than was asked has read another request than ours."""
    row = next(each for each in rows if each.number == answer.request)
    line = _line(row, answer.transfer)
    if answer.amount is None or line is None or line.cap is None:
        return
    if answer.currency != row.currency or not 0 < Decimal(answer.amount) <= line.cap:
        raise DataError(
            "{path}: agrees to debit {amount} {given} for transfer {transfer}; {asked} {currency} were asked for",
            hint="Ask the bank what it means to pay; nothing was written down.",
            path=path,
            amount=answer.amount,
            given=answer.currency or "without a currency",
            transfer=answer.transfer,
            asked=line.cap,
            currency=row.currency,
        )
