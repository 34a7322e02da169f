"""A text file before its rows: encoding, lines above the header, the header, lines below the rows."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pyarrow as pa

from mulegraph.errors import DataError
from mulegraph.ingest.encodings import Decoder, guessed_encoding, marked_encoding
from mulegraph.ingest.kinds import Kind, kind_of
from mulegraph.ingest.mapping import TableMapping
from mulegraph.ingest.workbooks import SheetText, sheet_text

HEADER_BYTES = 1 << 16
CHUNK_BYTES = 8 << 20
FOOTER_BYTES = 1 << 16
LINES_BELOW = 50
"""How far down a header is looked for that is not where the mapping says."""
_SEPARATOR = re.compile(r"sep=(.)\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Head:
    """What stands above the rows: lines left out, the column names, the lines that the header takes.

    `names` are numbers where there is no header; `more` says whether anything follows.
    """

    preamble: tuple[str, ...]
    names: list[str]
    header_lines: int
    delimiter: str
    more: bool


def _as_wide(names: list[str], row: list[str]) -> list[str]:
    """The names, as many as the first row has values, where only a delimiter at the end of lines makes a difference."""
    more = len(row) - len(names)
    if more > 0 and not any(map(str.strip, row[len(names) :])):
        return names + [""] * more
    if more < 0 < len(row) and not any(names[len(row) :]):
        return names[: len(row)]
    return names


@dataclass
class TextFile:
    """One CSV file: its bytes as UTF-8, whatever it is written in."""

    path: Path
    mapping: TableMapping
    lines: int = field(default=0, init=False)

    @cached_property
    def encoding(self) -> str:
        """The encoding that a byte order mark or the mapping names; '' for UTF-8, or something unsaid."""
        if self.kind is Kind.WORKBOOK:
            return ""
        named = marked_encoding(self._start) or self.mapping.encoding
        if named.lower().replace("-", "").replace("_", "") in ("utf8", "utf8sig") or self.is_utf8_after_all:
            return ""
        return named

    @cached_property
    def is_utf8_after_all(self) -> bool:
        """Whether the mapping names a code page, and the file is UTF-8: no text of a code page looks like that."""
        named = self.mapping.encoding.lower()
        if not named or named.startswith("utf") or self.kind is Kind.WORKBOOK or marked_encoding(self._start):
            return False
        decoder, plain = codecs.getincrementaldecoder("utf-8")(), True
        try:
            with self.raw() as raw, self._unzipped(raw) as stream:
                while chunk := bytes(stream.read(CHUNK_BYTES)):
                    plain = plain and chunk.isascii()
                    decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
        return not plain

    @cached_property
    def _start(self) -> bytes:
        try:
            with self.raw() as raw, self._unzipped(raw) as stream:
                return bytes(stream.read(HEADER_BYTES))
        except OSError as error:
            raise DataError(f"{self.path.name}: cannot be read ({error})", hint="Check the file.") from error

    @cached_property
    def kind(self) -> Kind:
        """Plain text, gzip, or a workbook that is read as text."""
        return kind_of(self.path)

    @cached_property
    def sheet(self) -> SheetText:
        """What a workbook holds."""
        return sheet_text(self.path, self.mapping.sheet, self.mapping.decimal)

    @contextmanager
    def raw(self) -> Iterator[pa.NativeFile]:
        """The file's bytes, or those of the sheet as CSV."""
        if self.kind is Kind.WORKBOOK:
            with pa.BufferReader(self.sheet.data) as stream:
                yield stream
        else:
            with pa.OSFile(str(self.path)) as stream:
                yield stream

    def _unzipped(self, raw: pa.NativeFile) -> pa.NativeFile:
        return pa.CompressedInputStream(raw, "gzip") if self.kind is Kind.PACKED else raw

    def opened(self, raw: pa.NativeFile) -> pa.NativeFile:
        """The file's text in UTF-8; bytes as they are where nothing says the encoding."""
        stream = self._unzipped(raw)
        if not self.encoding:
            return stream
        decoder = Decoder(self.encoding)

        def utf8(piece: pa.Buffer) -> bytes:
            text = decoder.decode(bytes(piece), final=len(piece) == 0)
            return text.removeprefix("\ufeff").encode()

        return pa.TransformInputStream(stream, utf8)

    @contextmanager
    def stream(self) -> Iterator[pa.NativeFile]:
        """The same, for one pass."""
        with self.raw() as raw, self.opened(raw) as stream:
            yield stream

    @cached_property
    def is_utf8(self) -> bool:
        """Whether the text is UTF-8 all through; one pass, in which the lines are counted where they are needed."""
        decoder = codecs.getincrementaldecoder("utf-8")()
        counted, pending = self.mapping.footer_lines > 0, False
        good, last = True, b""
        with self.stream() as stream:
            while chunk := stream.read(CHUNK_BYTES):
                if counted:
                    self.lines += chunk.count(b"\n")
                    last = chunk[-1:]
                # Nearly all files are plain ASCII, which is seen at ten times the speed of decoding.
                if good and (pending or not chunk.isascii()):
                    try:
                        decoder.decode(chunk)
                        pending = bool(decoder.getstate()[0])
                    except UnicodeDecodeError:
                        good = False
                if not good and not counted:
                    return False
        self.lines += bool(last and last != b"\n")
        return good and not pending

    @cached_property
    def head(self) -> Head:
        """What stands above the rows. DataError where there is no header."""
        with self.stream() as stream:
            start = bytes(stream.read(HEADER_BYTES)).removeprefix(codecs.BOM_UTF8)
        lines = start.splitlines(keepends=True)
        delimiter, above = self.mapping.delimiter, self.mapping.skip_lines
        if self.kind is Kind.WORKBOOK:
            delimiter, above = ",", max(above, self.sheet.blank_above)
        if lines and (match := _SEPARATOR.fullmatch(lines[0].decode("latin-1"))):
            # Made for Excel, which splits by this mark; it knows better than who wrote the mapping.
            delimiter, above = match[1], max(above, 1)
        preamble = tuple(line.decode("utf-8", "replace").rstrip("\r\n") for line in lines[:above])
        rest = b"".join(lines[above:])
        if not rest.splitlines() or not rest.splitlines()[0].strip():
            problem = "the first line is empty" if rest.strip() else "is empty"
            raise DataError(
                f"{self.path.name}:{above + 1}: {problem}",
                hint="Expected a header line with the column names there.",
            )
        rows = csv.reader(io.StringIO(rest.decode("utf-8", "replace"), newline=""), delimiter=delimiter)
        try:
            values = [name.strip() for name in next(rows)]
        except csv.Error as error:
            raise DataError(f"{self.path.name}:{above + 1}: not a header: {error}", hint="Expected CSV.") from error
        if not self.mapping.header:
            return Head(preamble, [str(place + 1) for place in range(len(values))], above, delimiter, True)
        if any("\ufffd" in name or "\0" in name for name in values):
            guess = guessed_encoding(start)
            raise DataError(
                f"{self.path.name}:{above + 1}: the header is not UTF-8",
                hint=f'It looks like {guess}: say encoding = "{guess}" in the mapping, and look at the names.'
                if guess
                else "Save the file as UTF-8, or say its encoding in the mapping.",
            )
        lines_of_header = rows.line_num
        first = b"".join(rest.splitlines(keepends=True)[:lines_of_header])
        values = _as_wide(values, next(rows, []))
        return Head(preamble, values, above + lines_of_header, delimiter, len(rest) > len(first))

    def header_below(self, wanted: str) -> int:
        """The lines above the row, of the first ones, that holds a name which the header lacks; 0 where none does."""
        with self.stream() as stream:
            lines = bytes(stream.read(HEADER_BYTES)).decode("utf-8", "replace").splitlines()[:LINES_BELOW]
        rows = ([cell.strip().casefold() for cell in row] for row in csv.reader(lines, delimiter=self.head.delimiter))
        return next((place for place, row in enumerate(rows) if wanted.casefold() in row), 0)

    def told(self) -> dict[str, str]:
        """What the file's name and the lines above its header say, by the names in the mapping's patterns."""
        found: dict[str, str] = {}
        if self.mapping.file_name:
            match = re.search(self.mapping.file_name, self.path.name)
            if match is None:
                raise DataError(
                    f"{self.path.name}: the name does not fit file_name in the mapping",
                    hint="Rename the file, or correct the pattern.",
                )
            found.update({name: text for name, text in match.groupdict().items() if text})
        above = "\n".join(self.head.preamble) if self.mapping.preamble else ""
        for name, pattern in self.mapping.preamble.items():
            match = re.search(pattern, above, re.MULTILINE)
            if match is None:
                raise DataError(
                    f"{self.path.name}: '{name}' is not found in the {len(self.head.preamble)} lines above the header",
                    hint=f"Correct preamble.{name} or skip_lines in the mapping.",
                )
            found[name] = match[1].strip()
        return found

    def footer(self) -> str:
        """The last lines, as many as the mapping says."""
        if not self.mapping.footer_lines:
            return ""
        tail = b""
        with self.stream() as stream:
            while chunk := stream.read(CHUNK_BYTES):
                tail = (tail + bytes(chunk))[-FOOTER_BYTES:]
        return "\n".join(tail.decode("utf-8", "replace").splitlines()[-self.mapping.footer_lines :])

    def start(self, size: int) -> tuple[bytes, bool]:
        """The first bytes of the text, as they stand in the file, and whether that is all of it."""
        with self.raw() as raw, self._unzipped(raw) as stream:
            return bytes(stream.read(size)), not bytes(stream.read(1))

    def guess(self) -> str:
        """The encoding that the first bytes which are not UTF-8 seem to be in; '' where nothing can be said."""
        with self.stream() as stream:
            while chunk := bytes(stream.read(CHUNK_BYTES)):
                if not chunk.isascii() and (found := guessed_encoding(chunk)):
                    return found
        return ""

    def ends_in_quote(self) -> bool:
        """Whether the last value is closed."""
        tail = b""
        with self.stream() as stream:
            while chunk := stream.read(1 << 20):
                tail = (tail + bytes(chunk))[-16:]
        return tail.rstrip(b"\r\n").endswith(b'"')
