"""The ledger on disk: killed at any moment, loaded twice at once, read meanwhile."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from mulegraph.errors import EngineError, UsageError
from mulegraph.ingest.load import load
from mulegraph.ledger import store as store_module
from mulegraph.ledger.ledger import Ledger
from mulegraph.ledger.store import Store
from tests.thorough import times

from .conftest import Bank

ROWS = 60_000
KILLS = times(24)

LOAD = """
import os, signal, sys
from pathlib import Path
from mulegraph.ingest.load import load
from mulegraph.ingest.mapping import FileMapping
moment = sys.argv[3]
rename = Path.replace
def replace(self, target):
    if Path(target).name == "CURRENT" and moment == "before the rename":
        os.kill(os.getpid(), signal.SIGKILL)
    done = rename(self, target)
    if Path(target).name == "CURRENT" and moment == "after the rename":
        os.kill(os.getpid(), signal.SIGKILL)
    return done
Path.replace = replace
def told(name, read, size):
    if moment == "while reading " + name:
        os.kill(os.getpid(), signal.SIGKILL)
    if moment == "wait":
        print("reading", flush=True)
        sys.stdin.readline()
print("ready", flush=True)
load(Path(sys.argv[1]), Path(sys.argv[2]), progress=told)
print("done", flush=True)
"""


def transfers(start: int, count: int) -> list[str]:
    return [
        f"t{start + n},ann,bob,1.00,EUR,2026-03-{1 + n % 9:02}T09:00:{n % 60:02}Z,instant,{n * 7919}"
        for n in range(count)
    ]


def start_load(bank: Bank, moment: str = "") -> subprocess.Popen[str]:
    command = [sys.executable, "-c", LOAD, str(bank.folder), str(bank.workspace), moment]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def stray_files(bank: Bank) -> list[str]:
    """Files of the ledger that neither it nor the last snapshot's readers need."""
    store = Store(bank.workspace / "ledger")
    named = {file.path for file in store.current().files}
    found = {path.relative_to(store.data).as_posix() for path in store.data.rglob("*") if path.is_file()}
    unfinished = [str(path) for path in bank.workspace.rglob(".*.tmp")]
    return sorted(found - named) + unfinished


@pytest.fixture
def old_and_new(bank: Bank) -> tuple[Bank, str, str]:
    """A loaded bank, its files replaced by more; and the hashes of the ledger before and after."""
    bank.transfers(*transfers(0, 1000))
    old = bank.load().ledger_hash
    bank.transfers(*transfers(0, 1000), *transfers(1000, ROWS))
    bank.write("accounts-new.csv", "account_id,bank,kind,currency\nzoe,own,personal,EUR\n")
    elsewhere = Bank(bank.folder, bank.workspace / "elsewhere")
    return bank, old, elsewhere.load().ledger_hash


def test_a_load_killed_at_any_moment_leaves_the_old_ledger_or_the_new(old_and_new: tuple[Bank, str, str]):
    """Kills spread over a load's length, the next load mending each: never anything between."""
    bank, old, new = old_and_new
    chance, seen = random.Random(7), set()  # noqa: S311
    process = start_load(Bank(bank.folder, bank.workspace / "timed"))
    began = time.monotonic()
    assert process.wait(60) == 0
    length = time.monotonic() - began
    end(process)
    for turn in range(KILLS):
        if bank.ledger.hash == new:
            restore_old(bank, old)
        process = start_load(bank)
        time.sleep(length * 1.4 * (turn + chance.random()) / KILLS)
        end(process)
        seen.add(bank.ledger.hash)
        assert bank.ledger.hash in (old, new)
        assert bank.ledger.transfers.count().execute() == sum(f.rows for f in bank.ledger.snapshot.of("transfers"))

    assert old in seen
    assert bank.load().ledger_hash == new
    bank.load()
    bank.load()
    assert stray_files(bank) == []


