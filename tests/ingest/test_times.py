"""Times as files write them: several formats, counted ones, zones by row, and the odd hours of daylight saving."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from mulegraph.ingest.remarks import About
from mulegraph.ingest.rules import Rule
from mulegraph.ingest.times import odd_hours

from .conftest import HEAD, Bank

AMSTERDAM = 'zone = "Europe/Amsterdam"\n'
WAYS = [
    ('time_format = ["%d/%m/%Y %H:%M", "iso"]', "03/02/2026 09:30", "2026-02-03 08:30", "minute"),
    ('time_format = ["%d/%m/%Y %H:%M", "iso"]', "2026-02-03T09:30:15Z", "2026-02-03 09:30:15", "second"),
    ('time_format = ["%d/%m/%Y", "%m/%d/%Y"]', "13/02/2026", "2026-02-13", "day"),
    ('time_format = "epoch_s"', "1717578188", "2024-06-05 09:03:08", "second"),
    ('time_format = "epoch_ms"', "1717578188000", "2024-06-05 09:03:08", "second"),
    ('time_format = "epoch_us"', "1717578188000000", "2024-06-05 09:03:08", "second"),
    ('time_format = "excel"', "46056", "2026-02-03", "day"),
    ('time_format = "excel"', "46056.5", "2026-02-03 11:00", "second"),
    ('steps = { unit = "hours", since = "2026-01-01T00:00:00Z" }', "25", "2026-01-02 01:00", "hour"),
    ('steps = { unit = "days", since = "2026-01-01" }', "3", "2026-01-04", "day"),
]


@pytest.mark.parametrize(("mapping", "text", "utc", "precision"), WAYS)
def test_a_time_is_read_in_its_way_and_with_its_precision(
    bank: Bank, mapping: str, text: str, utc: str, precision: str
):
    """Naive ones are the zone's; how exactly a time is known stands beside it."""
    bank.map(f"{AMSTERDAM}[transfers]\n{mapping}")
    bank.transfers(f"t,ann,bob,1,EUR,{text},instant,")

    report = bank.load()

    assert bank.rejects(report) == []
    assert bank.values("at") == [dt.datetime.fromisoformat(utc)]
    assert bank.values("precision") == [precision]


@pytest.mark.parametrize(
    ("mapping", "text", "rule"),
    [
        ('time_format = ["%d/%m/%Y", "%m/%d/%Y"]', "03/04/2026", Rule.AMBIGUOUS_TIME),
        ('time_format = "epoch_ms"', "2026-02-03", Rule.BAD_TIME),
        ('time_format = "excel"', "2026", Rule.BAD_TIME),
        ('steps = { unit = "hours", since = "2026-01-01" }', "1.5", Rule.BAD_TIME),
        ("", "03/04/2026", Rule.BAD_TIME),
        ("", "46056", Rule.BAD_TIME),
    ],
)
def test_a_time_that_may_be_two_or_none_is_a_reject(bank: Bank, mapping: str, text: str, rule: Rule):
    """Day and month are never guessed."""
    bank.map(f"[transfers]\n{mapping}")
    bank.transfers(f"t,ann,bob,1,EUR,{text},instant,")

    report = bank.load()

    assert [reject[3] for reject in bank.rejects(report)] == [rule]


def test_a_column_may_say_the_zone_of_each_row(bank: Bank):
    """A bank that it does not name has no zone."""
    bank.map("""
        [transfers]
        zone = { column = "bank", values = { VCB = "Asia/Ho_Chi_Minh", ING = "Europe/Amsterdam" } }
    """)
    rows = [f"{bank_},ann,bob,1,EUR,2026-02-03 09:00:00,instant,,{bank_}" for bank_ in ("VCB", "ING", "XXX")]
    bank.transfers(*rows, head=HEAD + ",bank")

    report = bank.load()

    assert bank.values("at") == [dt.datetime(2026, 2, 3, 2), dt.datetime(2026, 2, 3, 8)]
    assert [(line, rule) for line, *_, rule in bank.rejects(report)] == [(4, Rule.NO_ZONE)]


AUTUMN = [f"2026-10-25 {clock}:00" for clock in ("01:30", "02:50", "02:10", "02:40", "04:00")]
UTC_HOURS = ["2026-10-24 23:30", "2026-10-25 00:50", "2026-10-25 01:10", "2026-10-25 01:40", "2026-10-25 03:00"]


