"""Listings that fit a terminal, count one as one, and say what is wrong instead of showing nothing."""

from __future__ import annotations

import json
import re
import shutil
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mulegraph.cli.app import app
from mulegraph.errors import EngineError, UsageError
from mulegraph.settings import FILE
from mulegraph.views.notebook import NotebookWorkspace
from mulegraph.views.tables import as_table, counted, pairs
from tests.command import answered
from tests.drawing import draw
from tests.signs.inputs import listing

DAY = datetime(2026, 1, 5, 9, 30)


@pytest.fixture(scope="module")
def own(workspace: NotebookWorkspace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the scanned sample, which may be changed."""
    folder = tmp_path_factory.mktemp("listings") / "workspace"
    shutil.copytree(workspace.folder, folder)
    return folder


def refused(*arguments: str | Path) -> UsageError:
    """The error of a command that is used wrongly."""
    done = CliRunner().invoke(app, [str(each) for each in arguments])
    assert isinstance(done.exception, UsageError), done.output
    return done.exception


def test_the_journal_shows_pairs_and_no_python(own):
    """Facts as `name: value`; of findings how many by sign."""
    case = NotebookWorkspace(own).cases()["case"][0]
    NotebookWorkspace(own).close(case, "confirmed", "told us")

    told = " ".join(answered("journal", "show", "-w", own, "--top", "1").split())

    assert "disposition: confirmed" in told
    assert re.search(r"findings: \([A-Z]\d \d+, ", told)
    assert not re.search(r"[{}'\[\]]", told)


def test_pairs_of_everything_a_journal_may_hold():
    """Nothing is left out, lists are shortened, what is not known is not told."""
    facts = {"a": 1, "b": None, "c": {"A1": ["x"], "A2": ["y", "z"]}, "d": [{"e": "f"}], "g": list("abcdef")}
    assert pairs(facts) == "a: 1, c: (A1 1, A2 2), d: (e: f), g: a b … 2 more … e f"


@pytest.mark.parametrize("number", [0, 1, 2, 1_234])
def test_one_is_counted_as_one(number):
    """1 account, 2 accounts; 1 entry, 2 entries."""
    assert counted(number, "account") == f"{number:,} account" + "s" * (number != 1)
    assert counted(number, "entry", "entries").endswith("entry" if number == 1 else "entries")


@pytest.mark.parametrize("more", range(4))
def test_a_day_is_never_broken(more):
    """Where a table has no room a time is broken from its day at most, and what is everywhere the same stands above."""
    row = {"transfer": "T000009285", "from": "MITT~pn5z5wil", "to": "NORD~wf256l6s", "amount": 1.5, "currency": "EUR"}
    row |= {f"more{number}": "direct_debit"[: 3 * number] for number in range(more)}
    rows = [{**row, "at": DAY + timedelta(days=day), "transfer": f"T{day:09d}"} for day in range(3)]

    text = as_table(rows, {name: name for name in ["at", *row]})

    assert all(len(line) <= 80 for line in text.splitlines())
    assert len(re.findall(r"2026-01-0\d", text)) == 3
    assert len(re.findall(r"T00000000\d", text)) == 3
    assert "currency: EUR" in text or "currency" in text.splitlines()[0]


def test_every_date_of_a_query_is_whole(own):
    """The widest questions of cypher/ at 80 columns."""
    account = NotebookWorkspace(own).ranking(top=1)["account"].iloc[0]
    for name in ("transfers_of_account", "account_neighbourhood"):
        text = answered("query", name, "-p", f"account={account}", "-w", own)
        assert re.search(r"\d{4}-\d\d-\d\d", text), text


def test_lists_are_shown_between_two_moments(tmp_path):
    """Entries that stood at some time from since to until; a span in which nothing can be is refused."""
    draw(
        tmp_path,
        "a b 500 9:00\nb c 490 9:10",
        listings=[
            listing("a", expires_at="2026-02-01T00:00:00Z"),
            listing("b", listed_at="2026-03-01T00:00:00Z"),
        ],
    )
    here = ["-w", tmp_path / "workspace", "--all", "--format", "json", "--reveal", "test"]

    def shown(*arguments: str) -> list[str]:
        return [row["subject_id"] for row in json.loads(answered("lists", "show", *here, *arguments))]

    assert shown() == ["a", "b"]
    assert shown("--since", "2026-02-15") == ["b"]
    assert shown("--until", "2026-02-15") == ["a"]
    assert shown("--since", "2026-02-02", "--until", "2026-02-15") == []
    assert (
        "nothing lies between"
        in refused("lists", "show", *here, "--since", "2026-02-02", "--until", "2026-01-01").problem
    )


def test_trace_keeps_to_top_also_for_ends(own):
    """Accounts and whom to ask; the rest is counted."""
    account = NotebookWorkspace(own).ranking(top=1)["account"].iloc[0]

    ask = ["trace", "--account", account, "-w", own, "--top", "2", "--through", "--days", "0", "--at-least", "0"]
    text = answered(*ask)
    cut = json.loads(answered(*ask, "--format", "json"))

    ends = text.partition("Left our sight:")[2].partition("\n\n")[0].strip().splitlines()
    assert len(ends) == 4
    assert re.fullmatch(r"and \d+ more that less went to; .*", ends[-1])
    assert (len(cut["accounts"]), len(cut["frontier"])) == (2, 2)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["links", "--on", "suspicion"], "--on goes with --account"),
        (["links", "--hops", "2"], "--hops goes with --account"),
        (["links", "--any-order"], "--any-order goes with --account"),
        (["query", "account_neighbourhood", "-p", "account=nobody"], "account 'nobody' is not in the ledger"),
        (["query", "counterparties_in_common", "-p", "one=x", "-p", "other=y"], "account 'x' is not in the ledger"),
        (["query", "devices_in_common", "-p", "accounts=x,y"], "account 'x' is not in the ledger"),
        (["query", "accounts_on_device", "-p", "device=none"], "device 'none' is not in the ledger"),
    ],
)
def test_what_there_is_not_is_said(own, arguments, problem):
    """An empty answer would say: looked at, and nothing found."""
    assert problem in refused(*arguments, "-w", own).problem


def test_a_wrong_list_or_span_of_a_query_is_said(own):
    """Also where everything else is right."""
    account = NotebookWorkspace(own).ranking(top=1)["account"].iloc[0]
    ask = ["query", "paths_to_flagged", "-w", own, "-p", f"account={account}", "-p", "list=friends"]
    assert "list 'friends' is unknown" in refused(*ask).problem
    ask = ["query", "account_neighbourhood", "-w", own, "-p", f"account={account}"]
    assert "nothing lies between" in refused(*ask, "-p", "since=2026-02-01", "-p", "until=2026-01-01").problem
    assert (
        "nothing lies between"
        in refused("trace", "--account", account, "-w", own, "--since", "2026-02-01", "--until", "2026-01-01").problem
    )


def test_settings_that_changed_since_the_run_are_told_once(own):
    """Listings show the old run and say so; a scan, or what no scan reads, silences it."""

    def notes() -> list[str]:
        told: list[str] = []
        space = NotebookWorkspace(own, notify=told.append)
        space.cases(top=1)
        space.findings(top=1)
        return told

    assert notes() == []
    (own / FILE).write_text("[requests]\nsender = 'us'\n", encoding="utf-8")
    assert notes() == []
    (own / FILE).write_text("[cases]\nsplit_above = 20\n[signs.A4]\nmin_receipts = 10\n", encoding="utf-8")
    (note,) = notes()
    assert note.startswith("[cases], [signs] changed since run 20")
    assert "mulegraph scan" in note
    done = CliRunner().invoke(app, ["case", "list", "--top", "1", "-w", str(own)])
    assert "changed since run" in done.stderr
    assert "changed since run" not in done.stdout
    (own / FILE).unlink()


def test_a_place_that_cannot_be_written_is_named(own, tmp_path):
    """simulate and graph rebuild: where, why, and what to do; no 'should not happen'."""
    (tmp_path / "file").write_text("x")
    wrong = refused("simulate", "-o", tmp_path / "file" / "sub", "--accounts", "500")
    assert str(tmp_path / "file" / "sub") in wrong.problem and "Not a directory" in wrong.problem
    graph = own / "graph.lbug"
    graph.unlink()
    (graph / "something").mkdir(parents=True)
    done = CliRunner().invoke(app, ["graph", "rebuild", "-w", str(own)])
    assert isinstance(done.exception, EngineError)
    assert str(graph) in done.exception.problem
    shutil.rmtree(graph)
