"""C2: a card spends what it never did."""

from __future__ import annotations

import ibis
from ibis import _

from mulegraph.flow.habits import MAD_TO_SIGMA
from mulegraph.ledger.ledger import Ledger
from mulegraph.signs import facts
from mulegraph.signs.base import Phase, sign


@sign(
    code="C2",
    source="Handbook of the Vietnam Banks Association, debit cards, sign 2",
    phase=Phase.CASH_OUT,
    harms=True,
    needs=("card_events",),
    renamed={
        "times_more_than": "max_times",
        "mads_more_than": "max_mads",
        "least_days_more_than": "min_days",
    },
    facts=(
        facts.number("times", "the day against the usual day", unit="times"),
        facts.number("mads", "the day above the usual day", unit="deviations"),
        facts.count("days", "days before it on which the card was used"),
        facts.card_events(),
    ),
    reason={
        "en": "{amount} {currency} by card in a day, {times} times its usual day and {mads:deviation|deviations}"
        " above it",
        "vi": "{amount} {currency} qua thẻ trong một ngày, gấp {times} lần ngày thường và vượt {mads} độ lệch",
        "nl": "{amount} {currency} met de kaart op een dag, {times} maal de gewone dag en"
        " {mads:afwijking|afwijkingen} erboven",
    },
)
def card_out_of_profile(
    ledger: Ledger,
    *,
    max_times: float = 10.0,
    max_mads: float = 12.0,
    min_days: int = 5,
) -> ibis.Table:
    """A card spends in a day many times what it spent on any day before.

    The largest day against the median and the median absolute deviation of the days before it on which it was used.

    Innocent when: the holder bought furniture, or pays for a journey.
    """
    events = ledger.table("card_events").filter(_.outcome == "approved")
    day = (events["at"].epoch_seconds() / 86_400).floor().cast("int64")
    days = (
        events.mutate(day=day)
        .group_by("account_id", "card_id", "day")
        .agg(value=_.amount.sum(), first_at=_["at"].min(), last_at=_["at"].max(), events=_.event_id.collect())
    )
    rank = ibis.row_number().over(ibis.window(group_by="card_id", order_by=[ibis.desc("value"), "day"]))
    top = days.mutate(place=rank).filter(_.place == 0).drop("place").rename(top="value", top_day="day")
    before = days.select("card_id", "day", amount=_.value.cast("float64")).join(
        top.select("card_id", "top_day"), "card_id"
    )
    before = before.filter(_.day < _.top_day)
    middle = before.group_by("card_id").agg(middle=_.amount.median(), days=_.count())
    spread = (
        before.join(middle, "card_id")
        .mutate(gap=(_.amount - _.middle).abs())
        .group_by("card_id")
        .agg(spread=_.gap.median())
    )
    found = top.join(middle, "card_id").join(spread, "card_id").filter(_.days >= min_days)
    spent = _.top.cast("float64")
    usual = ibis.greatest(MAD_TO_SIGMA * _.spread, 0.1 * _.middle)
    found = found.mutate(times=(spent / _.middle).round(1), mads=((spent - _.middle) / usual).round(1))
    found = found.filter((_.times > max_times) & (_.mads > max_mads))
    best = ibis.row_number().over(ibis.window(group_by="account_id", order_by=[ibis.desc("top"), "card_id"]))
    found = found.mutate(place=best).filter(_.place == 0)
    owned = ledger.table("accounts").select("account_id", "currency")
    return found.join(owned, "account_id").select(
        "times",
        "mads",
        "first_at",
        "last_at",
        "currency",
        "events",
        "days",
        subject_id=_.account_id,
        amount=_.top,
        score=1 - 1 / (1 + _.times / max_times),
    )
