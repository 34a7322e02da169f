"""Support requests of a case: planned from its trace, written down, sent, withdrawn."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from mulegraph.casework.case_money import banks_of, case_trace, moves_of, still_there, stolen_of
from mulegraph.casework.claims import (
    AskedToHold,
    Claim,
    Earlier,
    Move,
    Plan,
    Rules,
    Stop,
    Why,
    check_total,
    places_to_hold,
    plan_claims,
)
from mulegraph.casework.deadlines import deadline_of
from mulegraph.casework.recall_messages import Held, Payment, Request, Sender
from mulegraph.casework.request_states import (
    asked_back,
    held_by_requests,
    open_claims,
    open_holds,
    refused_claims,
    request_rows,
)
from mulegraph.casework.workdays import FILE
from mulegraph.errors import UsageError
from mulegraph.journal.journal import Entry
from mulegraph.journal.state import REQUESTED
from mulegraph.schema.acts import ENTRY
from mulegraph.schema.choices import RequestKind
from mulegraph.schema.disclosure import TEXT, Each, record_of
from mulegraph.schema.tables import minor_exponents
from mulegraph.settings import RequestSettings
from mulegraph.workspace.questions import Takes, Word, question
from mulegraph.workspace.trace import TracedIn
from mulegraph.workspace.workspace import Workspace

UETR = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
"""A unique end-to-end transaction reference is a UUID in lower case (SWIFT, ISO 20022 UUIDv4Identifier)."""

MIN_SHARE = Decimal("0.01")
"""Where less of the victims' money than this stopped, no hold is asked for: it costs more than it can save."""


@dataclass(frozen=True)
class CasePlan:
    """All that could be asked about a case's money of one currency, by any of our banks of any other."""

    found: TracedIn
    stolen: Decimal
    moves: list[Move]
    plan: Plan
    stops: list[Stop]

    def to(self, sender: str, bank: str) -> dict[RequestKind, list[Claim] | list[Stop]]:
        """What this bank of ours may ask of that one, by kind; kinds with nothing to ask are not in it."""
        found: dict[RequestKind, list[Claim] | list[Stop]] = {}
        for kind in (RequestKind.RECALL, RequestKind.PART):
            mine = []
            for each in self.plan.claims:
                if each.kind is kind and (each.move.payer_bank, each.move.payee_bank) == (sender, bank):
                    mine.append(each)
            if mine:
                found[kind] = mine
        stops = [each for each in self.stops if each.bank == bank]
        if stops:
            found[RequestKind.HOLD] = stops
        return found

    @property
    def banks(self) -> list[str]:
        """Banks of which anything could be asked."""
        asked = {each.move.payee_bank or "" for each in self.plan.claims} | {each.bank for each in self.stops}
        return sorted(asked - {""})


def case_plans(space: Workspace, case: str) -> list[CasePlan]:
    """What may be asked about a case's money now, after all that was asked before; the stolen money's currency first.

    What was exchanged can be held, and nothing of it is asked back: the victims' payments are, in their own currency.
    """
    return [_plan_in(space, case, each) for each in case_trace(space, case).in_currencies]


def _plan_in(space: Workspace, case: str, found: TracedIn) -> CasePlan:
    settings = space.settings.requests
    rules = Rules(
        own=space.own_banks.own,
        min_share=Decimal(settings.min_share_percent) / 100,
        recall_in_part=settings.recall_in_part,
    )
    moves = moves_of(space, found)
    there = still_there(found)
    stolen = stolen_of(found)
    rows = request_rows(space.journal.entries())
    mine = {each.transfer for each in moves}
    # A payment that another case asks for is asked for, too; what stands against this case's money is its own.
    earlier = Earlier(
        {name: amount for name, amount in open_claims(rows).items() if name in mine},
        {name: amount for name, amount in refused_claims(rows).items() if name in mine},
    )
    most = {account: amounts[1] for account, amounts in there.items()}
    banks = banks_of(space, set(there))
    limit = stolen * MIN_SHARE
    same_currency = [each for each in rows if each.currency in ("", found.currency)]
    of_case = [each for each in same_currency if each.case == case]
    asked = AskedToHold(open_holds(same_currency), open_holds(of_case), held_by_requests(same_currency, case))
    return CasePlan(
        found=found,
        stolen=stolen,
        moves=moves,
        plan=Plan([], []) if found.by_exchange else plan_claims(moves, most, stolen, earlier, rules),
        stops=[each for each in places_to_hold(moves, there, banks, rules, asked) if each.most >= limit],
    )


@question(Each(TEXT))
def askable_banks(space: Workspace, case: Word) -> list[str]:
    """Banks of which a request about the case can be written now, by the sender of the settings or else any of ours."""
    sender = space.settings.requests.sender
    senders = space.own_banks.own & {sender} if sender else space.own_banks.own
    found = set()
    for planned in case_plans(space, case):
        for bank in planned.banks:
            if any(planned.to(each, bank) for each in senders - {bank}):
                found.add(bank)
    return sorted(found)


