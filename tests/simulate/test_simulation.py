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
from mulegraph.ledger.ledger import Ledger
from mulegraph.schema.tables import TABLES
from mulegraph.signs.base import all_signs
from mulegraph.simulate import simulate
from mulegraph.simulate.payments import ROLES
from mulegraph.simulate.scenario import Scenario
from mulegraph.simulate.world import BANKS
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
    simulate(tmp_path / "files", accounts=2_000, seed=5, scenario=Scenario(clock=clock))
    told = pd.read_csv(tmp_path / "files" / "labels" / "signs.csv")
    assert list(told.columns) == ["subject_kind", "subject_id", "sign", "planted"]
    counts = told.groupby(["sign", "planted"]).size().unstack(fill_value=0)
    assert set(counts.index) == set(all_signs()) - {"N8", "N9", "N10"}  # they are not planted as signs
    assert (counts["mule"] >= 20).all(), counts
    assert (counts["look_alike"] >= 20).all(), counts
    accounts = set(pd.read_csv(tmp_path / "files" / "accounts.csv")["account_id"])
    assert set(told["subject_id"][told["subject_kind"] == "account"]) <= accounts
    roles = pd.read_csv(tmp_path / "files" / "labels" / "accounts.csv")
    assert list(roles.columns) == ["account_id", "role"]
    assert set(roles["role"]) == {"mule", "victim", "look_alike"} and set(roles["account_id"]) <= accounts


def test_a_clock_of_days_writes_dates_only(tmp_path):
    """In every table, and ids do not tell the order inside a day."""
    simulate(tmp_path / "files", accounts=600, days=20, seed=5, scenario=Scenario(clock="day"))
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


def test_mules_are_as_rare_as_asked_and_innocents_stay(tmp_path):
    """A hundred in 100,000, half of them in networks; look-alikes and victims of cards are as many as before."""
    scenario = Scenario(mules_per_100k=1_000)
    made = simulate(tmp_path / "rare", accounts=5_000, seed=11, scenario=scenario)
    simulate(tmp_path / "usual", accounts=5_000, seed=11)

    roles = {}
    for name in ("rare", "usual"):
        roles[name] = pd.read_csv(tmp_path / name / "labels" / "accounts.csv")["role"].value_counts()
    assert roles["rare"]["mule"] == made.mules
    assert 50 <= made.mules <= 65
    assert roles["rare"]["look_alike"] > 0.9 * roles["usual"]["look_alike"]
    told = pd.read_csv(tmp_path / "rare" / "labels" / "signs.csv").query("planted == 'mule'")
    assert set(told["sign"]) >= {"N1", "N8"}
    assert not load(tmp_path / "rare", tmp_path / "ws").rejects


@pytest.mark.parametrize("mules", [1, 2, 3])
def test_a_ledger_of_hardly_any_mules_works(tmp_path, mules):
    """Half of one mule is no network, and then nobody is suspected."""
    made = simulate(
        tmp_path / "files", accounts=100, days=1, seed=mules, scenario=Scenario(mules_per_100k=mules * 1_000)
    )
    assert made.mules >= mules
    assert not load(tmp_path / "files", tmp_path / "ws").rejects


def test_patterns_over_weeks_take_weeks_and_exact_ones_lose_no_cent(tmp_path):
    """Each network lasts for days, inside the ledger, and what a relay receives alone it passes on to the cent."""
    scenario = Scenario(mules_per_100k=2_000, lasting_days=20, exact=True)
    simulate(tmp_path / "files", accounts=3_000, days=60, seed=2, scenario=scenario)

    networks = pd.read_csv(tmp_path / "files" / "labels" / "networks.csv", parse_dates=["first_at", "last_at"])
    lasted = (networks["last_at"] - networks["first_at"]).dt.days
    assert lasted.median() >= 3 and lasted.max() <= 30
    transfers = pd.read_csv(tmp_path / "files" / "transfers.csv").set_index("transfer_id")
    told = pd.read_csv(tmp_path / "files" / "labels" / "labelled_transfers.csv").query("role == 'pass_on'")
    moved = transfers.loc[told["transfer_id"]].assign(group=told["group"].to_numpy())
    came = moved.groupby(["group", "target"])["amount"].sum().rename_axis(["group", "account"])
    went = moved.groupby(["group", "source"])["amount"].sum().rename_axis(["group", "account"])
    both = pd.concat([came, went], axis=1, keys=["came", "went"]).dropna()
    # A sum cut into parts loses less than a cent a part.
    assert len(both) > 10 and (both["came"] - both["went"]).abs().max() < 0.1


def test_busy_accounts_pay_ten_times_as_often(tmp_path):
    """Sixty transfers a month and account, within a tenth."""
    made = simulate(tmp_path / "files", accounts=1_000, seed=4, scenario=Scenario(transfers_a_month=60))
    assert 54 <= made.rows["transfers"] / 1_000 <= 66


@pytest.mark.parametrize("file_format", ["csv", "parquet"])
def test_each_bank_sees_its_own_customers_and_whom_they_deal_with(tmp_path, file_format):
    """Every payment is seen by the banks of its ends and nobody else; views load, and others' accounts are others'."""
    scenario = Scenario(by_bank=True)
    made = simulate(tmp_path / "split", accounts=400, days=10, seed=6, file_format=file_format, scenario=scenario)
    simulate(tmp_path / "whole", accounts=400, days=10, seed=6)
    transfers = pd.read_csv(tmp_path / "whole" / "transfers.csv")
    assert made.banks == list(BANKS)
    for bank in made.banks[:: len(BANKS) - 1]:
        load(tmp_path / "split" / bank, tmp_path / bank)
        ledger = Ledger(tmp_path / bank / "ledger")
        seen = ledger.arrow("transfers").to_pandas()
        mine = transfers["source"].str.startswith(bank) | transfers["target"].str.startswith(bank)
        assert set(seen["transfer_id"]) == set(transfers["transfer_id"][mine])
        assert seen["device_id"][~seen["source"].fillna("").str.startswith(bank)].isna().all()
        devices = ledger.arrow("devices").to_pandas().set_index("device_id")["first_seen"]
        used = pd.concat(
            [ledger.arrow("device_use").to_pandas()[["device_id", "at"]], seen[["device_id", "at"]].dropna()]
        )
        assert (devices == used.groupby("device_id")["at"].min().reindex(devices.index)).all()
        accounts = ledger.arrow("accounts").to_pandas()
        assert ((accounts["own"] == "yes") == (accounts["bank"] == bank)).all()
        assert ledger.rejects == 0


@pytest.mark.parametrize(
    ("scenario", "named"),
    [
        (Scenario(clock="hour"), "--clock is 'hour'"),
        (Scenario(mules_per_100k=0), "--mules-per-100k is 0"),
        (Scenario(lasting_days=20), "--lasting is 20 in a ledger of 30 days"),
        (Scenario(transfers_a_month=1), "--transfers-a-month is 1"),
    ],
)
def test_scenarios_out_of_range_are_refused(tmp_path, scenario, named):
    """Nothing is written."""
    with pytest.raises(UsageError, match=named):
        simulate(tmp_path / "files", accounts=300, days=30, scenario=scenario)
    assert not (tmp_path / "files").exists()
