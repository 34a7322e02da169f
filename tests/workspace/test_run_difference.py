"""Between two runs: a word for what became of each case."""

from __future__ import annotations

from mulegraph.workspace.run_difference import changes


def test_what_became_of_each_case():
    """New, grown, shrunk, same, merged, split and quiet."""
    before = {"A": "abc", "B": "def", "C": "ghi", "D": "jk", "E": "lm", "F": "nopq", "G": "uv"}
    now = {"A": "abcx", "B": "de", "C": "ghi", "D": "jklm", "F": "no", "H": "pq", "I": "rst"}
    rows = changes(*({case: frozenset(text) for case, text in each.items()} for each in (before, now)))
    assert {row["case"]: (row["change"], row["others"]) for row in rows} == {
        "A": ("grown", []),
        "B": ("shrunk", []),
        "C": ("same", []),
        "D": ("merged", ["E"]),
        "F": ("split", ["H"]),
        "H": ("split", ["F"]),
        "I": ("new", []),
        "G": ("quiet", []),
    }
    same = {case: frozenset(text) for case, text in {"A": "abc", "B": "cd", "C": "abcde"}.items()}
    assert {row["change"] for row in changes(same, same)} == {"same"}
    grown = next(row for row in rows if row["case"] == "A")
    assert (grown["joined"], grown["left"]) == (["x"], [])
