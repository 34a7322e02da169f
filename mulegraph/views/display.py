"""HTML for a notebook's cell: facts, tables and a still picture, or a whole page in a frame.

Nothing here runs a script outside of a frame, and everything is escaped: notebooks show such HTML inside their own
page. A picture is an image and no drawing in the page, so that it also shows in a notebook that is not trusted.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from markupsafe import Markup

from mulegraph.views.tables import LONGEST_WORD, shown

MAX_ROWS = 25
FRAME_HEIGHT = 720
CELL = "text-align:{};white-space:{};vertical-align:top;padding:2px 10px 2px 0"
SOFT = "color:#5a6472"


def card(title: str, facts: Mapping[str, Any], *parts: Markup) -> str:
    """A heading, facts in one line, and what is below them."""
    fact = Markup("<span style='{}'>{}</span> {}")
    told = Markup(" · ").join(fact.format(SOFT, name, text(value)) for name, value in facts.items())
    head = Markup("<p style='margin:4px 0'><b>{}</b></p><p style='margin:4px 0'>{}</p>").format(text(title), told)
    return str(Markup("<div>{}{}</div>").format(head, Markup("").join(parts)))


def table(rows: Iterable[Mapping[Any, Any]], heads: Mapping[str, str], title: str = "") -> Markup:
    """The first rows as a table; `heads` chooses and names the columns. Says how many rows are left out."""
    listed = list(rows)
    if not listed:
        return Markup("")
    side = {name: _style([row.get(name) for row in listed]) for name in heads}
    head = Markup("").join(Markup("<th style='{}'>{}</th>").format(side[name], told) for name, told in heads.items())
    body = Markup("")
    for row in listed[:MAX_ROWS]:
        body += Markup("<tr>")
        for name in heads:
            body += Markup("<td style='{}'>{}</td>").format(side[name], text(row.get(name)))
        body += Markup("</tr>")
    more = f"and {len(listed) - MAX_ROWS:,} more" if len(listed) > MAX_ROWS else ""
    return Markup(
        "<p style='margin:10px 0 2px'><b>{}</b></p><table><thead><tr>{}</tr></thead><tbody>{}</tbody></table>{}"
    ).format(title, head, body, line(more) if more else "")


def _style(values: list[Any]) -> str:
    """Numbers to the right; an id that is broken over two lines cannot be copied."""
    numeric = all(isinstance(each, (int, float, Decimal)) for each in values)
    whole = all(len(told) <= LONGEST_WORD and " " not in told for told in map(text, values))
    return CELL.format("right" if numeric else "left", "nowrap" if whole else "normal")


def line(told: str) -> Markup:
    """A line of small print."""
    return Markup("<p style='margin:2px 0;{}'>{}</p>").format(SOFT, text(told))


def still(drawn: str, told: str) -> Markup:
    """An SVG drawing as an image, in which no script runs and which fetches nothing; `told` is for who cannot see."""
    encoded = base64.b64encode(drawn.encode()).decode()
    style = "max-width:100%;background:#fff;border:1px solid #d8dde3"
    return Markup("<img src='data:image/svg+xml;base64,{}' alt='{}' style='{}'>").format(encoded, text(told), style)


def framed(page: str, title: str, *, height: int = FRAME_HEIGHT) -> str:
    """A page in a frame of its own: it may run its scripts and save files, and cannot reach the notebook around it."""
    return str(
        Markup(
            "<iframe srcdoc='{}' title='{}' sandbox='allow-scripts allow-downloads'"
            " style='width:100%;height:{}px;border:1px solid #d8dde3'></iframe>{}"
        ).format(page, text(title), height, line(f"{title}. No picture? Run the cell, or save the view as a page."))
    )


def text(value: Any) -> str:
    """A value as a cell shows it, not yet escaped."""
    return shown(value) if value is not None else ""
