"""Errors carry their values beside their text, so that these can be masked before the text is made."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from mulegraph.errors import UsageError
from mulegraph.privacy.door import MaskedWorkspace
from mulegraph.schema.disclosure import Foreign, Identified
from mulegraph.schema.tables import Mask

PACKAGE = Path(__file__).parents[2] / "mulegraph"
ERRORS = {"UsageError", "DataError", "EngineError"}
ASKED = ("workspace", "casework", "views", "cli")
OWN_VALUES = {"workspace/run.py", "views/document.py"}
"""Files whose errors hold paths of the workspace and words of the system only."""


def texts() -> list[tuple[str, int, ast.expr]]:
    """File, line and text of every error that a question may end in."""
    found = []
    for path in sorted(each for stage in ASKED for each in (PACKAGE / stage).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ERRORS and node.args:
                found.append((path.relative_to(PACKAGE).as_posix(), node.lineno, node.args[0]))
    return found


def test_no_error_of_a_question_has_its_values_inside_its_text():
    """A value that is written into the text cannot be told from it."""
    inside = [(file, line) for file, line, text in texts() if isinstance(text, ast.JoinedStr)]
    assert [(file, line) for file, line in inside if file not in OWN_VALUES] == []


@pytest.fixture(scope="module")
def account(plain) -> str:
    return str(plain.ledger.account_ids[0].as_py())


@pytest.mark.parametrize("form", ["{0}", "{0},{0}", "account={0}", "{0} {0}"])
def test_what_was_typed_is_masked_where_the_ledger_holds_it(workspace, account, form):
    """Alone, in a list, as a parameter; what is no value of the ledger is shown as it was typed."""
    shown = workspace.show_error(UsageError("'{typed}' and '{other}'", typed=form.format(account), other="soon"))
    assert account not in shown.problem and "~" in shown.problem and "soon" in shown.problem


def test_a_value_of_the_ledger_is_masked_as_what_it_is(workspace, account):
    """Also one that the ledger has lost; paths part by part; what an engine says not at all."""
    error = UsageError(
        "{one} {path} {why}",
        hint="See {one}.",
        one=Identified("NORD000000001", Mask.ACCOUNT),
        path=Path("/data") / account,
        why=Foreign(f"duplicated key {account}"),
    )
    shown = workspace.show_error(error)
    assert account in error.problem and account not in str(shown)
    assert "NORD000000001" not in str(shown) and "***" in shown.problem
    assert shown.problem.split()[1].startswith("/data/") and "See NORD~" in shown.hint


def test_with_a_reason_errors_say_everything(workspace, account):
    """As they are."""
    clear = MaskedWorkspace(workspace.folder, reveal="a test")
    assert clear.show_error(UsageError("{why}", why=Foreign(account))).problem == account


def test_braces_in_a_text_without_values_stay():
    """A text that is no pattern is taken as it is."""
    assert UsageError("expected {name}", hint="{x}").problem == "expected {name}"
