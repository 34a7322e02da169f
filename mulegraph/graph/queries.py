"""The questions in `cypher/`: one file a question, whose header says what it asks for and what it costs.

Header lines are comments: `title`, `param: name type [range] [= default] - meaning`, `columns` (each `name type`, see
`COLUMN_TYPES`), `cost`, `rows` (cap) and `seconds` (time-out). Values reach the engine as parameters only, never as
text. A column without a type is taken to identify somebody, and is hidden.

A file may hold several statements of the same columns with a line `UNION ALL` between them. They are asked one after
the other, since in openCypher the order of a union's rows is not defined, and a cut at the row cap would be chance.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from mulegraph.errors import EngineError, UsageError
from mulegraph.graph.base import Answer, Graph
from mulegraph.schema import results
from mulegraph.schema.choices import LISTS
from mulegraph.schema.disclosure import (
    ACCOUNT,
    AMOUNT,
    CURRENCY,
    DEVICE,
    HIDDEN,
    HOLDER,
    MOMENT,
    NAME,
    NUMBER,
    TEXT,
    Each,
    Identifies,
    Record,
    Says,
    Sentence,
    Words,
)
from mulegraph.schema.tables import ACCOUNT_KINDS, AMOUNT_PLACES, CHANNELS, Mask

PARAM = re.compile(
    r"(?P<name>\w+) (?P<type>text|texts|integer|number|time)(?: (?P<low>\d+)\.\.(?P<high>\d+))?"
    r"(?: = (?P<default>.+?))? - (?P<meaning>.+)"
)
EXPECTED = {
    "text": "a text",
    "texts": "texts separated by commas",
    "integer": "a whole number",
    "number": "a number",
    "time": "a date or time such as 2026-01-31 or 2026-01-31T09:30Z",
}
COLUMN_TYPES: Mapping[str, Says] = {
    "account": ACCOUNT,
    "accounts": Each(ACCOUNT),
    "holder": HOLDER,
    "device": DEVICE,
    "name": NAME,
    "address": Identifies(Mask.ADDRESS),
    "number": NUMBER,
    "amount": AMOUNT,
    "currency": CURRENCY,
    "time": MOMENT,
    "bank": TEXT,
    "account_kind": Words((*ACCOUNT_KINDS, "cash")),
    "direction": Words(("paid", "received")),
    "channel": Words(CHANNELS),
    "lists": Each(Words(LISTS)),
    "transfer": results.TRANSFER,
    "transfers": Each(results.TRANSFER),
    "case": results.CASE,
    "chain": results.CHAIN,
    "finding": results.FINDING_ID,
    "findings": Each(results.FINDING_ID),
    "sign": results.SIGN,
    "role": results.ROLE,
    "roles": Each(results.ROLE),
    "reason": Sentence("reason"),
}
"""What a column of an answer holds, and so what it says of a person."""

PLACES = Decimal(1).scaleb(-AMOUNT_PLACES)
LONGEST_SECONDS = 3_600.0
MAX_ROWS = 1_000_000


@dataclass(frozen=True)
class Parameter:
    """What a question asks for; `default` is text as a user would give it, None: must be given."""

    name: str
    type: str
    low: int | None
    high: int | None
    default: str | None
    meaning: str

    def __str__(self) -> str:
        least = f" {self.low}..{self.high}" if self.low is not None else ""
        usual = f", default {self.default}" if self.default is not None else ""
        return f"{self.name} ({self.type}{least}{usual}): {self.meaning}"

    @property
    def expected(self) -> str:
        """What a value should look like, for messages."""
        between = f" from {self.low} to {self.high}" if self.low is not None else ""
        return EXPECTED[self.type] + between

    def parse(self, raw: str) -> Any:
        """The value that the engine gets. Raises ValueError when the text does not fit."""
        if self.type == "texts":
            return [part.strip() for part in raw.split(",") if part.strip()]
        if self.type == "integer":
            number = int(raw)
            if self.low is not None and self.high is not None and not self.low <= number <= self.high:
                raise ValueError(raw)
            return number
        if self.type == "number":
            return float(raw)
        if self.type == "time":
            at = datetime.fromisoformat(raw)
            return at.astimezone(UTC).replace(tzinfo=None) if at.tzinfo else at
        return raw


@dataclass(frozen=True)
class Query:
    """One question; `statements` are the file without its header, in the order in which they are asked."""

    name: str
    title: str
    parameters: tuple[Parameter, ...]
    columns: tuple[str, ...]
    record: Record
    cost: str
    row_cap: int
    timeout_seconds: float
    statements: tuple[str, ...]

    def bind(self, raw: Mapping[str, str]) -> dict[str, Any]:
        """Values for every parameter. Raises UsageError that names one that is missing, unknown or does not fit."""
        known = {each.name: each for each in self.parameters}
        for name in raw:
            if name not in known:
                expected = ", ".join(known) or "none"
                raise UsageError(
                    "query '{query}' has no parameter '{name}'",
                    hint=f"Expected one of: {expected}.",
                    query=self.name,
                    name=name,
                )
        values = {}
        for name, parameter in known.items():
            text = raw.get(name, parameter.default)
            if text is None:
                raise UsageError(
                    f"query '{self.name}' needs the parameter '{name}': {parameter.meaning}",
                    hint=f"Add --param {name}=…, {parameter.expected}.",
                )
            try:
                values[name] = parameter.parse(text)
            except (ValueError, OverflowError):  # the year 1 in an eastern zone is before the first of all times
                raise UsageError(
                    "query '{query}': parameter '{name}' is '{text}'",
                    hint=f"Expected {parameter.expected}.",
                    query=self.name,
                    name=name,
                    text=text,
                ) from None
        return values


@cache
def catalogue() -> dict[str, Query]:
    """Every question, by name."""
    return {path.stem: _read(path) for path in sorted(_folder().glob("*.cypher"))}


def known_query(name: str) -> Query:
    """The question of that name. Raises UsageError, with names close to it, when there is none."""
    known = catalogue()
    if name not in known:
        close = difflib.get_close_matches(name, known, 3)
        hint = f"Did you mean {' or '.join(close)}? " if close else ""
        raise UsageError("query '{name}' is unknown", hint=f"{hint}See: mulegraph query --list", name=name)
    return known[name]


def ask(
    graph: Graph,
    name: str,
    raw: Mapping[str, str],
    *,
    row_cap: int | None = None,
    timeout_seconds: float | None = None,
) -> Answer:
    """Ask a question by name, within its own row cap and time-out (of each statement) unless others are given.

    Raises UsageError for a name or parameter that does not fit, EngineError when the engine fails or is too slow.
    """
    query = known_query(name)
    return asked_in_parts(graph, query, query.bind(raw), row_cap=row_cap, timeout_seconds=timeout_seconds)


def asked_in_parts(
    graph: Graph,
    query: Query,
    values: Mapping[str, Any],
    *,
    row_cap: int | None = None,
    timeout_seconds: float | None = None,
) -> Answer:
    """The rows of each statement in turn, up to the row cap over all of them; money in the ledger's decimals."""
    cap = min(row_cap or query.row_cap, MAX_ROWS)
    rows: list[dict[str, Any]] = []
    for statement in query.statements:
        part = graph.query(
            statement,
            values,
            row_cap=cap - len(rows),
            timeout_seconds=min(timeout_seconds or query.timeout_seconds, LONGEST_SECONDS),
            name=query.name,
        )
        rows += [in_decimals(row, query.record) for row in part.rows]
        if part.capped:
            return Answer(part.columns, rows, capped=True)
    return Answer(part.columns, rows, capped=False)


