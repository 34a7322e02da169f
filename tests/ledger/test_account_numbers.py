"""Numbers of accounts: an id's place among all of the ledger's, whichever way they are looked up."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from mulegraph.ledger.ledger import Ledger
from tests.thorough import examples


def places(ledger: Ledger, ids: list[str | None]) -> list[int]:
    """The slow and clear way."""
    known = ledger.account_ids.to_pylist()
    return [known.index(each) if each in known else -1 for each in ids]


@given(data=st.data())
@examples(60)
def test_an_account_s_number_is_its_place(plain, data):
    """Of few ids and of many, also of none, of unknown ones, and of some that stand twice or in several pieces."""
    ledger = plain.ledger
    known = ledger.account_ids.to_pylist()
    size = data.draw(st.sampled_from([0, 1, 5, len(known) // 3]))
    drawn = np.random.default_rng(data.draw(st.integers(0, 99))).choice([*known, None, "unknown"], size).tolist()
    cut = data.draw(st.integers(0, size))
    pieces = pa.chunked_array([pa.array(part, pa.string()) for part in (drawn[:cut], drawn[cut:])])

    assert ledger.account_numbers_of(pieces).tolist() == places(ledger, drawn)
