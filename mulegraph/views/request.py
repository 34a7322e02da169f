"""A support request as a document: HTML, and PDF by Typst, whose wheel needs no library of the system."""

from __future__ import annotations

import json
from importlib.resources import as_file, files
from typing import Any

import typst

from mulegraph.errors import EngineTrouble
from mulegraph.views.page import page


def request_page(request: dict[str, Any]) -> str:
    """The HTML page of `Request.as_object()`."""
    return page("request.html", request=request)


def request_pdf(request: dict[str, Any]) -> bytes:
    """The same as PDF. Raises EngineTrouble when Typst cannot make it."""
    with as_file(files("mulegraph.views") / "templates" / "request.typ") as template:
        try:
            return bytes(typst.compile(str(template), format="pdf", sys_inputs={"request": json.dumps(request)}))
        except (RuntimeError, ValueError) as error:
            first = str(error).splitlines()[0]
            raise EngineTrouble(f"the PDF cannot be made ({first})", do="Print the HTML page instead.") from error
