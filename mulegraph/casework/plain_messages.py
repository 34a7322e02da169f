"""Requests as plain text for banks without XML: MT 192 asks a payment back whole, MT 199 asks all else in words.

Only block 4 is written: the blocks before it hold addresses and session numbers, which the bank's own interface sets.
Swift ends the MT 19x messages for payments in November 2027; camt.056 and camt.110 take their place.

Source: SWIFT, Category n Common Group Messages: fields 20 and 21 (16x), 11S (type and day of the original message), 76
(6 lines of 35), 79 (35 lines of 50), and the character set x.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping

from anyascii import anyascii

from mulegraph.casework.investigations import narrative
from mulegraph.casework.message_text import FRAUD, account_number, former_holder, message_number
from mulegraph.casework.recall_messages import Payment, Request
from mulegraph.errors import UsageError
from mulegraph.schema.choices import RequestKind

X_SET = re.compile(r"[A-Za-z0-9/\-?:().,'+ ]*")
"""The characters that FIN carries in text, beside the line's end."""
REFERENCE = re.compile(r"(?!/)(?!.*//)[A-Za-z0-9/\-?:().,'+ ]{1,16}(?<!/)")
MOST_LINES, LONGEST_LINE = 35, 50
NO_REFERENCE = "NONREF"
ORIGINAL_TYPE = "103"
"""The customer's credit transfer; a pacs.008 is named by it, too, where MT and XML live side by side."""
END = "-}"


def plain_messages(request: Request) -> list[str]:
    """Block 4 of a request's messages, one a payment, in the order of its payments.

    Raises UsageError for a number that the character set cannot carry: one that is spelt otherwise is another one.
    """
    write = _cancellation if request.kind == RequestKind.RECALL else _free_text
    return [write(request, place, payment) for place, payment in enumerate(request.payments, start=1)]


def plain_number(request: str, place: int) -> str:
    """A message's number as plain text writes it: a character shorter, so that 99 payments fit into 16."""
    return message_number(request.replace("REQ-", "REQ", 1), place)


def _number(request: str, place: int) -> str:
    number = plain_number(request, place)
    if not REFERENCE.fullmatch(number):
        raise UsageError(
            "message number '{number}' does not fit into the 16 characters of an MT message",
            hint="Write the request as XML: --message xml.",
            number=number,
        )
    return number


def fields_of(text: str) -> dict[str, list[str]]:
    """The lines of each field of block 4, by its tag, with or without the blocks and braces around it."""
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in text.partition("{4:")[2].splitlines() if "{4:" in text else text.splitlines():
        if line.strip() == END or line.startswith(END):
            break
        tag = re.match(r":([0-9]{2}[A-Z]?):", line)
        if tag:
            lines = found.setdefault(tag[1], [])
        rest = line[tag.end() :] if tag else line
        if found and (rest or not tag):
            lines.append(rest)
    return found


def _cancellation(request: Request, place: int, payment: Payment) -> str:
    reference, told = _original(payment)
    traced = f"{payment.traced_least:,f} {request.currency} of it reported as stolen at least."
    words = [f"Return the payment for fraud. {traced} Reply by {request.reply_by.isoformat()}."]
    words += [f"{each}." for each in former_holder(payment.payee)]
    fields = {
        "20": [_number(request.number, place)],
        "21": [reference],
        "11S": [ORIGINAL_TYPE, f"{payment.settled_on:%y%m%d}"],
        "79": _lines([f"/{FRAUD}/"], told, _facts(request, payment), words, _contact(request)),
    }
    return _block(fields)


def _free_text(request: Request, place: int, payment: Payment) -> str:
    reference, told = _original(payment)
    fields = {
        "20": [_number(request.number, place)],
        "21": [reference],
        "79": _lines(told, _facts(request, payment), [narrative(request, payment)], _contact(request)),
    }
    return _block(fields)


def _original(payment: Payment) -> tuple[str, list[str]]:
    """The payment's own reference for field 21, and what else names it in words."""
    told = [f"/UETR/{payment.uetr}"] if payment.uetr else []
    names = [each for each in (payment.end_to_end_id, payment.transfer) if each and each != payment.uetr]
    fitting = [each for each in names if REFERENCE.fullmatch(each)]
    for each in names:
        if each not in fitting[:1]:
            told.append(f"Payment {_exact(each, 'payment id')}")
    return (fitting or [NO_REFERENCE])[0], told


def _facts(request: Request, payment: Payment) -> list[str]:
    payer = _exact(account_number(payment.payer, "MT"), "account number") if payment.payer else "cash"
    payee = _exact(account_number(payment.payee, "MT"), "account number")
    return [
        f"{request.currency} {payment.amount:,f} of {payment.settled_on.isoformat()}",
        f"From {payer}",
        f"To {payee}",
    ]


def _contact(request: Request) -> list[str]:
    ours = request.sender
    return [f"From {ours.name or ours.bank}", *([f"Contact {ours.contact}"] if ours.contact else [])]


def _exact(text: str, what: str) -> str:
    if not X_SET.fullmatch(text):
        raise UsageError(
            "{what} '{text}' has characters that an MT message cannot carry",
            hint="Write the request as XML: --message xml.",
            what=what,
            text=text,
        )
    return text


def in_x_set(text: str) -> str:
    """Words in the characters that FIN carries: letters as passports write them, any other sign as a full stop."""
    plain = anyascii(text).replace("&", "+").replace("_", "-").replace("@", "(at)")
    return "".join(each if X_SET.fullmatch(each) else "." for each in " ".join(plain.split()))


def _lines(*parts: Iterable[str]) -> list[str]:
    """Field 79. A line that began with a colon or a hyphen would be read as a field, or as the message's end."""
    lines = []
    for text in (each for part in parts for each in part):
        wrapped = textwrap.wrap(in_x_set(text), LONGEST_LINE - 1, break_on_hyphens=False)
        lines += [f" {each}" if each[0] in ":-" else each for each in wrapped]
    if len(lines) > MOST_LINES:
        raise UsageError(
            "an MT message has room for {most} lines, and this one needs {count}",
            hint="Shorten [requests] name and contact in the settings, or write the request as XML: --message xml.",
            most=MOST_LINES,
            count=len(lines),
        )
    return lines


def _block(fields: Mapping[str, list[str]]) -> str:
    lines = [f":{tag}:" + "\r\n".join(each) for tag, each in fields.items()]
    return "{4:\r\n" + "\r\n".join(lines) + f"\r\n{END}\r\n"
