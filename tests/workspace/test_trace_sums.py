"""Every sum of a trace, beside plain books that are kept from the same files without our code."""

from __future__ import annotations

import random
from datetime import timedelta
from decimal import Decimal

import pytest

from mulegraph.ingest.load import load
from mulegraph.views.tables import plain
from mulegraph.workspace.workspace import Workspace
from tests.drawing import MONDAY, write_csv
from tests.thorough import times
from tests.workspace.books import PARTS, Books

WORLDS = times(80)
RULES = ("fifo", "haircut", "libr")


def worlds():
    """Accounts, transfers and balances of small worlds apart from each other; and payments of each to trace."""
    chance = random.Random(20260105)  # noqa: S311 (a test's ledger is no secret)
    accounts, transfers, balances, asked = [], [], [], []
    clock = MONDAY
    for world in range(WORLDS):
        names = [f"w{world:02d}_{letter}" for letter in "abcdef"]
        accounts += [
            {"account_id": name, "bank": "OURS" if place < 4 else "FAR", "own": "yes" if place < 4 else "no",
             "kind": "personal", "currency": "EUR"} for place, name in enumerate(names)
        ]  # fmt: skip
        mine = []
        for _ in range(chance.randint(4, 16)):
            clock += timedelta(minutes=1)
            source, target = chance.sample([*names, ""], 2)
            row = {"transfer_id": f"t{len(transfers) + len(mine):05d}", "source": source, "target": target,
                   "amount": f"{chance.randint(1, 30_000) / 100:.2f}", "currency": "EUR",
                   "at": clock.isoformat() + "Z", "channel": chance.choice(["atm", "card"]), "returns": ""}  # fmt: skip
            earlier = [each for each in mine if source and target and not each["returns"]]
            if earlier and chance.random() < 0.25:
                given = chance.choice(earlier)
                if given["source"] and given["target"]:
                    part = chance.choice([1, 1, 2])
                    amount = Decimal(given["amount"]) / part
                    row |= {"source": given["target"], "target": given["source"], "returns": given["transfer_id"],
                            "amount": f"{max(amount, Decimal('0.01')):.2f}"}  # fmt: skip
            mine.append(row)
        if chance.random() < 0.5:
            at = (clock - timedelta(minutes=chance.randint(0, 6), seconds=30)).isoformat() + "Z"
            balances.append({"account_id": chance.choice(names[:4]), "at": at, "kind": "booked", "source": "statement",
                             "balance": f"{chance.randint(-9_000, 40_000) / 100:.2f}", "currency": "EUR"})  # fmt: skip
        transfers += mine
        asked += [each["transfer_id"] for each in mine if each["target"] in names[:4] and not each["returns"]][:2]
    return {"accounts": accounts, "transfers": transfers, "balances": balances}, asked


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """The worlds as files, as a workspace, and what to trace."""
    folder = tmp_path_factory.mktemp("worlds")
    tables, asked = worlds()
    (folder / "files").mkdir()
    for name, rows in tables.items():
        write_csv(folder / "files" / f"{name}.csv", rows)
    report = load(folder / "files", folder / "workspace")
    assert not report.rejects, report.rejects
    return Books(folder / "files"), Workspace(folder / "workspace"), asked


def test_every_sum_of_a_trace_is_what_plain_books_give(told):
    """To the cent, by every rule, for payments of dozens of worlds with cash, banks that we do not see and balances."""
    books, space, asked = told
    seen = {"cash": 0, "left_our_sight": 0, "returned": 0}
    for payment in asked:
        found = plain(space.trace([payment], through=True, days=0, at_least=Decimal(0)).as_object())
        for row in found["sums"]:
            expected = books.sums(payment, row["method"])
            assert {part: Decimal(row[part]) for part in PARTS} == {
                part: Decimal(cents) / 100 for part, cents in expected.items()
            }, (payment, row["method"])
            rows = [each[row["method"]]["remaining"] for each in found["accounts"]]
            assert sum(map(Decimal, rows)) == Decimal(row["still_there"])
            for part in seen:
                seen[part] += expected[part] > 0
    assert all(count >= times(20) for count in seen.values()), f"the worlds hold too little: {seen}"
