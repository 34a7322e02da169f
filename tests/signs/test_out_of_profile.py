"""A6: out of line with income, history, hour and place."""

from __future__ import annotations

import pytest

from mulegraph.flow.habits import MAD_TO_SIGMA
from tests.drawing import accounts_of, transfers_of
from tests.signs.inputs import findings_of, use

NIGHT = "\n".join(f"a n{n} 900 3+{n % 4}:{10 + n}" for n in range(9))
SALARY = "firm a 6000 2+9:00\nx a 500 2+10:00\n"
INCOME = [{"holder_id": "h_a", "name": "a", "monthly_income": "1000"}]


def test_too_much_and_at_night_is_a_finding(ledger_of):
    """Six and a half times the income, and nine payments between midnight and four."""
    (found,) = findings_of("A6", ledger_of(SALARY + NIGHT, holders=INCOME))

    assert found["subject_id"] == "a"
    assert "2 of 4 tests" in found["reason"] and "6.5 times the income" in found["reason"]
    assert "100% at night" in found["reason"]
    assert len(found["evidence"]) == 5


def test_one_test_alone_is_just_below(ledger_of):
    """A night worker, or somebody who sold his car; one test is enough where the threshold says so."""
    ledger = ledger_of(SALARY.replace("6000", "3000") + NIGHT, holders=INCOME)
    assert findings_of("A6", ledger) == []
    assert len(findings_of("A6", ledger, min_failed_tests=1)) == 1


def test_what_is_arranged_beforehand_is_no_surprise(ledger_of):
    """A salary by batch does not count against the income."""
    ledger = ledger_of("firm a 6500 2+9:00 batch\n" + NIGHT, holders=INCOME)
    assert findings_of("A6", ledger) == []


def test_firms_are_not_asked(ledger_of):
    """The sign is of personal accounts."""
    rows = accounts_of(transfers_of(SALARY + NIGHT), a={"kind": "business"})
    assert findings_of("A6", ledger_of(SALARY + NIGHT, holders=INCOME, accounts=rows)) == []


def test_a_hub_that_travels_too_fast(ledger_of):
    """Ten counterparties in a day, and used in Aachen and Linz within an hour: 600 km."""
    hub = "\n".join(f"a n{n} 5 3+{9 + n}:00" for n in range(10))
    seen = [
        use("a", "one", 7, "10:00", place="Aachen 50.78,6.08"),
        use("a", "two", 7, "11:00", place="Linz 48.31,14.29"),
    ]
    (found,) = findings_of("A6", ledger_of(hub, device_use=seen), max_kmh=600.0)
    assert "10 counterparties in a day" in found["reason"]
    assert "642 km/h" in found["reason"]  # 653 km by the great circle, in an hour and the clock's minute


def test_the_deviation_is_that_of_rousseeuw_and_croux():
    """1.4826 makes the median absolute deviation of a normal distribution its standard deviation."""
    assert pytest.approx(1 / 0.6744897501960817, abs=1e-4) == MAD_TO_SIGMA
