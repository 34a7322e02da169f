"""N6: an account that slept wakes and passes money through."""

from __future__ import annotations

import ibis
from ibis import _
from ibis.expr import types as ir

from mulegraph.feed.ledger import Ledger
from mulegraph.signs.base import Phase, grown, sign

LEDGER_SHARE = 0.5
"""Where the ledger is too short to show the whole sleep, this share of it must have been slept."""


@sign(
    code="N6",
    source="FATF, Professional Money Laundering (2018): dormant accounts; design §6",
    phase=Phase.DISPERSE,
    weight=7.0,
    reason={
        "en": "slept for {slept_days} days, then {transfers} transfers within {hours} hours: {amount} {currency} in,"
        " {passed_percent}% of it out again",
        "vi": "ngủ yên {slept_days} ngày, rồi {transfers} giao dịch trong {hours} giờ: {amount} {currency} vào,"
        " {passed_percent}% chuyển đi",
        "nl": "sliep {slept_days} dagen, daarna {transfers} overboekingen binnen {hours} uur: {amount} {currency} binnen,"
        " {passed_percent}% weer weg",
    },
)
def dormant_wakes(
    ledger: Ledger,
    *,
    dormant_days: float = 90.0,
    within_hours: float = 72.0,
    transfers_more_than: int = 3,
    passed_percent: float = 70.0,
    senders_more_than: int = 1,
) -> ibis.Table:
    """An account without any transfer for months is paid by several and passes most of it on within days.

    Where the ledger is shorter than `dormant_days`, it must have slept for half of the ledger; before its first
    transfer an account sleeps since the ledger began, unless it was opened later.

    Innocent when: a savings account is closed, or a holder comes back from abroad.
    """
    least = min(dormant_days, LEDGER_SHARE * max((ledger.until - ledger.since).days, 1))
    moves = _moves(ledger)
    by_time = ibis.window(group_by="account_id", order_by=["second", "transfer_id", "received"])
    woken = moves.mutate(before=_.second.lag().over(by_time))
    begun = _seconds(ledger.since)
    opened = ledger.table("accounts").select("account_id", opened=_.opened_on.cast("timestamp").epoch_seconds())
    woken = woken.left_join(opened, "account_id").drop("account_id_right")
    slept = _.second - _.before.fill_null(ibis.greatest(_.opened.fill_null(begun), begun))
    woken = woken.mutate(slept=slept).filter(_.slept >= least * 86_400)
    woken = woken.select("account_id", "slept", woke=_.second)
    joined = woken.join(moves, "account_id")
    after = joined.filter((_.second >= _.woke) & (_.second <= _.woke + within_hours * 3_600))
    found = after.group_by("account_id", "woke", "slept").agg(
        transfers=_.count(),
        amount=_.amount.sum(where=_.received),
        paid=_.amount.sum(where=~_.received),
        senders=_.other.nunique(where=_.received),
        currency=_.currency.min(),
        first_at=after["at"].min(),
        last_at=after["at"].max(),
        evidence=_.transfer_id.collect(),
    )
    found = found.filter(_.paid.notnull() & _.amount.notnull() & (_.transfers > transfers_more_than) & (_.senders > senders_more_than))
    percent = (100 * _.paid.cast("float64") / _.amount.cast("float64")).round(0)
    found = found.mutate(passed_percent=percent, slept_days=(_.slept / 86_400).round(0).cast("int64"))
    # A little old money may go out beside the new; when much does, it is a savings account being emptied.
    found = found.filter((_.passed_percent >= passed_percent) & (_.passed_percent <= 120))
    best = ibis.row_number().over(ibis.window(group_by="account_id", order_by=[ibis.desc("transfers"), "woke"]))
    found = found.mutate(place=best).filter(_.place == 0).drop("place", "woke", "slept", "paid")
    score = grown(0.8, _.transfers)
    return found.mutate(hours=int(within_hours), score=score).rename(subject_id="account_id")


def _moves(ledger: Ledger) -> ir.Table:
    """Receipts and payments, one row each, with the second since 1970."""
    transfers = ledger.transfers.filter((_.source != _.target).fill_null(True))
    ends = [
        transfers.filter(_[end].notnull()).select(
            account_id=_[end], other=_[other], received=ibis.literal(end == "target"), amount=_.amount, currency=_.currency,
            transfer_id=_.transfer_id, at=transfers["at"], second=transfers["at"].epoch_seconds(),
        )
        for end, other in (("target", "source"), ("source", "target"))
    ]  # fmt: skip
    return ends[0].union(ends[1])


def _seconds(moment) -> int:  # type: ignore[no-untyped-def]
    """Seconds since 1970 of a UTC time without a zone."""
    return int((moment - type(moment)(1970, 1, 1)).total_seconds())
