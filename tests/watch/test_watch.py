"""Files as they come: what is told after each, once, and that after the day it is what the night finds."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from mulegraph.errors import EXIT_BAD_USE, EXIT_ENGINE
from mulegraph.journal.journal import Journal
from mulegraph.schema.tables import CASH_IN, CASH_OUT
from mulegraph.watch.inbox import Inbox
from mulegraph.workspace.look import FOLDER, SIGNS
from mulegraph.workspace.run import Runs
from mulegraph.workspace.unfinished import only_one
from tests import command
from tests.thorough import THOROUGH

KILLS = 60 if THOROUGH else 4
LATE = ("transfers", "device_use", "card_events", "reports")
"""Tables that come in pieces; the others are there from the first."""
PIECES = 3
SERVE = """
import os, sys
import duckdb, ibis, numba, pandas, scipy.stats, networkx, mulegraph.watch.watch, mulegraph.cli.app
from mulegraph.__main__ import run
for order in sys.stdin:
    if os.fork() == 0:
        sys.argv = ["mulegraph", *order.split()]
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os._exit(run())
    print("ended", os.wait()[1], flush=True)
"""


def pieces_of(files: Path) -> list[dict[str, str]]:
    """The content of the files that come with each piece, by name."""
    pieces: list[dict[str, str]] = [{} for _ in range(PIECES)]
    for path in sorted(files.glob("*.csv")):
        head, *rows = path.read_text().splitlines()
        count = PIECES if path.stem in LATE else 1
        for number in range(count):
            part = rows[number * len(rows) // count : (number + 1) * len(rows) // count]
            pieces[number][f"{path.stem}-{number}.csv"] = "\n".join([head, *part]) + "\n"
    return pieces


def put(folder: Path, files: dict[str, str]) -> None:
    """Files that were written elsewhere a while ago and renamed in."""
    for name, content in files.items():
        path = folder.with_name("elsewhere")
        path.write_text(content)
        os.utime(path, (0, time.time() - 60))
        path.rename(folder / name)


def once(inbox: Path, workspace: Path, *more: str) -> command.Done:
    done = command.run("watch", inbox, "-w", workspace, "--once", *more)
    assert done.code == 0, done.err
    return done


def told(workspace: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (workspace / FOLDER / "told.jsonl").read_text().splitlines()]


def without_times(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in line.items() if name != "at"} for line in lines]


def still_so(lines: list[dict[str, Any]]) -> set[str]:
    """Findings that were told and not withdrawn since."""
    so: set[str] = set()
    for line in lines:
        if line["kind"] == "finding":
            so.add(line["finding"])
        elif line["kind"] == "withdrawn":
            so.remove(line["finding"])
    return so


@pytest.fixture(scope="module")
def pieces(few_cases: Path) -> list[dict[str, str]]:
    return pieces_of(few_cases.with_name("few_files"))


@pytest.fixture(scope="module")
def undisturbed(pieces, tmp_path_factory) -> tuple[Path, Path]:
    """A workspace that was fed in pieces, one batch each, and its inbox."""
    folder = tmp_path_factory.mktemp("watched")
    inbox = folder / "inbox"
    inbox.mkdir()
    for piece in pieces:
        put(inbox, piece)
        once(inbox, folder / "workspace")
    return folder / "workspace", inbox


def test_after_the_day_the_watch_has_found_what_the_night_finds(undisturbed, few_cases: Path):
    """For the signs that can be told at once: the same findings, facts, benign tests and chains, to the last digit."""
    workspace, _ = undisturbed
    day, night = Runs(workspace / FOLDER).all()[-1], Runs(few_cases).all()[-1]
    assert day.manifest["ledger"]["hash"] == night.manifest["ledger"]["hash"]

    for part in ("findings", "benign", "chains", *(f"facts/{sign}" for sign in SIGNS)):
        ours, theirs = day.table(part), night.table(part)
        if part in ("findings", "benign"):
            ids = night.table("findings").filter(pc.is_in(night.table("findings")["sign"], pa.array(SIGNS)))["finding"]
            theirs = theirs.filter(pc.is_in(theirs["finding"], ids.combine_chunks()))
            ours, theirs = ours.sort_by("finding"), theirs.sort_by("finding")
        assert ours.equals(theirs), part
    assert still_so(told(workspace)) == set(day.table("findings")["finding"].to_pylist())


def test_what_is_told_is_masked_and_in_the_journal(undisturbed):
    """No line names an account; the journal says what each batch told, and each file is put aside."""
    workspace, inbox = undisturbed
    lines = told(workspace)
    accounts = Runs(workspace / FOLDER).all()[-1].table("findings")["accounts"].combine_chunks()
    text = (workspace / FOLDER / "told.jsonl").read_text()

    named = set(pc.list_flatten(accounts).to_pylist()) - {CASH_IN, CASH_OUT}
    assert not [each for each in named if f'"{each}"' in text]
    assert {"loaded", "finding", "chain", "money"} <= {line["kind"] for line in lines}
    entries = [each for each in Journal(workspace).entries() if each.what == "watched"]
    in_journal = {each for entry in entries for found in entry.facts["findings"].values() for each in found}
    assert in_journal == {line["finding"] for line in lines if line["kind"] == "finding"}
    assert len({entry.facts["batch"] for entry in entries}) == len(entries)
    assert not list((inbox / "taken").iterdir())
    assert len(list((inbox / "done").iterdir())) == sum(line["kind"] == "loaded" for line in lines)


def test_nothing_new_tells_nothing(undisturbed):
    """A watch that starts again over the same ledger has nothing to say."""
    workspace, inbox = undisturbed
    before = told(workspace)

    assert once(inbox, workspace).out == ""
    assert told(workspace) == before


@pytest.fixture(scope="module")
def watches() -> Iterator[subprocess.Popen[str]]:
    """A process that has the engines imported, and forks one process for each watch, which is then killed."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as process:
        yield process
        process.stdin.close()


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc to find the process to kill")
def test_a_killed_watch_loses_nothing_and_repeats_nothing(undisturbed, pieces, watches, tmp_path: Path):
    """Killed at random moments of each batch: the file of lines is, but for the times, the undisturbed one's."""
    chance = random.Random(os.urandom(8))  # noqa: S311 (chooses moments)
    expected = without_times(told(undisturbed[0]))
    for number in range(0, KILLS, 4):
        workspace, inbox = tmp_path / f"workspace{number}", tmp_path / f"inbox{number}"
        inbox.mkdir()
        workspace.mkdir()
        shutil.copy(undisturbed[0] / "masking.key", workspace)  # the same tokens
        for piece in pieces:
            put(inbox, piece)
            for _ in range(2 if piece is pieces[-1] else 1):
                watches.stdin.write(f"watch {inbox} -w {workspace} --once\n")
                time.sleep(chance.random() * 3)
                for child in Path(f"/proc/{watches.pid}/task/{watches.pid}/children").read_text().split():
                    os.kill(int(child), signal.SIGKILL)
                watches.stdout.readline()
            once(inbox, workspace)
        assert without_times(told(workspace)) == expected


