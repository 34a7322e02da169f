"""The cache of days: it gives what the ledger gives, whatever is loaded, damaged or deleted in between."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from mulegraph.flow import kept_days
from mulegraph.flow.kept_days import ACCOUNTS, FOLDER
from mulegraph.flow.read_transfers import read_transfers
from mulegraph.ingest.load import load
from mulegraph.ledger.ledger import Ledger

NEVER = 10**9


def brought(folder: Path, number: int, accounts: list[str], rows: list[tuple[str, str, int, int]]) -> None:
    """Load accounts and transfers (payer, payee, amount, day of January) as files of their own."""
    files = folder / f"files{number}"
    files.mkdir()
    names = "".join(f"{each},NORD,EUR,personal\n" for each in accounts)
    (files / f"accounts-{number}.csv").write_text(f"account_id,bank,currency,kind\n{names}")
    lines = [
        f"t{number}-{place},{payer},{payee},{amount}.00,EUR,2026-01-{day:02d}T{place % 24:02d}:00:00Z,instant\n"
        for place, (payer, payee, amount, day) in enumerate(rows)
    ]
    head = "transfer_id,source,target,amount,currency,at,channel\n"
    (files / f"transfers-{number}.csv").write_text(head + "".join(lines))
    load(files, folder / "workspace")


def some(chance: random.Random, accounts: list[str], days: range) -> list[tuple[str, str, int, int]]:
    pick = [*accounts, ""]
    pairs = ((chance.choice(pick), chance.choice(accounts)) for _ in range(30))
    return [(payer, payee, chance.randint(1, 900), chance.choice(days)) for payer, payee in pairs]


def read(folder: Path) -> Ledger:
    """The ledger, after its transfers were read with the cache and without, and were the same."""
    ledger = Ledger(folder / "workspace" / "ledger")
    kept, anew = (read_transfers(ledger, min_kept=least) for least in (0, NEVER))
    for name in ("row", "source", "target", "amount", "at"):
        assert getattr(kept, name).dtype == getattr(anew, name).dtype
        np.testing.assert_array_equal(getattr(kept, name), getattr(anew, name))
    return ledger


def files_of(folder: Path) -> dict[str, int]:
    """Files of days in the cache, and when each was written."""
    found = (folder / "workspace" / FOLDER).glob("*/*")
    return {path.name: path.stat().st_mtime_ns for path in found if path.name != ACCOUNTS}


@pytest.mark.parametrize("seed", range(2))
def test_days_are_kept_over_loads_with_new_accounts_and_late_rows(tmp_path: Path, seed: int):
    """After each load what is read is what the ledger says, also where every account has another number."""
    chance, accounts = random.Random(seed), [f"M{each}" for each in range(6)]  # noqa: S311 (a test's draw)
    brought(tmp_path, 0, accounts, some(chance, accounts, range(1, 6)))
    read(tmp_path)
    for number in (1, 2):
        # They come before the others in the alphabet, so that all others move.
        more = [f"A{number}{each}" for each in range(3)]
        accounts += more
        brought(tmp_path, number, more, some(chance, accounts, range(5 + number, 7 + number)))
        read(tmp_path)

    assert len(list((tmp_path / "workspace" / FOLDER).iterdir())) == 1
    assert len(files_of(tmp_path)) == len(Ledger(tmp_path / "workspace" / "ledger").snapshot.of("transfers"))


def test_late_rows_change_the_file_of_their_day_and_no_other(tmp_path: Path):
    """Four days, then a row of the second: three files stay as they were, and what a kill left is gone."""
    accounts = ["A", "B"]
    brought(tmp_path, 0, accounts, [("A", "B", 5, day) for day in range(1, 5)])
    read(tmp_path)
    before = files_of(tmp_path)
    (next((tmp_path / "workspace" / FOLDER).iterdir()) / ".half.0a1b2c3d").write_bytes(b"half a d")
    files = tmp_path / "late"
    files.mkdir()
    head = "transfer_id,source,target,amount,currency,at,channel\n"
    (files / "transfers-late.csv").write_text(head + "late,B,A,3.00,EUR,2026-01-02T09:00:00Z,instant\n")
    load(files, tmp_path / "workspace")
    read(tmp_path)
    after = files_of(tmp_path)

    assert len(before) == len(after) == 4
    assert len(before.items() & after.items()) == 3


def test_a_damaged_file_or_none_costs_time_and_no_transfer(tmp_path: Path):
    """A changed byte, half a file, a stray one, and no cache at all."""
    brought(tmp_path, 0, ["A", "B", "C"], [("A", "B", 5, 1), ("B", "C", 4, 2), ("C", "A", 3, 3)])
    read(tmp_path)
    one, other, third = sorted((tmp_path / "workspace" / FOLDER).glob("*/[0-9a-f]*"))[:3]
    content = one.read_bytes()
    amount = content.index((500).to_bytes(8, "little")) if (500).to_bytes(8, "little") in content else len(content) // 2
    one.write_bytes(content[:amount] + b"\x07" + content[amount + 1 :])
    other.write_bytes(other.read_bytes()[:100])
    third.write_text("hello")
    read(tmp_path)
    kept_days.forget(tmp_path / "workspace")
    read(tmp_path)

    assert len(files_of(tmp_path)) == 3
