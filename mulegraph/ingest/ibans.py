"""IBANs by the rules of ISO 13616, as the library python-stdnum keeps them: country, length, structure, check digits."""

from __future__ import annotations

import re
from functools import lru_cache

from stdnum import iban
from stdnum.exceptions import ValidationError

SHAPE = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", re.IGNORECASE)


@lru_cache(1 << 20)
def has_check_digits(text: str) -> bool:
    """Whether a text is an IBAN of a country that has them, with right check digits."""
    return SHAPE.fullmatch(text) is not None and _verdict(text) is True


@lru_cache(1 << 20)
def has_wrong_check_digits(text: str) -> bool:
    """Whether a text looks like an IBAN of a country that has them, and its check digits are wrong."""
    return SHAPE.fullmatch(text) is not None and _verdict(text) is False


def _verdict(text: str) -> bool | None:
    """True, False where only the check digits are wrong, None where it is no IBAN at all."""
    if _is_valid(text):
        return True
    right = text[:2] + iban.calc_check_digits(text) + text[4:]
    return False if _is_valid(right) else None


def _is_valid(text: str) -> bool:
    try:
        # National checks are left out: they are no rules of the IBAN, and test numbers break them.
        iban.validate(text, check_country=False)
    except ValidationError:
        return False
    return True
