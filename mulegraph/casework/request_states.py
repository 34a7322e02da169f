"""Where requests stand, and what came back: the replay of the journal's entries about them.

Money counts as returned where a message says so (pacs.004). What a bank says by telephone is kept beside it as
promised: the message that follows would else count the same money twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from mulegraph.journal.journal import Entry
from mulegraph.journal.state import REPLIED, REQUESTED, SENT, WITHDRAWN
from mulegraph.schema.choices import RequestKind

STATES = DRAFT, OUT, ANSWERED, OVERDUE, TAKEN_BACK = ("draft", "sent", "answered", "overdue", "withdrawn")
RETURNED = "returned"
REFUSED = "refused"
PENDING = "pending"
CLOSED = "closed"
"""An investigation is over and nothing is said of a debit: the last word on a hold, and none on money asked back."""
BY_TELEPHONE = "telephone"
NOT_FINAL = frozenset((PENDING, "information", "refusal expected", "payment follows"))
NOTHING = Decimal(0)


@dataclass(frozen=True)
class Line:
    """A payment of a request: what is asked back of it, what it carries at most, and the victim who made it."""

    transfer: str
    asked: Decimal
    most: Decimal | None
    victim: str | None

    @property
    def cap(self) -> Decimal | None:
        """More than this cannot come back for it; none where an earlier version kept no amounts."""
        return self.asked or self.most


@dataclass(frozen=True)
class Told:
    """What a bank said of one payment of a request; an empty `transfer` is all of them."""

    transfer: str
    answer: str
    amount: Decimal
    by_message: bool


@dataclass
class Row:
    """A request as the journal has it."""

    number: str
    case: str
    kind: RequestKind
    sender: str
    bank: str
    currency: str
    masked: bool
    made_at: str
    reply_by: date
    lines: list[Line]
    held: list[tuple[str, Decimal]]
    sent_at: str | None = None
    withdrawn: bool = False
    told: list[Told] = field(default_factory=list)

    @property
    def asked(self) -> Decimal:
        """What it asks back, in all."""
        return sum((each.asked for each in self.lines), NOTHING)

    def returned(self, transfer: str | None = None) -> Decimal:
        """What came back, of one payment or of all."""
        return self._sum(True, transfer)

    @property
    def promised(self) -> Decimal:
        """What the bank said that it returns, by telephone."""
        return self._sum(False, None)

    def _sum(self, by_message: bool, transfer: str | None) -> Decimal:
        counted = []
        for each in self.told:
            if each.answer == RETURNED and each.by_message is by_message and transfer in (None, each.transfer):
                counted.append(each.amount)
        return sum(counted, NOTHING)

    def is_refused(self, transfer: str) -> bool:
        """Whether the bank's last word on a payment is no; or on all of them, where it has said nothing of this one."""
        mine = [each.answer for each in self.told if each.transfer == transfer]
        whole = [each.answer for each in self.told if not each.transfer]
        return (mine or whole or [""])[-1] == REFUSED

    @property
    def open_lines(self) -> int:
        """How many payments the bank has given no final answer on."""
        leave_open = NOT_FINAL if self.kind is RequestKind.HOLD else NOT_FINAL | {CLOSED}
        final = {each.transfer for each in self.told if each.answer not in leave_open}
        return 0 if "" in final else sum(each.transfer not in final for each in self.lines)

    @property
    def answered(self) -> bool:
        """Whether the bank has given its final answer on every payment."""
        return bool(self.told) and self.open_lines == 0

    def state(self, today: date) -> str:
        """Draft, sent, answered, overdue or withdrawn."""
        if self.withdrawn:
            return TAKEN_BACK
        if self.answered:
            return ANSWERED
        if self.sent_at is None and not self.told:
            return DRAFT
        return OVERDUE if self.reply_by < today else OUT


