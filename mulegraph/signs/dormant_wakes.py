"""N6: an account that slept wakes and passes money through."""

from __future__ import annotations

import ibis
from ibis import _

from mulegraph.ledger.daily import SECONDS_A_DAY, daily, moves
from mulegraph.ledger.ledger import Ledger
from mulegraph.signs.base import Phase, grown, sign

LEDGER_SHARE = 0.5
"""Where the ledger is too short to show the whole sleep, this share of it must have been slept."""


@sign(
    code="N6",
    source="FATF, Professional Money Laundering (2018): dormant accounts; design §6",
    phase=Phase.DISPERSE,
    weight=7.0,
    renamed={
        "dormant_days": "min_dormant_days",
        "transfers_more_than": "min_transfers",
        "passed_percent": "min_passed_percent",
        "senders_more_than": "min_senders",
    },
    reason={
        "en": "slept for {slept_days:day|days}, then {transfers:transfer|transfers} within {hours:hour|hours}:"
        " {amount} {currency} in, {passed_percent}% of it out again",
        "vi": "ngủ yên {slept_days} ngày, rồi {transfers} giao dịch trong {hours} giờ: {amount} {currency} vào,"
        " {passed_percent}% chuyển đi",
        "nl": "sliep {slept_days:dag|dagen}, daarna {transfers:overboeking|overboekingen} binnen {hours} uur:"
        " {amount} {currency} binnen, {passed_percent}% weer weg",
    },
)
def dormant_wakes(
    ledger: Ledger,
    *,
    min_dormant_days: float = 90.0,
    within_hours: float = 72.0,
    min_transfers: int = 4,
    min_passed_percent: float = 70.0,
    min_senders: int = 2,
) -> ibis.Table:
    """An account without any transfer for months is paid by several and passes most of it on within days.

    Where the ledger is shorter than `min_dormant_days`, it must have slept for half of the ledger; before its first
    transfer an account sleeps since the ledger began, unless it was opened later.

    Innocent when: a savings account is closed, or a holder comes back from abroad.
    """
    least = min(min_dormant_days, LEDGER_SHARE * max((ledger.until - ledger.since).days, 1))
    begun = int((ledger.since - type(ledger.since)(1970, 1, 1)).total_seconds())
    # Whole days first, on the table of days: only the few that slept are looked at by the second.
    slept_days = _.day - _.day.lag().over(ibis.window(group_by="account_id", order_by="day")).fill_null(
        begun // SECONDS_A_DAY
    )
    sleepers = daily(ledger).mutate(slept=slept_days).filter(_.slept >= least - 1).select("account_id").distinct()
    mine = moves(ledger).semi_join(sleepers, "account_id")
    by_time = ibis.window(group_by="account_id", order_by=["second", "transfer_id", "received"])
    woken = mine.mutate(before=_.second.lag().over(by_time))
    opened = ledger.table("accounts").select("account_id", opened=_.opened_on.cast("timestamp").epoch_seconds())
    woken = woken.left_join(opened, "account_id").drop("account_id_right")
    slept = _.second - _.before.fill_null(ibis.greatest(_.opened.fill_null(begun), begun))
    woken = woken.mutate(slept=slept).filter(_.slept >= least * SECONDS_A_DAY)
    woken = woken.select("account_id", "slept", woke=_.second)
    joined = woken.join(mine, "account_id")
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
    found = found.filter(
        _.paid.notnull() & _.amount.notnull() & (_.transfers >= min_transfers) & (_.senders >= min_senders)
    )
    percent = (100 * _.paid.cast("float64") / _.amount.cast("float64")).round(0)
    found = found.mutate(passed_percent=percent, slept_days=(_.slept / SECONDS_A_DAY).round(0).cast("int64"))
    # A little old money may go out beside the new; when much does, it is a savings account being emptied.
    found = found.filter((_.passed_percent >= min_passed_percent) & (_.passed_percent <= 110))
    best = ibis.row_number().over(ibis.window(group_by="account_id", order_by=[ibis.desc("transfers"), "woke"]))
    found = found.mutate(place=best).filter(_.place == 0).drop("place", "woke", "slept", "paid")
    score = grown(0.8, _.transfers)
    return found.mutate(hours=int(within_hours), score=score).rename(subject_id="account_id")