def test_a_bad_file_is_refused_with_its_reason_and_the_others_are_loaded(few_cases: Path, pieces, tmp_path: Path):
    """It is put aside under its name, the reason beside it; the good one of the same batch is in the ledger."""
    workspace, inbox = tmp_path / "workspace", tmp_path / "inbox"
    shutil.copytree(few_cases / "ledger", workspace / "ledger")
    inbox.mkdir()
    head = "transfer_id,source,target,amount,currency,at,channel\n"
    put(inbox, {"transfers-2.csv": pieces[0]["transfers-0.csv"] + "X2,NOBODY1,NOBODY2,1.00,EUR,then,instant,,,\n"})
    put(inbox, {"transfers-1.csv": head + "X1,NOBODY1,NOBODY2,9.5k,EUR,then,instant\n" * 20, "notes.doc": "hello"})
    done = once(inbox, workspace)

    lines = {line["file"]: line for line in told(workspace) if line["kind"] == "refused"}
    assert set(lines) == {"transfers-1.csv", "notes.doc"}
    assert "NOBODY" not in done.out
    (reason,) = (inbox / "refused").glob("*transfers-1.csv.reason.txt")
    assert reason.read_text().strip() == lines["transfers-1.csv"]["why"]
    assert told(workspace)[0]["kind"] == "started"
    (loaded,) = [line for line in told(workspace) if line["kind"] == "loaded"]
    assert (loaded["file"], loaded["rejected"]) == ("transfers-2.csv", 1)
    assert "1 of its rows were rejected" in done.out


