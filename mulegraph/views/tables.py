"""The one place where rows become text: a table for people, JSON and CSV for pipes."""

from __future__ import annotations

import csv
import io
import json
import math
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal

import numpy as np
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

from mulegraph.lazy import pandas as pd
from mulegraph.schema.amounts import exact
from mulegraph.schema.language import tr, word
from mulegraph.views.formats import WIDTH, Format
from mulegraph.views.local_times import local

LONGEST_WORD, COLUMN_GAP = 24, 2
RANGE = re.compile(r"\d–\d")
MAX_SHOWN = 4
"""Members of a list that a table cell shows."""

Row = Mapping[str, Any]


def plain(value: Any) -> Any:
    """A value as JSON holds it: decimals and times as text (times in UTC with a Z), nothing as null."""
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(each) for each in value]
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return plain(vars(value))
    if value is None or (isinstance(value, (float, datetime)) and value != value):
        return None
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, float) and math.isinf(value):
        return None
    if isinstance(value, datetime):
        return moment(value)
    return value.isoformat() if isinstance(value, date) else value


def moment(at: datetime) -> str:
    """A UTC time such as 2026-01-05T09:30:00Z, with microseconds only where there are some."""
    text = at.replace(tzinfo=None).isoformat(timespec="microseconds" if at.microsecond else "seconds")
    return text + "Z"


def rows_of(table: pd.DataFrame) -> list[dict[str, Any]]:
    """A data frame as plain rows."""
    return [{str(key): plain(value) for key, value in row.items()} for row in table.to_dict("records")]


def collapse_patterns(found: pd.DataFrame) -> pd.DataFrame:
    """Findings with one row a pattern and sign, its strongest, and `about`: whom, and how many more."""
    if found.empty:
        return found.assign(about=[])
    story = found["sign"] + " " + found["pattern"].fillna(found["finding"])
    more = story.map(story.value_counts()) - 1
    about = []
    for who, many in zip(found["subject_id"], more, strict=True):
        about.append(f"{who} + {tr('{n} more', n=int(many))}" if many else who)
    return found.assign(about=about)[~story.duplicated()]


def made_of(parts: Mapping[str, float]) -> str:
    """What a score adds up from, the largest part first, in hundredths that add up to the score's."""
    hundredths = {name: math.floor(100 * value) for name, value in parts.items()}
    missing = round(100 * sum(parts.values())) - sum(hundredths.values())
    # The largest remainders are rounded up, as seats are dealt out (Hamilton's method).
    for name in sorted(parts, key=lambda name: hundredths[name] - 100 * parts[name])[: max(missing, 0)]:
        hundredths[name] += 1
    largest = sorted(hundredths.items(), key=lambda part: -part[1])
    return " + ".join(f"{word(name)} {value / 100:.2f}" for name, value in largest if value)


