"""camt.052 (account report), camt.053 (statement), camt.054 (notification) of ISO 20022, any version.

Source: the message definitions of ISO 20022, Bank-to-Customer Cash Management. What changed between versions (a party
in `Pty`, BIC or BICFI, a status with or without `Cd`) is read in either form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pyarrow as pa

from mulegraph.ingest.readers.base import (
    BATCH_ROWS,
    NOTIFICATION,
    Balance,
    Booking,
    Notes,
    account_number,
    plain_amount,
    written,
)
from mulegraph.ingest.readers.camt_codes import (
    NAMES,
    NUMBERS,
    PLACEHOLDERS,
    RETURNS,
    STATES,
    WAYS,
    OwnAccount,
    agent_paths,
    kind_of,
)
from mulegraph.ingest.readers.camt_columns import Waiting
from mulegraph.ingest.readers.camt_entries import Alike, Entry, Statement, read_entries
from mulegraph.ingest.readers.camt_sums import Sums
from mulegraph.ingest.readers.xml import Element, children, leaves, local, message_in

FORMAT = "camt.052/053/054"
WHOLE_PAYMENTS = False

_MESSAGES = ("BkToCstmrStmt", "BkToCstmrAcctRpt", "BkToCstmrDbtCdtNtfctn")
_BALANCES = {"OPBD": "opening", "PRCD": "opening", "CLBD": "closing", "ITBD": "interim"}


def matches(head: bytes, name: str) -> bool:  # noqa: ARG001 (the beginning decides)
    """Whether the message is one of the three, in an envelope or not."""
    return message_in(head, *_MESSAGES)


def read(path: Path, notes: Notes, advance: Callable[[int], None]) -> Iterator[Booking | pa.RecordBatch]:
    """The entries' transactions in the order of the file, and the balances into `notes`."""
    known: OwnAccount | None = None
    sums, unlike = Sums(), list[str]()
    waiting = Waiting()

    def one_by_one(entry: Entry, own: OwnAccount) -> Iterator[Booking]:
        return _entry(entry, own, path, unlike)

    for part in read_entries(path, advance):
        if isinstance(part, Statement):
            if part.is_end and known is not None:
                notes.balances += _balances(part.element, known, path)
                notes.remarks += sums.differences(part.element, f"{path.name}: {known.statement}")
            else:
                known, sums = _account(part.element, path, notes), Sums()
            continue
        if known is None:
            raise ValueError("an entry stands outside a statement")
        if isinstance(part, Alike):
            sums.add_texts(waiting.take(part.found, known))
        else:
            sums.add(part.own)
            waiting.add(one_by_one(part, known))
        if waiting.count >= BATCH_ROWS:
            yield from waiting.columns(one_by_one)
            waiting = Waiting()
    yield from waiting.columns(one_by_one)
    if unlike:
        notes.remarks.append(
            f"{path.name}: {len(unlike):,} entries are not what their transactions add up to; each counts as one"
            f" booking without the transactions' parties. The first: {unlike[0]}"
        )


def _account(statement: Element, path: Path, notes: Notes) -> OwnAccount:
    account: dict[str, str] = {}
    head: dict[str, str] = {}
    for child in statement:
        if local(child) == "Acct":
            account = leaves(child)
        elif local(child) in ("Id", "StmtPgntn", "RptPgntn", "NtfctnPgntn", "ElctrncSeqNb"):
            head |= leaves(child) if len(child) else {local(child): (child.text or "").strip()}
    number = account_number(account.get("Id/IBAN") or account.get("Id/Othr/Id"))
    if number is None:
        raise ValueError("a statement names no account (Acct/Id)")
    page = f" page {head['PgNb'].lstrip('0')}" if "PgNb" in head else ""
    kind = NOTIFICATION if local(statement) == "Ntfctn" else ""
    statement_name = notes.page_name(number, f"{kind}{head.get('Id', path.name)}{page}")
    return OwnAccount(number, _agent(account, "Svcr"), account.get("Ccy"), statement_name)


def _agent(found: dict[str, str], path: str) -> str | None:
    for name in agent_paths(path):
        if text := found.get(name):
            return text
    return None


