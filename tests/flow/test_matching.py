"""Flow links and strong links: cases to follow by hand, and the kernel against the reference."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mulegraph.flow.matching import match, strong
from mulegraph.flow.order_in_day import in_order
from mulegraph.flow.transfers import MICROSECONDS, Transfers
from tests.flow.reference import Link, Transfer, flow_links, money_order, strong_links
from tests.thorough import examples

MINUTE = 60 * MICROSECONDS
HOUR = 60 * MINUTE
SIX_HOURS = 6 * HOUR
A, B, C, D, E = range(5)


def ordered(*rows: tuple[int | None, int | None, int, int]) -> Transfers:
    """Transfers from (source, target, amount, minute)."""
    source, target = (np.array([-1 if row[end] is None else row[end] for row in rows], np.int32) for end in (0, 1))
    amount = np.array([row[2] for row in rows], np.int64)
    return in_order(source, target, amount, np.array([row[3] * MINUTE for row in rows], np.int64), accounts=8)


def links_of(transfers: Transfers, window: int = SIX_HOURS) -> list[tuple[int, int, int]]:
    found = match(transfers, window)
    return list(zip(found.receipt.tolist(), found.payment.tolist(), found.amount.tolist(), strict=True))


def test_the_oldest_money_goes_first():
    """Clayton's Case: a payment uses up the first receipt before it touches the second."""
    assert links_of(ordered((A, C, 60, 1), (B, C, 50, 2), (C, D, 80, 3))) == [(0, 2, 60), (1, 2, 20)]


def test_what_is_left_is_used_by_the_next_payment():
    """Money is used once: a second payment gets what the first left."""
    assert links_of(ordered((A, B, 100, 1), (B, C, 70, 2), (B, D, 70, 3))) == [(0, 1, 70), (0, 2, 30)]


def test_money_older_than_the_window_is_not_passed_on():
    """Six hours to the microsecond still count, a minute more does not."""
    assert links_of(ordered((A, B, 10, 1), (B, C, 10, 361))) == [(0, 1, 10)]
    assert links_of(ordered((A, B, 10, 1), (B, C, 10, 362))) == []


def test_cash_is_nobodys_account():
    """Cash paid in by one is not what another takes out."""
    assert links_of(ordered((A, None, 10, 1), (None, B, 10, 2), (B, None, 10, 3))) == [(1, 2, 10)]


def test_a_transfer_to_oneself_moves_nothing():
    """It neither brings money nor uses it up."""
    assert links_of(ordered((A, B, 10, 1), (B, B, 10, 2), (B, C, 10, 3))) == [(0, 2, 10)]


def test_splits_and_merges_are_strong():
    """Victim → mule → two → collector: every link is strong although no two amounts are alike."""
    transfers = ordered(
        (A, B, 1000, 1),
        (B, C, 600, 10),
        (B, D, 350, 12),
        (C, E, 580, 30),
        (D, E, 340, 40),
        (E, None, 900, 60),
    )

    found = strong(transfers, match(transfers, SIX_HOURS), 60)

    assert list(zip(found.receipt.tolist(), found.payment.tolist(), strict=True)) == [
        (0, 1),
        (0, 2),
        (1, 3),
        (2, 4),
        (3, 5),
        (4, 5),
    ]


def test_a_shopper_who_spends_a_little_of_a_salary_passes_nothing_through():
    """The payment is wholly funded, but the receipt is not passed on."""
    transfers = ordered((A, B, 2000, 1), (B, C, 50, 10))

    assert len(strong(transfers, match(transfers, SIX_HOURS), 60)) == 0


def test_sixty_percent_is_exact():
    """600 of 1,000 is strong, 599 is not; in whole cents there is no rounding."""
    for amount, expected in ((600, 1), (599, 0)):
        transfers = ordered((A, B, 1000, 1), (B, C, amount, 10))
        assert len(strong(transfers, match(transfers, SIX_HOURS), 60)) == expected


accounts = st.one_of(st.none(), st.integers(0, 5))
rows = st.lists(st.tuples(accounts, accounts, st.integers(1, 12), st.integers(0, 40)), max_size=40)


@examples(3000)
@given(rows, st.sampled_from([1, 3, 10, 60]), st.sampled_from([1, 50, 60, 80, 100]))
def test_the_kernel_gives_the_references_links(drawn, window_minutes, percent):
    """Order, links and strong links are those of the plain-Python reference, on many ledgers."""
    by_time = sorted(drawn, key=lambda row: row[3])
    transfers = ordered(*by_time)
    window = window_minutes * MINUTE

    expected = money_order(
        [Transfer(number, row[0], row[1], row[2], row[3] * MINUTE) for number, row in enumerate(by_time)],
        transfers.tick,
    )
    assert transfers.row.tolist() == [each.number for each in expected]

    links = match(transfers, window)
    pairs = [Link(*each) for each in links_of(transfers, window)]
    assert pairs == flow_links(expected, window)

    firm = strong(transfers, links, percent)
    kept = zip(firm.receipt.tolist(), firm.payment.tolist(), firm.amount.tolist(), strict=True)
    assert [Link(*each) for each in kept] == strong_links(expected, pairs, percent)


@examples(500)
@given(rows)
def test_no_money_is_made(drawn):
    """What links take of a receipt or give to a payment is never more than its amount."""
    transfers = ordered(*sorted(drawn, key=lambda row: row[3]))
    links = match(transfers, SIX_HOURS)

    for end in (links.receipt, links.payment):
        assert (np.bincount(end, links.amount, len(transfers)) <= transfers.amount).all()
    assert (links.amount > 0).all()
    assert (transfers.target[links.receipt] == transfers.source[links.payment]).all()
