"""HTML pages that open with no network: a template, its own scripts by hash, and nothing else may run or be fetched."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader
from markupsafe import Markup

from mulegraph.views.tables import plain


@cache
def _templates() -> Environment:
    return Environment(loader=PackageLoader("mulegraph.views"), autoescape=True, trim_blocks=True, lstrip_blocks=True)


def page(template: str, **values: Any) -> str:
    """Render a template; its own scripts are allowed by their hashes, and nothing else may run or be fetched."""
    text = _templates().get_template(template).render(**{**values, "policy": "POLICY"})
    scripts = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(each.encode()).digest()).decode()}'" for each in scripts
    )
    allowed = hashes or "'none'"
    policy = f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data:"
    return text.replace("POLICY", policy, 1)


def embedded(data: Any) -> Markup:
    """Data for a script as JSON that cannot end it: everything that HTML could read is escaped."""
    text = json.dumps(plain(data), ensure_ascii=True)
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)  # noqa: S704 (escaped above)


_templates().filters["embedded"] = embedded