def _balances(statement: Element, known: OwnAccount, path: Path) -> Iterator[Balance]:
    page_has_opening = False
    for child in children(statement, "Bal"):
        found = leaves(child)
        code = found.get("Tp/CdOrPrtry/Cd", "")
        amount = plain_amount(found.get("Amt", ""), f"{path.name}:{child.sourceline}")
        signed = -amount if found.get("CdtDbtInd") == "DBIT" else amount
        # A report of the day holds what is new since the last one, and its balances the whole day.
        role = "other" if local(statement) == "Rpt" else _BALANCES.get(code, "other")
        # Between two pages stands an interim balance: the first on a page opens it, the second closes it.
        if role == "interim":
            role = "closing" if page_has_opening else "opening"
        page_has_opening |= role == "opening"
        day = (found.get("Dt/Dt") or found.get("Dt/DtTm") or "")[:10]
        kind = "available" if code in ("CLAV", "OPAV", "FWAV", "ITAV") else "booked"
        currency = found.get("Amt@Ccy") or known.currency or ""
        yield Balance(known.account, currency, known.statement, day, signed, role, kind)


def _entry(entry: Entry, known: OwnAccount, path: Path, unlike: list[str]) -> Iterator[Booking]:
    """An entry as one booking, or as one for each of its transactions where their amounts add up to it.

    Where they do not, `unlike` is told the line and both sums.
    """
    where = f"{path.name}:{entry.line}"
    amount = plain_amount(entry.own.get("Amt", ""), where)
    whole = _common(entry.own, known, entry.line, amount)
    if len(entry.details) == 1:
        (part,) = entry.details
        _complete(whole, part, entry.own)
        yield from _with_charges(whole, entry.own if "Chrgs/Rcrd/Amt" in entry.own else part, amount, where)
        return
    amounts = [_own_amount(part, whole.currency, where) for part in entry.details]
    # A batch may hold payments of both ways; each then says its own.
    ways = [WAYS.get(part.get("CdtDbtInd", ""), whole.direction) for part in entry.details]
    signed = [share if way == whole.direction else -share for share, way in zip(amounts, ways, strict=True) if share]
    if len(signed) < len(amounts) or not amounts or sum(signed) != amount:
        whole.kind = whole.kind or ("other" if amounts else "transfer")
        if signed:
            unlike.append(f"line {entry.line}, {written(amount)} against {written(sum(signed, Decimal()))}")
        yield from _with_charges(whole, entry.own, amount, where)
        return
    for part, share, way in zip(entry.details, amounts, ways, strict=True):
        booking = replace(whole, amount=written(share or Decimal()), direction=way)
        _complete(booking, part, entry.own)
        yield booking


def _common(found: dict[str, str], known: OwnAccount, line: int, amount: Decimal) -> Booking:
    direction = WAYS.get(found.get("CdtDbtInd", ""))
    status = found.get("Sts/Cd") or found.get("Sts/Prtry") or found.get("Sts") or "BOOK"
    # A day may be written with a zone (2026-02-03+01:00), which moves no day.
    day = (found.get("BookgDt/Dt") or found.get("ValDt/Dt") or "")[:10]
    at = found.get("BookgDt/DtTm") or day or found.get("ValDt/DtTm")
    value_date = (found.get("ValDt/Dt") or found.get("ValDt/DtTm") or "")[:10]
    reference = found.get("AcctSvcrRef")
    state = STATES.get(status, status.lower())
    return Booking(
        account_id=known.account,
        bank=known.bank,
        direction=direction,
        amount=written(amount),
        currency=found.get("Amt@Ccy") or known.currency,
        bank_reference=None if reference in PLACEHOLDERS else reference,
        booked_at=at,
        precision="day" if at and len(at) <= 10 else "second",
        value_date=value_date,
        status="reversed" if state == "booked" and found.get("RvslInd") in ("true", "1") else state,
        kind=_kind(found),
        statement=known.statement,
        remittance=found.get("AddtlNtryInf"),
        line=line,
    )


def _kind(found: dict[str, str]) -> str | None:
    return kind_of(found.get("BkTxCd/Domn/Fmly/Cd", ""), found.get("BkTxCd/Domn/Fmly/SubFmlyCd", ""))


