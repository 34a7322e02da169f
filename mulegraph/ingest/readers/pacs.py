"""pacs.008 (credit transfer), pacs.004 (payment return) and pacs.002 (status report) of ISO 20022, any version.

Source: the message definitions of ISO 20022, Payments Clearing and Settlement. A payment counts as it was settled
between the banks (IntrBkSttlmAmt); what was instructed is kept beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

from mulegraph.ingest.readers.base import Booking, Notes, Returned, Verdict, account_number, plain_amount, written
from mulegraph.ingest.readers.xml import Element, children, elements, leaves, local, message_in

FORMAT = "pacs.008/004/002"
WHOLE_PAYMENTS = True

_MESSAGES = ("FIToFICstmrCdtTrf", "PmtRtr", "FIToFIPmtStsRpt")
_PARTS = ("CdtTrfTxInf", "TxInf", "TxInfAndSts", "OrgnlGrpInfAndSts")


def matches(head: bytes, name: str) -> bool:  # noqa: ARG001 (the beginning decides)
    """Whether the message is one of the three, in an envelope or not."""
    return message_in(head, *_MESSAGES)


def read(path: Path, notes: Notes, advance: Callable[[int], None]) -> Iterator[Booking]:
    """The payments in the order of the file; verdicts, and returns that name no accounts, into `notes`."""
    report: Element | None = None
    messages: list[str | None] = []
    for element in elements(path, _PARTS, advance):
        found = leaves(element)
        head = _head(element)
        where = f"{path.name}:{element.sourceline}"
        match local(element):
            case "CdtTrfTxInf":
                yield _payment(found, head, where, element.sourceline or 0)
            case "TxInf":
                yield from _return(found, head, where, element.sourceline or 0, notes)
            case "TxInfAndSts":
                notes.verdicts.append(_verdict(found, messages[0] if len(messages) == 1 else None))
            case "OrgnlGrpInfAndSts":
                # Of two messages in one report, a verdict has to say which it is about.
                if report is not element.getparent():
                    report, messages = element.getparent(), []
                messages.append(found.get("OrgnlMsgId"))
                if found.get("GrpSts") == "RJCT":
                    notes.verdicts.append(Verdict(None, None, "rejected", message=messages[-1]))


def _verdict(found: dict[str, str], message: str | None) -> Verdict:
    """On one payment, by whichever of its references the report repeats; a transaction id is unique in its message."""
    status = "rejected" if found.get("TxSts") == "RJCT" else found.get("TxSts", "")
    references = _reference(found.get("OrgnlEndToEndId")), found.get("OrgnlUETR")
    return Verdict(*references, status, found.get("OrgnlTxId"), found.get("OrgnlGrpInf/OrgnlMsgId") or message)


def _head(element: Element) -> dict[str, str]:
    parent = element.getparent()
    groups = [] if parent is None else children(parent, "GrpHdr")
    return leaves(groups[0]) if groups else {}


def _payment(found: dict[str, str], head: dict[str, str], where: str, line: int) -> Booking:
    amount = plain_amount(found.get("IntrBkSttlmAmt", ""), where)
    currency = found.get("IntrBkSttlmAmt@Ccy")
    booking = Booking(
        account_id=account_number(_number(found, "Dbtr")),
        bank=_bank(found, "Dbtr"),
        direction="out",
        amount=written(amount),
        currency=currency,
        counterparty_id=account_number(_number(found, "Cdtr")),
        counterparty_name=found.get("Cdtr/Nm"),
        counterparty_bank=_bank(found, "Cdtr"),
        end_to_end_id=_reference(found.get("PmtId/EndToEndId")),
        uetr=found.get("PmtId/UETR"),
        transaction_id=found.get("PmtId/TxId"),
        value_date=found.get("IntrBkSttlmDt") or head.get("IntrBkSttlmDt"),
        status="booked",
        kind="transfer",
        statement=head.get("MsgId"),
        remittance=found.get("RmtInf/Ustrd") or found.get("RmtInf/Strd/CdtrRefInf/Ref"),
        line=line,
    )
    instructed, code = found.get("InstdAmt"), found.get("InstdAmt@Ccy")
    if instructed and code and (code != currency or plain_amount(instructed, where) != amount):
        booking.original_amount, booking.original_currency = written(Decimal(instructed)), code
    _time(booking, found, head)
    return booking


def _time(booking: Booking, found: dict[str, str], head: dict[str, str]) -> None:
    """When the payment was accepted, else the day of settlement, else when the message was made."""
    exact = found.get("AccptncDtTm") or found.get("SttlmTmIndctn/DbtDtTm") or found.get("SttlmTmIndctn/CdtDtTm")
    day = found.get("IntrBkSttlmDt") or head.get("IntrBkSttlmDt")
    booking.booked_at = exact or day or head.get("CreDtTm")
    booking.precision = "day" if len(booking.booked_at or "") <= 10 else "second"


def _return(found: dict[str, str], head: dict[str, str], where: str, line: int, notes: Notes) -> Iterator[Booking]:
    """Money back to the payer, between the accounts that the message repeats or, else, those of the payment."""
    amount = plain_amount(found.get("RtrdIntrBkSttlmAmt", ""), where)
    currency = found.get("RtrdIntrBkSttlmAmt@Ccy")
    original = {}
    for name, text in found.items():
        if name.startswith("OrgnlTxRef/"):
            original[name.removeprefix("OrgnlTxRef/")] = text
    payer, payee = account_number(_number(original, "Dbtr")), account_number(_number(original, "Cdtr"))
    end_to_end, uetr = _reference(found.get("OrgnlEndToEndId")), found.get("OrgnlUETR")
    named = end_to_end or uetr or found.get("OrgnlTxId") or "unknown"
    own_id = found.get("RtrId") or head.get("MsgId") or ""
    day = found.get("IntrBkSttlmDt") or head.get("IntrBkSttlmDt")
    exact = found.get("AccptncDtTm") or day or head.get("CreDtTm") or ""
    if not payer or not payee:
        notes.returned.append(Returned(end_to_end, uetr, amount, currency or "", exact, named, own_id))
        return
    yield Booking(
        account_id=payee,
        bank=_bank(original, "Cdtr"),
        direction="out",
        amount=written(amount),
        currency=currency,
        counterparty_id=payer,
        counterparty_name=original.get("Dbtr/Nm") or original.get("Dbtr/Pty/Nm"),
        counterparty_bank=_bank(original, "Dbtr"),
        end_to_end_id=end_to_end,
        bank_reference=own_id,
        booked_at=exact,
        precision="day" if len(exact) <= 10 else "second",
        value_date=day,
        status="booked",
        returns=named,
        kind="transfer",
        statement=head.get("MsgId"),
        remittance=found.get("RtrRsnInf/Rsn/Cd"),
        line=line,
    )


def _number(found: dict[str, str], role: str) -> str | None:
    return found.get(f"{role}Acct/Id/IBAN") or found.get(f"{role}Acct/Id/Othr/Id")


def _bank(found: dict[str, str], role: str) -> str | None:
    path = f"{role}Agt/FinInstnId/"
    return found.get(path + "BICFI") or found.get(path + "BIC") or found.get(path + "ClrSysMmbId/MmbId")


def _reference(text: str | None) -> str | None:
    return None if text in ("NOTPROVIDED", "NONREF") else text
