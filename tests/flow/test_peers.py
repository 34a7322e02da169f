"""Ranks among peers, held to counting one by one."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mulegraph.flow.peers import AGGREGATES, beside_peers, ranked
from mulegraph.settings import Settings
from mulegraph.signs.inputs import SignInputs
from tests.drawing import accounts_of, transfers_of


@settings(max_examples=200, deadline=None)
@given(rows=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=25))
def test_a_share_is_the_peers_with_at_least_as_much(rows):
    """Counted among the active of the same group; who is idle has 1 and says nothing."""
    group, one, other = (np.array(column) for column in zip(*rows, strict=True))
    values, active = np.stack([one, other], axis=1), one + other > 0
    found = ranked(group, values, active)
    for account in range(len(rows)):
        peers = [each for each in range(len(rows)) if active[each] and group[each] == group[account]]
        if not active[account]:
            assert found.nats[account] == 0 and found.size[account] == 0
            continue
        expected = [np.mean([values[each, column] >= values[account, column] for each in peers]) for column in (0, 1)]
        np.testing.assert_allclose(found.share[account], expected)
        np.testing.assert_allclose(found.nats[account], -np.log(expected).mean(), atol=1e-12)  # two: half each


def test_what_is_compared(ledger_of):
    """Counts, sums, others and the largest, in and out; accounts of another kind are no peers."""
    drawing = "a b 10 9:00\na b 30 9:10\na c 5 9:20\nb c 7 9:30"
    accounts = accounts_of(transfers_of(drawing), c={"kind": "merchant"})
    ledger = ledger_of(drawing, accounts=accounts)
    peers = beside_peers(ledger, SignInputs(ledger, Settings()).sides)
    a, b, c = (ledger.account_ids.to_pylist().index(name) for name in "abc")
    shares = {
        name: dict(zip(AGGREGATES, peers.share[place], strict=True))
        for name, place in zip("abc", (a, b, c), strict=True)
    }
    assert peers.size[[a, b, c]].tolist() == [2, 2, 1]
    assert shares["a"]["transfers paid"] == shares["a"]["payees"] == shares["a"]["sum paid"] == 0.5
    assert shares["a"]["largest payment"] == 0.5 and shares["b"]["largest payment"] == 1
    assert shares["b"]["sum received"] == shares["b"]["largest receipt"] == 0.5
    assert set(shares["c"].values()) == {1}
