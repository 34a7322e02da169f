"""The terminal browser, driven by keys alone as a person would, over the real sample."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pandas as pd
import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.widgets import Input, Static

from mulegraph.cli.browse.app import Browser
from mulegraph.cli.browse.asking import Reading
from mulegraph.cli.browse.rows import Rows
from mulegraph.views.notebook import NotebookWorkspace
from mulegraph.workspace.workspace import Workspace

SIZES = [(80, 24), (120, 40)]


@pytest.fixture(scope="module")
def own(workspace: NotebookWorkspace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the scanned sample, which may be changed."""
    folder = tmp_path_factory.mktemp("browse") / "workspace"
    shutil.copytree(workspace.folder, folder)
    return folder


def driven(
    folder: Path,
    keys: Callable[[Browser, Pilot[None]], Awaitable[None]],
    *,
    size: tuple[int, int] = (80, 24),
    **how: str,
) -> list[str]:
    """Run the real app without a terminal, let `keys` press keys; gives addresses that it would open in a browser."""
    opened: list[str] = []

    def show(address: str) -> bool:
        opened.append(address)
        return True

    async def run() -> None:
        app = Browser(NotebookWorkspace(folder, **how), pages=folder.parent / "pages", show=show)
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            await keys(app, pilot)

    asyncio.run(run())
    return opened


def seen(app: App[None]) -> str:
    """The text of the whole screen, as it stands in a screenshot."""
    svg = app.export_screenshot()
    return re.sub(r"<[^>]+>", "\n", svg).replace("&#160;", " ")


def rows_of(app: App[None]) -> Rows:
    focused = app.focused
    assert isinstance(focused, Rows)
    return focused


@pytest.mark.parametrize("size", SIZES)
def test_from_the_list_to_a_finding_and_an_account_by_keys(own, size):
    """Cases → case → signs → why; → transfers → the account that was paid; and back all the way."""
    best = NotebookWorkspace(own).cases()["case"][0]

    async def keys(app: Browser, pilot: Pilot[None]) -> None:
        assert best in seen(app)
        await pilot.press("enter")
        assert f"{best}  score" in str(app.screen.query_one("#facts", Static).content)
        assert rows_of(app).id == "accounts"
        await pilot.press("2", "enter")
        assert isinstance(app.screen, Reading)
        assert all(part in app.screen.told for part in ("Values", "Thresholds", "Innocent when", "Benign tests"))
        await pilot.press("escape", "right")
        assert rows_of(app).id == "transfers"
        paid = rows_of(app).chosen["target"]
        await pilot.press("enter")
        assert str(app.screen.query_one("#facts", Static).content).startswith(str(paid))
        await pilot.press("q", "4", "enter")
        assert "barrier" in app.screen.told
        await pilot.press("escape", "escape")
        assert rows_of(app).id == "cases"

    driven(own, keys, size=size)


def test_typing_narrows_sorting_turns_and_status_filters(own):
    """`/` and a word keep what holds it; `s` and `S` sort; `f` goes through open, snoozed, closed."""
    cases = NotebookWorkspace(own).cases()

    async def keys(app: Browser, pilot: Pilot[None]) -> None:
        await pilot.press("slash", *cases["case"][3].lower(), "enter")
        assert rows_of(app).frame["case"].tolist() == [cases["case"][3]]
        await pilot.press("slash", *["backspace"] * 20, "enter")
        assert len(rows_of(app).frame) == len(cases)
        await pilot.press("s", "s", "s")
        sizes = rows_of(app).frame["size"].tolist()
        assert rows_of(app).order == "accounts ↓"
        assert sizes == sorted(sizes, reverse=True)
        await pilot.press("S")
        assert rows_of(app).frame["size"].tolist() == sorted(sizes)
        await pilot.press("f", "f")
        assert rows_of(app).frame.empty
        assert "No case." in seen(app)
        await pilot.press("enter", "v", "n", "end", "f", "f")
        assert len(rows_of(app).frame) == len(cases)

    driven(own, keys)


def test_acts_go_through_the_journal_with_their_checks(own):
    """Note, assign, snooze, reopen, close: what is wrong is told in the window, and not written."""
    case = NotebookWorkspace(own).cases()["case"][1]

    async def keys(app: Browser, pilot: Pilot[None]) -> None:
        await pilot.press("down", "enter", "n", *"seen", "enter")
        await pilot.press("a", *"Noor", "enter")
        await pilot.press("z", *"2020-01-01", "enter", *"why", "enter")
        assert "not in the future" in seen(app)
        await pilot.press("escape", "z", *"2099-01-01", "enter", "enter")
        assert "the reason is empty" in seen(app)
        await pilot.press(*"waiting", "enter")
        await pilot.pause()
        assert "snoozed 2099-01-01 Noor" in str(app.screen.query_one("#facts", Static).content)
        await pilot.press("c", *"guilty", "enter", *"because", "enter")
        assert "Expected one of" in seen(app)
        await pilot.press("escape", "o", *"again", "enter", "c", *"confirmed", "enter", *"told us", "enter", "5")
        await pilot.pause()
        assert rows_of(app).frame["what"].tolist() == ["closed", "reopened", "snoozed", "assigned", "noted"]
        await pilot.press("escape")
        assert "closed confirmed Noor" in rows_of(app).chosen["state"]

    driven(own, keys)

    state = NotebookWorkspace(own).case(case).state
    assert (state["status"], state["disposition"], state["assignee"]) == ("closed", "confirmed", "Noor")
    assert NotebookWorkspace(own).verify_journal().wrong == []


