"""What messages of every kind share: their numbers, account numbers as they are sent, and what fits where."""

from __future__ import annotations

import re

from mulegraph.errors import UsageError
from mulegraph.schema.versions import given_on, number_of

LONGEST_ID = 35
LONGEST_NAME = 140
LONGEST_ACCOUNT = 34
LONGEST_TEXT = 105
FRAUD = "FRAD"
"""External code, of cancellation reasons and of kinds of investigation: fraud."""


def message_number(request: str, place: int) -> str:
    """The number of the message about a request's payment in this place, from 1; an answer names it."""
    return f"{request}-{place}"


def short_id(text: str, what: str, message: str) -> str:
    """The id as it is. Raises UsageError where it is longer than ISO 20022 allows: a cut one names something else."""
    if len(text) > LONGEST_ID:
        raise UsageError(
            "{what} '{text}' is longer than {most} characters",
            hint=f"{message} cannot carry it.",
            what=what,
            text=text,
            most=LONGEST_ID,
        )
    return text


def without_blanks(number: str) -> str:
    """An account number as messages and letters name it: an IBAN in one piece, any other as it is."""
    number = number_of(number)
    joined = "".join(number.split())
    return joined if is_iban(joined) else number


def account_number(number: str, message: str) -> str:
    """An account number as it is sent. Raises UsageError where it is longer than a message can name."""
    number = without_blanks(number)
    if len(number) > LONGEST_ACCOUNT:
        raise UsageError(
            "an account number is longer than {most} characters",
            hint=f"{message} cannot name it.",
            most=LONGEST_ACCOUNT,
        )
    return number


def former_holder(account: str | None) -> list[str]:
    """Which holder of a payment's number is meant, where it was given to another one since; at most LONGEST_TEXT long.

    A bank looks an account up by its number: without it the holder of today would be the one on hold. The number may
    have had other holders before, so the day alone would not say which; each message is about one payment, which does.
    """
    day = given_on(account)
    return (
        [f"Who held this number when the payment came is meant, not who held it before or since {day}"] if day else []
    )


def is_iban(number: str) -> bool:
    """Whether an account number is an IBAN whose check digits are right (ISO 7064, mod 97-10)."""
    if not re.fullmatch(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{10,30}", number):
        return False
    return int("".join(str(int(each, 36)) for each in number[4:] + number[:4])) % 97 == 1
