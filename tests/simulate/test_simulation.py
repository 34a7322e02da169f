"""Simulated ledgers: they repeat, they load without a reject, and nothing in them betrays what is planted."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mulegraph.errors import UsageError
from mulegraph.ingest.load import load
from mulegraph.schema.tables import TABLES
from mulegraph.signs.base import all_signs
from mulegraph.simulate import simulate
from mulegraph.simulate.payments import ROLES
from tests.conftest import SAMPLE

NOT_SIMULATED = {
    *("settles_on", "zone", "own"),
    *("original_amount", "original_currency", "precision", "end_to_end_id", "uetr", "returns"),
}
"""Columns that only banks' files have."""
FROM_STATEMENTS = {"statement_lines", "balances"}


@pytest.fixture(scope="module")
def hard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hard") / "files"
    simulate(folder, accounts=20_000, seed=3, hard=True)
    return folder


def test_the_sample_is_what_the_command_makes(tmp_path):
    """sample_data/ is `mulegraph simulate --accounts 1000 --seed 7`, at most 2 MB."""
    simulate(tmp_path / "files", accounts=1_000, seed=7)

    for path in (tmp_path / "files").rglob("*.csv"):
        kept = SAMPLE / path.relative_to(tmp_path / "files")
        assert hashlib.sha256(path.read_bytes()).digest() == hashlib.sha256(kept.read_bytes()).digest(), path.name
    assert sum(path.stat().st_size for path in SAMPLE.rglob("*") if path.is_file()) <= 2_000_000


def test_all_tables_are_written_and_load_without_a_reject(hard, tmp_path):
    """Every table of the schema, in its columns; parquet too."""
    for name, table in TABLES.items():
        if name in FROM_STATEMENTS:
            continue
        assert pd.read_csv(hard / f"{name}.csv", nrows=1).columns.tolist() == [
            each for each in table.column_names if each not in NOT_SIMULATED
        ]
    report = load(hard, tmp_path / "ws")
    assert not report.rejects
    simulate(tmp_path / "parquet", accounts=200, seed=1, file_format="parquet")
    assert not load(tmp_path / "parquet", tmp_path / "ws2").rejects


def test_planted_networks_are_as_described(hard):
    """3–7 hops, one to eight victims, splits, merges, fees up to a fifth, cash at the end."""
    told = pd.read_csv(hard / "labels" / "labelled_transfers.csv")
    planted = told[told["label"] == "planted"].merge(pd.read_csv(hard / "transfers.csv"), on="transfer_id")
    networks = pd.read_csv(hard / "labels" / "networks.csv")

    assert networks["hops"].between(3, 7).all() and set(networks["hops"]) == {3, 4, 5, 6, 7}
    assert networks["victims"].between(1, 8).all() and networks["victims"].max() == 8
    payees = planted.groupby(["group", "source"])["target"].nunique()
    payers = planted[planted["role"] == "pass_on"].groupby(["group", "target"])["source"].nunique()
    assert payees.max() >= 4 and payers.max() >= 2
    assert planted["target"].isna().any()
    assert set(planted["role"]) == {"victim_payment", "pass_on", "cash_out"}
    everyday = len(pd.read_csv(hard / "transfers.csv")) - len(told)
    assert abs(len(networks) * 1_000 / everyday - 1) < 0.05


def test_every_look_alike_is_there(hard):
    """Payroll, treasurer, sweep, student house, till and mortgage, each more than once."""
    told = pd.read_csv(hard / "labels" / "labelled_transfers.csv")
    groups = told[told["label"] == "look_alike"].groupby("role")["group"].nunique()
    assert set(groups.index) == set(ROLES[4:])
    assert (groups >= 20).all()


