"""Warning and suspicion lists, in and out: with source, date, expiry, confidence and reason; or as keyed tokens.

A pseudonymous entry holds HMAC-SHA-256(key, kind ‖ 0 ‖ id) in the place of the id: a bank with the same key matches it
with its own accounts, and one without learns nothing of it.
"""

from __future__ import annotations

import csv
import hmac
import io
import json
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mulegraph.errors import DataError, UsageError
from mulegraph.schema.disclosure import Foreign
from mulegraph.schema.tables import TABLES

KEY_VARIABLE = "MULEGRAPH_LIST_KEY"
SHORTEST_KEY = 16
TOKEN = "token"  # noqa: S105 (the name of a column)
FIELDS = tuple(TABLES["listings"].column_names)
TOKEN_FIELDS = tuple(TOKEN if name == "subject_id" else name for name in FIELDS)
KEY_OF = TABLES["listings"].key

Row = dict[str, Any]


def list_key(path: Path | None) -> bytes:
    """The key that banks share, from a file or the environment; never from an argument, where others could see it.

    Raises UsageError when there is none, or a short one.
    """
    try:
        text = (
            path.read_text(encoding="utf-8").strip() if path is not None else os.environ.get(KEY_VARIABLE, "").strip()
        )
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            "{path}: the key cannot be read ({why})",
            hint="Give --key-file a text file.",
            path=path,
            why=Foreign(str(error)),
        ) from error
    text = text.strip()
    if len(text) < SHORTEST_KEY:
        what = "is shorter than" if text else "is missing; it has at least"
        hint = f"Give it with --key-file, or in {KEY_VARIABLE}."
        raise UsageError("the key {what} {least} characters", hint=hint, what=what, least=SHORTEST_KEY)
    return text.encode()


def token_of(key: bytes, kind: str, subject: str) -> str:
    """The keyed token of a subject; 64 hexadecimal digits."""
    return hmac.digest(key, f"{kind}\0{subject}".encode(), "sha256").hex()


def is_expired(row: Row, now: datetime) -> bool:
    """Whether an entry has stopped counting."""
    end = row.get("expires_at")
    return end is not None and (end if end.tzinfo else end.replace(tzinfo=UTC)) <= now


def written(rows: Iterable[Row], *, as_json: bool, key: bytes | None) -> str:
    """Entries as a file to give away; with a key, tokens in the place of ids, and no reasons, which are free text."""
    fields = TOKEN_FIELDS if key else FIELDS
    made = [_text(row, key) for row in rows]
    if as_json:
        return json.dumps([{name: row[name] for name in fields} for row in made], indent=1, ensure_ascii=False) + "\n"
    stream = io.StringIO()
    writer = csv.DictWriter(stream, fields, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(made)
    return stream.getvalue()


def _text(row: Row, key: bytes | None) -> Row:
    plain = {}
    for name, value in row.items():
        plain[name] = value.replace(tzinfo=None).isoformat() + "Z" if isinstance(value, datetime) else value
    if key:
        plain[TOKEN] = token_of(key, row["subject_kind"], row["subject_id"])
        plain["reason"] = None
    return plain


def read(path: Path) -> list[Row]:
    """Entries of a CSV or JSON file, as texts. Raises DataError for what is neither, or lacks a field."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        rows = (
            json.loads(text) if path.suffix.lower() == ".json" else list(csv.DictReader(io.StringIO(text, newline="")))
        )
    except (OSError, ValueError, csv.Error) as error:
        hint = "Expected CSV or JSON in UTF-8."
        raise DataError("{path}: cannot be read ({why})", hint=hint, path=path, why=Foreign(str(error))) from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise DataError("{path}: is not a list of entries", hint="Expected a JSON array of objects.", path=path)
    for number, row in enumerate(rows, 1):
        missing = [name for name in (*KEY_OF, "listed_at", "confidence") if not row.get(name) and row.get(name) != 0]
        missing = [name for name in missing if name != "subject_id" or not row.get(TOKEN)]
        if missing:
            raise DataError(
                "{path}: entry {number} has no {field}",
                hint=f"Each entry has {', '.join(FIELDS)}; see docs/cases.md.",
                path=path,
                number=number,
                field=missing[0],
            )
    return [dict(row) for row in rows]
