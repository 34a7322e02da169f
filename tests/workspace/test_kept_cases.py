"""Cases that people opened are kept with what they are made of, and made anew where that, or the file, is another."""

from __future__ import annotations

from dataclasses import replace

from mulegraph.schema.findings import CASES
from mulegraph.workspace.kept_cases import kept_case
from mulegraph.workspace.workspace import Workspace


def test_a_kept_case_is_read_until_what_it_is_made_of_changes(few_cases, tmp_path):
    """A second question makes nothing; other payments, other settings, an own sign and a damaged file do."""
    space = Workspace(tmp_path)
    space.__dict__["run"] = Workspace(few_cases).run
    space._own.ledger = Workspace(few_cases).ledger
    row, made = space.run.table("cases").slice(0, 1), []

    def ask(*payments: str) -> None:
        def make():
            made.append(payments)
            return row

        found = kept_case(space, "CASE-1", list(payments), make, min_kept=0)
        assert found.equals(row) and found.schema.equals(CASES.arrow)

    ask("t1")
    ask("t1")
    assert made == [("t1",)]
    ask("t1", "t2")
    space.__dict__["settings"] = replace(space.settings, trace=replace(space.settings.trace, days=3))
    ask("t1")
    (tmp_path / "signs").mkdir()
    (tmp_path / "signs" / "own.py").write_text("", encoding="utf-8")
    ask("t1")
    assert len(made) == 4
    for path in (tmp_path / "cache" / "cases").rglob("*.parquet"):
        content = bytearray(path.read_bytes())
        content[len(content) // 3 : len(content) // 2] = bytes(len(content) // 2 - len(content) // 3)
        path.write_bytes(content)
    ask("t1")
    assert len(made) == 5


def test_what_is_kept_of_another_ledger_goes(few_cases, tmp_path):
    """So the folder does not grow from night to night."""
    space = Workspace(tmp_path)
    space.__dict__["run"] = Workspace(few_cases).run
    space._own.ledger = Workspace(few_cases).ledger
    old = tmp_path / "cache" / "cases" / "another"
    old.mkdir(parents=True)
    kept_case(space, "CASE-1", ["t1"], lambda: space.run.table("cases").slice(0, 1), min_kept=0)
    assert [path.name for path in old.parent.iterdir()] == [space.ledger.hash[:32]]
