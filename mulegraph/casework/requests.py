"""Support requests of a case, made from its trace; and the banks' replies, read back onto it."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from mulegraph.casework.recall_messages import Held, Payment, Request, recall
from mulegraph.casework.reply_messages import Reply, read_reply
from mulegraph.casework.workdays import FILE, reply_by
from mulegraph.errors import UsageError
from mulegraph.journal.state import REPLIED, REQUESTED
from mulegraph.schema.tables import minor_exponents
from mulegraph.views.request import request_page, request_pdf
from mulegraph.workspace.trace import TraceResult

if TYPE_CHECKING:
    from mulegraph.workspace.workspace import Workspace

UETR = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
"""A unique end-to-end transaction reference is a UUID in lower case (SWIFT, ISO 20022 UUIDv4Identifier)."""

MIN_SHARE = Decimal("0.01")
"""Payments that carried less of the victims' money than this are not told: the bank needs none of them."""


def case_trace(space: Workspace, case: str) -> TraceResult:
    """The trace of a case's money: of its reported payments, or else of those that begin its chains."""
    with space.inside():
        found = space.case(case)
        moved = found.transfers
        reports = space.ledger.arrow("reports", ["transfer_id"]).column(0)
        first = [path[0] for path in found.chains["transfers"]]
        evidence = pa.array([*moved["transfer_id"], *first], pa.string())
        reported = set(evidence.filter(pc.is_in(evidence, value_set=reports.combine_chunks())).to_pylist())
        chosen = sorted(reported) or list(dict.fromkeys(first))
        if not chosen:
            raise UsageError(f"{case} has no payment to follow", hint="Trace one by its id: mulegraph trace TRANSFER")
        return space.trace(chosen)


def make_request(
    space: Workspace, case: str, bank: str, *, country: str | None = None, sender: str | None = None
) -> Request:
    """A support request to one bank. Without a reason to reveal it is a draft with masked accounts.

    Raises UsageError when none of the case's money went to that bank, and where sender or country are not said.
    """
    settings = space.settings.requests
    sender, country = sender or settings.sender, country or settings.country
    for value, what in ((sender, "sender"), (country, "country")):
        if not value:
            hint = f"Give --{what}, or set requests.{what} in mulegraph.toml."
            raise UsageError(f"the request's {what} is not known", hint=hint)
    found = case_trace(space, case)
    least = max(found.traced.values()) * MIN_SHARE
    told = found.steps[found.steps["maximum"] >= least]
    to = _banks(space, told["target"])
    # What the bank's customers paid each other it sees itself, and we could not recall it.
    steps = told[(to == bank) & (_banks(space, told["source"]) != bank)]
    if steps.empty:
        banks = sorted(set(to.dropna()))
        raise UsageError(
            f"none of the money of {case} was seen going to bank '{bank}'",
            hint=f"It went to {', '.join(banks) or 'none'}.",
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
    request = Request(
        number, case, sender, bank, found.currency, now, due, found.chosen, payments, _held(found, bank, steps),
        draft=space.reveal is None,
    )  # fmt: skip
    return space.masked(request)


def write_request(space: Workspace, request: Request, folder: Path) -> list[Path]:
    """Write the request as HTML and PDF, and the recall as XML if it is no draft; the journal keeps what was made."""
    content: dict[str, bytes] = {
        "html": request_page(request.as_object()).encode(),
        "pdf": request_pdf(request.as_object()),
    }
    if not request.draft and request.ours:
        content["xml"] = recall(request).encode()
    paths = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for ending, data in content.items():
            paths.append(folder / f"{request.case}-{_plain(request.bank)}.{ending}")
            paths[-1].write_bytes(data)
    except OSError as error:
        raise UsageError(
            f"{folder}: cannot be written ({error.strerror})", hint="Name another folder with -o."
        ) from error
    space.journal.append(
        REQUESTED, request.case, number=request.number, bank=request.bank, reply_by=request.reply_by.isoformat(),
        draft=request.draft, transfers=[each.transfer for each in request.payments],
        files={path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths},
    )  # fmt: skip
    return paths


def take_reply(space: Workspace, case: str, path: Path) -> Reply:
    """Read a bank's answer onto a case. DataError for what is no answer, UsageError without requests."""
    from mulegraph.casework.acts import state_of

    state = state_of(space, case)
    if not state.requests:
        raise UsageError(
            f"{case} has no request that could be answered", hint="Make one: mulegraph request CASE --to BANK"
        )
    asked = {transfer for request in state.requests for transfer in request["transfers"]}
    reply = read_reply(path, _by_reference(space, sorted(asked)))
    strange = sorted({each.transfer for each in reply.answers if each.transfer} - asked)
    if strange:
        raise UsageError(
            f"{path}: answers transfer '{strange[0]}', which {case} asked nothing about", hint="Is it of another case?"
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
    with space.inside():
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


def _plain(bank: str) -> str:
    return "".join(each if each.isalnum() else "_" for each in bank)
