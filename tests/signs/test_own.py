"""A workspace's own signs: found by being there, held to the house rules, run and named like the built-in ones."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from mulegraph.errors import DataError, UsageError
from mulegraph.privacy.door import MaskedWorkspace
from mulegraph.settings import FILE
from mulegraph.signs.base import all_signs
from mulegraph.signs.own import OWN_CODE, own_files, own_signs, signs_of
from mulegraph.views.case_report_content import write_case_report
from mulegraph.views.run_report_content import write_run_report
from mulegraph.workspace.workspace import Workspace
from tests.conftest import ROOT
from tests.drawing import draw

SIGN = '''"""X1: whoever gets more than so much at once."""

from ibis import _

from mulegraph.signs import facts
from mulegraph.signs.base import Phase, grown, sign


@sign(
    code="X1",
    source="a test's own idea",
    phase=Phase.DISPERSE,
    weight=6.0,
    explained_by=("merchant",),
    facts=(facts.count("receipts", "receipts over the limit"), facts.number("limit", "the limit")),
    reason={"en": "{receipts} receipts over {limit}, {amount} {currency} in all"},
)
def large_receipts(ledger, *, min_amount: float = 400.0):
    """Money came in more than once in sums above a limit.

    Innocent when: the account is a shop, or its holder sold a car.
    """
    large = ledger.transfers.filter(_.target.notnull() & (_.amount.cast("float64") >= min_amount))
    found = large.group_by("target").agg(
        receipts=_.count(), amount=_.amount.sum(), currency=_.currency.min(), first_at=large["at"].min(),
        last_at=large["at"].max(), evidence=_.transfer_id.collect(),
    )
    return found.mutate(limit=min_amount, score=grown(0.5, _.receipts)).rename(subject_id="target")
'''
DRAWN = "a b 500 9:00\nc b 600 9:10\nb d 300 9:20"


def written(folder: Path, text: str = SIGN, name: str = "large_receipts.py") -> Path:
    """The sign as a file of the workspace in `folder`."""
    path = folder / "workspace" / "signs" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o644)
    return path


def test_a_file_in_the_workspace_is_a_sign_of_its_scans(tmp_path):
    """Findings, score of the account, case, thresholds from the settings, explanation: as for a built-in sign."""
    draw(tmp_path, DRAWN)
    path = written(tmp_path)
    space = Workspace(tmp_path / "workspace")

    space.scan()

    (found,) = space.findings(sign="X1").to_dict("records")
    assert found["subject_id"] == "b"
    assert found["reason"] == "2 receipts over 400, 1,100.00 EUR in all"
    assert found["score"] == 0.75
    assert found["evidence"] == ["t001", "t002"]
    assert set(found["benign"]) >= {"merchant"}
    assert "does not explain" not in found["benign_why"]["merchant"]
    assert "does not explain" in found["benign_why"]["payroll"]
    assert space.ranking().set_index("account").loc["b", "parts"]["X1"] > 0
    assert found["finding"] in space.case(space.cases()["case"][0]).row["findings"]
    assert space.findings(sign="X1", language="nl")["reason"].tolist() == [found["reason"]]
    explained = space.explain(found["finding"])
    assert explained["title"] == "Money came in more than once in sums above a limit"
    assert explained["thresholds"] == {"min_amount": 400.0}
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert space.run.manifest["own_signs"] == {"large_receipts.py": digest} == own_files(space.folder)

    (space.folder / FILE).write_text("[signs.X1]\nmin_amount = 1000.0\n", encoding="utf-8")
    again = Workspace(tmp_path / "workspace")
    assert again.scan().findings["X1"] == 0


def test_without_a_folder_there_are_only_the_built_in_ones(tmp_path):
    """Nothing is made, nothing is said."""
    assert own_signs(tmp_path) == {}
    assert signs_of(tmp_path) == all_signs()
    assert list(tmp_path.iterdir()) == []


def test_no_built_in_sign_has_a_code_that_is_kept_for_own_ones():
    """An own sign never collides with one that a later version brings."""
    assert not any(OWN_CODE.fullmatch(code) for code in all_signs())


WRONG = {
    "code is 'A1'": ('code="X1"', 'code="A1"'),
    "holds 0 signs": ("@sign(", "str("),
    "the function is named as its file": ("def large_receipts", "def other_name"),
    "what it is": ("Money came in more than once in sums above a limit.", "Large."),
    "Innocent when": ("Innocent when:", "Note:"),
    "source is named": ("a test's own idea", "?"),
    "or end with a unit": ("min_amount", "limit_value"),
    "thresholds are numbers": ("min_amount: float = 400.0", 'min_amount: str = "400"'),
    "as the inputs names it": ("(ledger, *", "(ledgers, *"),
    "English at least": ('reason={"en":', 'reason={"fr":'),
    "the same facts": ('reason={"en":', 'reason={"nl": "{receipts} ontvangsten", "en":'),
    "needs are tables": ("weight=6.0", 'needs=("payments",)'),
    ":3: cannot be run (SyntaxError": ("from ibis import _", "from ibis import"),
    ":3: cannot be run (ModuleNotFoundError": ("from ibis import _", "import no_such_module"),
    ":9: cannot be run (TypeError": ("code=", "colour=1, code="),
    "not declared: receipts": ('facts.count("receipts"', 'facts.count("others"'),
    "text must say whom": (
        'facts.count("receipts", "receipts over the limit")',
        '__import__("mulegraph.schema.columns").schema.columns.Field("receipts", facts.TEXT, "who")',
    ),
    "no fact is called as a finding's own column": (
        'facts.count("receipts"',
        'facts.count("evidence", ""), facts.count("receipts"',
    ),
}


@pytest.mark.parametrize("told", WRONG)
def test_what_breaks_a_rule_is_told_before_anything_is_scanned(tmp_path, told):
    """The file, the rule or the line, and where the rules stand."""
    path = written(tmp_path, SIGN.replace(*WRONG[told]))
    if told.startswith("holds"):
        path.write_text("number = 1\n", encoding="utf-8")

    with pytest.raises(UsageError) as wrong:
        signs_of(tmp_path / "workspace")

    assert told in wrong.value.problem
    assert str(path) in wrong.value.problem
    assert "signs-of-your-own.md" in wrong.value.hint


def test_two_signs_do_not_share_a_code(tmp_path):
    """Their findings could not be told apart."""
    written(tmp_path)
    written(tmp_path, SIGN.replace("def large_receipts", "def more_receipts"), "more_receipts.py")

    with pytest.raises(UsageError, match="code X1 is large_receipts's, too"):
        signs_of(tmp_path / "workspace")


def test_a_file_that_everybody_may_write_is_not_run(tmp_path):
    """A scan would run what anybody put there."""
    written(tmp_path).chmod(0o666)

    with pytest.raises(UsageError, match="everybody may write to it"):
        signs_of(tmp_path / "workspace")


def test_a_file_that_begins_with_an_underscore_is_no_sign(tmp_path):
    """It is there for others to import."""
    written(tmp_path)
    written(tmp_path, "number = 1\n", "_shared.py")

    assert set(own_signs(tmp_path / "workspace")) == {"X1"}


def test_a_sign_that_fails_says_in_which_line(tmp_path):
    """Trouble inside a scan names the sign, its file and line, and leaves no run."""
    draw(tmp_path, DRAWN)
    path = written(tmp_path, SIGN.replace("    large = ", "    1 / 0\n    large = "))

    with pytest.raises(DataError) as wrong:
        Workspace(tmp_path / "workspace").scan()

    assert f"{path}:23: sign X1 failed (ZeroDivisionError" in wrong.value.problem
    assert list((tmp_path / "workspace" / "runs").glob("*/manifest.json")) == []


def test_an_unknown_benign_test_is_told(tmp_path):
    """A sign cannot be explained by what there is not."""
    draw(tmp_path, DRAWN)
    written(tmp_path, SIGN.replace('("merchant",)', '("nobody",)'))

    with pytest.raises(UsageError, match="benign test 'nobody' is unknown"):
        Workspace(tmp_path / "workspace").scan()


def test_findings_outlive_the_file(tmp_path):
    """An old run still lists them; explaining one says what is missing."""
    draw(tmp_path, DRAWN)
    path = written(tmp_path)
    space = Workspace(tmp_path / "workspace")
    space.scan()
    path.unlink()

    (found,) = space.findings(sign="X1")["finding"]
    with pytest.raises(UsageError, match="sign X1 is no longer in"):
        space.explain(found)


def test_the_documents_example_is_a_sign(tmp_path):
    """What docs/signs-of-your-own.md shows can be dropped into the folder as it stands."""
    text = (ROOT / "docs" / "signs-of-your-own.md").read_text(encoding="utf-8")
    draw(tmp_path, DRAWN)
    written(tmp_path, text.partition("```python\n")[2].partition("```")[0])

    assert Workspace(tmp_path / "workspace").scan().findings["X1"] == 0


def test_reports_tell_an_own_sign_also_when_its_file_is_gone(tmp_path):
    """A run keeps the words of its signs: the case's report, the run's and the picture can be made later."""
    draw(tmp_path, DRAWN)
    path = written(tmp_path)
    space = Workspace(tmp_path / "workspace")
    space.scan()
    path.unlink()
    case = space.cases()["case"].iloc[0]
    shown = MaskedWorkspace(space.folder)
    made = [*write_case_report(shown, case, tmp_path / "out"), *write_run_report(shown, tmp_path / "out")]
    pages = [each.read_text(encoding="utf-8") for each in made if each.suffix == ".html"]
    assert len(pages) >= 3
    for page in pages:
        assert "Money came in more than once in sums above a limit" in page
    assert "sold a car" in pages[0]
