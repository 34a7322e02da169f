"""A1: holders against the population register."""

from __future__ import annotations

from pathlib import Path

import pytest

from mulegraph.signs.base import all_signs
from mulegraph.signs.spelling import addresses_alike, names_alike, plain_words
from tests.signs.inputs import findings_of

PAY = "a b 10 9:00"


def papers(**changed: str) -> dict[str, list[dict[str, str]]]:
    """Holder h_a, and what the register says of him where it differs."""
    same = {"national_id": "ID1", "name": "Nguyễn Thị Đào", "date_of_birth": "1980-05-04", "address": "12 Weg Ulm"}
    return {"holders": [{"holder_id": "h_a", **same}], "population_register": [{**same, **changed}]}


@pytest.mark.parametrize(
    ("changed", "differs"),
    [
        ({"national_id": "ID2"}, "id number absent"),
        ({"date_of_birth": "1981-05-04"}, "birth date"),
        ({"name": "Tran Van Minh"}, "name"),
        ({"address": "3 Am Speicher Rostock"}, "address"),
    ],
)
def test_each_difference_is_a_finding(ledger_of, changed, differs):
    """The account is the subject, and the reason says what differs and how alike it is."""
    (found,) = findings_of("A1", ledger_of(PAY, **papers(**changed)))

    assert (found["subject_kind"], found["subject_id"]) == ("account", "a")
    assert f"differs from the population register in: {differs}" in found["reason"]
    assert found["score"] > 0.4


@pytest.mark.parametrize("name", ["DAO NGUYEN", "Nguyen Dao", "đào, nguyễn thị", "Nguyễn Thị Đào"])
def test_case_accents_order_and_particles_are_no_difference(ledger_of, name):
    """A clerk's way of writing is innocent."""
    assert findings_of("A1", ledger_of(PAY, **papers(name=name))) == []


def test_a_misspelt_letter_is_just_below_the_threshold(ledger_of):
    """One letter of a long name; a stricter threshold finds it."""
    ledger = ledger_of(PAY, **papers(name="Nguyễn Thị Đàu"))
    assert findings_of("A1", ledger) == []
    assert len(findings_of("A1", ledger, min_name_percent=99.0)) == 1


def test_it_needs_the_register_and_id_numbers(ledger_of):
    """Without either it is not testable, and says which is lacking."""
    assert all_signs()["A1"].missing(ledger_of(PAY)) == ["holders.national_id", "population_register"]


def test_names_as_others_compare_them():
    """Dutch particles, and the example of RapidFuzz's own documentation for token sorting."""
    assert plain_words("Jan van der Berg") == "jan berg" == plain_words("JAN BERG")
    assert names_alike("fuzzy wuzzy was a bear", "wuzzy fuzzy was a bear") == 100
    assert plain_words("Van Der") == "van der"


NAMES = Path(__file__).parent / "names"


def pairs(name: str) -> list[list[str]]:
    """The rows of a table of pairs: one, other, what differs."""
    lines = (NAMES / name).read_text(encoding="utf-8").splitlines()
    return [line.split("|") for line in lines if line and not line.startswith("#")]


def test_the_table_of_names_is_told_apart_as_measured():
    """docs/measured.md: of those said to be others nearly all are, and most others are found."""
    raised = sum(names_alike(one, other) < 85 for one, other, _ in pairs("same.txt"))
    others = pairs("other.txt")
    found = sum(names_alike(one, other) < 85 for one, other, _ in others)

    assert found / len(others) >= 0.92
    assert found / (found + raised) >= 0.98


def test_the_table_of_addresses_is_told_apart_as_measured():
    """Abbreviated districts and streets are the same; another number or town is not."""
    wrong = [row for row in pairs("addresses.txt") if (addresses_alike(*row[:2]) >= 75) != (row[2] == "same")]

    assert len(wrong) <= 1, wrong


@pytest.mark.parametrize("table", ["same.txt", "other.txt"])
def test_who_is_compared_with_whom_does_not_matter(table: str):
    """Bank and register may change places."""
    assert [row for row in pairs(table) if names_alike(row[0], row[1]) != names_alike(row[1], row[0])] == []
