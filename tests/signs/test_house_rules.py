"""Every sign keeps the house rules: one file, one name, words that a reader can use."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from mulegraph.schema.choices import LANGUAGES
from mulegraph.schema.language import named
from mulegraph.signs.base import all_signs, identity, score_of
from mulegraph.signs.own import broken_rules

FOLDER = Path(__file__).parents[2] / "mulegraph" / "signs"
TESTS = Path(__file__).parent
SIGNS = list(all_signs().values())


def test_signs_are_found_by_being_there():
    """Each file of the folder is one sign but those of the mechanism, under its own code."""
    files = {path.stem for path in FOLDER.glob("*.py")} - {
        "__init__",
        "base",
        "own",
        "inputs",
        "wording",
        "facts",
        "found",
        "spelling",
    }
    assert {sign.name for sign in SIGNS} == files
    assert list(all_signs()) == sorted(all_signs())


@pytest.mark.parametrize("sign", SIGNS, ids=lambda sign: sign.code)
def test_a_sign_says_what_it_is(sign):
    """File, function and test share a name; title, innocence and source are there."""
    assert Path(inspect.getfile(sign.find)).stem == sign.name
    assert (TESTS / f"test_{sign.name}.py").is_file()
    assert re.fullmatch(r"[ACNTV]\d{1,2}", sign.code)
    assert broken_rules(sign, sign.name) == []
    assert sign.code in inspect.getdoc(inspect.getmodule(sign.find))


@pytest.mark.parametrize("sign", SIGNS, ids=lambda sign: sign.code)
def test_reasons_name_the_same_facts_in_every_language(sign):
    """A translation that loses a fact is a wrong one."""
    fields = {language: set(named(text)) for language, text in sign.reasons.items()}
    assert tuple(fields) == LANGUAGES
    assert fields["en"] == fields["vi"] == fields["nl"]


def test_an_identity_is_of_sign_and_subject_only():
    """The night's diff compares identities, so nothing that is displayed may change them."""
    assert identity("A4", "account", "x") == identity("A4", "account", "x")
    assert len({identity("A4", "account", "x"), identity("A3", "account", "x"), identity("A4", "device", "x")}) == 3


def test_scores_stay_between_nought_and_one():
    """However surprising, and rising with surprise."""
    scores = score_of([0, 1, 7, 23, 1000])
    assert scores[0] == 0
    assert (scores[:-1] < scores[1:]).all()
    assert scores[-1] <= 1


def test_findings_of_the_sample_are_well_formed(workspace, plain):
    """Scores, reasons without holes, evidence that is in the ledger, times that are in order."""
    findings = workspace.findings()
    assert findings["score"].between(0, 1).all()
    assert findings["finding"].is_unique
    assert not findings["reason"].str.contains(r"[{}\[\]|–]|None|nan").any()
    ids = {each for evidence in findings["evidence"] for each in evidence}
    assert set(plain.ledger.row_of(sorted(ids))) == ids
    timed = findings.dropna(subset=["first_at"])
    assert (timed["first_at"] <= timed["last_at"]).all()