@question(Each(record_of(Request)))
def make_requests(
    space: Workspace,
    case: Word,
    bank: Word,
    *,
    kinds: Annotated[Sequence[RequestKind], Takes()] = tuple(RequestKind),
    country: Word | None = None,
    sender: Word | None = None,
    draft: bool = False,
) -> list[Request]:
    """The support requests to one bank, one a kind; a draft is for the eyes of those who may not see accounts.

    Raises UsageError where there is nothing to ask of that bank, and where sender or country are not said or not ours.
    """
    space.case(case)  # raises, with the closest names
    settings = space.settings.requests
    country = country or settings.country
    if not country:
        hint = "Give --country, or set requests.country in mulegraph.toml."
        raise UsageError("the request's country is not known", hint=hint)
    ours = _sender(space, settings, sender or settings.sender)
    if bank == ours.bank:
        raise UsageError(
            "{bank} is the sender itself", hint="Hold the account at your own bank: mulegraph case holds.", bank=bank
        )
    plans = case_plans(space, case)
    asked = []
    for planned in plans:
        for kind, lines in planned.to(ours.bank, bank).items():
            if kind in kinds:
                asked.append((planned, kind, lines))
    if not asked:
        raise UsageError(
            "there is nothing to ask of bank '{bank}' about {case}",
            hint=_why_nothing(space, plans[0], ours.bank, bank),
            case=case,
            bank=bank,
            banks=", ".join(sorted({each for planned in plans for each in planned.banks})) or "none",
        )
    now = datetime.now(UTC)
    made = []
    for planned, kind, lines in asked:
        rule = deadline_of(kind, country, planned.found.currency)
        made.append(
            Request(
                number=_number(space),
                case=case,
                kind=kind,
                sender=ours,
                bank=bank,
                bic=settings.bics.get(bank, ""),
                currency=planned.found.currency,
                made_at=now,
                reply_by=rule.due(now.date(), country, space.folder / FILE),
                rule=rule.source,
                reported=[each.transfer for each in plans[0].moves if each.reported],
                stolen=planned.stolen,
                payments=_payments(space, kind, lines, planned),
                held=[Held(each.account, each.least, each.most) for each in lines if isinstance(each, Stop)],
                draft=draft,
                taken=f"{plans[0].stolen:,f} {plans[0].found.currency}" if planned is not plans[0] else "",
            )
        )
    return made


def _sender(space: Workspace, settings: RequestSettings, name: str) -> Sender:
    """Our bank. Raises UsageError for one whose payments the ledger does not hold: it has nothing to recall."""
    if not name:
        hint = "Give --sender, or set requests.sender in mulegraph.toml."
        raise UsageError("the request's sender is not known", hint=hint)
    if name not in space.own_banks.own:
        raise UsageError(
            "the sender '{name}' is not a bank of ours",
            hint="Give it as accounts.csv names it. Ours are: {ours}.",
            name=name,
            ours=", ".join(sorted(space.own_banks.own)),
        )
    return Sender(name, settings.name, settings.bics.get(name, ""), settings.contact, settings.legal_ground)


def _why_nothing(space: Workspace, planned: CasePlan, sender: str, bank: str) -> str:
    """What stands against asking that bank, in words."""
    places = {each.payee for each in planned.moves if each.payee_bank == bank}
    rows = request_rows(space.journal.entries())
    asked = [each for each in rows if each.bank == bank and places & {account for account, _ in each.held}]
    if asked:
        before = ", ".join(f"{each.number} of {each.case}" for each in asked)
        if any(not each.answered for each in asked):
            return f"It is asked for already: {before}. Withdraw what is not answered to ask anew."
        return f"It was asked for and is answered: {before}. Call the bank about what it said."
    mine = [why for move, why in planned.plan.left_out if (move.payer_bank, move.payee_bank) == (sender, bank)]
    if not mine:
        return "Banks that can be asked about it: {banks}."
    most = max(dict.fromkeys(mine), key=mine.count)
    told = f"Of {len(mine)} payments from {sender} to it, {mine.count(most)} are left out: {most}."
    return told + " Banks that can be asked about it: {banks}."


def _number(space: Workspace) -> str:
    """A number that no request of this workspace has."""
    taken = {each.number for each in request_rows(space.journal.entries())}
    return next(each for each in iter(lambda: f"REQ-{secrets.token_hex(5)}", "") if each not in taken)


