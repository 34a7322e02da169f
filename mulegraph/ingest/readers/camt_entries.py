"""The entries of camt messages as texts by their path, in two ways that give the same.

`plain_entries` walks one element after the other. `fast_entries` cuts the file behind entries, takes out those that are
written alike (`camt_alike`), and has libxslt pick the texts out of what is left of each part, in threads of its own.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import compress, groupby
from pathlib import Path
from typing import BinaryIO

from lxml import etree

from mulegraph.errors import DataError
from mulegraph.ingest.readers.camt_alike import RUN, Found, Patterns
from mulegraph.ingest.readers.xml import Element, children, elements, leaves, local

STATEMENTS = ("Stmt", "Rpt", "Ntfctn")
PART_BYTES = 2 << 20
MIN_CUT_BYTES = 128 << 10
"""A file below it is read before the stylesheet is made."""
HEAD_BYTES = 64 << 10
THREADS = 2

ENTRY_PATHS = tuple(
    """
    Amt Amt/@Ccy CdtDbtInd RvslInd Sts/Cd Sts/Prtry Sts BookgDt/DtTm BookgDt/Dt ValDt/Dt ValDt/DtTm AcctSvcrRef
    AddtlNtryInf BkTxCd/Domn/Fmly/Cd BkTxCd/Domn/Fmly/SubFmlyCd Chrgs/Rcrd/Amt Chrgs/Rcrd/Amt/@Ccy
    Chrgs/Rcrd/ChrgInclInd Chrgs/Amt Chrgs/Amt/@Ccy Chrgs/TtlChrgsAndTaxAmt
    """.split()
)
_PARTY = ("RltdPties/X/Nm", "RltdPties/X/Pty/Nm", "RltdPties/XAcct/Id/IBAN", "RltdPties/XAcct/Id/Othr/Id")
_AGENT = (
    "RltdAgts/XAgt/FinInstnId/BICFI",
    "RltdAgts/XAgt/FinInstnId/BIC",
    "RltdAgts/XAgt/FinInstnId/ClrSysMmbId/MmbId",
    "RltdAgts/XAgt/FinInstnId/Nm",
)
_ROLES = ("Dbtr", "Cdtr")
_PARTIES = tuple(path.replace("X", role) for paths in (_PARTY, _AGENT) for role in _ROLES for path in paths)
DETAIL_PATHS = (
    *_PARTIES,
    *"""
    CdtDbtInd Refs/EndToEndId Refs/UETR Refs/MndtId Refs/AcctSvcrRef RmtInf/Ustrd RmtInf/Strd/CdtrRefInf/Ref
    BkTxCd/Domn/Fmly/Cd BkTxCd/Domn/Fmly/SubFmlyCd RtrInf/Rsn/Cd AmtDtls/InstdAmt/Amt AmtDtls/InstdAmt/Amt/@Ccy
    Amt Amt/@Ccy AmtDtls/TxAmt/Amt AmtDtls/TxAmt/Amt/@Ccy RltdDts/AccptncDtTm RltdDts/TxDtTm Chrgs/Rcrd/Amt
    Chrgs/Rcrd/Amt/@Ccy Chrgs/Rcrd/ChrgInclInd Chrgs/Amt Chrgs/Amt/@Ccy Chrgs/TtlChrgsAndTaxAmt
    """.split(),
)
"""Paths below an entry and below one of its transactions; what is not named here is not read."""

Texts = dict[str, str]


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: its line in the file, its own texts, and those of each of its transactions."""

    line: int
    own: Texts
    details: list[Texts]


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement whose entries follow (`is_end` false), or that has ended: its element, with what is not an entry."""

    element: Element
    is_end: bool


def _named(path: str) -> str:
    return path.replace("/@", "@")


_ENTRY_NAMES = tuple(map(_named, ENTRY_PATHS))
_DETAIL_NAMES = tuple(map(_named, DETAIL_PATHS))


@dataclass(frozen=True, slots=True)
class Alike:
    """Entries of one statement, one behind the other, each of which fits a pattern."""

    found: list[Found]


def read_entries(path: Path, advance: Callable[[int], None]) -> Iterator[Entry | Alike | Statement]:
    """Statements and their entries in the order of the file. Raises DataError for XML that is damaged or hostile."""
    cut = _can_be_cut(path)
    return plain_entries(path, advance) if cut is None else fast_entries(path, cut, advance)


def plain_entries(path: Path, advance: Callable[[int], None]) -> Iterator[Entry | Statement]:
    """Element by element; any XML."""
    is_open = False
    for element in elements(path, ("Ntry", *STATEMENTS), advance):
        is_entry = local(element) == "Ntry"
        statement = element.getparent() if is_entry else element
        if not is_open and statement is not None:
            yield Statement(statement, is_end=False)
        is_open = is_entry
        if not is_entry:
            yield Statement(element, is_end=True)
            continue
        details = [part for group in children(element, "NtryDtls") for part in children(group, "TxDtls")]
        found = [_only(leaves(part), _DETAIL_NAMES) for part in details]
        for group in children(element, "NtryDtls"):
            element.remove(group)
        yield Entry(element.sourceline or 0, _only(leaves(element), _ENTRY_NAMES), found)


def _only(found: Texts, names: tuple[str, ...]) -> Texts:
    return {name: " ".join(found[name].split()) for name in names if found.get(name)}


@dataclass(frozen=True)
class _Cut:
    """How a file is cut: the tag behind which, and what stands before and after a part to make it a document."""

    tag: bytes
    before: bytes
    after: bytes
    sheet: etree.XSLT
    patterns: Patterns


def _can_be_cut(path: Path) -> _Cut | None:
    """None where bytes alone do not tell.

    The tag may stand in a comment, in CDATA or in another encoding; messages may be of several versions or prefixes.
    """
    if path.stat().st_size < min(2 * PART_BYTES, MIN_CUT_BYTES):
        return None
    with path.open("rb") as stream:
        head = stream.read(1024)
        declared = re.search(rb"encoding=[\"']([^\"']+)", head.split(b"?>")[0])
        if declared and declared[1].lower() not in (b"utf-8", b"us-ascii", b"ascii"):
            return None
        if b"\0" in head or _holds_markup(stream):
            return None
        spaces_told = _namespaces(stream)
    opened = _opened(path)
    if not opened:
        return None
    namespace = etree.QName(opened[-1]).namespace or ""
    if len({each for each in spaces_told if each[1] == namespace or "camt." in each[1]}) > 1:
        return None
    names = [(b"" if not each.prefix else each.prefix.encode() + b":") + local(each).encode() for each in opened]
    named = opened[-1].nsmap.items()
    spaces = "".join(f' xmlns{":" + prefix if prefix else ""}="{uri}"' for prefix, uri in named).encode()
    before = b"".join(b"<" + name + (spaces if not place else b"") + b">" for place, name in enumerate(names))
    after = b"".join(b"</" + name + b">" for name in reversed(names))
    prefix = names[-1][: -len(local(opened[-1]))]
    patterns = Patterns(f"{prefix.decode()}Ntry", frozenset(_ENTRY_NAMES), frozenset(_DETAIL_NAMES))
    return _Cut(b"</" + prefix + b"Ntry>", before, after, _sheet(namespace), patterns)


def _holds_markup(stream: BinaryIO) -> bool:
    """Whether a comment, CDATA, a DTD or an instruction but the first stands in the file."""
    stream.seek(8)
    last = b""
    while block := stream.read(1 << 20):
        for sign in (b"!", b"?"):
            # Most files hold neither sign, and one byte is looked for ten times as fast as two of which one is common.
            if sign in block and (b"<" + sign in block or (last == b"<" and block[:1] == sign)):
                return True
        last = block[-1:]
    return False


def _namespaces(stream: BinaryIO) -> set[tuple[str, str]]:
    """The prefixes that the file declares, and what each is bound to."""
    stream.seek(0)
    found: set[tuple[str, str]] = set()
    last = b""
    while block := stream.read(1 << 20):
        if b"xmlns" in last + block:
            for prefix, uri in re.findall(rb"xmlns(?::([\w.-]+))?\s*=\s*[\"']([^\"']*)[\"']", last + block):
                found.add((prefix.decode(errors="replace"), uri.decode(errors="replace")))
        # A declaration may begin at the end of a block.
        last = block[-200:]
    return found


def _opened(path: Path) -> list[Element]:
    """The elements that are open where the first statement begins, it as the last; none where that cannot be read."""
    parser = etree.XMLPullParser(events=("start",), resolve_entities=False, no_network=True, load_dtd=False)
    try:
        with path.open("rb") as stream:
            parser.feed(stream.read(HEAD_BYTES))
    except etree.XMLSyntaxError:  # the plain way says where
        return []
    stack: list[Element] = []
    for _, element in parser.read_events():
        if local(element) in STATEMENTS:
            found = element
            while found is not None:
                stack.insert(0, found)
                found = found.getparent()
            break
    return stack


def _group(first: str, paths: tuple[str, ...]) -> str:
    """XSLT for the texts of paths that begin with the same step, each after a tab."""
    steps = ["/".join(step if step[0] == "@" else f"n:{step}" for step in path.split("/")) for path in paths]
    tab = "<xsl:text>&#9;</xsl:text>"
    values = "".join(f'{tab}<xsl:value-of select="normalize-space({step})"/>' for step in steps)
    if len(paths) == 1:
        return values
    empty = f"<xsl:text>{'&#9;' * len(paths)}</xsl:text>"
    when = f'<xsl:when test="n:{first}">{values}</xsl:when>'
    return f"<xsl:choose>{when}<xsl:otherwise>{empty}</xsl:otherwise></xsl:choose>"


def _sheet(namespace: str) -> etree.XSLT:
    """A stylesheet that writes an entry as a line of texts, and each of its transactions as one below it."""

    def line(mark: str, paths: tuple[str, ...]) -> str:
        # Most of what may stand below an entry does not: its absence is seen once, not at each path that leads there.
        groups = groupby(paths, key=lambda path: path.partition("/")[0])
        values = "".join(_group(first, tuple(each)) for first, each in groups)
        return f"<xsl:text>{mark}</xsl:text>{values}<xsl:text>&#10;</xsl:text>"

    statements = " | ".join(f"//n:{name}" for name in STATEMENTS)
    return etree.XSLT(
        etree.XML(
            '<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"'
            f' xmlns:n="{namespace}"><xsl:output method="text" encoding="UTF-8"/><xsl:template match="/">'
            f'<xsl:for-each select="{statements}"><xsl:text>S&#10;</xsl:text><xsl:for-each select="n:Ntry">'
            f'<xsl:choose><xsl:when test="@{RUN}"><xsl:text>R&#9;</xsl:text><xsl:value-of select="@{RUN}"/>'
            "<xsl:text>&#10;</xsl:text></xsl:when><xsl:otherwise>"
            f'{line("E", ENTRY_PATHS)}<xsl:for-each select="n:NtryDtls/n:TxDtls">{line("D", DETAIL_PATHS)}'
            "</xsl:for-each></xsl:otherwise></xsl:choose></xsl:for-each></xsl:for-each></xsl:template></xsl:stylesheet>"
        )
    )


@dataclass(frozen=True)
class _Part:
    """What a thread made of a part: the tree, the stylesheet's lines, and the file's line that the part begins on."""

    root: Element
    lines: list[str]
    first_line: int
    end: int
    is_later: bool
    runs: list[list[Found]]


def fast_entries(path: Path, cut: _Cut, advance: Callable[[int], None]) -> Iterator[Entry | Alike | Statement]:
    """Part by part, some of them ahead in threads; libxml2 and libxslt hold no lock of Python's."""
    hint = "Ask the bank for the file again, or leave it out; nothing of it was loaded."
    ahead: deque[Future[_Part]] = deque()
    parts = _parts(path, cut)
    last: Element | None = None
    with ThreadPoolExecutor(THREADS) as pool:
        try:
            is_over = False
            while ahead or not is_over:
                while not is_over and len(ahead) <= THREADS:
                    part = next(parts, None)
                    is_over = part is None
                    if part is not None:
                        ahead.append(pool.submit(_picked, part, cut))
                done = ahead.popleft().result()
                last = yield from _entries_of(done, last)
                advance(done.end)
        except etree.XMLSyntaxError as error:
            raise DataError(f"{path.name}: is not well-formed XML ({error.msg})", hint=hint) from None
    if last is not None:
        yield Statement(last, is_end=True)


