"""Stories: which findings are about the same money at the same time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from mulegraph.cases.stories import Rows, stories
from mulegraph.schema.columns import TEXT, TEXTS, TIME

START = datetime(2026, 1, 5, 9)


def finding(
    *evidence: str, day: float | None = 0.0, days: float = 0.1, at: str = "", chain: str = ""
) -> dict[str, Any]:
    """A finding that begins on this day, lasts so many, and meets others at the accounts whose letters `at` has."""
    begins = None if day is None else START + timedelta(days=day)
    ends = None if begins is None else begins + timedelta(days=days)
    return {"evidence": list(evidence), "first_at": begins, "last_at": ends, "at": at, "pattern": chain or None}


def numbers(*findings: dict[str, Any]) -> list[int]:
    table = pa.table(
        {
            "evidence": pa.array([each["evidence"] for each in findings], TEXTS),
            "first_at": pa.array([each["first_at"] for each in findings], TIME),
            "last_at": pa.array([each["last_at"] for each in findings], TIME),
            "pattern": pa.array([each["pattern"] for each in findings], TEXT),
        }
    )
    met = [(number, ord(letter)) for number, each in enumerate(findings) for letter in each["at"]]
    of, thing = (
        (np.array(column, np.int64) for column in zip(*met, strict=True)) if met else (np.empty(0, np.int64),) * 2
    )
    chains = pa.array([each["pattern"] for each in findings if each["pattern"]], TEXT)
    return stories(table, Rows(of, thing), chains).tolist()


def test_a_shared_transfer_joins_and_a_shared_account_only_at_the_same_time():
    """A mule of two networks, ten days apart, is in two stories."""
    assert numbers(finding("t1", "t2"), finding("t2", "t3")) == [0, 0]
    assert numbers(finding("t1", at="m"), finding("t2", day=0.5, at="m")) == [0, 0]
    assert numbers(finding("t1", at="m"), finding("t2", day=10, at="m")) == [0, 1]
    assert numbers(finding("t1", at="m"), finding("t2", at="n")) == [0, 1]


def test_the_same_time_is_a_day_or_the_longest_chain():
    """Where money takes five days, findings three days apart meet."""
    apart = finding("t1", at="m"), finding("t2", day=3, at="m")
    assert numbers(*apart) == [0, 1]
    assert numbers(*apart, finding("t3", days=5, chain="c")) == [0, 0, 1]


def test_what_is_stretched_over_weeks_follows_and_joins_nobody():
    """It shares two transfers with the second story, and one with the first; a device has an account of the first."""
    one, two = finding("t1", at="a"), finding("t2", "t3", day=9, at="b")
    assert numbers(one, two, finding("t1", "t2", "t3", days=10, at="a")) == [0, 1, 1]
    assert numbers(one, two, finding(day=None, at="ax")) == [0, 1, 0]


def test_findings_without_a_story_join_by_accounts():
    """Two devices of one account, and nothing else, are one; without any they stand alone."""
    assert numbers(finding(day=None, at="xy"), finding(day=None, at="yz"), finding(day=None)) == [0, 0, 1]


def test_a_long_finding_before_keeps_a_meeting_open():
    """The second ends long before the third begins, and the first does not."""
    long, short, late = finding("t1", days=1, at="m"), finding("t2", days=0.01, at="m"), finding("t3", day=1.9, at="m")
    assert numbers(long, short, late) == [0, 0, 0]
    assert numbers(short, late) == [0, 1]
