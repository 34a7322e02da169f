"""Which rows of transfers are taken: the rules once more, slow, clear, and in another language than SQL."""

from __future__ import annotations

import datetime as dt
import re
import shutil
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from mulegraph.ingest.mapping import FileMapping
from mulegraph.schema.tables import TABLES
from tests.thorough import examples

from .conftest import ACCOUNTS, Bank

EXPONENT = {"EUR": 2, "VND": 0, "JPY": 0, "KWD": 3}
CURRENCY = dict(line.split(",")[::3] for line in ACCOUNTS.splitlines()[1:])
CLOCK = r"[T ]\d{1,2}:\d\d(:\d\d(\.\d{1,9})?)?"


def is_time(text: str, zone: str) -> bool:
    match = re.fullmatch(rf"(\d{{4}}-\d\d-\d\d)({CLOCK})?(Z|[+-]\d\d(:?\d\d)?)?", text, re.ASCII)
    if not match or (match[5] and not match[2]) or (match[2] and not match[5] and not zone):
        return False
    try:
        day = dt.date.fromisoformat(match[1])
        if match[2]:
            dt.time.fromisoformat(match[2][1:].split(".")[0].zfill(5))
    except ValueError:
        return False
    return dt.date(1970, 1, 1) <= day <= dt.date(2199, 12, 31)


def is_amount(text: str, currency: str) -> bool:
    if not re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?", text):
        return False
    amount, places = Decimal(text), EXPONENT[currency]
    written = len(text.partition(".")[2])
    if written > places and not (places == 0 and text.endswith(".00") and written == 2):
        return False
    return 0 < amount < Decimal(10) ** (15 - places)


def is_good(row: dict[str, str], zone: str) -> bool:
    parties = [row[name] for name in ("source", "target") if row[name]]
    currency = row["currency"].upper()
    return (
        0 < len(row["transfer_id"].strip(" ")) <= len(row["transfer_id"]) <= 256
        and currency in EXPONENT
        and is_amount(row["amount"], currency)
        and is_time(row["at"], zone)
        and row["channel"].strip(" ").lower() in TABLES["transfers"].column("channel").choices
        and bool(parties)
        and all(CURRENCY.get(party) == currency for party in parties)
        and len(row["reference"]) <= 4000
        and "\0" not in "".join(row.values())
    )


ROWS = st.fixed_dictionaries(
    {
        "transfer_id": st.sampled_from([*(f"t{n}" for n in range(30)), "", " ", "x" * 257, "\0"]),
        "source": st.sampled_from(["ann", "ann", "bob", "cho", "kim", "", "zoe", "ANN"]),
        "target": st.sampled_from(["bob", "bob", "ann", "cho", "kim", "", "zoe"]),
        "amount": st.one_of(
            st.sampled_from(["1", "12.30", "0.01", "007", "+2.500", "1e5", "-1", "0", "", "NaN", "1.", ".5"]),
            st.decimals("-10", "1e16", places=3, allow_nan=False).map(lambda value: format(value, "f")),
        ),
        "currency": st.sampled_from(["EUR", "EUR", "EUR", "eur", "VND", "KWD", "USD", "", "Euro"]),
        "at": st.one_of(
            st.sampled_from(
                ["2026-03-01", "2026-02-30", "2026-03-01 9:05", "2026-03-01T25:00Z", "now", "", "1969-12-31"]
            ),
            st.datetimes(dt.datetime(2026, 1, 1), dt.datetime(2026, 1, 4)).map(str),
            st.datetimes(dt.datetime(2026, 1, 1), dt.datetime(2026, 1, 4)).map(lambda at: f"{at.isoformat()}Z"),
        ),
        "channel": st.sampled_from(["instant", "instant", "ATM", " wire ", "teleport", ""]),
        "reference": st.sampled_from(["", "rent", 'a "b"\nc', "é" * 4000, "é" * 4001, ";,", "\r\n"]),
    }
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("generated")


@examples(40, suppress_health_check=[HealthCheck.too_slow])
@given(
    rows=st.lists(ROWS, max_size=30),
    cut=st.integers(0, 30),
    zone=st.sampled_from(["", "UTC", "Europe/Paris"]),
)
def test_exactly_the_good_rows_are_taken(place: Path, rows: list[dict[str, str]], cut: int, zone: str):
    """For any table, every row is taken, known or rejected, and the taken ones keep all rules."""
    shutil.rmtree(place / "files", ignore_errors=True)
    shutil.rmtree(place / "workspace", ignore_errors=True)
    (place / "files").mkdir()
    bank = Bank(place / "files", place / "workspace", FileMapping(zone=zone))
    bank.accounts()
    taken: list[str] = []
    for part in (rows[:cut], rows[cut:], rows):
        bank.transfers(*(",".join(quote(text) for text in row.values()) for row in part))

        tally = bank.load().tables["transfers"]

        fresh = [row["transfer_id"] for row in part if is_good(row, zone) and row["transfer_id"] not in taken]
        taken += dict.fromkeys(fresh)
        if bank.ledger_exists:
            assert sorted(bank.ids()) == sorted(taken)
        assert tally.taken + tally.rejected + tally.already_there == tally.read
        assert tally.read in (0, len(part))


def quote(text: str) -> str:
    doubled = text.replace('"', '""')
    return f'"{doubled}"'
