"""Chains: best paths of strong links, against NetworkX's enumeration of every path."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mulegraph.flow.chains import MICRONATS, by_relay, find_chains
from mulegraph.flow.matching import match, strong
from tests.flow.reference import Link, Transfer, best_scores
from tests.flow.test_matching import MINUTE, SIX_HOURS, A, B, C, D, E, ordered, rows
from tests.thorough import examples

EVEN = np.full(8, 1_000_000, np.int64)


def chains_of(transfers, score=EVEN):
    firm = strong(transfers, match(transfers, SIX_HOURS), 60)
    return find_chains(transfers, firm, score)


def test_a_chain_needs_three_transfers():
    """Two transfers are a pass-through, not a chain."""
    assert len(chains_of(ordered((A, B, 10, 1), (B, C, 10, 2)))) == 0
    assert chains_of(ordered((A, B, 10, 1), (B, C, 10, 2), (C, D, 10, 3))).of(0).tolist() == [0, 1, 2]


def test_both_arms_of_a_split_are_in_a_chain():
    """Each arm gives a chain of its own; the transfers that they share stand in both."""
    chains = chains_of(ordered((A, B, 100, 1), (B, C, 60, 2), (B, D, 40, 3), (C, E, 60, 4), (D, E, 40, 5)))

    assert [chains.of(number).tolist() for number in range(len(chains))] == [[0, 1, 3], [0, 2, 4]]


def test_the_more_surprising_way_is_taken():
    """Where two ways meet, a transfer's chain goes by the one whose accounts are quieter."""
    score = EVEN.copy()
    score[D] = 5_000_000
    chains = chains_of(
        ordered((A, B, 100, 1), (B, C, 50, 2), (B, D, 50, 3), (C, E, 50, 4), (D, E, 50, 5), (E, None, 100, 9)),
        score,
    )

    assert chains.of(0).tolist() == [0, 2, 4, 5]


@examples(1500)
@given(rows, st.lists(st.integers(0, 4), min_size=8, max_size=8))
def test_chains_are_those_of_every_path_tried(drawn, score):
    """Each transfer's best score is NetworkX's; each is covered by a chain of it; none lies inside another."""
    transfers = ordered(*sorted(drawn, key=lambda row: row[3]))
    firm = strong(transfers, match(transfers, SIX_HOURS), 60)
    chains = find_chains(transfers, firm, np.array(score, np.int64))
    plain = [
        Transfer(0, None if source < 0 else source, None, amount, at)
        for source, amount, at in zip(
            transfers.source.tolist(), transfers.amount.tolist(), transfers.at.tolist(), strict=True
        )
    ]
    links = [
        Link(*each) for each in zip(firm.receipt.tolist(), firm.payment.tolist(), firm.amount.tolist(), strict=True)
    ]
    expected = best_scores(plain, links, dict(enumerate(score)))

    assert {place: best for place, best in enumerate(chains.best.tolist()) if best} == {
        place: best for place, best in expected.items() if best
    }
    paths = [chains.of(number).tolist() for number in range(len(chains))]
    joined = {(link.receipt, link.payment) for link in links}
    for path, total in zip(paths, chains.score.tolist(), strict=True):
        assert len(path) >= 3
        assert all(pair in joined for pair in zip(path, path[1:], strict=False))
        assert total == sum(score[transfers.source[place]] for place in path[1:])
    for place, best in expected.items():
        assert any(place in path and total == best for path, total in zip(paths, chains.score.tolist(), strict=True))
    texts = [" " + " ".join(map(str, path)) + " " for path in paths]
    assert not any(one != other and one in other for one in texts for other in texts)
    assert len(set(texts)) == len(texts)
    assert chains.score.tolist() == sorted(chains.score.tolist(), reverse=True)


def test_minutes_are_minutes():
    """The drawing's clock is the kernel's."""
    assert ordered((A, B, 1, 2)).at.tolist() == [2 * MINUTE]


@examples(200)
@given(rows)
def test_a_relay_has_its_best_chain(rows):
    """Neither who pays first nor who is paid last; beside a walk over every chain."""
    transfers = ordered(*rows)
    chains = chains_of(transfers)
    best: dict[int, float] = {}
    for number in range(len(chains)):
        for position in chains.of(number)[1:]:
            relay = int(transfers.source[position])
            best[relay] = max(best.get(relay, 0.0), chains.score[number] / MICRONATS)
    found = by_relay(transfers, chains)
    assert dict(zip(found.account.tolist(), found.nats.tolist(), strict=True)) == best
