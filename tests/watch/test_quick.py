"""A watch that looks quickly: what it tells at once, what it makes good at rest, and what a kill leaves."""

from __future__ import annotations

import json
import os
import random
import shutil
from pathlib import Path
from typing import Any

import pytest

from mulegraph.errors import EngineError
from mulegraph.ingest.mapping import FileMapping
from mulegraph.settings import WatchSettings
from mulegraph.views.notebook import NotebookWorkspace
from mulegraph.watch.inbox import Inbox
from mulegraph.watch.pace import Pace
from mulegraph.watch.told import Tellings
from mulegraph.watch.watch import Reading, Watch
from mulegraph.workspace.look import FOLDER
from mulegraph.workspace.run import Runs
from tests.thorough import times
from tests.watch.test_watch import put, still_so, told

BATCHES = 2
SETTINGS = "[watch]\nquick_from = 0\ngrown_percent = 100\nwhole_percent = 1\nidle_seconds = 86400\n"
"""Quick looks from the first transfer on, and a whole one only when it is asked for."""


class KilledError(BaseException):
    """The process ends here."""


class Killing(Tellings):
    """Tellings of a process that ends when its lines are on disk, and before its state is."""

    def end_batch(self, *_: Any, **__: Any) -> None:
        raise KilledError


@pytest.fixture(scope="module")
def night(few_cases: Path, tmp_path_factory) -> tuple[Path, list[dict[str, str]]]:
    """A workspace that was watched since the night, and the files of transfers that come in its day."""
    folder = tmp_path_factory.mktemp("quickly")
    files = shutil.copytree(few_cases.with_name("few_files"), folder / "files")
    head, *rows = (files / "transfers.csv").read_text().splitlines()
    later = [row for number, row in enumerate(rows) if number >= len(rows) // 2]
    (files / "transfers.csv").unlink()
    pieces = []
    for number in range(BATCHES):
        part = later[number * len(later) // BATCHES : (number + 1) * len(later) // BATCHES]
        pieces.append({f"transfers-{number}.csv": "\n".join([head, *part]) + "\n"})
    first = {path.name: path.read_text() for path in files.glob("*.csv")}
    first["transfers.csv"] = "\n".join([head, *rows[: len(rows) // 2]]) + "\n"
    (folder / "inbox").mkdir()
    put(folder / "inbox", first)
    workspace = folder / "workspace"
    workspace.mkdir()
    (workspace / "mulegraph.toml").write_text(SETTINGS)
    started(workspace, folder / "inbox").batch()
    return workspace, pieces


def started(workspace: Path, inbox: Path, tellings: type[Tellings] = Tellings) -> Watch:
    """A watch as a process that has just begun has it."""
    return Watch(
        NotebookWorkspace(workspace),
        Inbox(inbox),
        tellings(workspace / FOLDER, None),
        Reading(FileMapping()),
    )


def at_rest(workspace: Path) -> set[str]:
    """Findings that are told and not withdrawn, each told once; they are those of the last look, a whole one."""
    lines = told(workspace)
    so = set[str]()
    for line in lines:
        if line["kind"] == "finding":
            assert line["finding"] not in so
            so.add(line["finding"])
        elif line["kind"] == "withdrawn":
            so.discard(line["finding"])
    run = Runs(workspace / FOLDER).all()[-1]
    assert "look" not in run.manifest
    assert not json.loads((workspace / FOLDER / "told.json").read_text())["quick"]
    assert so == still_so(lines) == set(run.table("findings")["finding"].to_pylist())
    return so


@pytest.fixture(scope="module")
def undisturbed(night, tmp_path_factory) -> tuple[set[str], list[dict[str, Any]]]:
    """What a watch has told at rest that nobody killed, and its lines."""
    folder = tmp_path_factory.mktemp("undisturbed")
    workspace = shutil.copytree(night[0], folder / "workspace")
    (folder / "inbox").mkdir()
    watch = started(workspace, folder / "inbox")
    assert (watch.batch(), watch.catch_up()) == ([], [])
    for piece in night[1]:
        put(folder / "inbox", piece)
        watch.batch()
    assert watch.catch_up() == []
    watch.catch_up(rest=True)
    return at_rest(workspace), told(workspace)


def test_what_is_told_quickly_is_marked_and_made_good_at_rest(undisturbed, few_cases: Path):
    """Each minute's lines say that a quick look tells; at rest all is told that the night says of the watch's signs."""
    so, lines = undisturbed
    kinds = {(line["kind"], line.get("look")) for line in lines}
    by_night = Runs(few_cases).all()[-1].table("findings")
    signs = {each.partition("-")[0] for each in so}

    assert {("finding", "quick"), ("finding", None)} <= kinds
    assert so == {each for each in by_night["finding"].to_pylist() if each.partition("-")[0] in signs}


def test_a_watch_that_is_killed_anywhere_tells_the_same_at_rest(night, undisturbed, tmp_path: Path):
    """In a load, in a look, or between the lines and the state: nothing is lost, and nothing is told twice."""
    chance = random.Random(os.urandom(8))  # noqa: S311 (chooses moments)
    for number in range(times(4)):
        workspace, inbox = shutil.copytree(night[0], tmp_path / f"workspace{number}"), tmp_path / f"inbox{number}"
        inbox.mkdir()
        watch = started(workspace, inbox)
        watch.catch_up()
        for piece in night[1]:
            put(inbox, piece)
            if chance.random() < 0.5:
                watch = killed(watch, workspace, inbox, chance)
            watch.batch()
        watch.catch_up(rest=True)
        assert at_rest(workspace) == undisturbed[0]


def killed(watch: Watch, workspace: Path, inbox: Path, chance: random.Random) -> Watch:
    """Kill it at a step of its batch, or after its lines; gives the one that is started then."""
    steps = chance.randrange(9)

    def at_step(_: str) -> None:
        nonlocal steps
        steps -= 1
        if steps < 0:
            raise KilledError

    if steps == 8:
        watch._tellings.__class__ = Killing
    with pytest.raises(KilledError):
        watch.batch(at_step)
        raise KilledError  # it had ended before
    return started(workspace, inbox)


def test_a_whole_look_comes_in_time():
    """When no file has come for a while, when the ledger has grown, and as often as whole looks may take time."""
    now = [100.0]
    pace, settings = Pace(lambda: now[0]), WatchSettings(idle_seconds=60, grown_percent=5, whole_percent=20)
    with pace.whole(1_000):
        now[0] += 8
    pace.file_came()

    assert not pace.is_due(settings, 1_050)
    assert pace.is_due(settings, 1_051)
    now[0] += 39
    assert not pace.is_due(settings, 1_000)
    now[0] += 1  # eight seconds are a fifth of the forty since then
    assert pace.is_due(settings, 1_000)
    pace.file_came()
    with pace.whole(1_000):
        now[0] += 20
    now[0] += 39
    assert not pace.is_due(settings, 1_000)
    now[0] += 1
    assert pace.is_due(settings, 1_000)


def test_lines_that_could_not_be_written_are_told_by_the_next_try(night, undisturbed, tmp_path: Path):
    """A quick look knows what it has seen; where nobody was told of it, the next look is whole and tells it."""
    known, pieces = night
    workspace, inbox = shutil.copytree(known, tmp_path / "workspace"), tmp_path / "inbox"
    inbox.mkdir()
    watch = started(workspace, inbox)
    watch.batch()
    watch.catch_up()
    for piece in pieces[:-1]:
        put(inbox, piece)
        watch.batch()
    put(inbox, pieces[-1])
    tellings = watch._tellings
    written = tellings.add

    def fails(added: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if any(line["kind"] in ("finding", "chain") for line in added):
            raise EngineError("no room is left on the disk")
        return written(added)

    tellings.add = fails  # type: ignore[method-assign]
    with pytest.raises(EngineError):
        watch.batch()
    tellings.add = written  # type: ignore[method-assign]
    again = {line["key"] for line in watch.batch()}
    quick = {line["key"] for line in undisturbed[1] if line.get("look") and line["kind"] in ("finding", "chain")}
    last = max(line["batch"] for line in undisturbed[1] if line.get("look"))
    lost = {line["key"] for line in undisturbed[1] if line["batch"] == last} & quick
    # A whole look knows chance anew, and may find one or the other less sure.
    assert len(again & lost) > 0.8 * len(lost) > 0