def request_rows(entries: Iterable[Entry]) -> list[Row]:
    """Every request of the journal, oldest first, with what became of it."""
    rows: dict[str, Row] = {}
    for entry in entries:
        facts = entry.facts
        if entry.what == REQUESTED:
            rows[facts["number"]] = _made(entry)
        elif entry.what in (SENT, WITHDRAWN) and facts["number"] in rows:
            row = rows[facts["number"]]
            row.sent_at = entry.at if entry.what == SENT else row.sent_at
            row.withdrawn = row.withdrawn or entry.what == WITHDRAWN
        elif entry.what == REPLIED:
            for answer in facts["answers"]:
                _answered(rows, entry.about, facts["kind"], answer)
    return list(rows.values())


def open_claims(rows: Sequence[Row]) -> dict[str, Decimal]:
    """What is asked back or came back, by payment, over all cases: what was refused stands for what came back only."""
    found: dict[str, Decimal] = {}
    for row in rows:
        for line in row.lines if not (row.masked or row.withdrawn) else ():
            stands = row.returned(line.transfer) if row.is_refused(line.transfer) else line.asked
            if stands:
                found[line.transfer] = found.get(line.transfer, NOTHING) + stands
    return found


def open_holds(rows: Sequence[Row]) -> dict[str, Decimal]:
    """What is asked to be held of each payment, over all cases; what a bank refused may be asked again."""
    found: dict[str, Decimal] = {}
    for row in rows:
        if row.kind is RequestKind.HOLD and not (row.masked or row.withdrawn):
            for line in row.lines:
                if not row.is_refused(line.transfer):
                    found[line.transfer] = found.get(line.transfer, NOTHING) + (line.cap or NOTHING)
    return found


def held_by_requests(rows: Sequence[Row], case: str) -> dict[str, Decimal]:
    """What a case's requests ask to hold on each account."""
    found: dict[str, Decimal] = {}
    for row in rows:
        stands = row.kind is RequestKind.HOLD and not (row.masked or row.withdrawn or row.is_refused(""))
        if row.case == case and stands:
            for account, most in row.held:
                found[account] = found.get(account, NOTHING) + most
    return found


def refused_claims(rows: Sequence[Row]) -> dict[str, Decimal]:
    """What a refused recall did not bring, by payment."""
    made = {}
    for row in rows:
        for line in row.lines:
            if line.asked and not (row.masked or row.withdrawn) and row.is_refused(line.transfer):
                made[line.transfer] = line.asked - row.returned(line.transfer)
    return made


def asked_back(rows: Sequence[Row], case: str) -> Decimal:
    """What a case's requests ask back or brought back."""
    return sum(open_claims([each for each in rows if each.case == case]).values(), NOTHING)


def waiting(rows: Sequence[Row], case: str) -> list[Row]:
    """Requests of a case that went out, or could, and have no final answer."""
    today = datetime.now(UTC).date()
    done = (ANSWERED, TAKEN_BACK)
    return [each for each in rows if each.case == case and not each.masked and each.state(today) not in done]


def _made(entry: Entry) -> Row:
    facts = entry.facts
    lines = []
    for each in facts.get("lines", ()):
        lines.append(Line(each["transfer"], Decimal(each["asked"]), Decimal(each["traced_most"]), each["victim"]))
    return Row(
        number=facts["number"],
        case=entry.about,
        kind=RequestKind(facts.get("kind", RequestKind.HOLD)),
        sender=facts.get("sender", ""),
        bank=facts["bank"],
        currency=facts.get("currency", ""),
        masked=facts["draft"],
        made_at=entry.at,
        reply_by=date.fromisoformat(facts["reply_by"]),
        lines=lines or [Line(each, NOTHING, None, None) for each in facts["transfers"]],
        held=[(each["account"], Decimal(each["most"])) for each in facts.get("held", ())],
    )


def _answered(rows: dict[str, Row], case: str, kind: str, answer: dict[str, Any]) -> None:
    row = rows.get(answer.get("request") or "") or next(
        (each for each in rows.values() if each.case == case and answer["transfer"] in _transfers(each)), None
    )
    if row is not None:
        amount = Decimal(answer["amount"]) if answer["amount"] else NOTHING
        row.told.append(Told(answer["transfer"], answer["answer"], amount, kind != BY_TELEPHONE))


def _transfers(row: Row) -> set[str]:
    return {each.transfer for each in row.lines}
