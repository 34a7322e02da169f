"""What a feed did not bring: a silent table or bank, an empty column, amounts and counts that drift."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from mulegraph.ingest.load import load
from mulegraph.ledger.ledger import Ledger
from mulegraph.workspace.feeds import feed_notes, stability_index

DAYS = 15
LAST = datetime(2026, 3, 16)


def ledger_with(folder: Path, *, last: dict[str, list[str]]) -> Ledger:
    """Fifteen days of 300 payments, 30 from a second bank, and 30 uses of a device; `last` replaces the last day's."""
    files = folder / "files"
    files.mkdir()
    days = [day_of(LAST - timedelta(days=back)) for back in range(DAYS - 1, 0, -1)]
    days.append(day_of(LAST) | last)
    rows = {name: [row for day in days for row in day[name]] for name in ("transfers", "device_use")}
    heads = {
        "transfers": "transfer_id,source,target,amount,currency,at,channel,reference",
        "device_use": "account_id,device_id,at,action,outcome",
    }
    (files / "accounts.csv").write_text(
        "account_id,kind,bank,currency\na1,personal,ONE,EUR\nb1,personal,TWO,EUR\nc1,personal,ONE,EUR\n"
    )
    (files / "devices.csv").write_text("device_id,kind\nd1,mobile\n")
    for name, head in heads.items():
        (files / f"{name}.csv").write_text("\n".join([head, *rows[name]]) + "\n")
    load(files, folder / "workspace")
    return Ledger(folder / "workspace" / "ledger")


def day_of(
    at: datetime, *, payers: tuple[str, ...] = ("a1", "b1"), times: int = 1, reference: str = "r", rows: int = 300
) -> dict[str, list[str]]:
    transfers = []
    for number in range(rows):
        payer = payers[-1] if number % 10 == 0 else payers[0]
        moment = f"{at:%Y-%m-%d}T{8 + number // 60:02}:{number % 60:02}:00Z"
        amount = (10 + number) * times
        transfers.append(f"{at:%d}-{number},{payer},c1,{amount}.00,EUR,{moment},instant,{reference}")
    uses = [f"a1,d1,{at:%Y-%m-%d}T08:{number:02}:00Z,login,ok" for number in range(30)]
    return {"transfers": transfers, "device_use": uses}


def kinds(ledger: Ledger) -> list[tuple[str, str]]:
    return [(each["kind"], each["what"]) for each in feed_notes(ledger)]


def test_a_day_like_the_others_is_not_remarked_on(tmp_path: Path):
    assert kinds(ledger_with(tmp_path, last={})) == []


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        (day_of(LAST, payers=("a1", "a1")), [("silent", "bank TWO")]),
        ({"device_use": []}, [("silent", "device_use")]),
        (day_of(LAST, reference=""), [("empty", "transfers.reference")]),
        (day_of(LAST, times=20), [("drift", "amounts in EUR")]),
    ],
    ids=["a bank fell silent", "a table fell silent", "a column is empty", "amounts drift"],
)
def test_what_the_last_day_lacks_is_said(tmp_path: Path, last, expected):
    """Each of its kind alone, and nothing else."""
    assert kinds(ledger_with(tmp_path, last=last)) == expected


def test_half_a_day_is_compared_with_half_days(tmp_path: Path):
    """At noon the afternoon is not missing."""
    last = {"transfers": [row for row in day_of(LAST)["transfers"] if "T08" in row or "T09" in row]}

    assert kinds(ledger_with(tmp_path, last=last)) == []


def test_the_stability_index_is_nothing_for_equal_shares():
    """And grows with the shift: 0.25 and more is large."""
    assert stability_index([10, 20, 30], [100, 200, 300]) == 0
    assert stability_index([50, 50], [60, 40]) == pytest.approx(0.2 * 0.405465 / 2 * 1.0, abs=0.01)
    assert stability_index([90, 10], [10, 90]) > 1