def test_a_view_is_a_file_that_is_opened(own):
    """`v` writes the page of the case, and of an account, and says where."""

    async def keys(app: Browser, pilot: Pilot[None]) -> None:
        await pilot.press("v")
        await pilot.pause()
        assert any(str(own.parent / "pages") in note.message for note in app._notifications)
        await pilot.press("enter", "enter", "v")
        await pilot.pause()

    opened = driven(own, keys)

    assert len(opened) == 2
    for address in opened:
        path = Path(address.removeprefix("file://"))
        assert path.parent == own.parent / "pages"
        assert "Content-Security-Policy" in path.read_text(encoding="utf-8")


def test_everything_is_masked_unless_there_is_a_reason(own):
    """No account number on any screen; with a reason they show, and the journal has it."""
    ids = set(Workspace(own).ledger.account_ids.to_pylist())

    async def masked(app: Browser, pilot: Pilot[None]) -> None:
        for key in ("enter", "2", "3", "enter", "2"):
            await pilot.press(key)
            assert not {word for word in re.findall(r"\w+", seen(app)) if word in ids}

    async def revealed(app: Browser, pilot: Pilot[None]) -> None:
        await pilot.press("enter")
        assert {word for word in re.findall(r"\w+", seen(app)) if word in ids}

    driven(own, masked)
    driven(own, revealed, reveal="a test of the browser")
    assert "a test of the browser" in str(NotebookWorkspace(own, reveal="to look").journal_entries(top=2))


@pytest.mark.parametrize("size", SIZES)
def test_the_keys_are_explained(own, size):
    """`?` lists every key of the screen, ours and no other."""

    async def keys(app: Browser, pilot: Pilot[None]) -> None:
        await pilot.press("question_mark")
        told = app.screen.told
        assert all(
            re.search(rf"^{key}\b.* {what}$", told, re.M) for key, what in (("v", "view"), ("n", "note"), ("q", "quit"))
        )
        assert re.search(r"^/ +filter$", told, re.M)
        assert "Scroll" not in told

    driven(own, keys, size=size)


def test_a_hundred_thousand_rows_are_as_quick_as_a_hundred():
    """Only the lines that are seen are made: cells of rows elsewhere are never touched."""
    made: list[int] = []

    class Counted:
        def __init__(self, number: int) -> None:
            self.number = number

        def __str__(self) -> str:
            made.append(self.number)
            return f"row {self.number}"

    class Long(App[None]):
        def compose(self) -> ComposeResult:
            yield Rows(pd.DataFrame({"what": [Counted(number) for number in range(100_000)]}), {"what": "what"})

    async def run() -> None:
        async with Long().run_test(size=(80, 24)) as pilot:
            await pilot.press("end")
            await pilot.pause()
            assert rows_of(pilot.app).cursor == 99_999
            assert "row 99999" in seen(pilot.app)
            await pilot.press("home", *["pagedown"] * 5)
            await pilot.pause()

    asyncio.run(run())

    assert len(set(made)) < 1_000


def test_a_long_listing_is_filtered_and_sorted_whole():
    """What is not seen is found, too."""
    frame = pd.DataFrame({"name": [f"n{number:05d}" for number in range(10_000)], "sum": range(10_000)})

    class Long(App[None]):
        def compose(self) -> ComposeResult:
            yield Rows(frame, {"name": "name", "sum": "sum"})

    async def run() -> None:
        async with Long().run_test(size=(80, 24)) as pilot:
            rows = rows_of(pilot.app)
            rows.narrow("n0999")
            assert rows.frame["sum"].tolist() == list(range(9_990, 10_000))
            await pilot.press("s", "s", "end")
            assert rows.chosen == {"name": "n09990", "sum": 9_990}

    asyncio.run(run())


def test_the_mouse_works_too(own):
    """A click chooses a row, a double click opens it."""
    cases = NotebookWorkspace(own).cases()["case"]

    async def keys(app: Browser, pilot: Pilot[None]) -> None:
        await pilot.click(Rows, offset=(4, 3))
        assert rows_of(app).chosen["case"] == cases[2]
        await pilot.click(Rows, offset=(4, 1), times=2)
        await pilot.pause()
        assert cases[0] in str(app.screen.query_one("#facts", Static).content)

    driven(own, keys)


def test_hostile_text_is_text(own):
    """A note that looks like markup of the terminal library is shown as it is, and nothing breaks."""

    async def keys(app: Browser, pilot: Pilot[None]) -> None:
        await pilot.press("enter", "n")
        app.screen.query_one(Input).value = "[bold red]x[/] [@click=app.quit]y[/] \x1b[2J \u202e"
        await pilot.press("enter", "5")
        await pilot.pause()
        assert "[bold red]x[/]" in seen(app)
        await pilot.press("enter")
        assert "[@click=app.quit]" in app.screen.told
        assert "\x1b" not in seen(app)

    driven(own, keys, reveal="to read the note")


def test_without_textual_or_a_terminal_it_says_what_to_do(own, tmp_path):
    """No traceback: the extra to install, or the command for pipes; and no other command needs Textual."""
    (tmp_path / "textual.py").write_text("raise ModuleNotFoundError(\"No module named 'textual'\", name='textual')\n")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "mulegraph", *arguments, "-w", str(own)]
        path = {"PYTHONPATH": str(tmp_path), "PATH": "/usr/bin:/bin"}
        return subprocess.run(command, capture_output=True, text=True, check=False, env=path, timeout=120)

    lacking = run("browse")
    assert lacking.returncode == 2
    assert "pip install 'mulegraph[browse]'" in lacking.stderr
    assert run("case", "list", "--top", "1").returncode == 0
    command = [sys.executable, "-m", "mulegraph", "browse", "-w", str(own)]
    piped = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=120)
    assert piped.returncode == 2
    assert "needs a terminal" in piped.stderr
