"""C1: one card at two places at once, or without a rest."""

from __future__ import annotations

import ibis
from ibis import _
from ibis.expr import types as ir

from mulegraph.ledger.ledger import Ledger
from mulegraph.ledger.places import kilometres, latitude, longitude
from mulegraph.signs import facts
from mulegraph.signs.base import HOURS, Phase, grown, sign

KILOMETRES_APART = 100.0


@sign(
    code="C1",
    source="Handbook of the Vietnam Banks Association, debit cards, sign 1",
    phase=Phase.CASH_OUT,
    harms=True,
    needs=("card_events", "card_events.place", HOURS),
    renamed={
        "kmh_more_than": "max_kmh",
        "unnamed_within_minutes": "max_unnamed_minutes",
        "marathon_hours": "min_marathon_hours",
        "rest_hours": "min_rest_hours",
        "marathon_events_more_than": "min_marathon_events",
    },
    facts=(
        facts.count("travels", "impossible journeys"),
        facts.count("kmh", "the highest speed", unit="km/h"),
        facts.count("places", "places of use"),
        facts.number("marathon_hours", "longest run of uses without a rest", unit="hours"),
        facts.card_events(),
    ),
    reason={
        "en": "one card at places {kmh} km/h apart ({travels:time|times}, at {places:place|places}), and used for"
        " up to {marathon_hours:hour|hours} without a rest",
        "vi": "một thẻ dùng ở các nơi cách nhau với tốc độ {kmh} km/h ({travels} lần, ở {places} nơi), và liên tục"
        " tới {marathon_hours} giờ không nghỉ",
        "nl": "één kaart op plaatsen die {kmh} km/u uit elkaar liggen ({travels} keer, op"
        " {places:plaats|plaatsen}), en tot {marathon_hours} uur zonder pauze gebruikt",
    },
)
def card_travel(
    ledger: Ledger,
    *,
    max_kmh: float = 900.0,
    max_unnamed_minutes: float = 15.0,
    min_marathon_hours: float = 18.0,
    min_rest_hours: float = 3.0,
    min_marathon_events: int = 10,
) -> ibis.Table:
    """A card is used at places too far apart for the time between, or around the clock without a rest.

    Speed is along the great circle where places have coordinates, and needs a hundred kilometres; places with
    names only
    may not differ within `max_unnamed_minutes`. A marathon is a run of uses without `min_rest_hours` between any two.

    Innocent when: a shop's terminal reports its head office, or a family shares the card's number for purchases online.
    """
    events = _events(ledger, min_rest_hours)
    minutes = _.seconds / 60
    tick = 60 if ledger.has_hours else 86_400
    speed = (_.km * 3_600 / (_.seconds + tick)).round(0)
    apart = events.mutate(kmh=ibis.ifelse(_.km >= KILOMETRES_APART, speed, 0.0).fill_null(0.0))
    named = (_.place != _.place_0) & _.km.isnull() & (minutes <= max_unnamed_minutes)
    impossible = apart.mutate(impossible=(_.kmh > max_kmh) | (named.fill_null(False) & ledger.has_hours))
    travels = impossible.group_by("account_id").agg(
        travels=_.impossible.cast("int64").sum(),
        kmh=_.kmh.max(),
        places=_.place.nunique(),
        events_found=_.event_id.collect(where=_.impossible),
        first_at=events["at"].min(),
        last_at=events["at"].max(),
        amount=_.amount.sum(),
    )
    longest = _marathons(events, min_marathon_events)
    found = travels.left_join(longest, "account_id").drop("account_id_right")
    found = found.mutate(marathon_hours=_.marathon.fill_null(0.0).round(1)).drop("marathon")
    tired = (_.marathon_hours >= min_marathon_hours).cast("int64")
    found = found.filter((_.travels > 0) | (_.marathon_hours >= min_marathon_hours))
    found = found.mutate(score=grown(0.35, (ibis.least(_.travels, 2) + tired)))
    return found.rename(subject_id="account_id", events="events_found")


def _events(ledger: Ledger, min_rest_hours: float) -> ir.Table:
    """Approved uses of every card in order of time, with place, distance and seconds from the one before."""
    table = ledger.table("card_events").filter(_.outcome == "approved")
    by_time = ibis.window(group_by="card_id", order_by=["at", "event_id"])
    events = table.mutate(lat=latitude(_.place), lon=longitude(_.place))
    events = events.mutate(
        before=_["at"].lag().over(by_time),
        place_0=_.place.lag().over(by_time),
        lat_0=_.lat.lag().over(by_time),
        lon_0=_.lon.lag().over(by_time),
    )
    events = events.mutate(seconds=_["at"].epoch_seconds() - _.before.epoch_seconds())
    rested = ibis.ifelse(_.seconds.isnull() | (_.seconds > min_rest_hours * 3_600), 1, 0)
    events = events.mutate(km=kilometres(_.lat_0, _.lon_0, _.lat, _.lon), rested=rested)
    return events.mutate(
        run=_.rested.sum().over(ibis.cumulative_window(group_by="card_id", order_by=["at", "event_id"]))
    )


def _marathons(events: ir.Table, min_events: int) -> ir.Table:
    """marathon: hours of the longest run of uses of one card, by account."""
    runs = events.group_by("account_id", "card_id", "run").agg(
        uses=_.count(), begun=events["at"].min().epoch_seconds(), ended=events["at"].max().epoch_seconds()
    )
    long = runs.filter(_.uses >= min_events)
    return long.group_by("account_id").agg(marathon=((_.ended - _.begun) / 3_600).max())
