"""A support request as a document: HTML, and PDF by Typst, whose wheel needs no library of the system."""

from __future__ import annotations

from typing import Any

from mulegraph.views.document import set_in_type
from mulegraph.views.page import page


def request_page(request: dict[str, Any]) -> str:
    """The HTML page of `Request.as_object()`."""
    return page("request.html", request=request)


def request_pdf(request: dict[str, Any]) -> bytes:
    """The same as PDF. Raises EngineError when Typst cannot make it."""
    return set_in_type("request.typ", request=request)