def _payments(space: Workspace, kind: RequestKind, lines: Sequence[Claim | Stop], planned: CasePlan) -> list[Payment]:
    """The payments of a request, in order of time: those that it asks back, or those that brought what is to hold."""
    if kind is RequestKind.HOLD:
        places = {each.account for each in lines if isinstance(each, Stop)}
        told = [each for each in planned.moves if each.payee in places]
        asked = [(each, Decimal(0), Why.STOPPED) for each in told if each.most >= planned.stolen * MIN_SHARE]
    else:
        asked = [(each.move, each.asked, each.why) for each in lines if isinstance(each, Claim)]
    asked.sort(key=lambda each: (each[0].at, each[0].transfer))
    details = _details(space, [each[0].transfer for each in asked])
    made = []
    for move, amount, why in asked:
        made.append(
            Payment(
                transfer=move.transfer,
                at=move.at,
                amount=move.amount,
                payer=details[move.transfer].payer,
                payer_bank=move.payer_bank,
                payee=details[move.transfer].payee or "",
                traced_least=move.least,
                traced_most=move.most,
                settled_on=details[move.transfer].settled_on,
                end_to_end_id=details[move.transfer].end_to_end_id,
                uetr=details[move.transfer].uetr,
                asked=amount,
                why=why,
                other_amount=details[move.transfer].amounts.get(planned.found.currency, ""),
            )
        )
    return made


@question(ENTRY)
def record_request(space: Workspace, request: Request, files: Mapping[Word, Word]) -> Entry:
    """Write down that a request was made; `files` are its documents' names and their SHA-256.

    Raises EngineError where the case's requests would ask back more than was stolen, UsageError where one of its
    payments is asked back already: somebody else was faster.
    """

    def check(entries: Iterable[Entry]) -> None:
        rows = request_rows(entries)
        stand = open_claims(rows)
        twice = next((each.transfer for each in request.payments if each.asked and each.transfer in stand), None)
        if twice is not None:
            raise UsageError(
                "transfer {transfer} is asked back already",
                hint="See: mulegraph request list",
                transfer=twice,
            )
        check_total(asked_back(rows, request.case) + request.asked, request.stolen)

    facts = {
        "number": request.number,
        "kind": str(request.kind),
        "sender": request.sender.bank,
        "bank": request.bank,
        "reply_by": request.reply_by.isoformat(),
        "rule": request.rule,
        "draft": request.draft,
        "currency": request.currency,
        "stolen": f"{request.stolen:f}",
        "transfers": [each.transfer for each in request.payments],
        "lines": [_line(each, request.draft) for each in request.payments],
        "held": [{"account": each.account, "most": f"{each.most:f}"} for each in request.held if not request.draft],
        "files": dict(files),
    }
    return space.journal.append(REQUESTED, request.case, check=None if request.draft else check, **facts)


def _line(payment: Payment, draft: bool) -> dict[str, str | None]:
    # A draft holds tokens, which are no accounts.
    victim = payment.payer if payment.why == Why.VICTIM and not draft else None
    return {
        "transfer": payment.transfer,
        "asked": f"{payment.asked:f}",
        "traced_most": f"{payment.traced_most:f}",
        "victim": victim,
    }


def references_of(space: Workspace, transfers: list[str]) -> dict[str, str]:
    """Transfers by each reference that a bank may answer with; one that several share stands for none."""
    meant: dict[str, set[str]] = {transfer: {transfer} for transfer in transfers}
    for transfer, details in _details(space, transfers).items():
        for reference in (details.end_to_end_id, details.uetr):
            if reference:
                meant.setdefault(reference, set()).add(transfer)
    return {reference: min(found) for reference, found in meant.items() if len(found) == 1}


@dataclass(frozen=True)
class _Details:
    """What a message says of a payment: its ends by the numbers that were paid, which may be virtual."""

    payer: str | None
    payee: str | None
    amount: Decimal
    amounts: Mapping[str, str]
    """By currency what it is in the other one, where it was exchanged."""
    settled_on: date
    end_to_end_id: str | None
    uetr: str | None


def _details(space: Workspace, transfers: list[str]) -> dict[str, _Details]:
    """Of each transfer; its amount has as many places as its currency, its day is the bank's."""
    rows = space.transfers(transfers)
    zone = ZoneInfo(space.ledger.zone)
    made = {}
    for row in rows.itertuples():
        made[row.transfer_id] = _Details(
            _given(row.source),
            _given(row.target),
            row.amount.quantize(Decimal(1).scaleb(-minor_exponents()[row.currency])),
            _other_amounts(row),
            # What is known by its day only stands at the midnight that begins it, in no zone.
            row.at.date() if row.precision == "day" else row.at.replace(tzinfo=UTC).astimezone(zone).date(),
            _given(row.end_to_end_id),
            _given(row.uetr) or (row.transfer_id if UETR.fullmatch(row.transfer_id) else None),
        )
    return made


def _other_amounts(row: Any) -> dict[str, str]:
    other = _given(row.original_currency)
    if other in (None, row.currency) or not isinstance(row.original_amount, Decimal):
        return {}

    def told(amount: Decimal, code: str) -> str:
        return f"{amount.quantize(Decimal(1).scaleb(-minor_exponents()[code])):,f} {code}"

    return {row.currency: told(row.original_amount, str(other)), str(other): told(row.amount, row.currency)}


def _given(text: object) -> str | None:
    return text if isinstance(text, str) and text else None
