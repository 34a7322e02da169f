"""Questions only read: what a statement must begin with on every engine, and what is said of one that writes."""

from __future__ import annotations

import re

from mulegraph.errors import UsageError

READING = ("MATCH", "OPTIONAL", "UNWIND", "WITH", "RETURN")


def check_reads(statement: str, name: str) -> None:
    """Raises UsageError for a statement that does not begin as a reading one."""
    words = re.sub(r"//[^\n]*|/\*.*?\*/", " ", statement, flags=re.DOTALL).split(maxsplit=1)
    if not words or words[0].upper() not in READING:
        raise only_reads(f"query '{name}'" if name else "the query")


def only_reads(asked: str) -> UsageError:
    """What is said of a statement that an engine refused because it writes."""
    return UsageError(
        f"{asked} would write, and queries may only read",
        hint="Begin with one of " + ", ".join(READING) + "; change the ledger, and rebuild, to change the graph.",
    )
