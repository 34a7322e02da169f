"""Cases across nights: the same case has the same id."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from mulegraph.cases.identity import match_previous, members_of
from mulegraph.schema.findings import CASES


def cases(**members: str) -> pa.Table:
    """A run's cases from their accounts, one letter each."""
    rows = [{"case": name.replace("_", "-"), "accounts": list(text)} for name, text in members.items()]
    return pa.Table.from_pylist(rows, CASES.arrow)


def names(table: pa.Table) -> dict[str, str]:
    return {"".join(sorted(accounts)): case for case, accounts in members_of(table).items()}


def test_a_case_keeps_its_id_while_it_grows():
    """Half of the smaller one's accounts in common is the same case; one account of many is not."""
    before = cases(CASE_1="abcd", CASE_2="xyz")
    now = cases(CASE_8="abcdefgh", CASE_9="zpqrstu")
    assert names(match_previous(now, [before])) == {"abcdefgh": "CASE-1", "pqrstuz": "CASE-9"}


def test_of_several_the_closest_is_the_case():
    """When a case splits, the larger part keeps the id; when two merge, the larger one gives it."""
    assert names(match_previous(cases(CASE_8="abcd", CASE_9="ef"), [cases(CASE_1="abcdef")])) == {
        "abcd": "CASE-1",
        "ef": "CASE-9",
    }
    assert names(match_previous(cases(CASE_9="abcdef"), [cases(CASE_1="ab", CASE_2="cdef")])) == {"abcdef": "CASE-2"}


def test_a_case_that_was_quiet_comes_back_under_its_id():
    """Earlier runs are looked at, too, the latest first."""
    assert names(match_previous(cases(CASE_9="abc"), [cases(CASE_2="xyz"), cases(CASE_1="abc")])) == {"abc": "CASE-1"}


def test_a_new_case_never_takes_an_old_one_s_id():
    """Case ids are made of findings, so a new one can be given an id that is in use."""
    now = names(match_previous(cases(CASE_1="xyz"), [cases(CASE_1="abc")]))
    assert now["xyz"] != "CASE-1" and now["xyz"].startswith("CASE-")


parts = st.lists(st.sets(st.sampled_from("abcdefghij"), min_size=1), min_size=1, max_size=5)


@given(before=parts, now=parts)
def test_ids_are_never_given_twice(before, now):
    """Whatever is carried over, each case has its own id, and scanning again changes none."""
    tables = [
        pa.Table.from_pylist(
            [{"case": f"CASE-{n}", "accounts": sorted(each)} for n, each in enumerate(of)], CASES.arrow
        )
        for of in (before, now)
    ]
    again = match_previous(tables[1], [tables[0]])
    ids = again["case"].to_pylist()
    assert len(set(ids)) == len(ids)
    if len({frozenset(each) for each in now}) == len(now):
        assert set(match_previous(tables[1], [again, tables[0]])["case"].to_pylist()) == set(ids)
