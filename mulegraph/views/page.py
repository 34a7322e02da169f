"""HTML pages that open with no network: a template, its own scripts by hash, and nothing else may run or be fetched."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from functools import cache
from typing import Any

from mulegraph.lazy import jinja2, markupsafe
from mulegraph.schema.language import spoken, tr, word
from mulegraph.views.tables import plain


@cache
def _templates() -> jinja2.Environment:
    loader = jinja2.PackageLoader("mulegraph.views")
    made = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    made.filters["embedded"] = embedded
    made.globals |= {"tr": tr, "word": word, "spoken": spoken}
    return made


def page(template: str, **values: Any) -> str:
    """Render a template; its own scripts and styles are allowed by their hashes, nothing else may run or be fetched.

    A page with `style` attributes (drawings of a plotting library have them) may have those, too. One that is `served`
    may ask its own server, and nobody else.
    """
    text = _templates().get_template(template).render(**{**values, "policy": "POLICY"})
    policy = [
        "default-src 'none'",
        f"script-src {_hashes('script', text)}",
        f"style-src {_hashes('style', text)}",
        *(["style-src-attr 'unsafe-inline'"] if re.search(r"<[^>]* style=", text) else []),
        "img-src data: blob:",
        *(["connect-src 'self'"] if values.get("served") else []),
        "base-uri 'none'",
        "form-action 'none'",
    ]
    return text.replace("POLICY", "; ".join(policy), 1)


def _hashes(tag: str, text: str) -> str:
    found = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
    digests = (base64.b64encode(hashlib.sha256(each.encode()).digest()).decode() for each in found)
    return " ".join(f"'sha256-{each}'" for each in digests) or "'none'"


def embedded(data: Any) -> markupsafe.Markup:
    """Data for a script as JSON that cannot end it: everything that HTML could read is escaped."""
    text = json.dumps(plain(data), ensure_ascii=True)
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return markupsafe.Markup(text)