def counted(number: int, one: str, many: str = "") -> str:
    """`1 account`, `1,234 accounts`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def pairs(values: Mapping[str, Any]) -> str:
    """`name: value, name: value` in one line; of lists by name how long each is."""
    told = {name: value for name, value in values.items() if value is not None}
    return ", ".join(f"{name}: {_nested(value)}" for name, value in told.items())


def _nested(value: Any) -> str:
    if isinstance(value, Mapping):
        lists = all(isinstance(each, list) for each in value.values())
        inside = ", ".join(f"{name} {len(each)}" for name, each in value.items()) if lists else pairs(value)
        return f"({inside})"
    if isinstance(value, list) and any(isinstance(each, Mapping) for each in value):
        return " ".join(map(_nested, value))
    return shown(value)


def written(rows: Sequence[Row], how: Format, *, columns: Mapping[str, str], title: str = "", width: int = 0) -> str:
    """Rows as text.

    `columns` chooses and heads the columns of a table; JSON and CSV hold everything. An empty JSON list is `[]`,
    an empty CSV has its head line only when there are columns to name.
    """
    if how is Format.JSON:
        return json.dumps([plain(row) for row in rows], indent=1, ensure_ascii=False)
    if how is Format.CSV:
        return as_csv(rows, list(columns))
    return as_table(rows, columns, title, width)


def as_csv(rows: Sequence[Row], columns: Sequence[str]) -> str:
    """CSV with a head line; lists are joined by a blank, and nothing is an empty field."""
    names = list(rows[0]) if rows else list(columns)
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(names)
    for row in rows:
        writer.writerow([_cell(plain(row[name])) for name in names])
    return stream.getvalue().rstrip("\n")


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(_cell(each) for each in value)
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    text = "" if value is None else str(value)
    # A spreadsheet would run a cell that begins like this; text in quotes it leaves alone.
    return "'" + text if text.startswith(("=", "+", "@", "\t", "\r")) else text


@dataclass(frozen=True)
class _Column:
    """A column of a table as it is shown."""

    head: str
    values: list[Any]
    texts: list[str]

    @classmethod
    def of(cls, name: str, head: str, values: list[Any]) -> _Column:
        """The column of these values, each written once: a long listing is mostly that."""
        return cls(head, values, list(map(ranking if name == SCORE else shown, values)))

    @property
    def says_the_same(self) -> bool:
        """Whether every row has the same text."""
        return len(self.values) > 1 and len(set(self.texts)) == 1 and self.texts[0] != ""

    @property
    def is_numeric(self) -> bool:
        """Whether it stands to the right."""
        known = (each for each in self.values[:50] if each is not None)
        return bool(self.values) and all(isinstance(each, (int, float, Decimal)) for each in known)

    @cached_property
    def widest(self) -> int:
        """Its width where there is room for all."""
        return max(map(cell_len, {self.head, *self.texts}))

    @cached_property
    def least(self) -> int:
        """How wide it must be at least: no word is broken up to LONGEST_WORD, a range only after its dash."""
        words = (part for text in {self.head, *self.texts} for part in _broken(text).split())
        # Longer words are broken anyway.
        return min(max(map(cell_len, words), default=0), LONGEST_WORD)

    @property
    def holds_times(self) -> bool:
        """Whether it is broken between day and hour, or not at all."""
        return any(isinstance(each, datetime) for each in self.values[:50])

    def within(self, limit: int) -> int:
        """Its width where no column is to be wider than the limit, unless it must be."""
        if self.holds_times and limit < self.widest:
            return self.least
        return min(self.widest, max(self.least, limit))

    def cells(self, width: int) -> Iterator[str]:
        """Its texts, ready to be folded at this width: no part of one is left out."""
        return (text if cell_len(text) <= width else _broken(text) for text in self.texts)


def _broken(text: str) -> str:
    """The text with a place to break after the dash of a range: half of an amount would be another amount."""
    return text.replace("–", "–\n") if RANGE.search(text) else text


def as_table(rows: Iterable[Row], columns: Mapping[str, str], title: str = "", width: int = 0) -> str:
    """A table for people; numbers to the right, long lists shortened, control characters made visible.

    Nothing is cut off: where even broken lines leave no room, each row is a block of lines, `head: value`.
    """
    listed = list(rows)
    room = width or WIDTH
    shown_columns = [_Column.of(name, head, [row.get(name) for row in listed]) for name, head in columns.items()]
    constant = []
    if sum(each.least for each in shown_columns) > _room(shown_columns, room):
        # Where there is no room, what every row says is said once.
        constant = [each for each in shown_columns if each.says_the_same]
        shown_columns = [each for each in shown_columns if not each.says_the_same]
    if sum(each.least for each in shown_columns) > _room(shown_columns, room):
        text = _as_blocks(shown_columns, title, room)
    else:
        text = _in_columns(shown_columns, title, room)
    if constant:
        same = pairs({each.head: each.values[0] for each in constant})
        text = textwrap.fill(f"everywhere: {same}", room) + "\n" + text
    return text if listed else text + "\n(none)"


def _in_columns(columns: Sequence[_Column], title: str, room: int) -> str:
    table = Table(title=title or None, title_justify="left", box=None, pad_edge=False, header_style="bold")
    widths = _widths(columns, _room(columns, room))
    for each, cells in zip(columns, widths, strict=True):
        side: Literal["left", "right"] = "right" if each.is_numeric else "left"
        table.add_column(each.head, justify=side, overflow="fold", width=cells)
    texts = (each.cells(cells) for each, cells in zip(columns, widths, strict=True))
    for row in zip(*texts, strict=True):
        table.add_row(*row)
    stream = io.StringIO()
    Console(file=stream, width=room, markup=False, highlight=False, emoji=False).print(table)
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines())


def _as_blocks(columns: Sequence[_Column], title: str, room: int) -> str:
    blocks = []
    for row in zip(*(each.texts for each in columns), strict=True):
        told = [f"{each.head}: {text}" for each, text in zip(columns, row, strict=True) if text]
        blocks.append("\n".join(textwrap.fill(line, room, subsequent_indent="  ") for line in told))
    return "\n\n".join([title, *blocks] if title else blocks)


def _widths(columns: Sequence[_Column], room: int) -> list[int]:
    """The width of each column: what it needs at least, and the room that is left shared out, short columns first."""
    limit = max((at for at in range(room + 1) if sum(each.within(at) for each in columns) <= room), default=0)
    widths = [each.within(limit) for each in columns]
    for number, each in enumerate(columns):
        if sum(widths) < room and widths[number] < each.widest and not each.holds_times:
            widths[number] += 1
    return widths


def _room(columns: Sequence[_Column], room: int) -> int:
    """Cells for the columns themselves."""
    return room - COLUMN_GAP * (len(columns) - 1)


ODDS_FROM, MOST_ODDS = 0.9, 1_000_000
"""From this score up odds are told, too, as the page does; up to so many to one."""


def shown(value: Any) -> str:
    """A value in a table cell."""
    if isinstance(value, (list, tuple, np.ndarray)):
        members = [shown(each) for each in value]
        more = len(members) - MAX_SHOWN
        if more > 1:
            half = MAX_SHOWN // 2
            members = [*members[:half], f"… {tr('{n} more', n=more)} …", *members[-half:]]
        return " ".join(members)
    if isinstance(value, datetime) and value == value:
        return local(value).strftime("%Y-%m-%d %H:%M")
    if isinstance(value, Decimal):
        return exact(value)
    if isinstance(value, float) and math.isfinite(value):
        return f"{value:.2f}"
    made = plain(value)
    return "" if made is None else "".join(each if each.isprintable() else "?" for each in str(made))


SCORE = "score"
"""A field of this name is told so that the best ones rank."""
TELLING = 0.995


def ranking(score: Any) -> str:
    """A score in two places, or in as many as there are nines, and one more: 1.00 stands before nearly every case."""
    if not isinstance(score, float) or not TELLING <= score < 1:
        return shown(score)
    return f"{score:.6f}".rstrip("0") if score >= LAST_SHOWN else f"{score:.{int(-math.log10(1 - score)) + 1}f}"


LAST_SHOWN = 0.999995
"""Scores are kept to six places."""


def score_text(score: float) -> str:
    """A score as it ranks: near one two decimals are all alike, so odds stand beside them."""
    if score < ODDS_FROM:
        return shown(float(score))
    odds = score / (1 - score) if score < 1 else math.inf
    told = tr("(over 1,000,000 to 1)") if odds > MOST_ODDS else tr("({n} to 1)", n=f"{round(odds):,}")
    return f"{shown(float(score))} {told}"


def case_money(row: Mapping[str, Any]) -> str:
    """What entered a case's chains: `5.00 EUR`, each currency by itself; an empty text where there is no chain."""
    return " and ".join(f"{shown(amount)} {currency}" for currency, amount in row["amounts"].items())


def amounts(range_of: Iterable[Decimal]) -> str:
    """`5.00`, or `5.00–9.00` where methods differ."""
    listed = list(range_of)
    low, high = min(listed), max(listed)
    return shown(low) if low == high else f"{shown(low)}–{shown(high)}"