def _complete(booking: Booking, part: dict[str, str], entry: dict[str, str]) -> None:
    """Add what a transaction's details say: parties, references, the amount instructed."""
    other = "Dbtr" if booking.direction == "in" else "Cdtr"
    # Reversals and returns may stand with the parties of the payment that they take back: the other has the other role.
    given = account_number(_number(part, other))
    if given == booking.account_id or (given is None and booking.status == "reversed"):
        mirrored = "Cdtr" if other == "Dbtr" else "Dbtr"
        number = account_number(_number(part, mirrored))
        other = mirrored if number != booking.account_id and (number or _name(part, mirrored)) else other
    booking.counterparty_id = account_number(_number(part, other))
    if booking.counterparty_id == booking.account_id:
        booking.counterparty_id = None
    booking.counterparty_name = _name(part, other)
    booking.counterparty_bank = _agent(part, f"RltdAgts/{other}Agt")
    reference = part.get("Refs/EndToEndId")
    booking.end_to_end_id = None if reference in PLACEHOLDERS else reference
    booking.uetr = part.get("Refs/UETR")
    booking.mandate_id = part.get("Refs/MndtId")
    own = part.get("Refs/AcctSvcrRef")
    booking.bank_reference = booking.bank_reference or (None if own in PLACEHOLDERS else own)
    booking.remittance = part.get("RmtInf/Ustrd") or part.get("RmtInf/Strd/CdtrRefInf/Ref") or booking.remittance
    booking.kind = booking.kind or _kind(part) or "transfer"
    sub = part.get("BkTxCd/Domn/Fmly/SubFmlyCd") or entry.get("BkTxCd/Domn/Fmly/SubFmlyCd")
    if sub in RETURNS or "RtrInf/Rsn/Cd" in part or booking.status == "reversed":
        booking.returns = part.get("Refs/EndToEndId") or part.get("Refs/UETR") or "unknown"
    instructed, code = part.get("AmtDtls/InstdAmt/Amt"), part.get("AmtDtls/InstdAmt/Amt@Ccy")
    if instructed and code and (code != booking.currency or Decimal(instructed) != Decimal(booking.amount or 0)):
        booking.original_amount, booking.original_currency = written(Decimal(instructed)), code
    if booking.precision == "day" and booking.booked_at:
        exact = part.get("RltdDts/AccptncDtTm") or part.get("RltdDts/TxDtTm") or ""
        if exact[:10] == booking.booked_at:
            booking.booked_at, booking.precision = exact, "second"


def _number(part: dict[str, str], role: str) -> str | None:
    iban, other = NUMBERS[role]
    return part.get(iban) or part.get(other)


def _name(part: dict[str, str], role: str) -> str | None:
    short, long = NAMES[role]
    return part.get(short) or part.get(long)


def _own_amount(part: dict[str, str], currency: str | None, where: str) -> Decimal | None:
    """A transaction's amount in the account's currency; None where it does not say one."""
    for path in ("Amt", "AmtDtls/TxAmt/Amt"):
        if path in part and part.get(f"{path}@Ccy", currency) == currency:
            return plain_amount(part[path], where)
    return None


def _with_charges(booking: Booking, part: dict[str, str], amount: Decimal, where: str) -> Iterator[Booking]:
    """The booking, and what the bank kept of it as a fee of its own where the entry says that it holds both."""
    if booking.direction != "out":
        yield booking
        return
    # The total first: of several charges only the first is read.
    text = part.get("Chrgs/TtlChrgsAndTaxAmt") or part.get("Chrgs/Rcrd/Amt") or part.get("Chrgs/Amt")
    code = part.get("Chrgs/Rcrd/Amt@Ccy") or part.get("Chrgs/Amt@Ccy") or booking.currency
    included = part.get("Chrgs/Rcrd/ChrgInclInd") in ("true", "1")
    charge = plain_amount(text, where) if text else Decimal()
    if not included or code != booking.currency or not 0 < charge < amount:
        yield booking
        return
    booking.amount = written(amount - charge)
    yield booking
    yield replace(
        booking,
        amount=written(charge),
        kind="fee",
        original_amount=None,
        original_currency=None,
        counterparty_id=None,
        counterparty_name=None,
        counterparty_bank=None,
        end_to_end_id=None,
        uetr=None,
        returns=None,
    )
