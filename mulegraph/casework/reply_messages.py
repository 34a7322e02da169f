"""Banks' answers to requests, read from the message as the bank sent it.

pacs.004 (payment return), camt.029 (resolution of a recall) and camt.111 (answer to an investigation) in any version;
MT 196, the answer to an MT 192, as text. A camt.111 and an MT 196 name the message that they answer by its number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from mulegraph.casework.plain_messages import fields_of
from mulegraph.casework.request_states import CLOSED
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
KINDS = PACS_004, CAMT_029, CAMT_111, MT_196 = ("pacs.004", "camt.029", "camt.111", "MT 196")
INVESTIGATIONS = {"PDNG": "pending", "RJCT": "refused", "CLSD": CLOSED}
"""What the status of an investigation means, where no answer to a debit authorisation says more."""
DEBITS = {"true": "accepted", "1": "accepted", "false": "refused", "0": "refused"}
HINT = "Expected pacs.004, camt.029, camt.111 or MT 196 as the bank sent it."
BY_HAND = "Write down what it says: mulegraph request answer NUMBER --as …"


@dataclass(frozen=True)
class Known:
    """What answers may name: transfers by a reference of ours, and (request, transfer) by a message's number."""

    references: Mapping[str, str] = field(default_factory=dict)
    messages: Mapping[str, tuple[str, str]] = field(default_factory=dict)


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
    """One message: its kind, its id, who sent it, and what it says."""

    kind: Annotated[str, Words(KINDS)]
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


