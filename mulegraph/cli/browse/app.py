"""The app of `mulegraph browse` and its first screen, the list of cases."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import pandas as pd
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Footer, Input, Static

from mulegraph.cli.browse.acting import CASE_KEYS, CaseScreen, shown_in_browser, temporary_pages
from mulegraph.cli.browse.case import OneCase
from mulegraph.cli.browse.rows import Rows
from mulegraph.files import write_output
from mulegraph.journal.state import CLOSED, OPEN, SNOOZED
from mulegraph.privacy.door import MaskedWorkspace
from mulegraph.schema import listings
from mulegraph.views.pictures import picture
from mulegraph.views.tables import counted

STATUSES = ("", OPEN, SNOOZED, CLOSED)


class Browser(App[None]):
    """Cases of a workspace's latest run. Pages are written to `pages`; `show` opens their address."""

    TITLE = "mulegraph"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+q", "quit", "quit", show=False)]
    CSS = """
    #facts { height: auto; padding: 0 1; background: $panel; }
    TabbedContent { height: 1fr; }
    TabPane { height: 1fr; padding: 0; }
    #filter { border: none; height: 1; padding: 0 1; }
    """

    def __init__(
        self, space: MaskedWorkspace, *, pages: Path | None = None, show: Callable[[str], bool] = shown_in_browser
    ) -> None:
        super().__init__()
        self.space = space
        self._pages = pages
        self._show = show

    def on_mount(self) -> None:
        """Begin with the cases."""
        self.push_screen(Cases())

    def open_page(self, subject: str) -> str:
        """Write a subject's page and show it; says where it is. Raises UsageError where it cannot be written."""
        self._pages = self._pages or temporary_pages()
        path = write_output(self._pages / f"{subject.replace('~', '-')}.html", picture(self.space, subject)).resolve()
        return f"{path}" if self._show(path.as_uri()) else f"{path} (open it in a browser)"


class Cases(CaseScreen):
    """Every case, the strongest first."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "filter"),
        Binding("f", "status", "status"),
        *CASE_KEYS,
        Binding("q", "app.quit", "quit"),
        Binding("escape", "list", "to the list", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._status = ""

    def compose(self) -> ComposeResult:
        """How many there are, a filter, the list, the keys."""
        yield Static("", id="facts", markup=False)
        yield Input(placeholder="/ filters by any word: case, sign, state, day", id="filter")
        yield Rows(self._listed(), listings.CASES_TO_BROWSE, empty="No case.", id="cases")
        yield Footer()

    def on_mount(self) -> None:
        """The list has the keyboard."""
        self.action_list()
        self._count()

    @property
    def subject(self) -> str | None:
        """The case under the cursor."""
        row = self.query_one(Rows).chosen
        return None if row is None else str(row["case"])

    def changed(self) -> None:
        """Show the new state."""
        self.query_one(Rows).show(self._listed())
        self._count()

    def on_screen_resume(self) -> None:
        """Back from a case: it may have changed."""
        if self.is_mounted and self.query(Rows):
            self.changed()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Narrow while typing."""
        self.query_one(Rows).narrow(event.value)
        self._count()

    def on_input_submitted(self) -> None:
        """To the list with what is left."""
        self.action_list()

    def on_rows_chosen(self, event: Rows.Chosen) -> None:
        """Open a case."""
        self.app.push_screen(OneCase(str(event.row["case"])))

    def action_filter(self) -> None:
        """Type a filter."""
        self.query_one(Input).focus()

    def action_list(self) -> None:
        """Back to the list."""
        self.query_one(Rows).focus()

    def action_status(self) -> None:
        """Only open, snoozed or closed cases, or all."""
        self._status = STATUSES[(STATUSES.index(self._status) + 1) % len(STATUSES)]
        self.changed()

    def _listed(self) -> pd.DataFrame:
        cases = self.space.cases(every=True)
        cases = cases[cases["status"] == self._status] if self._status else cases
        states = cases[["status", "disposition", "snoozed_until", "assignee"]].to_numpy(object)
        return cases.assign(
            size=cases["accounts"].map(len),
            signs=[" ".join(sorted({each.partition("-")[0] for each in mine})) for mine in cases["findings"]],
            state=[" ".join(each for each in row if isinstance(each, str)) for row in states],
        )

    def _count(self) -> None:
        rows, run = self.query_one(Rows), self.space.run.name
        told = counted(len(rows.frame), f"{self._status} case".strip())
        masked = "unmasked" if self.space.reveal is not None else "masked"
        self.query_one("#facts", Static).update(f"{told} · run {run} · {masked}")
