"""The journal: nothing acknowledged is lost, nothing is edited unseen, and two can write."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mulegraph.errors import DataError, UsageError
from mulegraph.journal.journal import START, Entry, Journal
from tests.thorough import examples, times

KILLS = times(200)


@pytest.fixture
def journal(tmp_path) -> Journal:
    made = Journal(tmp_path)
    for number in range(5):
        made.append("noted", "CASE-1", text=f"note {number} é\n")
    return made


def test_entries_come_back_as_they_were_written(journal):
    """Who, when, what, about what, and anything else; numbered from one, each holding the hash before."""
    entries = list(journal.entries())

    assert [entry.number for entry in entries] == [1, 2, 3, 4, 5]
    assert entries[3].facts["text"] == "note 3 é\n"
    assert entries[0].before == START
    assert all(later.before == earlier.hash for earlier, later in zip(entries, entries[1:], strict=False))
    assert entries[0].who and entries[0].at.endswith("Z")
    assert stat.S_IMODE(journal.path.stat().st_mode) == 0o600
    assert not journal.verify().wrong


def test_each_line_is_one_json_object(journal):
    """Any tool can read it, and a line break in a note does not break a line."""
    assert len([json.loads(line) for line in journal.path.read_text(encoding="utf-8").splitlines()]) == 5


def written(folder: Path) -> tuple[Journal, bytes]:
    journal = Journal(folder)
    for number in range(4):
        journal.append("noted", text=str(number))
    return journal, journal.path.read_bytes()


@examples(150)
@given(data=st.data())
def test_any_edit_is_found(tmp_path_factory, data):
    """A byte changed, a byte put in, a line taken out, doubled or moved: verify says so."""
    journal, content = written(tmp_path_factory.mktemp("edit"))
    place = data.draw(st.integers(0, len(content) - 1))
    lines = content.splitlines(keepends=True)
    one, other = data.draw(st.permutations(range(4)))[:2]
    moved = [*lines]
    moved[one], moved[other] = moved[other], moved[one]
    edits = {
        "changed": content[:place] + bytes([content[place] ^ data.draw(st.integers(1, 255))]) + content[place + 1 :],
        "put in": content[:place] + b"7" + content[place:],
        "taken out": content[:place] + content[place + 1 :],
        "line out": b"".join(lines[:one] + lines[one + 1 :]),
        "line twice": b"".join([*lines, lines[one]]),
        "moved": b"".join(moved),
        "cut": b"".join(lines[:one]),
    }
    journal.path.write_bytes(edits[data.draw(st.sampled_from(sorted(edits)))])

    assert journal.verify().wrong


def test_a_rewritten_line_with_a_right_hash_is_found(journal):
    """Who edits a line and makes its hash anew still breaks the line after it, or the head."""
    lines = journal.path.read_bytes().splitlines(keepends=True)
    for number in range(5):
        entry = Entry.parse(lines[number])
        forged = Entry(**{**entry.content, "who": "somebody else"}, hash="")
        forged = Entry(**forged.content, hash=forged.digest)
        journal.path.write_bytes(b"".join([*lines[:number], forged.line, *lines[number + 1 :]]))
        assert journal.verify().wrong, number


def test_a_journal_or_head_that_is_gone_is_missed(journal):
    """Deleting either file is an edit."""
    head = journal.folder / "journal.head"
    kept = head.read_bytes()
    head.unlink()
    assert "journal.head" in journal.verify().wrong[0]
    head.write_bytes(kept)
    journal.path.unlink()
    assert journal.verify().wrong


def test_a_line_torn_at_any_byte_is_mended_by_the_next_entry(tmp_path):
    """Half a line was acknowledged to nobody; it is set aside, said so, and the rest reads on."""
    journal, content = written(tmp_path)
    before = content[: content.rindex(b"\n", 0, -1) + 1]
    heads = (tmp_path / "journal.head").read_bytes()
    for end in range(len(before) + 1, len(content)):
        journal.path.write_bytes(content[:end])
        (tmp_path / "journal.head").write_bytes(heads)
        told: list[str] = []
        reader = Journal(tmp_path, notify=told.append)
        assert len(list(reader.entries())) == 3

        reader.append("noted", text="after")

        whole = end == len(content) - 1  # only its end was missing, so it is kept
        assert len(list(reader.entries())) == (5 if whole else 4)
        assert len(told) == 1 and str(journal.path) in told[0]
        assert not reader.verify().wrong


def test_two_writers_lose_nothing(tmp_path):
    """Their entries stand in one chain, each whole."""
    program = "import sys; from pathlib import Path; from mulegraph.journal.journal import Journal\n"
    program += "for n in range(100): Journal(Path(sys.argv[1])).append('noted', writer=sys.argv[2], n=n)"
    both = [subprocess.Popen([sys.executable, "-c", program, str(tmp_path), each]) for each in "ab"]
    assert [each.wait(60) for each in both] == [0, 0]

    entries = list(Journal(tmp_path).entries())
    for writer in "ab":
        assert [entry.facts["n"] for entry in entries if entry.facts["writer"] == writer] == list(range(100))
    assert not Journal(tmp_path).verify().wrong


def test_a_writer_killed_at_any_moment_loses_no_acknowledged_entry(tmp_path):
    """Killed many times in the middle of writing: all that was acknowledged is there, and the journal reads on."""
    acknowledged = 0
    for _ in range(KILLS):
        acknowledged += _killed_writer(tmp_path, after=_ % 4)
    journal = Journal(tmp_path)
    journal.append("noted", text="still alive")

    entries = list(journal.entries())

    assert acknowledged < len(entries) <= acknowledged + KILLS + 1
    assert not journal.verify().wrong


def _killed_writer(folder: Path, *, after: int) -> int:
    """Let a process write until it is killed, some while after so many acknowledgements; gives how many it made."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        os.close(read)
        journal = Journal(folder)
        while True:
            journal.append("noted", text="x" * 2_000)
            os.write(write, b".")
    os.close(write)
    seen = 0
    while seen < after:
        seen += len(os.read(read, 1))
    for _ in range(hash(os.urandom(4)) % 200_000):  # some time, another each time
        pass
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    while more := os.read(read, 4096):
        seen += len(more)
    os.close(read)
    return seen


def test_an_edited_journal_is_not_written_on(journal):
    """An edit is named by its line, for readers and writers."""
    content = journal.path.read_bytes()
    journal.path.write_bytes(content.replace(b"note 4", b"note X"))
    with pytest.raises(DataError, match="journal verify"):
        journal.append("noted")
    with pytest.raises(DataError, match=r"journal\.jsonl:5"):
        list(journal.entries())


def test_an_empty_workspace_has_an_empty_journal(tmp_path):
    """Nothing was done yet, which is well."""
    assert list(Journal(tmp_path).entries()) == []
    assert Journal(tmp_path).verify().wrong == []


def test_a_place_that_cannot_be_written_is_bad_use(tmp_path):
    """The message names it."""
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="file"):
        Journal(tmp_path / "file").append("noted")
