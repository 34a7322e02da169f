"""Support requests of a case, made from its trace; and the banks' replies, read back onto it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from mulegraph.casework.acts import state_of
from mulegraph.casework.recall_messages import Held, Payment, Request
from mulegraph.casework.reply_messages import Reply, read_reply
from mulegraph.casework.workdays import FILE, reply_by
from mulegraph.errors import UsageError
from mulegraph.journal.journal import Entry
from mulegraph.journal.state import REPLIED, REQUESTED
from mulegraph.lazy import pandas as pd
from mulegraph.schema.acts import ENTRY
from mulegraph.schema.disclosure import record_of
from mulegraph.schema.tables import minor_exponents
from mulegraph.workspace.questions import Word, question
from mulegraph.workspace.trace import TraceResult
from mulegraph.workspace.workspace import Workspace

UETR = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
"""A unique end-to-end transaction reference is a UUID in lower case (SWIFT, ISO 20022 UUIDv4Identifier)."""

MIN_SHARE = Decimal("0.01")
"""Payments that carried less of the victims' money than this are not told: the bank needs none of them."""


@question(record_of(TraceResult))
def case_trace(space: Workspace, case: Word) -> TraceResult:
    """The trace of a case's money: of its reported payments, or else of those that begin its chains."""
    found = space.case(case)
    moved = found.transfers
    reports = space.ledger.arrow("reports", ["transfer_id"]).column(0)
    first = [path[0] for path in found.chains["transfers"]]
    evidence = pa.array([*moved["transfer_id"], *first], pa.string())
    reported = set(evidence.filter(pc.is_in(evidence, value_set=reports.combine_chunks())).to_pylist())
    chosen = sorted(reported) or list(dict.fromkeys(first))
    if not chosen:
        hint = "Trace one by its id: mulegraph trace TRANSFER"
        raise UsageError("{case} has no payment to trace", hint=hint, case=case)
    return space.trace(chosen)


@question(record_of(Request))
def make_request(
    space: Workspace,
    case: Word,
    bank: Word,
    *,
    country: Word | None = None,
    sender: Word | None = None,
    draft: bool = False,
) -> Request:
    """A support request to one bank; a draft is for the eyes of those who may not see accounts.

    Raises UsageError when none of the case's money went to that bank, and where sender or country are not said.
    """
    settings = space.settings.requests
    sender, country = sender or settings.sender, country or settings.country
    for value, what in ((sender, "sender"), (country, "country")):
        if not value:
            hint = f"Give --{what}, or set requests.{what} in mulegraph.toml."
            raise UsageError("the request's {what} is not known", hint=hint, what=what)
    found = case_trace(space, case)
    least = max(found.traced.values()) * MIN_SHARE
    told = found.steps[found.steps["maximum"] >= least]
    to = _banks(space, told["target"])
    # What the bank's customers paid each other it sees itself, and we could not recall it.
    steps = told[(to == bank) & (_banks(space, told["source"]) != bank)]
    if steps.empty:
        banks = sorted(set(to.dropna()))
        raise UsageError(
            "no money of {case} was traced to bank '{bank}'",
            hint="It went to {banks}.",
            case=case,
            bank=bank,
            banks=", ".join(banks) or "none",
        )
    now = datetime.now(UTC)
    number = f"REQ-{hashlib.blake2b(f'{case} {bank} {now:%Y%m%d%H%M}'.encode(), digest_size=5).hexdigest()}"
    due = reply_by(now.date(), country, space.folder / FILE)
    rows = steps.sort_values(["at", "transfer"]).to_dict("records")
    payer_banks = dict(zip(steps["transfer"], _banks(space, steps["source"]), strict=True))
    details = _details(space, [row["transfer"] for row in rows])
    payments = [
        Payment(
            transfer=row["transfer"],
            at=row["at"],
            amount=details[row["transfer"]].amount,
            payer=row["source"] if isinstance(row["source"], str) else None,
            payer_bank=payer_banks[row["transfer"]],
            payee=row["target"],
            traced_least=row["minimum"],
            traced_most=row["maximum"],
            settled_on=details[row["transfer"]].settled_on,
            end_to_end_id=details[row["transfer"]].end_to_end_id,
            uetr=details[row["transfer"]].uetr,
        )
        for row in rows
    ]
    return Request(
        number=number,
        case=case,
        sender=sender,
        bank=bank,
        currency=found.currency,
        made_at=now,
        reply_by=due,
        reported=found.chosen,
        payments=payments,
        held=_held(found, bank, steps),
        draft=draft,
    )