@pytest.mark.parametrize("clock", ["second", "day"])
def test_every_sign_and_every_look_alike_is_planted_twenty_times(tmp_path, clock):
    """In the smallest ledger that has room for them; every subject is in the tables."""
    simulate(tmp_path / "files", accounts=2_000, seed=5, clock=clock)
    told = pd.read_csv(tmp_path / "files" / "labels" / "signs.csv")
    assert list(told.columns) == ["subject_kind", "subject_id", "sign", "planted"]
    counts = told.groupby(["sign", "planted"]).size().unstack(fill_value=0)
    assert set(counts.index) == set(all_signs()) - {"N8", "N9"}  # neither one mule nor a busy account is simulated yet
    assert (counts["mule"] >= 20).all(), counts
    assert (counts["look_alike"] >= 20).all(), counts
    accounts = set(pd.read_csv(tmp_path / "files" / "accounts.csv")["account_id"])
    assert set(told["subject_id"][told["subject_kind"] == "account"]) <= accounts
    roles = pd.read_csv(tmp_path / "files" / "labels" / "accounts.csv")
    assert list(roles.columns) == ["account_id", "role"]
    assert set(roles["role"]) == {"mule", "victim", "look_alike"} and set(roles["account_id"]) <= accounts


def test_a_clock_of_days_writes_dates_only(tmp_path):
    """In every table, and ids do not tell the order inside a day."""
    simulate(tmp_path / "files", accounts=600, days=20, seed=5, clock="day")
    for name in ("transfers", "device_use", "card_events"):
        assert pd.read_csv(tmp_path / "files" / f"{name}.csv")["at"].str.fullmatch(r"\d{4}-\d\d-\d\d").all()
    assert not load(tmp_path / "files", tmp_path / "ws").rejects


def test_ids_betray_nothing(hard):
    """Transfer ids follow time only, and mules' account numbers are like anybody's."""
    transfers = pd.read_csv(hard / "transfers.csv")
    assert transfers["transfer_id"].is_monotonic_increasing
    assert pd.to_datetime(transfers["at"]).is_monotonic_increasing
    accounts = pd.read_csv(hard / "accounts.csv")
    mules = pd.read_csv(hard / "labels" / "accounts.csv").query("role == 'mule'")["account_id"]
    rank = accounts["account_id"].rank(pct=True)[accounts["account_id"].isin(set(mules))]
    place = accounts.index[accounts["account_id"].isin(set(mules))] / len(accounts)
    for spread in (rank, place):
        assert abs(np.mean(spread) - 0.5) < 0.08
    assert set(accounts.columns) == set(TABLES["accounts"].column_names) - NOT_SIMULATED


def test_activity_has_a_heavy_tail_and_a_night(hard):
    """A few accounts make many payments, and few are made at four in the morning."""
    transfers = pd.read_csv(hard / "transfers.csv")
    counts = np.sort(np.array(list(Counter(transfers["source"].dropna()).values())))[::-1]
    assert counts[: len(counts) // 100].sum() > 0.05 * counts.sum()
    hours = pd.to_datetime(transfers[transfers["channel"] == "card"]["at"]).dt.hour.value_counts()
    assert hours.get(4, 0) < 0.05 * hours[18]


def test_seeds_differ_and_repeat(tmp_path):
    """The same seed gives the same bytes, another one another ledger."""
    for name, seed in (("one", 1), ("again", 1), ("two", 2)):
        simulate(tmp_path / name, accounts=300, days=5, seed=seed)
    texts = [(tmp_path / name / "transfers.csv").read_bytes() for name in ("one", "again", "two")]
    assert texts[0] == texts[1] != texts[2]


@pytest.mark.parametrize("days", [1, 2, 7, 45])
def test_short_and_long_ledgers_work(tmp_path, days):
    """One day is a ledger, too."""
    simulate(tmp_path / "files", accounts=300, days=days, seed=4)
    assert not load(tmp_path / "files", tmp_path / "ws").rejects


@pytest.mark.parametrize(
    ("changed", "named"),
    [({"accounts": 99}, "--accounts is 99"), ({"days": 0}, "--days is 0"), ({"file_format": "xml"}, "'xml'")],
)
def test_numbers_out_of_range_are_named(tmp_path, changed, named):
    """Nothing is written."""
    with pytest.raises(UsageError, match=named):
        simulate(tmp_path / "files", **{"accounts": 300, **changed})
    assert not (tmp_path / "files").exists()
