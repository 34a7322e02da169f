"""Requests as they stand: listed, sent, withdrawn."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated

from mulegraph.casework.request_states import DRAFT, OUT, OVERDUE, STATES, Row, request_rows
from mulegraph.errors import UsageError
from mulegraph.journal.journal import Entry
from mulegraph.journal.state import SENT, WITHDRAWN
from mulegraph.schema.acts import ENTRY
from mulegraph.schema.choices import RequestKind
from mulegraph.schema.disclosure import CURRENCY, MOMENT, OURS, TEXT, Each, Words, declared, record_of
from mulegraph.schema.results import CASE, TRANSFER
from mulegraph.workspace.questions import Word, question
from mulegraph.workspace.workspace import Workspace


@declared
@dataclass(frozen=True)
class RequestRow:
    """A request as it stands today; `open_lines` are payments without a final answer."""

    number: Annotated[str, OURS]
    case: Annotated[str, CASE]
    kind: Annotated[str, Words(tuple(RequestKind))]
    sender: Annotated[str, TEXT]
    bank: Annotated[str, TEXT]
    state: Annotated[str, Words(STATES)]
    masked: bool
    made_at: Annotated[str, MOMENT]
    sent_at: Annotated[str | None, MOMENT]
    reply_by: date
    transfers: Annotated[list[str], Each(TRANSFER)]
    open_lines: int
    asked: Decimal
    returned: Decimal
    promised: Decimal
    currency: Annotated[str, CURRENCY]


@question(Each(record_of(RequestRow)))
def request_list(space: Workspace, *, case: Word | None = None, due: bool = False) -> list[RequestRow]:
    """Requests, those that wait for an answer and are due first on top; `due` leaves out all others."""
    today = _today()
    order = {OVERDUE: 0, OUT: 1, DRAFT: 2}
    rows = []
    for each in request_rows(space.journal.entries()):
        if case in (None, each.case):
            rows.append(
                RequestRow(
                    number=each.number,
                    case=each.case,
                    kind=str(each.kind),
                    sender=each.sender,
                    bank=each.bank,
                    state=each.state(today),
                    masked=each.masked,
                    made_at=each.made_at,
                    sent_at=each.sent_at,
                    reply_by=each.reply_by,
                    transfers=[line.transfer for line in each.lines],
                    open_lines=each.open_lines,
                    asked=each.asked,
                    returned=each.returned(),
                    promised=each.promised,
                    currency=each.currency,
                )
            )
    shown = [each for each in rows if not due or each.state in (OVERDUE, OUT)]
    return sorted(shown, key=lambda each: (order.get(each.state, 3), each.reply_by, each.made_at, each.number))


@question(ENTRY)
def mark_sent(space: Workspace, number: Word) -> Entry:
    """Write down that a request went out. Raises UsageError for one that cannot have: a masked draft, one withdrawn."""
    row = request_row(space, number)
    if row.masked:
        raise UsageError(
            "{number} is a draft with masked accounts",
            hint="Make the request to send with --reveal REASON.",
            number=number,
        )
    if row.sent_at is not None or row.withdrawn:
        raise UsageError(
            "{number} is {state} already", hint="See: mulegraph request list", number=number, state=row.state(_today())
        )
    return space.journal.append(SENT, row.case, number=number)


@question(ENTRY)
def withdraw(space: Workspace, number: Word, reason: Word) -> Entry:
    """Take a request back: its payments may be asked for again. Raises UsageError for one that is answered."""
    row = request_row(space, number)
    if row.withdrawn or row.answered:
        raise UsageError(
            "{number} is {state} already", hint="See: mulegraph request list", number=number, state=row.state(_today())
        )
    return space.journal.append(WITHDRAWN, row.case, number=number, reason=reason)


def request_row(space: Workspace, number: str) -> Row:
    """A request by its number. Raises UsageError for one that was never made."""
    rows = request_rows(space.journal.entries())
    found = next((each for each in rows if each.number == number), None)
    if found is None:
        raise UsageError("request '{number}' is unknown", hint="See: mulegraph request list", number=number)
    return found


def _today() -> date:
    return datetime.now(UTC).date()
