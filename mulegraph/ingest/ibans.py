"""IBANs by the rules of ISO 13616, as the library schwifty keeps them: country, length, structure, check digits."""

from __future__ import annotations

import re
from functools import lru_cache

from schwifty import IBAN
from schwifty.exceptions import InvalidChecksumDigits, SchwiftyException

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
    try:
        IBAN(text)
    except InvalidChecksumDigits:
        return False
    except SchwiftyException:
        return None
    return True