def restore_old(bank: Bank, old: str) -> None:
    """Bring the old ledger back by loading the old files into an empty workspace."""
    for path in sorted((bank.workspace / "ledger").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    whole = (bank.folder / "transfers.csv").read_bytes()
    extra = (bank.folder / "accounts-new.csv").read_bytes()
    (bank.folder / "accounts-new.csv").unlink()
    bank.transfers(*transfers(0, 1000))
    assert bank.load().ledger_hash == old
    bank.write("transfers.csv", whole)
    bank.write("accounts-new.csv", extra)


@pytest.mark.parametrize(
    ("moment", "is_new"),
    [
        ("while reading accounts-new.csv", False),
        ("while reading transfers.csv", False),
        ("before the rename", False),
        ("after the rename", True),
    ],
)
def test_a_load_killed_around_the_rename_is_whole(old_and_new: tuple[Bank, str, str], moment: str, is_new: bool):
    """The rename of CURRENT is the moment: the old ledger before it, the new one after it."""
    bank, old, new = old_and_new
    process = start_load(bank, moment)
    assert process.wait(60) == -signal.SIGKILL
    process.communicate()

    assert bank.ledger.hash == (new if is_new else old)
    assert bank.ledger.rows("transfers") == (1000 + ROWS if is_new else 1000)

    report = bank.load()
    assert report.ledger_hash == new
    assert report.changed is not is_new
    bank.load()
    bank.load()
    assert stray_files(bank) == []


def test_a_second_load_says_that_another_is_running(bank: Bank, monkeypatch: pytest.MonkeyPatch):
    """It waits a little, then ends with exit code 4 and advice; the first one is not disturbed."""
    bank.transfers(*transfers(0, 10))
    bank.load()
    bank.transfers(*transfers(10, 10))
    process = start_load(bank, "wait")
    assert process.stdout is not None
    assert process.stdin is not None
    assert process.stdout.readline() == "reading\n"
    monkeypatch.setattr(store_module, "LOCK_SECONDS", 0.2)

    with pytest.raises(EngineError, match="another load is running") as caught:
        bank.load()

    assert caught.value.exit_code == 4
    assert bank.ledger.rows("transfers") == 10
    process.communicate("\n" * 10, timeout=60)
    assert bank.ledger.rows("transfers") == 20


def test_the_lock_of_a_killed_load_is_free(bank: Bank, monkeypatch: pytest.MonkeyPatch):
    """Nobody has to delete a lock file by hand."""
    monkeypatch.setattr(store_module, "LOCK_SECONDS", 0.2)
    bank.transfers(*transfers(0, 10))
    process = start_load(bank, "wait")
    assert process.stdout is not None
    process.stdout.readline()
    end(process)

    assert bank.load().tables["transfers"].taken == 10


def test_a_reader_sees_its_snapshot_while_loads_go_on(bank: Bank):
    """A ledger opened before two loads reads its own rows during and after them."""
    bank.transfers(*transfers(0, 1000))
    bank.load()
    reader = bank.ledger
    counts, trouble, stop = [], [], threading.Event()

    def read() -> None:
        try:
            while not stop.is_set():
                counts.append(reader.arrow("transfers", ["transfer_id"]).num_rows)
        except Exception as error:
            trouble.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    for start in (1000, 2000):
        bank.transfers(*transfers(start, 1000))
        bank.load()
    stop.set()
    thread.join()

    assert trouble == []
    assert set(counts) == {1000}
    assert reader.transfers.count().execute() == 1000
    assert bank.ledger.rows("transfers") == 3000


def test_files_of_long_gone_snapshots_are_swept(bank: Bank):
    """A ledger does not grow with the number of loads."""
    for start in range(5):
        bank.transfers(*transfers(start * 10, 10))
        bank.load()
    bank.load()
    bank.load()

    assert stray_files(bank) == []


def test_a_stopped_load_leaves_no_stray_files(bank: Bank, old_and_new: tuple[Bank, str, str]):
    """Tables written before the one that stopped the load are swept by the next."""
    bank, old, _ = old_and_new
    bank.write("reports.csv", "report_id\nx\n")
    with pytest.raises(Exception, match=r"reports\.csv"):
        bank.load()
    assert bank.ledger.hash == old
    (bank.folder / "reports.csv").unlink()
    bank.load()
    bank.load()
    bank.load()

    assert stray_files(bank) == []


@pytest.mark.parametrize("text", ["", "{", "[]", '{"number": 1}', '{"number": 1, "files": [{}], "loaded": {}}'])
def test_a_damaged_list_of_files_is_told_not_overwritten(bank: Bank, text: str):
    """Neither reading nor loading takes a broken ledger for an empty one."""
    bank.transfers(*transfers(0, 1))
    bank.load()
    current = bank.workspace / "ledger" / "CURRENT"
    current.write_text(text, encoding="utf-8")

    for act in (bank.load, lambda: Ledger(bank.workspace / "ledger")):
        with pytest.raises(EngineError, match="CURRENT"):
            act()
    assert current.read_text(encoding="utf-8") == text


def test_a_damaged_list_of_the_last_snapshot_is_no_trouble(bank: Bank):
    """It only says what running readers still need."""
    bank.transfers(*transfers(0, 1))
    bank.load()
    (bank.workspace / "ledger" / "PREVIOUS").write_text("{", encoding="utf-8")

    bank.load()


def test_a_workspace_that_cannot_be_made_is_bad_use(bank: Bank, tmp_path: Path):
    """A file stands where the folder should be."""
    bank.transfers(*transfers(0, 1))
    (tmp_path / "taken").write_text("x", encoding="utf-8")
    bank.workspace = tmp_path / "taken"

    with pytest.raises(UsageError, match="taken"):
        bank.load()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_workspace_that_may_not_be_written_is_bad_use(bank: Bank):
    """The option to change is --workspace."""
    bank.transfers(*transfers(0, 1))
    bank.workspace.mkdir(mode=0o500)

    with pytest.raises(UsageError) as caught:
        bank.load()

    assert "--workspace" in caught.value.hint


def test_nothing_loaded_yet_is_bad_use(tmp_path: Path):
    """The way out is the command to run."""
    with pytest.raises(UsageError, match="nothing is loaded") as caught:
        Ledger(tmp_path / "ledger")

    assert "mulegraph load" in caught.value.hint


def test_a_ledger_of_an_earlier_version_is_neither_read_nor_added_to(tmp_path: Path):
    """Its tables lack columns; the message says so, whatever table it is."""
    files = tmp_path / "files"
    files.mkdir()
    (files / "accounts.csv").write_text("account_id,bank,kind,currency\nX1,B,personal,EUR\nX2,B,personal,EUR\n")
    (files / "transfers.csv").write_text(
        "transfer_id,source,target,amount,currency,at,channel\nT1,X1,X2,5.00,EUR,2026-02-03T10:00:00Z,online\n"
    )
    load(files, tmp_path / "workspace")
    store = Store(tmp_path / "workspace" / "ledger")
    for table in ("transfers", "accounts"):
        (file,) = store.current().of(table)
        path = store.data / file.path
        whole = pq.read_table(path)
        path.chmod(0o644)
        pq.write_table(whole.drop_columns([whole.column_names[-1]]), path)

        with pytest.raises(UsageError, match="earlier version"):
            Ledger(store.folder)
        with pytest.raises(UsageError, match="earlier version"):
            load(files, tmp_path / "workspace")

        pq.write_table(whole, path)