@pytest.mark.parametrize("newest_first", [False, True])
def test_times_that_the_clock_showed_twice_take_the_file_s_order(bank: Bank, newest_first: bool):
    """The clock went back where a time is earlier than the one before it; how many there are is told."""
    bank.map(AMSTERDAM)
    rows = [f"t{n},ann,bob,1,EUR,{text},instant," for n, text in enumerate(AUTUMN)]
    bank.transfers(*(reversed(rows) if newest_first else rows))

    report = bank.load()

    found = dict(zip(bank.ids(), bank.values("at"), strict=True))
    assert [found[f"t{n}"] for n in range(5)] == [dt.datetime.fromisoformat(text) for text in UTC_HOURS]
    assert [remark.rows for remark in report.remarks if remark.about is About.TWICE] == [3]


UNSORTED = [f"2026-10-{text}:00" for text in ("26 12:00", "24 12:00", "25 02:30", "25 02:40", "25 03:05", "23 12:00")]


@pytest.mark.parametrize(
    ("texts", "which", "utc"),
    [
        (UNSORTED, "later", ["2026-10-25 01:30", "2026-10-25 01:40"]),
        (UNSORTED[1:5], "earlier", ["2026-10-25 00:30", "2026-10-25 00:40"]),
    ],
)
def test_a_file_s_order_that_does_not_tell_is_not_said_to(bank: Bank, texts: list[str], which: str, utc: list[str]):
    """Lines that are not in order of time, or of which none goes back within the hour."""
    bank.map(AMSTERDAM)
    bank.transfers(*(f"t{n},ann,bob,1,EUR,{text},instant," for n, text in enumerate(texts)))

    (told,) = (remark for remark in bank.load().remarks if remark.about is About.TWICE)

    assert f"order does not tell which, so the {which}" in told.text
    at = dict(zip(bank.ids(), bank.values("at"), strict=True))
    odd = [f"t{n}" for n, text in enumerate(texts) if "25 02:" in text]
    assert [at[each] for each in odd] == list(map(dt.datetime.fromisoformat, utc))


def test_times_that_the_clock_never_showed_are_told(bank: Bank):
    """On 29 March 2026 Amsterdam's clocks go from 2:00 to 3:00."""
    bank.map(AMSTERDAM)
    bank.transfers("a,ann,bob,1,EUR,2026-03-29 02:30:00,instant,", "b,ann,bob,1,EUR,2026-03-29 03:30:00,instant,")

    report = bank.load()

    assert [remark.rows for remark in report.remarks if remark.about is About.NEVER] == [1]
    assert not [remark for remark in report.remarks if remark.about is About.TWICE]


@pytest.mark.parametrize(("zone", "a_year"), [("Europe/Amsterdam", 2), ("Asia/Ho_Chi_Minh", 0), ("UTC", 0)])
def test_zones_have_their_odd_hours(zone: str, a_year: int):
    """Two a year where there is daylight saving, an hour long."""
    hours = [each for each in odd_hours(zone) if each[0].year == 2026]

    assert len(hours) == a_year
    assert all(high - low == dt.timedelta(hours=1) for low, high, _ in hours)


def test_the_zone_of_the_first_load_is_the_ledger_s(bank: Bank):
    """It is kept: a later load need not say it, and days and nights are in it."""
    bank.map(AMSTERDAM)
    bank.transfers("a,ann,bob,1,EUR,2026-02-03 09:00:00,instant,")
    bank.load()
    bank.map("")
    bank.transfers("b,ann,bob,1,EUR,2026-07-03 09:00:00,instant,")
    bank.load()

    assert bank.ledger.zone == "Europe/Amsterdam"
    assert bank.values("at") == [dt.datetime(2026, 2, 3, 8), dt.datetime(2026, 7, 3, 7)]
    micros = bank.ledger.arrow("transfers", ["at"]).column(0).cast("int64").to_numpy()
    assert (bank.ledger.local_microseconds(micros) // 3_600_000_000 % 24).tolist() == [9, 9]


def test_each_account_has_the_clock_of_its_bank(bank: Bank):
    """Its own zone first, then its bank's, then the ledger's."""
    bank.write(
        "accounts.csv",
        "account_id,bank,kind,currency,zone\na,own,personal,EUR,\nb,VCB,personal,EUR,\nc,VCB,personal,EUR,Asia/Tokyo\n",
    )
    bank.map('zone = "Europe/Amsterdam"\nzones = { VCB = "Asia/Ho_Chi_Minh" }\n')
    bank.transfers("t,a,b,1,EUR,2026-02-03 09:00:00,instant,")
    bank.load()

    at = np.full(3, int(dt.datetime(2026, 2, 3, 8, tzinfo=dt.UTC).timestamp()) * 1_000_000)
    assert (bank.ledger.local_microseconds(at, np.arange(3)) // 3_600_000_000 % 24).tolist() == [9, 15, 17]