def test_settings_that_do_not_fit_are_no_fault_of_the_files(few_cases: Path, pieces, tmp_path: Path):
    """The watch ends with exit code 2 and refuses nothing; once the settings are mended the files are loaded."""
    workspace, inbox = tmp_path / "workspace", tmp_path / "inbox"
    shutil.copytree(few_cases / "ledger", workspace / "ledger")
    inbox.mkdir()
    once(inbox, workspace)
    put(inbox, {"accounts-0.csv": pieces[0]["accounts-0.csv"]})
    (workspace / "mulegraph.toml").write_text("[flow]\nwindow = 6\n")

    assert command.run("watch", inbox, "-w", workspace, "--once").code == EXIT_BAD_USE
    assert not (inbox / "refused").exists()
    (workspace / "mulegraph.toml").unlink()
    assert "loaded accounts-0.csv" in once(inbox, workspace).out


def test_what_is_not_whole_yet_is_left(tmp_path: Path):
    """Hidden files, copies in progress, and a file that was written to a moment ago, until it has stood still."""
    for name in (".transfers-1.csv", "transfers-1.csv.part", "transfers-2.csv"):
        (tmp_path / name).write_text("transfer_id\n")
    inbox = Inbox(tmp_path)

    assert inbox.take() == []
    os.utime(tmp_path / "transfers-2.csv", (0, time.time() - 60))
    assert inbox.take() == ["transfers-2.csv"]


def test_the_second_of_two_watches_is_told_who_runs(few_cases: Path, tmp_path: Path):
    """Exit code 4, and whose process it is."""
    shutil.copytree(few_cases / "ledger", tmp_path / "workspace" / "ledger")
    with only_one(tmp_path / "workspace" / FOLDER, "watching"):
        done = command.run("watch", tmp_path, "-w", tmp_path / "workspace", "--once")

    assert done.code == EXIT_ENGINE
    assert f"process {os.getpid()}" in done.err


def test_a_folder_that_is_not_there_is_bad_use(tmp_path: Path):
    done = command.run("watch", tmp_path / "none", "-w", tmp_path / "workspace")

    assert done.code == EXIT_BAD_USE


@pytest.mark.parametrize("name", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_watch_cleanly(undisturbed, pieces, tmp_path: Path, name: signal.Signals):
    """It waits for files, takes one that is renamed in, and ends with code 0 when it is told to."""
    workspace = shutil.copytree(undisturbed[0], tmp_path / "workspace")
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "mulegraph", "watch", str(inbox), "-w", str(workspace)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr.readline().startswith("watching")
    put(inbox, {"accounts-0.csv": pieces[0]["accounts-0.csv"]})
    assert "loaded accounts-0.csv" in process.stdout.readline()
    process.send_signal(name)

    assert process.wait(60) == 0
    assert "stopped" in process.stderr.read()
    process.stdout.close()
    process.stderr.close()


def test_a_folder_that_cannot_be_written_is_an_error_with_a_hint(tmp_path: Path):
    """Exit code 4, which folder, and what to check; a place for files that is a file is one, too."""
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / "taken").write_text("in the way")
    done = command.run("watch", inbox, "-w", tmp_path / "workspace", "--once")
    (inbox / "taken").unlink()
    put(inbox, {"notes.doc": "hello"})
    # A file would be one that has come, as soon as nobody has written to it for a while.
    (inbox / "refused").symlink_to(tmp_path / "nowhere")
    later = command.run("watch", inbox, "-w", tmp_path / "workspace", "--once")

    assert (done.code, later.code) == (EXIT_ENGINE, EXIT_ENGINE)
    assert f"{inbox / 'taken'}: File exists" in done.err.replace("\n", "")
    assert "may be read and written" in done.err.replace("\n", " ")
    assert (inbox / "taken" / "notes.doc").exists()


def test_a_deleted_state_leaves_no_later_batch_out_of_the_journal(tmp_path: Path):
    """Batches are numbered on from the file of lines, and each stands in the journal."""
    workspace, inbox = tmp_path / "workspace", tmp_path / "inbox"
    inbox.mkdir()
    for name in ("one.doc", "two.doc"):
        put(inbox, {name: "hello"})
        once(inbox, workspace)
        (workspace / FOLDER / "told.json").unlink()
    entries = [each for each in Journal(workspace).entries() if each.what == "watched"]

    assert [each.facts["refused"] for each in entries] == [1, 1]
    assert len({each.facts["batch"] for each in entries}) == 2
    assert len({line["batch"] for line in told(workspace)}) == 4