@question(ENTRY)
def record_request(space: Workspace, request: Request, files: Mapping[Word, Word]) -> Entry:
    """Write down that a request was made; `files` are its documents' names and their SHA-256."""
    return space.journal.append(
        REQUESTED,
        request.case,
        number=request.number,
        bank=request.bank,
        reply_by=request.reply_by.isoformat(),
        draft=request.draft,
        transfers=[each.transfer for each in request.payments],
        files=dict(files),
    )


@question(record_of(Reply))
def take_reply(space: Workspace, case: Word, path: Path) -> Reply:
    """Read a bank's answer onto a case. DataError for what is no answer, UsageError without requests."""
    requests = state_of(space, case).requests
    asked = {transfer for request in requests for transfer in request["transfers"]}
    reply = read_reply(path, _by_reference(space, sorted(asked)))
    if not requests:
        raise UsageError(
            "{case} has no request to answer",
            hint="Make one: mulegraph request CASE --to BANK",
            case=case,
        )
    strange = sorted({each.transfer for each in reply.answers if each.transfer} - asked)
    if strange:
        raise UsageError(
            "{path}: answers transfer '{transfer}', which no request of {case} names",
            hint="Check whether the file belongs to another case.",
            path=path,
            transfer=strange[0],
            case=case,
        )
    space.journal.append(REPLIED, case, **reply.as_facts())
    return reply


def _banks(space: Workspace, ids: pd.Series[Any]) -> pd.Series[Any]:
    """The banks of accounts by id; none for cash."""
    accounts = space.ledger.arrow("accounts", ["account_id", "bank"])
    wanted = pa.array([each if isinstance(each, str) else None for each in ids], pa.string())
    places = pc.index_in(wanted, value_set=accounts["account_id"].combine_chunks())
    return pd.Series(accounts["bank"].combine_chunks().take(places).to_pylist(), index=ids.index, dtype=object)


@dataclass(frozen=True)
class _Details:
    """What a message says of a payment beside its ends."""

    amount: Decimal
    settled_on: date
    end_to_end_id: str | None
    uetr: str | None


def _details(space: Workspace, transfers: list[str]) -> dict[str, _Details]:
    """Of each transfer; its amount has as many places as its currency, its day is the bank's."""
    rows = space.transfers(transfers)
    zone = ZoneInfo(space.ledger.zone)
    return {
        row.transfer_id: _Details(
            row.amount.quantize(Decimal(1).scaleb(-minor_exponents()[row.currency])),
            # What is known by its day only stands at the midnight that begins it, in no zone.
            row.at.date() if row.precision == "day" else row.at.replace(tzinfo=UTC).astimezone(zone).date(),
            _given(row.end_to_end_id),
            _given(row.uetr) or (row.transfer_id if UETR.fullmatch(row.transfer_id) else None),
        )
        for row in rows.itertuples()
    }


def _given(text: object) -> str | None:
    return text if isinstance(text, str) and text else None


def _by_reference(space: Workspace, transfers: list[str]) -> dict[str, str]:
    """Transfers by each reference that a bank may answer with; one that several share stands for none."""
    meant: dict[str, set[str]] = {transfer: {transfer} for transfer in transfers}
    for transfer, details in _details(space, transfers).items():
        for reference in (details.end_to_end_id, details.uetr):
            if reference:
                meant.setdefault(reference, set()).add(transfer)
    return {reference: min(found) for reference, found in meant.items() if len(found) == 1}


def _held(found: TraceResult, bank: str, steps: pd.DataFrame) -> list[Held]:
    least = max(found.traced.values()) * MIN_SHARE
    mine = found.accounts[(found.accounts["bank"] == bank) & (found.accounts["maximum"] >= least)]
    held = [Held(row.account, row.minimum, row.maximum) for row in mine.itertuples()]
    beyond = steps[steps["bank"] == bank].groupby("target", sort=True)["maximum"].sum()
    return held + [Held(str(account), None, amount) for account, amount in beyond.items()]
