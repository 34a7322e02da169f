"""Every account's days, worked out once: what came in, what went out, how often, and when. Signs of habit read it."""

from __future__ import annotations

import ibis
from ibis import _
from ibis.expr import types as ir

from mulegraph.ledger.ledger import Ledger

ARRANGED = ("batch", "standing_order", "direct_debit")
"""Channels of payments that were arranged beforehand: they say nothing of what an account does today."""
NIGHT_ENDS = 5
SECONDS_A_DAY = 86_400
MAD_TO_SIGMA = 1.4826
"""Makes a median absolute deviation comparable with a standard deviation (Rousseeuw & Croux, JASA 88, 1993)."""


def moves(ledger: Ledger) -> ir.Table:
    """Receipts and payments, one row an account and transfer; transfers to oneself are left out.

    Columns: account_id, other (null: cash), received, amount, currency, channel, at, second and day since 1970,
    hour (on the bank's clock; null: not known), transfer_id.
    """
    transfers = ledger.transfers.filter((_.source != _.target).fill_null(True))
    # A day without a clock has no hour: it is no night.
    hour = (transfers.precision == "day").ifelse(ibis.null("int64"), ledger.local_hour(transfers["at"]))
    ends = [
        transfers.filter(_[mine].notnull()).select(
            account_id=_[mine],
            other=_[other],
            received=ibis.literal(mine == "target"),
            amount=_.amount,
            currency=_.currency,
            channel=_.channel,
            at=transfers["at"],
            second=transfers["at"].epoch_seconds(),
            day=(transfers["at"].epoch_seconds() / SECONDS_A_DAY).floor().cast("int64"),
            hour=hour,
            transfer_id=_.transfer_id,
        )
        for mine, other in (("target", "source"), ("source", "target"))
    ]
    return ends[0].union(ends[1])


def daily(ledger: Ledger) -> ir.Table:
    """One row an account and day with any transfer.

    Columns: account_id, day, value (all amounts), taken (receipts), free (those not arranged beforehand), payments,
    night (payments before five in the morning on the bank's clock), transfers, currency, first_at, last_at. Amounts as floats but
    `taken`.
    """

    def made() -> ir.Table:
        paid = ~_.received
        return moves(ledger).group_by("account_id", "day").agg(
            value=_.amount.sum().cast("float64"),
            taken=_.amount.sum(where=_.received),
            free=_.amount.sum(where=_.received & ~_.channel.isin(ARRANGED)).cast("float64"),
            payments=paid.cast("int64").sum(),
            night=(paid & (_.hour < NIGHT_ENDS)).cast("int64").sum(),
            transfers=_.count(),
            currency=_.currency.min(),
            first_at=_["at"].min(),
            last_at=_["at"].max(),
        )  # fmt: skip

    return ledger.kept("daily", made)