@dataclass(frozen=True)
class _Raw:
    """A part made a document of its own; a later one goes on with the statement that the one before ended in."""

    data: bytes
    first_line: int
    end: int
    is_later: bool
    runs: list[list[Found]]


def _parts(path: Path, cut: _Cut) -> Iterator[_Raw]:
    rest = b""
    line = 1
    position = 0
    before = b""
    with path.open("rb") as stream:
        while block := stream.read(PART_BYTES):
            position += len(block)
            rest += block
            place = rest.rfind(cut.tag)
            if place < 0:
                continue
            place += len(cut.tag)
            left, runs = _taken_out(cut, rest[:place], line)
            yield _Raw(before + left + cut.after, line, position, bool(before), runs)
            line += rest.count(b"\n", 0, place)
            rest, before = rest[place:], cut.before
    yield _Raw(before + rest, line, position, bool(before), [])


def _taken_out(cut: _Cut, part: bytes, line: int) -> tuple[bytes, list[list[Found]]]:
    try:
        text = part.decode()
    except UnicodeDecodeError:
        return part, []
    left, runs = cut.patterns.taken_out(text, line)
    return (left.encode(), runs) if runs else (part, [])


def _picked(raw: _Raw, cut: _Cut) -> _Part:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, collect_ids=False)
    root = etree.fromstring(raw.data, parser)
    return _Part(root, bytes(cut.sheet(root)).decode().split("\n"), raw.first_line, raw.end, raw.is_later, raw.runs)


