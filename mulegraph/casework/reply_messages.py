"""Banks' answers to recalls: pacs.004 (payment return) and camt.029 (resolution of investigation), any version."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from mulegraph.errors import DataError
from mulegraph.schema.disclosure import AMOUNT, CURRENCY, HIDDEN, OURS, TEXT, Foreign, Words, declared
from mulegraph.schema.results import TRANSFER

LARGEST_BYTES = 20_000_000
ANSWERS = {
    "CNCL": "cancelled",
    "ACCR": "accepted",
    "RJCR": "refused",
    "PDCR": "pending",
    "PECR": "partly done",
    "UWFW": "unable to",
    "IPAY": "payment follows",
    "MODI": "changed",
    "ICOV": "cover follows",
    "INFO": "information",
    "RTND": "returned",
    "CWFW": "refusal expected",
}
"""What a confirmation or status code means."""


@declared
@dataclass(frozen=True)
class Answer:
    """What a bank said of one payment; `transfer` is empty where it speaks of the whole request, which has a number."""

    transfer: Annotated[str, TRANSFER]
    answer: Annotated[str, TEXT]
    amount: Annotated[str | None, AMOUNT]
    currency: Annotated[str | None, CURRENCY]
    reason: Annotated[str | None, HIDDEN]
    request: Annotated[str | None, OURS] = None


@declared
@dataclass(frozen=True)
class Reply:
    """One message: its kind (pacs.004 or camt.029), its id, who sent it, and what it says."""

    kind: Annotated[str, Words(("pacs.004", "camt.029"))]
    message: Annotated[str, TEXT]
    sender: Annotated[str | None, TEXT]
    answers: tuple[Answer, ...]

    def as_facts(self) -> dict[str, Any]:
        """For the journal."""
        return {
            "kind": self.kind,
            "message": self.message,
            "sender": self.sender,
            "answers": [asdict(each) for each in self.answers],
        }


def read_reply(path: Path, known: Mapping[str, str] | None = None) -> Reply:
    """Read a message, in an envelope or not; `known` gives the transfer that a reference of ours stands for.

    Raises DataError for hostile XML (entities, DTDs), other messages, and what lacks its parts.
    """
    hint = "Expected an ISO 20022 message pacs.004 or camt.029 as the bank sent it."
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise DataError("{path}: is larger than {most} MB", hint=hint, path=path, most=LARGEST_BYTES // 1_000_000)
        root = fromstring(path.read_bytes(), forbid_dtd=True)
    except OSError as error:
        raise DataError(
            "{path}: cannot be read ({why})", hint=hint, path=path, why=Foreign(str(error.strerror))
        ) from error
    except DefusedXmlException as error:
        what = type(error).__name__
        hint = "Ask the bank for another."
        raise DataError("{path}: refused as hostile XML ({what})", hint=hint, path=path, what=what) from None
    except (ParseError, ValueError) as error:
        raise DataError("{path}: is not XML ({why})", hint=hint, path=path, why=Foreign(str(error))) from None
    readers = {"PmtRtr": ("pacs.004", _returned), "RsltnOfInvstgtn": ("camt.029", _resolved)}
    # A hub sends the Document beside a business header inside an envelope of its own.
    body = next((each for each in root.iter() if _name(each) in readers), None)
    if body is None:
        document = next((each for each in root.iter() if _name(each) == "Document"), None)
        held = _name(root if document is None or not len(document) else document[0])
        raise DataError("{path}: holds {name}, which is not an answer to a recall", hint=hint, path=path, name=held)
    kind, read = readers[_name(body)]
    try:
        answers = tuple(read(body, known or {}))
    except InvalidOperation:
        raise DataError("{path}: an amount in it is not a number", hint=hint, path=path) from None
    if not answers:
        raise DataError("{path}: answers no payment", hint=hint, path=path)
    message = _text(body, "GrpHdr", "MsgId") or _text(body, "Assgnmt", "Id") or ""
    return Reply(kind, message, _sender(body), answers)


def _returned(body: Element, known: Mapping[str, str]) -> Iterator[Answer]:
    for part in _all(body, "TxInf"):
        amount = _find(part, "RtrdIntrBkSttlmAmt")
        yield Answer(_transfer(part, known), "returned", *_money(amount), _text(part, "RtrRsnInf", "Rsn", "Cd"))


def _resolved(body: Element, known: Mapping[str, str]) -> Iterator[Answer]:
    for part in _all(body, "TxInfAndSts"):
        code = _text(part, "TxCxlSts") or ""
        reason = _text(part, "CxlStsRsnInf", "Rsn", "Cd") or _text(part, "CxlStsRsnInf", "AddtlInf")
        paid, original = _find(part, "RsltnRltdInf", "IntrBkSttlmAmt"), _find(part, "OrgnlIntrBkSttlmAmt")
        amount = original if paid is None else paid
        yield Answer(_transfer(part, known), ANSWERS.get(code, code), *_money(amount), reason)
    code = _text(body, "Sts", "Conf") or ""
    if code:
        yield Answer("", ANSWERS.get(code, code), None, None, None)


def _transfer(part: Element, known: Mapping[str, str]) -> str:
    """The transfer that a part speaks of: by the first reference that we know, else the first that it gives."""
    names = ("OrgnlTxId", "OrgnlUETR", "OrgnlEndToEndId")
    given = [text for name in names if (text := _text(part, name))]
    for text in given:
        if found := known.get(text) or known.get(text.lower()):
            return found
    return given[0] if given else ""


def _sender(body: Element) -> str | None:
    for path in (("GrpHdr", "InstgAgt", "FinInstnId"), ("Assgnmt", "Assgnr", "Agt", "FinInstnId")):
        found = _find(body, *path)
        if found is not None:
            return _text(found, "BICFI") or _text(found, "Nm")
    return None


def _money(amount: Element | None) -> tuple[str | None, str | None]:
    if amount is None:
        return None, None
    return f"{Decimal(amount.text or ''):f}", amount.get("Ccy")


def _name(element: Element) -> str:
    """The name without its namespace, which holds the version."""
    return str(element.tag).rpartition("}")[2]


def _all(element: Element, name: str) -> Iterator[Element]:
    return (each for each in element.iter() if _name(each) == name)


def _find(element: Element, *path: str) -> Element | None:
    for name in path:
        found = next((each for each in element if _name(each) == name), None)
        if found is None:
            return None
        element = found
    return element


def _text(element: Element, *path: str) -> str | None:
    found = _find(element, *path)
    return None if found is None or not (found.text or "").strip() else str(found.text).strip()
