"""English words in pages of other languages: there are none but names of files, settings and commands."""

from __future__ import annotations

import html
import re

WORDS = "the|and|with|which|from|this|that|have|their|money|accounts?|transfers?|payments?|chains?|findings?|cases?"
ENGLISH = re.compile(rf"(?<!mulegraph )\b(?:{WORDS})\b(?![.=_-]| = )")
"""Words that English has and neither Vietnamese nor Dutch, in small letters; not names of files, settings, commands."""


def english_left(page: str) -> list[str]:
    """Texts of a page, as it is before a script runs, that are still in English."""
    bare = re.sub(r"<(script|style)\b.*?</\1>", "", page, flags=re.DOTALL)
    told = [html.unescape(each) for each in re.findall(r">([^<>]+)<", bare)]
    return [each for each in told if ENGLISH.search(each)]
