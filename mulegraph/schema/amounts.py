"""How an amount is written where a sentence or a table tells it."""

from __future__ import annotations

from decimal import Decimal

CENT = Decimal("0.01")


def exact(amount: Decimal, *, signed: bool = False) -> str:
    """An exact amount in thousands with two places, or with three where the third is something (dinars): `1,234.56`.

    The ledger keeps three places of every currency; of most the last is always nothing.
    """
    places = 2 if amount == amount.quantize(CENT) else -int(amount.normalize().as_tuple().exponent)
    return f"{amount:{'+' if signed else ''},.{places}f}"
