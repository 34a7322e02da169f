"""A6: the account does what its holder does not."""

from __future__ import annotations

from datetime import datetime, timedelta

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from ibis import _
from ibis.expr import types as ir

from mulegraph.flow.by_account import TransfersByAccount
from mulegraph.flow.habits import MAD_TO_SIGMA, Habits, habits, on_the_banks_clock, read_moved, rounded
from mulegraph.flow.naming import Stretch, name_stretches
from mulegraph.ledger.ledger import Ledger
from mulegraph.ledger.places import kilometres, latitude, longitude
from mulegraph.signs import facts
from mulegraph.signs.base import Phase, Topic, sign

MIN_PEERS = 20
"""Fewer of one occupation and age have no median worth the name."""
KILOMETRES_APART = 100.0
EVIDENCE = 5
"""The largest transfers of an account that are shown."""


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
    topic=Topic.MONEY,
    facts=(
        facts.count("tests_count", "tests that failed"),
        facts.number("income_times", "receipts of the best month against the income", unit="times"),
        facts.number("history_mads", "the largest day above the days before it", unit="deviations"),
        facts.number("peer_mads", "the best month above that of its peers", unit="deviations"),
        facts.count("partners", "counterparties on the busiest day"),
        facts.count("payments", "payments"),
        facts.count("night_percent", "payments at night", unit="percent"),
        facts.count("travel_kmh", "highest speed between places of use", unit="km/h"),
        facts.count("value", "1: the test of value failed"),
        facts.count("hub", "1: the test of counterparties failed"),
        facts.count("night", "1: the test of nights failed"),
        facts.count("travel", "1: the test of speed failed"),
    ),
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
    sides: TransfersByAccount,
    *,
    min_failed_tests: int = 2,
    max_income_times: float = 5.0,
    max_history_mads: float = 4.5,
    max_peer_mads: float = 6.0,
    max_partners_a_day: int = 9,
    min_night_percent: float = 60.0,
    min_night_payments: int = 8,
    max_kmh: float = 900.0,
) -> pa.Table:
    """Value, count, place or hour is out of line with the holder's income, occupation, age, or the account's history.

    Four tests on personal accounts, of which at least two must fail: value, that is receipts of a month against
    the income, or against peers of the same occupation and age (without those by batch, standing order or direct
    debit, which are arranged beforehand), or the largest day against the days before it; counterparties in a day; the
    share of payments at night on the bank's clock; and the speed between the places where it was used (great circle,
    where places have coordinates). History and peers are logarithms, measured in median absolute deviations, which one
    wild day does not move.

    Innocent when: the holder sold a house, works nights, or runs a small business from his own account.
    """
    owners = ledger.arrow("accounts", ["account_id", "kind", "holder_id"])
    is_personal = pc.equal(owners["kind"], "personal").fill_null(False).to_numpy()
    moved = on_the_banks_clock(ledger, read_moved(ledger, sides))
    known = habits(moved, is_personal, since=_microseconds(ledger.since), max_partners=max_partners_a_day)
    table = _against_profile(ledger, owners, known)
    table["history_mads"] = rounded(known.history_mads, 1)
    table["partners"] = np.where(known.partners >= 0, known.partners, np.nan)
    at_night = (known.payments > 0) & ledger.has_hours
    table["payments"] = np.where(at_night, known.payments, np.nan)
    table["night_percent"] = rounded(100 * known.night_payments / np.maximum(known.payments, 1), 0)
    table.loc[~at_night, "night_percent"] = np.nan
    table["travel_kmh"] = _speeds(ledger)
    value = (table["income_times"] > max_income_times) | (table["peer_mads"] > max_peer_mads)
    table["value"] = value | (table["history_mads"] > max_history_mads)
    table["hub"] = table["partners"] > max_partners_a_day
    table["night"] = (table["night_percent"] >= min_night_percent) & (table["payments"] >= min_night_payments)
    table["travel"] = table["travel_kmh"] > max_kmh
    tests = ["value", "hub", "night", "travel"]
    table[tests] = table[tests].astype("int64")
    table["tests_count"] = table[tests].sum(axis=1)
    found = np.flatnonzero((table["tests_count"].to_numpy() >= min_failed_tests) & known.is_active)
    table = table.iloc[found].assign(score=lambda row: 1 - 0.5 ** row["tests_count"])
    facts = pa.Table.from_pandas(table.astype({"partners": "Int64", "payments": "Int64"}), preserve_index=False)
    whole = Stretch(found, np.zeros(len(found), np.int64), np.full(len(found), len(sides.transfers)))
    given = name_stretches(ledger, sides.transfers, moved, whole, largest=EVIDENCE)
    return pa.table([*given.columns, *facts.columns], [*given.column_names, *facts.column_names])


def _microseconds(moment: datetime) -> int:
    """Since 1970."""
    return (moment - datetime(1970, 1, 1)) // timedelta(microseconds=1)


def _against_profile(ledger: Ledger, owners: pa.Table, known: Habits) -> pd.DataFrame:
    """By account, income_times and peer_mads: its best month against the income, and against the same job and age."""
    holders = ledger.arrow("holders", ["holder_id", "monthly_income", "occupation", "date_of_birth"])
    place = pc.index_in(owners["holder_id"].combine_chunks(), value_set=holders["holder_id"].combine_chunks())
    place = pc.if_else(pa.array(known.is_active), place, None)
    income = holders["monthly_income"].cast("float64").combine_chunks().take(place).to_numpy(zero_copy_only=False)
    born = pc.year(holders["date_of_birth"]).combine_chunks().take(place).to_numpy(zero_copy_only=False)
    job = holders["occupation"].combine_chunks().dictionary_encode().take(place)
    group = pd.DataFrame(
        {
            "job": job.indices.to_numpy(zero_copy_only=False),
            "decade": np.floor((ledger.until.year - born) / 10),
            "log": np.log(known.best_month + 1),
        }
    ).dropna()
    by_group = group.groupby(["job", "decade"])["log"]
    middle, members = by_group.transform("median"), by_group.transform("size")
    spread = (group["log"] - middle).abs().groupby([group["job"], group["decade"]]).transform("median")
    mads = ((group["log"] - middle) / (MAD_TO_SIGMA * spread)).where((members >= MIN_PEERS) & (spread > 0))
    return pd.DataFrame(
        {
            "income_times": rounded(known.best_month / np.where(income > 0, income, np.nan), 1),
            "peer_mads": rounded(mads.reindex(range(len(owners))).to_numpy(), 1),
        }
    )


def _speeds(ledger: Ledger) -> np.ndarray:
    """Kilometres an hour by account number; NaN where it is not known."""
    speeds = np.full(len(ledger.account_ids), np.nan)
    found = _travelling(ledger).to_pyarrow()
    speeds[ledger.account_numbers_of(found["account_id"].combine_chunks())] = found["travel_kmh"].to_numpy()
    return speeds


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
