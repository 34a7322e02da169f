"""A3: money from many accounts, passed on at once."""

from __future__ import annotations

from tests.signs.inputs import background, findings_of

COLLECTOR = """
    v1 collector 500 9:00
    v2 collector 700 9:20
    v3 collector 600 9:40
    collector mule 1750 10:00
"""


def test_a_collector_is_found(ledger_of):
    """Three senders within the hour, nearly all of it gone by ten."""
    (found,) = findings_of("A3", ledger_of(COLLECTOR + background()))

    assert found["subject_id"] == "collector"
    assert found["evidence"] == ["t001", "t002", "t003", "t004"]
    assert "1,800.00 EUR from 3 accounts" in found["reason"]
    assert "3% kept" in found["reason"]


def test_pieces_that_lie_across_receipts_count(ledger_of):
    """Three in and two out of other sizes: the second receipt is half of either payment, and is passed on."""
    pieces = "v1 c 1000 9:00\nv2 c 1100 9:05\nv3 c 1200 9:10\nc x1 1500 9:30\nc x2 1700 9:40\n"
    (found,) = findings_of("A3", ledger_of(pieces + background()))

    assert found["evidence"] == ["t001", "t002", "t003", "t004", "t005"]
    assert "3,300.00 EUR from 3 accounts, 97% passed on" in found["reason"]


def test_two_senders_are_too_few(ledger_of):
    """Many means three; the threshold can be changed."""
    ledger = ledger_of("v1 collector 500 9:00\nv2 collector 700 9:20\ncollector mule 1190 10:00\n" + background())

    assert findings_of("A3", ledger) == []
    assert len(findings_of("A3", ledger, min_senders=2)) == 1


def test_money_that_is_kept_is_not_passed_through(ledger_of):
    """Presents that stay are presents."""
    kept = "v1 child 500 9:00\nv2 child 700 9:20\nv3 child 600 9:40\nchild shop 60 10:00\n"
    assert findings_of("A3", ledger_of(kept + background())) == []


def test_senders_on_different_days_are_not_many_at_once(ledger_of):
    """Within 24 hours, as `within_hours` says."""
    slow = "".join(f"v{day} c 500 {day}+9:00\nc m 490 {day}+9:30\n" for day in (1, 4, 7))
    ledger = ledger_of(slow + background())

    assert findings_of("A3", ledger) == []
    assert len(findings_of("A3", ledger, within_hours=24.0 * 7)) == 1


def test_an_account_that_passes_money_on_all_day_is_left_out(ledger_of):
    """A payment agent's traffic explains it."""
    agent = "".join(
        f"c{n} agent 100 {day}+{hour}:00\nagent f{n} 98 {day}+{hour}:30\n"
        for n, (day, hour) in enumerate((day, hour) for day in range(20) for hour in range(24))
    )
    assert findings_of("A3", ledger_of(agent + background())) == []
