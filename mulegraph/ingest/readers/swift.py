"""SWIFT FIN messages (MT) as a stream: the blocks of each, and the fields of its text block in their order."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from mulegraph.errors import DataError

LARGEST_MESSAGE = 16 << 20
"""A message is held whole; SWIFT allows 10,000 characters, banks' own files some thousand lines."""

_TAG = re.compile(r"^:(\d\d[A-Z]?):", re.MULTILINE)


@dataclass(frozen=True)
class Message:
    """One message: its text block as written, the fields of it (tag, value), the blocks before it, its first line."""

    text: str
    fields: tuple[tuple[str, str], ...]
    header: str
    line: int

    def first(self, *tags: str) -> str | None:
        """The value of the first field with one of these tags."""
        return next((value for tag, value in self.fields if tag in tags), None)


def decoded(raw: bytes) -> str:
    """Text in UTF-8 where it is that, else in Windows' Latin: SWIFT itself only knows ASCII."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def messages(path: Path, advance: Callable[[int], None]) -> Iterator[Message]:
    """The messages of a file: each ends with a line of `-`, or where the next begins with field 20.

    Raises DataError where the last one breaks off in the middle.
    """
    lines: list[str] = []
    first = 1
    size = 0
    position = 0
    with path.open("rb") as stream:
        for number, raw in enumerate(stream, 1):
            line = decoded(raw).rstrip("\r\n\x03").lstrip("\x01")
            size += len(raw)
            if size > LARGEST_MESSAGE:
                raise DataError(f"{path.name}:{first}: a message is longer than 16 MB", hint="Check the file.")
            begins = line.startswith((":20:", "{1:")) and any(known.startswith(":20:") for known in lines)
            if begins:
                yield _message(lines, first)
                lines, size = [], 0
            if not lines:
                first = number
            ends = line.strip() in ("-", "-}") or line.startswith("-}")
            if not ends:
                lines.append(line)
            elif lines:
                yield _message(lines, first)
                lines, size = [], 0
            position += len(raw)
            if ends:
                advance(position)
    if any(line.startswith(":20:") for line in lines):
        yield _message(lines, first)


def _message(lines: list[str], first: int) -> Message:
    whole = "\n".join(lines)
    start = _TAG.search(whole)
    text = whole[start.start() :] if start else ""
    header = whole[: start.start()] if start else whole
    # Some banks write the first field on the line of the block's brace.
    if "{4:" in header and not header.rstrip().endswith("{4:"):
        rest = header[header.index("{4:") + 3 :].strip()
        text, header = f"{rest}\n{text}", header[: header.index("{4:")]
    tags = list(_TAG.finditer(text))
    ends = [tag.start() for tag in tags[1:]] + [len(text)]
    fields = [(tag[1], text[tag.end() : end].rstrip("\n")) for tag, end in zip(tags, ends, strict=True)]
    return Message(text, tuple(fields), header, first)
