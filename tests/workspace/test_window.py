"""Scans that report certain days: what listings leave out, what stays, and that nothing else depends on them."""

from __future__ import annotations

import dataclasses
import json
import shutil
from datetime import date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

import mulegraph
from mulegraph.errors import EXIT_BAD_USE, UsageError
from mulegraph.ledger.ledger import Ledger
from mulegraph.views.run_report import run_document
from mulegraph.workspace.run import Runs
from mulegraph.workspace.window import OLDER, Tonight, Window, older
from mulegraph.workspace.workspace import Workspace
from tests import command


@pytest.fixture(scope="module")
def windowed(few_cases: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ledger of a few cases in a new workspace, scanned from the day on which half of the cases had ended."""
    folder = tmp_path_factory.mktemp("windowed")
    shutil.copytree(few_cases / "ledger", folder / "ledger")
    ends = sorted(Runs(few_cases).all()[-1].table("cases")["last_at"].drop_null().to_pylist())
    day = ends[len(ends) // 2].date().isoformat()
    done = command.run("scan", "-w", folder, "--since", day, "--full", "--format", "json")
    assert done.code == 0, done.err
    (folder / "answer.json").write_text(done.out)
    return folder


def window_of(folder: Path) -> Window:
    since = date.fromisoformat(Runs(folder).all()[-1].manifest["window"]["since"])
    found = Window.of(Ledger(folder / "ledger"), since, 0)
    assert found is not None
    return found


def tonight_of(folder: Path, *, first: bool = False) -> Tonight:
    """A night that finds what the last run of the folder found."""
    run = Runs(folder).all()[-1]
    parts = {name: run.table(name) for name in ("findings", "cases", "alerts")}
    return Tonight.of(Ledger(folder / "ledger"), parts, 1, [] if first else [run])


def cases_of(left: pa.Table) -> set[str]:
    return {each for each in left["id"].to_pylist() if each.startswith("CASE-")}


def test_days_change_what_is_listed_and_not_what_is_found(windowed: Path, few_cases: Path):
    """Every table of the run, alerts and scores among them, is the bytes of a scan of all days."""
    files = dict(Runs(windowed).all()[-1].manifest["files"])

    assert files.pop(OLDER)
    assert files == Runs(few_cases).all()[-1].manifest["files"]


def test_listings_leave_out_what_ended_before_and_say_how_much(windowed: Path):
    """What is left out ended before the first day; everything is there with `every`, or for an account."""
    said: list[str] = []
    space, at = Workspace(windowed, notify=said.append), window_of(windowed).at
    told, whole = space.cases(), space.cases(every=True)
    gone = whole[~whole["case"].isin(told["case"])]

    assert 0 < len(gone) < len(whole)
    assert (gone["last_at"] < at).all()
    assert set(whole[~(whole["last_at"] < at)]["case"]) <= set(told["case"])
    assert said == [
        f"{len(gone)} case{'s' * (len(gone) > 1)} that ended before {at.date()} left out:"
        " --all, or every=True, lists them"
    ]
    assert {each for row in told["findings"] for each in row} <= set(space.findings()["finding"])
    (account, *_) = gone["accounts"].iloc[0]
    assert gone["case"].iloc[0] in set(space.cases(account=account)["case"])


def test_a_run_and_its_report_say_which_days_and_how_much_is_left_out(windowed: Path):
    """Counts of what is reported and of what is not add up to what was found."""
    run = Runs(windowed).all()[-1]
    told = run.manifest["window"]
    space = mulegraph.open(windowed)
    document = run_document(space.run_file(), {}, {}, revealed=False)

    assert sum(told["findings"].values()) + told["older_findings"] == sum(run.manifest["findings"].values())
    assert told["cases"] + told["older_cases"] == run.manifest["cases"]
    assert json.loads((windowed / "answer.json").read_text())["window"] == told
    assert document.notices[0].startswith(f"Reported from {told['since']} on.")
    assert f"{told['older_cases']} cases" in document.notices[0]
    assert document.facts["cases"] == str(told["cases"])


def test_a_case_that_was_told_stays_until_somebody_closes_it(windowed: Path, tmp_path: Path):
    """A month later nothing new has come to any case: those that were told are listed, and a closed one is not."""
    folder = tmp_path / "workspace"
    shutil.copytree(windowed, folder)
    listed = set(Workspace(folder).cases()["case"])
    month = dataclasses.replace(window_of(folder), at=datetime(2030, 1, 1))
    told = Runs(folder).all()[-1].table("cases")["case"].to_pylist()

    assert listed == set(told) - cases_of(older(month, tonight_of(folder), folder))
    (case, *_) = sorted(listed)
    done = command.run("case", "close", case, "-w", folder, "--reason", "done", "--as", "unclear")
    assert done.code == 0, done.err
    assert case in cases_of(older(month, tonight_of(folder), folder))


def test_a_case_that_somebody_takes_up_is_listed_at_once(windowed: Path, tmp_path: Path):
    """It was left out; a note makes it somebody's work, without another scan."""
    folder = tmp_path / "workspace"
    shutil.copytree(windowed, folder)
    case = sorted(cases_of(Runs(folder).all()[-1].table(OLDER)))[0]

    assert case not in set(Workspace(folder).cases()["case"])
    assert command.run("case", "note", case, "seen before", "-w", folder).code == 0
    assert case in set(Workspace(folder).cases()["case"])


def test_rows_that_come_late_make_an_old_case_news(windowed: Path):
    """An older case that is not as the run before had it is listed, and so are its findings; alerted ones, too."""
    night, window = tonight_of(windowed), window_of(windowed)
    left = cases_of(older(window, night, windowed))
    case = sorted(left)[0]
    place = night.cases["case"].to_pylist().index(case)
    seeds = [[*each, "late"] if row == place else each for row, each in enumerate(night.cases["seeds"].to_pylist())]
    column = night.cases.schema.get_field_index("seeds")
    grown = night.cases.set_column(column, "seeds", pa.array(seeds, pa.list_(pa.string())))
    now = older(window, dataclasses.replace(night, cases=grown), windowed)
    (account, *_) = night.cases["accounts"][place].as_py()
    alerted = older(window, dataclasses.replace(night, alerted=frozenset([account])), windowed)

    assert left - cases_of(now) == {case}
    assert not set(night.cases["findings"][place].as_py()) & set(now["id"].to_pylist())
    assert case not in cases_of(alerted)


def test_a_finding_that_the_run_before_had_not_is_listed_whatever_its_day(windowed: Path):
    """Against a run that lacks it; on a first night there is nothing to compare, and the day decides."""
    night, window = tonight_of(windowed), window_of(windowed)
    every = dataclasses.replace(window, at=datetime(2030, 1, 1))
    first = older(every, dataclasses.replace(night, before=None), windowed)["id"].to_pylist()
    amounts = night.findings.schema.get_field_index("amount")
    none = pa.nulls(len(night.findings), night.findings.schema.field("amount").type)
    changed = dataclasses.replace(night, findings=night.findings.set_column(amounts, "amount", none))
    had = night.findings.filter(pc.is_valid(night.findings["amount"]))["finding"].to_pylist()

    assert set(older(every, night, windowed)["id"].to_pylist()) <= set(first)
    assert not set(had) & set(older(every, changed, windowed)["id"].to_pylist())


def test_a_day_begins_where_it_begins_first(windowed: Path, tmp_path: Path):
    """In Hanoi hours before midnight in UTC; in New York dates without a time, kept as midnight in UTC, come before."""
    ledger = Ledger(windowed / "ledger")
    day = ledger.until.date() - timedelta(days=2)
    midnight = datetime.combine(day, datetime.min.time())

    def begins(zone: str) -> datetime:
        ledger.snapshot = dataclasses.replace(ledger.snapshot, zone=zone)
        found = Window.of(ledger, day, 0)
        assert found is not None
        return found.at

    assert begins("UTC") == begins("America/New_York") == midnight
    assert begins("Asia/Ho_Chi_Minh") == midnight - timedelta(hours=7)


def test_the_last_days_are_those_of_the_ledger(windowed: Path):
    """`window_days` counts back from the last transfer; 0 is all."""
    ledger = Ledger(windowed / "ledger")
    week = Window.of(ledger, None, 7)

    assert week is not None
    assert week.since == ledger.until.date() - timedelta(days=6)
    assert Window.of(ledger, None, 0) is None


def test_a_night_of_which_nothing_was_loaded_is_refused(windowed: Path):
    """It would find nothing, and look like a quiet night."""
    ledger = Ledger(windowed / "ledger")
    with pytest.raises(UsageError, match="after the ledger's last transfer"):
        Window.of(ledger, ledger.until.date() + timedelta(days=2), 0)

    assert command.run("scan", "-w", windowed, "--since", "yesterday").code == EXIT_BAD_USE
