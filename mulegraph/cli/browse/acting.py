"""What can be done with a case from any screen that shows one: the same acts, with the same checks, as by command."""

from __future__ import annotations

import os
import sys
import webbrowser
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp
from typing import ClassVar, Protocol

from textual.binding import Binding, BindingType
from textual.screen import Screen

from mulegraph.cli.browse.asking import Asking, Reading
from mulegraph.errors import MulegraphError, UsageError
from mulegraph.journal.journal import Entry
from mulegraph.journal.state import DISPOSITIONS
from mulegraph.privacy.door import MaskedWorkspace

KEY_NAMES = {
    "question_mark": "?",
    "slash": "/",
    "pageup": "page up",
    "pagedown": "page down",
    "less_than_sign": "<",
    "greater_than_sign": ">",
}
CASE_KEYS: list[BindingType] = [
    Binding("v", "view", "view"),
    Binding("n", "note", "note"),
    Binding("a", "assign", "assign"),
    Binding("z", "snooze", "snooze"),
    Binding("c", "close", "close"),
    Binding("o", "reopen", "reopen", show=False),
]


class Browser(Protocol):
    """What screens need of the app."""

    space: MaskedWorkspace

    def open_page(self, subject: str) -> str:
        """Write a subject's page and show it; says where it is."""


class CaseScreen(Screen[None]):
    """A screen about a case, or about a listing whose chosen row is one."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("question_mark", "keys", "keys")]

    @property
    def browser(self) -> Browser:
        """The app."""
        return self.app  # type: ignore[return-value]

    @property
    def space(self) -> MaskedWorkspace:
        """What is looked through."""
        return self.browser.space

    @property
    def subject(self) -> str | None:
        """The case, or the account, that the keys are about."""
        raise NotImplementedError

    def changed(self) -> None:
        """A case's state is another one now."""

    def action_keys(self) -> None:
        """What every key does here."""
        keys: dict[str, list[str]] = defaultdict(list)
        for active in self.active_bindings.values():
            binding = active.binding
            # Those of Textual's own widgets are not ours to explain.
            if binding.description and type(active.node).__module__.startswith(str(__package__)):
                keys[binding.description].append(KEY_NAMES.get(binding.key, binding.key))
        lines = [f"{', '.join(named):<16} {what}" for what, named in keys.items()]
        self.app.push_screen(Reading("Keys\n\n" + "\n".join(lines) + "\n\nThe mouse works, too."))

    def action_view(self) -> None:
        """Write the picture's page, open it in a browser, and say where it is."""
        if self.subject is not None:
            self.tried(lambda: self.browser.open_page(str(self.subject)))

    def action_note(self) -> None:
        """Write a note."""
        self._ask("Note", {"text": "what to write down"}, MaskedWorkspace.note)

    def action_assign(self) -> None:
        """Give the case to somebody."""
        self._ask("Assign", {"who": "who works on it"}, MaskedWorkspace.assign)

    def action_snooze(self) -> None:
        """Put the case aside until a day."""
        fields = {"until": "the day on which the case opens again, such as 2026-12-31", "reason": "why"}
        self._ask("Snooze", fields, _with_reason(MaskedWorkspace.snooze))

    def action_close(self) -> None:
        """Close the case."""
        fields = {"disposition": ", ".join(DISPOSITIONS), "reason": "why"}
        self._ask("Close", fields, _with_reason(MaskedWorkspace.close))

    def action_reopen(self) -> None:
        """Open the case again."""
        self._ask("Reopen", {"reason": "why"}, _with_reason(MaskedWorkspace.reopen))

    def tried(self, act: Callable[[], str]) -> None:
        """Do it, and say what was done, or what is wrong."""
        try:
            self.notify(act(), markup=False)
        except MulegraphError as error:
            self.notify(f"{error.problem}\n{error.hint}", severity="error", markup=False)

    def _ask(self, title: str, fields: dict[str, str], act: Callable[..., Entry]) -> None:
        case = self.subject
        if case is None or not case.startswith("CASE-"):
            return

        def done(**texts: str) -> str:
            entry = act(self.space, case, **texts)
            return f"{entry.about}: {entry.what}, journal entry {entry.number}"

        def told(what: str | None) -> None:
            if what:
                self.notify(what, markup=False)
                self.changed()

        self.app.push_screen(Asking(f"{title}: {case}", fields, done), told)


def _with_reason(act: Callable[..., Entry]) -> Callable[..., Entry]:
    """On the command line the reason is an option that must be given; here it must not be empty either."""

    def checked(space: MaskedWorkspace, case: str, *, reason: str, **more: str) -> Entry:
        if not reason:
            raise UsageError("the reason is empty", hint="Give a reason; the journal keeps it.")
        return act(space, case, reason=reason, **more)

    return checked


def temporary_pages() -> Path:
    """A folder for pages, which nobody else can look into."""
    return Path(mkdtemp(prefix="mulegraph-"))


def shown_in_browser(address: str) -> bool:
    """Open a page where there is a window to open it in; a browser inside this terminal would write over it."""
    windows = sys.platform in ("darwin", "win32") or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")))
    return windows and webbrowser.open(address)
