"""Windows over a screen: a question with a field or two, a text to read, and the keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Footer, Input, Label, Static

from mulegraph.errors import MulegraphError


class Asking(ModalScreen[str]):
    """Asks for texts and does something with them; what is wrong is told below, to be mended. Gives what was done."""

    DEFAULT_CSS = """
    Asking { align: center middle; }
    Asking > Vertical { width: 70; max-width: 95%; height: auto; border: round $primary; padding: 0 1; }
    Asking .wrong { color: $text-error; height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "leave it")]

    def __init__(self, title: str, fields: dict[str, str], act: Callable[..., str]) -> None:
        super().__init__()
        self.heading = title
        self.fields = fields
        self.act = act

    def compose(self) -> ComposeResult:
        """A field a text, with what it is for."""
        with Vertical():
            yield Label(self.heading, markup=False)
            for name, told in self.fields.items():
                yield Input(placeholder=told, id=name)
            yield Static("", classes="wrong", markup=False)
        yield Footer()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter goes to the next field, and does it after the last."""
        fields = list(self.query(Input))
        place = fields.index(event.input)
        if place + 1 < len(fields):
            fields[place + 1].focus()
            return
        try:
            self.dismiss(self.act(**{str(each.id): each.value.strip() for each in fields}))
        except MulegraphError as error:
            self.query_one(".wrong", Static).update(f"{error.problem}\n{error.hint}")

    def action_leave(self) -> None:
        """Back, and nothing was done."""
        self.dismiss("")


class Reading(ModalScreen[None]):
    """A text to read."""

    DEFAULT_CSS = """
    Reading { align: center middle; }
    Reading > VerticalScroll { width: 100; max-width: 96%; height: auto; max-height: 90%; }
    Reading > VerticalScroll { border: round $primary; padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,question_mark", "leave", "back")]

    def __init__(self, told: str) -> None:
        super().__init__()
        self.told = told

    def compose(self) -> ComposeResult:
        """The text, which scrolls."""
        with VerticalScroll():
            yield Static(self.told, markup=False)
        yield Footer()

    def action_leave(self) -> None:
        """Back."""
        self.dismiss(None)
