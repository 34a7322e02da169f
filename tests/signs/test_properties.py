"""What holds for every sign on every ledger: facts are the subject's own, weeks are alike, and order is nothing."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

import pytest

from mulegraph.ingest.load import load
from mulegraph.ledger.ledger import Ledger
from mulegraph.settings import Settings
from mulegraph.signs.base import all_signs
from mulegraph.signs.found import run_sign
from mulegraph.signs.inputs import SignInputs
from mulegraph.simulate import simulate
from tests.signs.inputs import as_rows
from tests.thorough import THOROUGH

Rows = list[dict[str, str]]
TIMES = ("at", "listed_at", "expires_at", "reported_at", "first_seen")
WEEKS = timedelta(weeks=3)
LEDGERS = 2 if THOROUGH else 1
MOST_SEEDS = 2**31
Found = dict[str, dict]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Found]:
    """Findings by id of a simulated ledger, whose tables may be changed before they are loaded."""

    def of(seed: int, change: Callable[[str, Rows], Rows] = lambda name, rows: rows) -> Found:
        folder = tmp_path_factory.mktemp("property")
        simulate(folder / "files", accounts=700, days=28, seed=seed)
        for path in sorted((folder / "files").glob("*.csv")):
            with path.open(encoding="utf-8", newline="") as stream:
                rows = change(path.stem, list(csv.DictReader(stream)))
            with path.open("w", encoding="utf-8", newline="") as stream:
                writer = csv.DictWriter(stream, list(rows[0]), restval="")
                writer.writeheader()
                writer.writerows(rows)
        assert not load(folder / "files", folder / "ws").rejects
        inputs = SignInputs(Ledger(folder / "ws" / "ledger"), Settings())
        rows = [row for sign in all_signs().values() for row in as_rows(sign.code, run_sign(sign, inputs, {}))]
        return {row["finding"]: row for row in rows}

    return of


@pytest.fixture(scope="module")
def ledgers(found: Callable[..., Found]) -> list[tuple[int, Found]]:
    """Seeds, others each time, and what is found in the ledgers that they make."""
    seeds = random.sample(range(MOST_SEEDS), LEDGERS)
    return [(seed, found(seed)) for seed in seeds]


def test_row_order_never_matters(found, ledgers):
    """Files in any order give the same findings, to the last digit."""

    def shuffled(seed: int, name: str, rows: Rows) -> Rows:
        return random.Random(seed).sample(rows, len(rows))  # noqa: S311 (no secret is made)

    for seed, before in ledgers:
        assert before == found(seed, partial(shuffled, seed)), seed


def test_whole_weeks_later_is_the_same(found, ledgers):
    """No sign knows the date: all times are moved, and nothing else changes."""

    def later(name: str, rows: Rows) -> Rows:
        return [{key: _moved(value) if key in TIMES and value else value for key, value in row.items()} for row in rows]

    for seed, before in ledgers:
        after = found(seed, later)
        assert set(before) == set(after), seed
        for name, row in before.items():
            moved = {key: row[key] + WEEKS if row[key] else None for key in ("first_at", "last_at")}
            assert {**row, **moved} == after[name], (seed, name)


def _moved(text: str) -> str:
    return (datetime.fromisoformat(text) + WEEKS).strftime("%Y-%m-%dT%H:%M:%SZ")


AMONG_PEERS = "N9"
BY_PAIR = {"N8": {"hours", "to_the_cent"}}
"""Facts of receipts beside the payments that pass them on. Where several payments fit, the ledger's own amounts and
times say which of them is the less usual: the transfers stay the same, and who is beside whom may not."""


def test_unrelated_accounts_never_change_facts(found, ledgers):
    """Strangers who deal with each other only: chance may change, and what is known of a finding does not.

    But for N9, which says how an account compares with its peers: the strangers are among them.
    """

    def with_strangers(seed: int, name: str, rows: Rows) -> Rows:
        draw = random.Random(seed)  # noqa: S311
        if name == "accounts":
            plain = {"bank": "FERN", "kind": "personal", "currency": "EUR"}
            return [*rows, *({"account_id": f"FERN{n}", **plain} for n in range(200))]
        if name == "transfers":
            others = [
                {
                    "transfer_id": f"Z{n:06d}",
                    "source": f"FERN{draw.randrange(200)}",
                    "target": f"FERN{draw.randrange(200)}",
                    "amount": f"{draw.randrange(1, 900)}",
                    "currency": "EUR",
                    "at": draw.choice(rows)["at"],
                    "channel": "instant",
                }
                for n in range(900)
            ]
            return [*rows, *others]
        return rows

    for seed, before in ledgers:
        after = found(seed, partial(with_strangers, seed))
        both = [name for name in before if name in after and before[name]["pattern"] == after[name]["pattern"]]
        assert len(both) > 0.8 * len(before), seed
        for name in both:
            if before[name]["sign"] != AMONG_PEERS:
                assert _facts(before[name]) == _facts(after[name]), (seed, name)


def _facts(row: dict) -> dict:
    by_pair = BY_PAIR.get(row["sign"], set())
    facts = {key: value for key, value in row["facts"].items() if not key.startswith("expected") and key not in by_pair}
    return {**facts, "evidence": row["evidence"], "amount": row["amount"], "accounts": row["accounts"]}
