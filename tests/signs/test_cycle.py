"""N2: money that comes back."""

from __future__ import annotations

from tests.signs.inputs import background, findings_of

ROUND = "a b 1000 3+9:00\nb c 960 3+15:00\nc d 930 4+10:00\nd a 900 4+16:00\n"


def test_every_account_of_a_cycle_is_found(ledger_of):
    """One story, told about four accounts."""
    found = findings_of("N2", ledger_of(ROUND + background()))
    assert {each["subject_id"] for each in found} == set("abcd")
    assert len({each["pattern"] for each in found}) == 1
    assert found[0]["evidence"] == ["t001", "t002", "t003", "t004"]
    assert (
        "1,000.00 EUR went round 4 accounts and came back to where it started within 31 hours, 10% less"
        in found[0]["reason"]
    )


def test_time_must_not_run_backwards(ledger_of):
    """The same payments in another order are no cycle."""
    other = ROUND.replace("b c 960 3+15:00", "b c 960 5+15:00")
    assert findings_of("N2", ledger_of(other + background())) == []


def test_there_and_back_is_two_transfers_and_no_cycle(ledger_of):
    """Friends who pay each other back."""
    assert findings_of("N2", ledger_of("a b 1000 3+9:00\nb a 990 3+15:00\n" + background())) == []


def test_sums_that_have_nothing_to_do_with_each_other_are_innocent(ledger_of):
    """Each step must pass most of the one before on; the threshold can be changed."""
    settled = "a b 100 3+9:00\nb c 60 3+15:00\nc a 40 4+10:00\n" + background()
    ledger = ledger_of(settled)
    assert findings_of("N2", ledger) == []
    assert len(findings_of("N2", ledger, min_share_percent=50)) == 3


def test_a_day_for_a_clock_hides_the_order_and_not_the_cycle(ledger_of):
    """All on one day, in whatever order the ids say."""
    dated = "c a 930 3+0:00\na b 1000 3+0:00\nb c 960 3+0:00\n" + "\n".join(
        f"w{day} z{day} 50 {day}+0:00" for day in range(60)
    )
    assert {each["subject_id"] for each in findings_of("N2", ledger_of(dated))} == set("abc")
