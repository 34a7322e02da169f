"""A document of sections, as a page that opens offline and as PDF: both are set from the same text, tables and plots.

Everything in it is text or SVG of ours. The page escapes it, and Typst takes it as data, so nothing in it is markup.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.resources import as_file, files
from typing import Any

from markupsafe import Markup

from mulegraph.errors import EngineError
from mulegraph.schema.language import later, speaking, spoken, tr, word
from mulegraph.views.local_times import named
from mulegraph.views.page import page
from mulegraph.views.paper import PAPER_WIDTH
from mulegraph.views.tables import shown


@dataclass(frozen=True)
class Cell:
    """A cell of a table. `href` leads to a file beside the page; `share` draws a bar; `tone` is good, bad or dim."""

    text: str
    href: str = ""
    share: float | None = None
    tone: str = ""


@dataclass(frozen=True)
class Column:
    """A head; `number` sets right, `wide` takes the room that is left."""

    head: str
    number: bool = False
    wide: bool = False


@dataclass(frozen=True)
class Text:
    """A paragraph, with what it is about in front of it."""

    text: str
    about: str = ""
    kind: str = "text"


@dataclass(frozen=True)
class Notice:
    """What must not be missed."""

    text: str
    kind: str = "notice"


@dataclass(frozen=True)
class Picture:
    """SVG of ours; `alt` says in words what it shows."""

    svg: str
    alt: str
    caption: str = ""
    kind: str = "picture"


@dataclass(frozen=True)
class Table:
    """Rows under heads; `empty` stands in the place of none, `note` below."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    empty: str = field(default_factory=lambda: tr("None."))
    note: str = ""
    small: bool = False
    kind: str = "table"


@dataclass(frozen=True)
class Finding:
    """One finding's story: why, what was measured against which threshold and every innocent explanation.

    `measured` are (what, value, threshold); `thresholds` are all others in a sentence.
    """

    title: str
    about: str
    score: str
    reason: str
    innocent_when: str
    measured: Sequence[tuple[str, str, str]]
    thresholds: str
    passed: Sequence[tuple[str, str]]
    failed: Sequence[tuple[str, str]]
    unasked: str
    kind: str = "finding"


PAPER_WORDS = (
    later("measured"),
    later("value"),
    later("threshold"),
    later("Other thresholds:"),
    later("Innocent explanations"),
    later("fits:"),
    later("does not fit:"),
    later("Explain no such sign:"),
    later("Innocent when:"),
)
"""What the template of the PDF says by itself."""
Block = Text | Notice | Picture | Table | Finding


@dataclass(frozen=True)
class Section:
    """A head and what stands under it; `name` is its address in the page."""

    name: str
    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Document:
    """A report: title, facts under it, what must not be missed, and sections.

    `links` are pages beside it by what they are called; a PDF, which is printed and sent, has none.
    """

    title: str
    facts: dict[str, str]
    notices: Sequence[str]
    sections: Sequence[Section] = field(default_factory=list)
    links: Mapping[str, str] = field(default_factory=dict)
    language: str = field(default_factory=spoken)

    @property
    def page(self) -> str:
        """As HTML."""
        with speaking(self.language):
            return page("document.html", document=self, svg=_inline)

    @property
    def pdf(self) -> bytes:
        """As PDF. Raises EngineError when Typst cannot make it."""
        with speaking(self.language):
            words = {each: tr(each) for each in PAPER_WORDS}
        return set_in_type("document.typ", document=asdict(self), width=PAPER_WIDTH, words=words)


def heads(*names: str) -> list[Column]:
    """Columns by their heads, in the language that is spoken.

    A head that ends in ` #` holds numbers, one in ` *` takes the room that is left; one of times names their zone.
    """
    bare = [name.removesuffix(" #").removesuffix(" *") for name in names]
    told = [named(name) if "(UTC)" in name else word(name) for name in bare]
    return [Column(head, name[-2:] == " #", name[-2:] == " *") for head, name in zip(told, names, strict=True)]


def cells(*values: Any) -> list[Cell]:
    """A row: values as `shown` writes them, cells as they are."""
    return [each if isinstance(each, Cell) else Cell(shown(each)) for each in values]


def _inline(svg: str) -> Markup:
    return Markup(svg)  # noqa: S704 (drawn by us, and its text is escaped where it is drawn)


def set_in_type(template: str, **values: Any) -> bytes:
    """A Typst template as PDF, its values as JSON; the same bytes for the same values. Raises EngineError."""
    import matplotlib
    import typst

    given = {name: json.dumps(value) for name, value in values.items()}
    fonts = [f"{matplotlib.get_data_path()}/fonts/ttf"]
    with as_file(files("mulegraph.views") / "templates" / template) as path:
        try:
            return bytes(typst.compile(str(path), format="pdf", sys_inputs=given, font_paths=fonts))
        except (RuntimeError, ValueError) as error:
            first = str(error).splitlines()[0]
            raise EngineError(f"the PDF cannot be made ({first})", hint="Print the HTML page instead.") from error