ACCOUNTS = "account_id,bank,kind,currency\nA1,Bank,personal,EUR\nA2,Bank,personal,EUR\n"
HEAD = "transfer_id,source,target,amount,currency,at,channel\n"
GOOD = HEAD + "T1,A1,A2,9.50,EUR,2026-05-01T10:00:00Z,instant\n"


def first_delivery(folder: Path, files: dict[str, str]) -> dict[str, str | None]:
    """What becomes of the files that come first to a new workspace: why each is refused, None for a loaded one."""
    inbox = folder / "inbox"
    inbox.mkdir()
    put(inbox, files)
    once(inbox, folder / "workspace")
    return {line["file"]: line.get("why") for line in told(folder / "workspace") if "file" in line}


def test_a_file_that_nobody_can_read_is_refused_beside_good_ones(tmp_path: Path):
    """Also where it stands in an archive, and where it is a link that leads nowhere: none is told as loaded."""
    with zipfile.ZipFile(tmp_path / "packed", "w") as archive:
        archive.writestr("transfers-2.csv", GOOD.replace("T1", "T2"))
        archive.writestr("letter.doc", "hello")
    (tmp_path / "inbox").mkdir()
    (tmp_path / "packed").rename(tmp_path / "inbox" / "export.zip")
    (tmp_path / "target.csv").write_text(GOOD)
    (tmp_path / "inbox" / "transfers-3.csv").symlink_to("../target.csv")
    for path in (tmp_path / "target.csv", tmp_path / "inbox" / "export.zip"):
        os.utime(path, (0, time.time() - 60))
    put(tmp_path / "inbox", {"accounts.csv": ACCOUNTS, "notes.doc": "hello", "transfers.csv": GOOD})
    once(tmp_path / "inbox", tmp_path / "workspace")
    why = {line["file"]: line.get("why") for line in told(tmp_path / "workspace") if "file" in line}

    assert (why["accounts.csv"], why["transfers.csv"]) == (None, None)
    assert why["notes.doc"].startswith("notes.doc: cannot be read. What is read: ")
    assert why["export.zip"].startswith("export.zip: letter.doc in it cannot be read. The rest of it is loaded.")
    assert why["transfers-3.csv"].startswith("transfers-3.csv: cannot be read (No such file")
    assert len(list((tmp_path / "inbox" / "refused").glob("*.reason.txt"))) == 3


def test_one_bad_file_of_a_first_delivery_is_refused_for_what_is_wrong_with_it(tmp_path: Path):
    """The others are loaded; what the bad one lacks is told, and not what a file lacks when it is alone."""
    bad = GOOD.replace(",channel", "").replace(",instant", "")
    why = first_delivery(tmp_path, {"accounts.csv": ACCOUNTS, "transfers-1.csv": bad, "transfers-2.csv": GOOD})

    assert (why["accounts.csv"], why["transfers-2.csv"]) == (None, None)
    assert "channel" in why["transfers-1.csv"]


def test_a_first_delivery_that_lacks_its_transfers_names_the_bad_file(tmp_path: Path):
    """Accounts alone make no ledger: they are told what was refused beside them, by the name of the inbox."""
    bad = GOOD.replace(",channel", "").replace(",instant", "")
    why = first_delivery(tmp_path, {"accounts.csv": ACCOUNTS, "transfers.csv": bad})

    assert "channel" in why["transfers.csv"]
    assert why["accounts.csv"].startswith(f"{tmp_path / 'inbox'}: transfers.csv")
    assert why["accounts.csv"].endswith("It came with transfers.csv, refused as well: bring them together.")


def test_two_bad_files_of_a_first_delivery_have_a_reason_each(tmp_path: Path):
    """Neither error names its file at its beginning: rows that break rules are told of their table."""
    bad = HEAD + "".join(f"X{row},A1,A2,9.5k,EUR,then,instant\n" for row in range(20))
    files = {"transfers-1.csv": bad, "transfers-2.csv": bad.replace("X", "Y")}
    why = first_delivery(tmp_path, {"accounts.csv": ACCOUNTS, "transfers.csv": GOOD, **files})

    assert "transfers-1.csv:2:" in why["transfers-1.csv"]
    assert "transfers-2.csv:2:" in why["transfers-2.csv"]
    assert {name for name, reason in why.items() if reason is None} == {"accounts.csv", "transfers.csv"}
