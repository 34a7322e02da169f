"""A6: the account does what its holder does not."""

from __future__ import annotations

import ibis
from ibis import _
from ibis.expr import types as ir

from mulegraph.ledger.daily import MAD_TO_SIGMA, SECONDS_A_DAY, daily, moves
from mulegraph.ledger.ledger import Ledger
from mulegraph.ledger.places import kilometres, latitude, longitude
from mulegraph.signs.base import Phase, grown, sign

DAYS_A_MONTH = 30
FEWEST_IN_GROUP = 20
KILOMETRES_APART = 100.0
MIN_SPREAD = 0.25
"""Deviation of logarithms taken at least: amounts that differ by a quarter are the same."""


@sign(
    code="A6",
    source="Handbook of the Vietnam Banks Association, account sign 6",
    phase=Phase.DISPERSE,
    weight=6.0,
    renamed={
        "least_tests_more_than": "min_failed_tests",
        "income_times_more_than": "max_income_times",
        "history_mads_more_than": "max_history_mads",
        "peer_mads_more_than": "max_peer_mads",
        "partners_a_day_more_than": "max_partners_a_day",
        "night_percent": "min_night_percent",
        "night_payments_more_than": "min_night_payments",
        "kmh_more_than": "max_kmh",
    },
    reason={
        "en": "out of line: {tests_count} of 4 tests[; {income_times} times the income in a month][; a day"
        " {history_mads:deviation|deviations} above its own days][; a month {peer_mads:deviation|deviations}"
        " above its peers][; {partners:counterparty|counterparties} in a day][; {night_percent}% at night][;"
        " {travel_kmh} km/h]",
        "vi": "bất thường: {tests_count} trên 4 phép thử[; gấp {income_times} lần thu nhập tháng][; một ngày vượt"
        " {history_mads} độ lệch so với lịch sử][; một tháng vượt {peer_mads} độ lệch so với nhóm][;"
        " {partners} đối tác trong một ngày][; {night_percent}% ban đêm][; {travel_kmh} km/h]",
        "nl": "wijkt af: {tests_count} van 4 toetsen[; {income_times} maal het inkomen in een maand][; een dag"
        " {history_mads:afwijking|afwijkingen} boven de eigen dagen][; een maand"
        " {peer_mads:afwijking|afwijkingen} boven de groep][; {partners:tegenpartij|tegenpartijen} op een"
        " dag][; {night_percent}% in de nacht][; {travel_kmh} km/u]",
    },
)
def out_of_profile(
    ledger: Ledger,
    *,
    min_failed_tests: int = 2,
    max_income_times: float = 5.0,
    max_history_mads: float = 4.5,
    max_peer_mads: float = 6.0,
    max_partners_a_day: int = 9,
    min_night_percent: float = 60.0,
    min_night_payments: int = 8,
    max_kmh: float = 900.0,
) -> ibis.Table:
    """Value, count, place or hour is out of line with the holder's income, occupation, age, or the account's history.

    Four tests on personal accounts, of which at least two must fail: value, that is receipts of a month against
    the income, or against
    peers of the same occupation and age (without those by batch, standing order or direct debit, which are arranged
    beforehand), or the largest day against the days before it; counterparties in a day; the share of payments at night
    (UTC); and the speed between the places where it was used (great circle, where places have coordinates). History and
    peers are logarithms, measured in median absolute deviations, which one wild day does not move.

    Innocent when: the holder sold a house, works nights, or runs a small business from his own account.
    """
    personal = ledger.table("accounts").filter(_.kind == "personal").select("account_id")
    days = daily(ledger).semi_join(personal, "account_id")
    found = days.group_by("account_id").agg(
        amount=_.taken.sum(), currency=_.currency.min(), first_at=_.first_at.min(), last_at=_.last_at.max()
    )
    for part in (
        _against_profile(ledger, days),
        _against_history(days),
        _as_hub(ledger, days, max_partners_a_day),
        _at_night(ledger, days),
        _travelling(ledger),
    ):
        found = found.left_join(part, "account_id").drop("account_id_right")
    failed = {
        "value": (_.income_times > max_income_times)
        | (_.peer_mads > max_peer_mads)
        | (_.history_mads > max_history_mads),
        "hub": _.partners > max_partners_a_day,
        "night": (_.night_percent >= min_night_percent) & (_.payments >= min_night_payments),
        "travel": _.travel_kmh > max_kmh,
    }
    found = found.mutate(**{name: test.fill_null(False).cast("int64") for name, test in failed.items()})
    found = found.mutate(tests_count=_.value + _.hub + _.night + _.travel)
    # Worked out before its evidence is looked up, which would work it out again.
    found = ibis.memtable(found.filter(_.tests_count >= min_failed_tests).to_pyarrow())
    evidence = _largest_evidence(ledger, found)
    found = found.left_join(evidence, "account_id").drop("account_id_right")
    return found.mutate(score=grown(0.5, _.tests_count)).rename(subject_id="account_id")