def _entries_of(part: _Part, last: Element | None) -> Generator[Entry | Alike | Statement, None, Element | None]:
    """Gives back the statement that the part ends in, which the next part goes on with."""
    statements = list(part.root.iter(*(f"{{*}}{name}" for name in STATEMENTS)))
    number = -1
    lines: Iterator[int] = iter(())
    own: Texts | None = None
    details: list[Texts] = []
    line = 0
    for text in part.lines:
        mark = text[:1]
        if mark == "D":
            details.append(_filled(_DETAIL_NAMES, text))
            continue
        if own is not None:
            yield Entry(line, own, details)
            own, details = None, []
        if mark == "E":
            line = next(lines, 0)
            own = _filled(_ENTRY_NAMES, text)
        elif mark == "R":
            next(lines, 0)
            if not part.runs:
                raise ValueError(f"an entry has the attribute {RUN}, which no version of camt has")
            yield Alike(part.runs[int(text.partition("\t")[2])])
        elif mark == "S":
            number += 1
            statement = statements[number]
            found = statement.iterchildren("{*}Ntry")
            lines = iter([part.first_line + (each.sourceline or 1) - 1 for each in found])
            # The first of a later part goes on with the statement that the part before ended in.
            if number == 0 and last is not None and part.is_later:
                _take_over(last, statement)
                continue
            if last is not None:
                yield Statement(last, is_end=True)
            yield Statement(statement, is_end=False)
            last = statement
    return last


def _filled(names: tuple[str, ...], line: str) -> Texts:
    """The texts of a line that are not empty, by name."""
    # libxslt leaves blanks as they are that XML does not know as such, like the one that does not break.
    values = [" ".join(each.split()) for each in line.split("\t")[1:]]
    return dict(compress(zip(names, values, strict=True), values))


def _take_over(statement: Element | None, part: Element) -> None:
    """Add what stands behind the entries (balances, where a bank writes them there) to the statement's head."""
    if statement is not None:
        for child in list(part):
            if local(child) != "Ntry":
                statement.append(child)
