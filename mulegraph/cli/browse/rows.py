"""A listing of any length: only the lines that are seen are made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import pandas as pd
from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from mulegraph.views.tables import shown

HEAD_LINES = 1
GAP = 2
LOOKED_AT = 200
MIN_LAST = 4
"""Lines above the rows, cells between columns, rows whose width is looked at, least cells of the last column."""


@dataclass(frozen=True)
class Column:
    """A column as it is drawn: its name in the frame, its head, how wide, and to which side."""

    name: str
    head: str
    width: int
    numeric: bool


class Rows(ScrollView, can_focus=True, inherit_bindings=False):
    """Rows of a data frame under heads; one is chosen by keys or mouse. `Chosen` is sent at Enter or a double click."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"rows--head", "rows--cursor", "rows--row"}
    DEFAULT_CSS = """
    Rows { height: 1fr; scrollbar-size-vertical: 1; scrollbar-size-horizontal: 1; }
    Rows > .rows--head { text-style: bold; color: $text-accent; }
    Rows > .rows--cursor { background: $surface-lighten-2; }
    Rows:focus > .rows--cursor { background: $primary; color: $text; text-style: bold; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", "open"),
        Binding("up,k", "move(-1)", "up", show=False),
        Binding("down,j", "move(1)", "down", show=False),
        Binding("pageup", "page(-1)", "page up", show=False),
        Binding("pagedown", "page(1)", "page down", show=False),
        Binding("home,g", "jump(0)", "first", show=False),
        Binding("end,G", "jump(-1)", "last", show=False),
        Binding("less_than_sign", "scroll_left", "to the left", show=False),
        Binding("greater_than_sign", "scroll_right", "to the right", show=False),
        Binding("s", "sort", "sort"),
        Binding("S", "turn", "reverse", show=False),
    ]
    cursor: reactive[int] = reactive(0)

    class Chosen(Message):
        """A row was opened; its values by column."""

        def __init__(self, rows: Rows, row: dict[str, object]) -> None:
            super().__init__()
            self.rows, self.row = rows, row

        @property
        def control(self) -> Rows:
            """The listing it was in."""
            return self.rows

    def __init__(self, frame: pd.DataFrame, heads: Mapping[str, str], *, empty: str = "Nothing.", id: str = "") -> None:
        super().__init__(id=id or None)
        self.heads, self.empty = dict(heads), empty
        self._frame = self.frame = frame.reset_index(drop=True)
        self._wanted = ""
        self._sorted = ""
        self._falling = False
        self._words: pd.Series | None = None
        self._columns = self._measured()

    def show(self, frame: pd.DataFrame) -> None:
        """Other rows under the same heads; filter and order stay."""
        self._frame, self._words = frame.reset_index(drop=True), None
        self._columns = self._measured()
        self._arrange()

    def narrow(self, wanted: str) -> None:
        """Keep rows that hold every word of a text, in any column that is shown."""
        self._wanted = wanted
        self._arrange()

    @property
    def chosen(self) -> dict[str, object] | None:
        """Values of the row under the cursor."""
        if not len(self.frame):
            return None
        return {str(name): value for name, value in self.frame.iloc[self.cursor].to_dict().items()}

    @property
    def order(self) -> str:
        """What the rows are sorted by, in words; nothing while they stand as they came."""
        return f"{self.heads[self._sorted]} {'↓' if self._falling else '↑'}" if self._sorted else ""

    def action_choose(self) -> None:
        """Open the row under the cursor."""
        if (row := self.chosen) is not None:
            self.post_message(self.Chosen(self, row))

    def action_move(self, by: int) -> None:
        """Move the cursor."""
        self.cursor = min(max(self.cursor + by, 0), max(len(self.frame) - 1, 0))

    def action_page(self, by: int) -> None:
        """Move the cursor by what is seen."""
        self.action_move(by * max(self.size.height - HEAD_LINES, 1))

    def action_jump(self, to: int) -> None:
        """To the first or the last row."""
        self.cursor = 0 if to == 0 else max(len(self.frame) - 1, 0)

    def action_sort(self) -> None:
        """Sort by the next column; after the last as the rows came."""
        names = ["", *self.heads]
        self._sorted = names[(names.index(self._sorted) + 1) % len(names)]
        numeric = {column.name: column.numeric for column in self._columns}
        self._falling = numeric.get(self._sorted, False)
        self._arrange()

    def action_turn(self) -> None:
        """The other way round."""
        self._falling = not self._falling
        self._arrange()

    def watch_cursor(self) -> None:
        """Keep the cursor in sight."""
        self.scroll_to_region(Region(self.scroll_offset.x, self.cursor, 1, HEAD_LINES + 1), animate=False, force=True)
        self.refresh()

    def on_mount(self) -> None:
        """Say how long the listing is."""
        self._arrange()

    def on_resize(self) -> None:
        """The last column takes what is left of the width."""
        self._sized()

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where the mouse is; a second click opens."""
        line = event.y - HEAD_LINES + self.scroll_offset.y
        if event.y >= HEAD_LINES and 0 <= line < len(self.frame):
            self.cursor = line
            if event.chain > 1:
                self.action_choose()

    def render_line(self, y: int) -> Strip:
        """One line of what is seen: the heads, a row, or nothing."""
        left, width = self.scroll_offset.x, self.size.width
        row = y - HEAD_LINES + self.scroll_offset.y
        if y < HEAD_LINES:
            told, style = self._line([column.head for column in self._columns]), "rows--head"
        elif not len(self.frame):
            told, style = self.empty if y == HEAD_LINES else "", "rows--row"
        elif row < len(self.frame):
            values = self.frame.iloc[row]
            told = self._line([shown(values[column.name]) for column in self._columns])
            style = "rows--cursor" if row == self.cursor else "rows--row"
        else:
            return Strip.blank(width, self.rich_style)
        styled = self.get_component_rich_style(style)
        return Strip([Segment(set_cell_size(told, max(self.virtual_size.width, width)), styled)]).crop(
            left, left + width
        )

    def _line(self, texts: list[str]) -> str:
        last = self._columns[-1]
        room = max(self._room(), min(last.width, MIN_LAST))
        cells = []
        for column, text in zip(self._columns, texts, strict=True):
            width = room if column is last and not column.numeric else column.width
            cut = text if cell_len(text) <= width else set_cell_size(text, width - 1) + "…"
            cells.append(" " * (width - cell_len(cut)) + cut if column.numeric else set_cell_size(cut, width))
        return (" " * GAP).join(cells)

    def _room(self) -> int:
        """Cells that the last column may take."""
        return self.scrollable_content_region.width - sum(column.width + GAP for column in self._columns[:-1])

    def _measured(self) -> list[Column]:
        """Widths from the heads and the first rows; a later cell that is longer is cut."""
        looked = self._frame.head(LOOKED_AT)
        columns = []
        for name, head in self.heads.items():
            texts = [shown(each) for each in looked[name]]
            numeric = bool(texts) and all(text.replace(",", "").replace(".", "").isdigit() for text in texts if text)
            width = max([cell_len(head), *map(cell_len, texts)])
            columns.append(Column(name, head, width, numeric))
        return columns

    def _arrange(self) -> None:
        """Filter and sort anew; the cursor stays in range."""
        frame = self._frame
        for word in self._wanted.lower().split():
            frame = frame[self._texts()[frame.index].str.contains(word, regex=False)]
        if self._sorted:
            key = frame[self._sorted]
            by = (
                pd.to_numeric(key, errors="coerce")
                if any(column.numeric for column in self._columns if column.name == self._sorted)
                else key.astype(str)
            )
            frame = frame.loc[by.sort_values(ascending=not self._falling, kind="stable").index]
        self.frame = frame
        self.cursor = min(self.cursor, max(len(frame) - 1, 0))
        self._sized()

    def _texts(self) -> pd.Series:
        """What the columns show of every row, as one text; made when somebody filters."""
        if self._words is None:
            parts = [self._frame[name].map(shown) for name in self.heads]
            joined = parts[0]
            for part in parts[1:]:
                joined = joined + " " + part
            self._words = joined.str.lower()
        return self._words

    def _sized(self) -> None:
        *before, last = self._columns
        least = last.width if last.numeric else min(last.width, MIN_LAST)
        width = sum(column.width + GAP for column in before) + least
        self.virtual_size = Size(width, len(self.frame) + HEAD_LINES)
        self.refresh()