def in_decimals(row: Mapping[str, Any], record: Record) -> dict[str, Any]:
    """The row with its money in decimals of the ledger's places, so that every engine gives the same.

    Engines sum and keep money as doubles.
    """
    made = {}
    for name, value in row.items():
        made[name] = (
            Decimal(repr(value)).quantize(PLACES)
            if isinstance(value, float) and record.fields.get(name) == AMOUNT
            else value
        )
    return made


def _folder() -> Path:
    """The packaged questions, or the checkout's."""
    packaged = Path(str(files("mulegraph"))) / "cypher"
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / "cypher"


def _read(path: Path) -> Query:
    lines = path.read_text(encoding="utf-8").splitlines()
    header = [line[2:].strip().partition(": ") for line in lines if line.startswith("//")]
    found = {name: text for name, _, text in header if name != "param"}
    try:
        columns = [_column(text) for text in found["columns"].split(", ")]
        return Query(
            name=path.stem,
            title=found["title"],
            parameters=tuple(_parameter(text) for name, _, text in header if name == "param"),
            columns=tuple(column for column, _ in columns),
            record=Record(f"query {path.stem}", dict(columns)),
            cost=found["cost"],
            row_cap=int(found["rows"]),
            timeout_seconds=float(found["seconds"]),
            statements=_statements(lines),
        )
    except (KeyError, ValueError) as error:
        raise EngineError(f"{path}: its header lacks or breaks {error}", hint="Compare it with the others.") from error


def _statements(lines: list[str]) -> tuple[str, ...]:
    """The file without its header, cut where a line says UNION ALL."""
    return tuple("\n".join(line for line in lines if not line.startswith("//")).split("\nUNION ALL\n"))


def _column(text: str) -> tuple[str, Says]:
    """Name and meaning of a column; one that says nothing is hidden."""
    name, _, kind = text.strip().partition(" ")
    if kind and kind not in COLUMN_TYPES:
        raise ValueError(f"column type '{kind}'")
    return name, COLUMN_TYPES.get(kind, HIDDEN)


def _parameter(text: str) -> Parameter:
    match = PARAM.fullmatch(text)
    if match is None:
        raise ValueError(text)
    low, high = (int(match[end]) if match[end] else None for end in ("low", "high"))
    return Parameter(match["name"], match["type"], low, high, match["default"], match["meaning"])