def read_reply(path: Path, known: Known | None = None) -> Reply:
    """Read a message, in an envelope or not.

    Raises DataError for hostile XML (entities, DTDs), other messages, and what lacks its parts.
    """
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise DataError("{path}: is larger than {most} MB", hint=HINT, path=path, most=LARGEST_BYTES // 1_000_000)
        content = path.read_bytes()
    except OSError as error:
        raise DataError(
            "{path}: cannot be read ({why})", hint=HINT, path=path, why=Foreign(str(error.strerror))
        ) from error
    known = known or Known()
    # FIN's characters are of ASCII; whatever else stands in a file would be refused as XML, too.
    plain = content.decode("ascii", errors="replace").lstrip()
    return (
        _read_plain(plain, path, known) if plain.startswith(("{1:", "{4:", ":20:")) else _read_xml(content, path, known)
    )


def _read_xml(content: bytes, path: Path, known: Known) -> Reply:
    try:
        root = fromstring(content, forbid_dtd=True)
    except DefusedXmlException as error:
        what = type(error).__name__
        hint = "Ask the bank for another."
        raise DataError("{path}: refused as hostile XML ({what})", hint=hint, path=path, what=what) from None
    except (ParseError, ValueError) as error:
        raise DataError("{path}: is not XML ({why})", hint=HINT, path=path, why=Foreign(str(error))) from None
    readers = {
        "PmtRtr": (PACS_004, _returned),
        "RsltnOfInvstgtn": (CAMT_029, _resolved),
        "InvstgtnRspn": (CAMT_111, _investigated),
    }
    # A hub sends the Document beside a business header inside an envelope of its own.
    body = next((each for each in root.iter() if _name(each) in readers), None)
    if body is None:
        document = next((each for each in root.iter() if _name(each) == "Document"), None)
        held = _name(root if document is None or not len(document) else document[0])
        raise DataError("{path}: holds {name}, which is not an answer to a request", hint=HINT, path=path, name=held)
    kind, read = readers[_name(body)]
    try:
        answers = tuple(read(body, known))
    except InvalidOperation:
        raise DataError("{path}: an amount in it is not a number", hint=HINT, path=path) from None
    except _NotUnderstood as error:
        raise DataError("{path}: says {what}", hint=BY_HAND, path=path, what=Foreign(str(error))) from None
    if not answers:
        raise DataError("{path}: answers no payment", hint=HINT, path=path)
    names = (("GrpHdr", "MsgId"), ("Assgnmt", "Id"), ("InvstgtnRspn", "MsgId"))
    message = next((text for each in names if (text := _text(body, *each))), "")
    return Reply(kind, message, _sender(body), answers)


class _NotUnderstood(ValueError):
    """What a message says is none of the answers that we know; a guess would open or close a claim."""


def _investigated(body: Element, known: Known) -> Iterator[Answer]:
    """The one answer of a camt.111, to the message of ours that it names; a debit that is agreed to is no money yet."""
    number = _text(body, "OrgnlInvstgtnReq", "MsgId")
    if number is None:
        return
    status = _text(body, "InvstgtnRspn", "InvstgtnSts", "Sts") or ""
    if status not in INVESTIGATIONS:
        raise _NotUnderstood(f"status '{status}', which is none of {', '.join(INVESTIGATIONS)}")
    debits = list(_all(body, "DbtAuthstn"))
    # The confirmation and the flag inside it have one name.
    flags = {DEBITS.get(text, text) for each in debits if not len(each) and (text := (each.text or "").strip())}
    if len(flags) > 1 or flags - set(DEBITS.values()):
        raise _NotUnderstood(f"debit authorisation {' and '.join(sorted(flags))}")
    answer, amount = INVESTIGATIONS[status], None
    if flags and status == "CLSD":
        answer = flags.pop()
        amount = next((found for each in debits if (found := _find(each, "AmtToDbt")) is not None), None)
    request, transfer = known.messages.get(number, (None, number))
    reasons = [_text(body, "InvstgtnRspn", "InvstgtnSts", "StsRsn", name) for name in ("Cd", "Prtry")]
    reasons += [_text(each, "Rsn") for each in debits]
    reasons += [(each.text or "").strip() for each in _all(body, "RspnNrrtv")]
    reason = "; ".join(each for each in reasons if each)
    yield Answer(transfer, answer, *_money(amount), reason or None, request)


def _read_plain(text: str, path: Path, known: Known) -> Reply:
    """An MT 196; any other message in text is in words that only a person can read."""
    fields = fields_of(text)
    lines, number = fields.get("76", []), "".join(fields.get("21", []))
    if not lines or not number:
        raise DataError("{path}: is no MT 196, but text in words", hint=BY_HAND, path=path)
    code = re.match("/([A-Z]{4})/", lines[0])
    if code is None or code[1] not in ANSWERS:
        raise DataError(
            "{path}: answers '{said}', which is no code that we know", hint=BY_HAND, path=path, said=Foreign(lines[0])
        )
    request, transfer = known.messages.get(number, (None, number))
    reason = " ".join([lines[0][code.end() :], *lines[1:], *fields.get("79", [])]).strip()
    answer = Answer(transfer, ANSWERS[code[1]], None, None, reason or None, request)
    return Reply(MT_196, "".join(fields.get("20", [])), None, (answer,))


def _returned(body: Element, known: Known) -> Iterator[Answer]:
    for part in _all(body, "TxInf"):
        amount = _find(part, "RtrdIntrBkSttlmAmt")
        yield Answer(
            _transfer(part, known.references), "returned", *_money(amount), _text(part, "RtrRsnInf", "Rsn", "Cd")
        )


def _resolved(body: Element, known: Known) -> Iterator[Answer]:
    for part in _all(body, "TxInfAndSts"):
        code = _text(part, "TxCxlSts") or ""
        reason = _text(part, "CxlStsRsnInf", "Rsn", "Cd") or _text(part, "CxlStsRsnInf", "AddtlInf")
        paid, original = _find(part, "RsltnRltdInf", "IntrBkSttlmAmt"), _find(part, "OrgnlIntrBkSttlmAmt")
        amount = original if paid is None else paid
        yield Answer(_transfer(part, known.references), ANSWERS.get(code, code), *_money(amount), reason)
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


SENDERS = (
    ("GrpHdr", "InstgAgt", "FinInstnId"),
    ("Assgnmt", "Assgnr", "Agt", "FinInstnId"),
    # The original request names both; whom it was to is who answers.
    ("OrgnlInvstgtnReq", "Rspndr", "Agt", "FinInstnId"),
)


def _sender(body: Element) -> str | None:
    for path in SENDERS:
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