def _against_profile(ledger: Ledger, days: ir.Table) -> ir.Table:
    """income_times and peer_mads: the best month's receipts against income, and against the same job and age."""
    first = int((ledger.since - type(ledger.since)(1970, 1, 1)).total_seconds()) // SECONDS_A_DAY
    months = days.mutate(month=((_.day - first) / DAYS_A_MONTH).floor())
    months = months.group_by("account_id", "month").agg(taken=_.free.sum())
    best = months.group_by("account_id").agg(taken=_.taken.max().fill_null(0.0))
    owned = ledger.table("accounts").select("account_id", "holder_id")
    holders = ledger.table("holders").select("holder_id", "monthly_income", "occupation", "date_of_birth")
    known = best.join(owned, "account_id").join(holders, "holder_id")
    decade = ((ledger.until.year - _.date_of_birth.year()) / 10).floor()
    known = known.mutate(decade=decade, log=(_.taken + 1).ln())
    groups = known.filter(_.occupation.notnull() & _.decade.notnull())
    middle = groups.group_by("occupation", "decade").agg(middle=_.log.median(), members=_.count())
    apart = groups.join(middle, ["occupation", "decade"]).mutate(gap=(_.log - _.middle).abs())
    spread = apart.group_by("occupation", "decade").agg(spread=_.gap.median())
    peers = apart.join(spread, ["occupation", "decade"]).filter((_.members >= FEWEST_IN_GROUP) & (_.spread > 0))
    peers = peers.select("account_id", peer_mads=((_.log - _.middle) / (MAD_TO_SIGMA * _.spread)).round(1))
    income = known.filter(_.monthly_income > 0).select(
        "account_id", income_times=(_.taken / _.monthly_income.cast("float64")).round(1)
    )
    return best.select("account_id").left_join(income, "account_id").drop("account_id_right").left_join(
        peers, "account_id"
    ).drop("account_id_right")  # fmt: skip


def _against_history(days: ir.Table) -> ir.Table:
    """history_mads: how far the largest day is above the median of the days before, at least five of them."""
    days = days.select("account_id", "day", value=(_.value + 1).ln())
    top = days.group_by("account_id").agg(top=_.value.max())
    largest = days.join(top, "account_id").filter(_.value == _.top).group_by("account_id").agg(
        top=_.top.max(), top_day=_.day.max()
    )  # fmt: skip
    before = days.join(largest, "account_id").filter(_.day < _.top_day)
    middle = before.group_by("account_id").agg(middle=_.value.median(), active=_.count())
    apart = before.join(middle, "account_id").mutate(gap=(_.value - _.middle).abs())
    spread = apart.group_by("account_id").agg(spread=_.gap.median())
    both = largest.join(middle, "account_id").join(spread, "account_id").filter(_.active >= 5)
    # A history without any spread would make every change infinite.
    usual = ibis.greatest(MAD_TO_SIGMA * _.spread, MIN_SPREAD)
    return both.select("account_id", history_mads=((_.top - _.middle) / usual).round(1))


def _as_hub(ledger: Ledger, days: ir.Table, more_than: int) -> ir.Table:
    """partners: most distinct counterparties in one day, of days with more transfers than matter."""
    busy = days.filter(_.transfers > more_than).select("account_id", "day")
    met = moves(ledger).filter(_.other.notnull()).semi_join(busy, ["account_id", "day"])
    partners = met.group_by("account_id", "day").agg(partners=_.other.nunique())
    return partners.group_by("account_id").agg(partners=_.partners.max())


def _at_night(ledger: Ledger, days: ir.Table) -> ir.Table:
    """night_percent and payments; nothing where the ledger knows dates only."""
    counts = days.filter(ledger.has_hours).group_by("account_id").agg(payments=_.payments.sum(), night=_.night.sum())
    counts = counts.filter(_.payments > 0)
    return counts.select("account_id", "payments", night_percent=(100 * _.night / _.payments).round(0))


def _travelling(ledger: Ledger) -> ir.Table:
    """travel_kmh: the highest speed between places of use that are at least a hundred kilometres apart."""
    use = ledger.table("device_use")
    seen = use.filter(_.place.notnull()).select("account_id", "place", "device_id", at=use["at"])
    seen = seen.mutate(lat=latitude(_.place), lon=longitude(_.place)).filter(_.lat.notnull() & _.lon.notnull())
    by_time = ibis.window(group_by="account_id", order_by=["at", "device_id", "place"])
    seen = seen.mutate(
        before=_["at"].lag().over(by_time), lat_0=_.lat.lag().over(by_time), lon_0=_.lon.lag().over(by_time)
    )
    seen = seen.filter(_.before.notnull())
    seen = seen.mutate(
        km=kilometres(_.lat_0, _.lon_0, _.lat, _.lon), seconds=_["at"].epoch_seconds() - _.before.epoch_seconds()
    )
    tick = 60 if ledger.has_hours else 86_400
    far = seen.filter(_.km >= KILOMETRES_APART)
    return far.group_by("account_id").agg(travel_kmh=(_.km * 3_600 / (_.seconds + tick)).max().round(0))


def _largest_evidence(ledger: Ledger, found: ir.Table) -> ir.Table:
    """The five largest transfers of each account found."""
    mine = moves(ledger).semi_join(found, "account_id")
    rank = ibis.row_number().over(ibis.window(group_by="account_id", order_by=[ibis.desc("amount"), "transfer_id"]))
    return mine.mutate(place=rank).filter(_.place < 5).group_by("account_id").agg(evidence=_.transfer_id.collect())
