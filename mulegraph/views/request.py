"""A support request as a document: HTML, PDF by Typst, and the recall as ISO 20022 XML."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from mulegraph.casework.recall_messages import Request, recall
from mulegraph.files import write_output
from mulegraph.privacy.door import MaskedWorkspace
from mulegraph.views.document import set_in_type
from mulegraph.views.page import page


def request_page(request: dict[str, Any]) -> str:
    """The HTML page of `Request.as_object()`."""
    return page("request.html", request=request)


def request_pdf(request: dict[str, Any]) -> bytes:
    """The same as PDF. Raises EngineError when Typst cannot make it."""
    return set_in_type("request.typ", request=request)


def write_request(space: MaskedWorkspace, request: Request, folder: Path) -> list[Path]:
    """Write the request as HTML and PDF, and the recall as XML if it is no draft; the journal keeps what was made."""
    shown = request.as_object()
    content: dict[str, bytes] = {"html": request_page(shown).encode(), "pdf": request_pdf(shown)}
    if not request.draft and request.ours:
        content["xml"] = recall(request).encode()
    bank = "".join(each if each.isalnum() else "_" for each in request.bank)
    paths = [write_output(folder / f"{request.case}-{bank}.{ending}", data) for ending, data in content.items()]
    space.record_request(request, {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths})
    return paths
