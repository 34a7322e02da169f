"""Commands that documents and messages name are there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import typer

from mulegraph.cli.app import app

ROOT = Path(__file__).parents[2]
NAMED = re.compile(
    r"(?:[:'\"`(]\s?|^\$? ?)mulegraph ((?:[a-z][a-z0-9-]*)(?:(?: |\|)[a-z][a-z0-9-]*)*)\b(?! \d)", re.MULTILINE
)
"""A command behind a mark or at a line's begin, and the words behind it, such as `mulegraph case note|close`."""


def test_every_command_that_a_document_or_a_message_names_is_there():
    """Who is told to run it would be told next that there is no such command."""
    tree = _tree(typer.main.get_command(app))
    named = [*_documents(), *_messages()]
    wrong = [(where, words) for where, text in named for words in _named(text) if not _there(words, tree)]
    assert wrong == []


def _there(words: str, tree: dict) -> bool:
    """Whether the first word is a command and, of a group, the second is one of it."""
    first, _, rest = words.partition(" ")
    below = [tree.get(each) for each in first.split("|")]
    if None in below:
        return False
    of_group = rest.split(" ")[0].split("|") if rest and all(below) else []
    return all(each in commands for each in of_group for commands in below)


def _tree(root: typer.core.TyperGroup) -> dict[str, set[str]]:
    """Commands, and what is below each."""
    return {name: set(getattr(each, "commands", {})) for name, each in root.commands.items()}


def _documents() -> list[tuple[str, str]]:
    """Code of documents: blocks, and what stands between backticks."""
    paths = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    texts = [(path, path.read_text(encoding="utf-8")) for path in paths]
    return [(path.name, code) for path, text in texts for code in re.findall(r"```.*?```|`[^`\n]+`", text, re.DOTALL)]


def _messages() -> list[tuple[str, str]]:
    """Texts of the package: hints, messages and docstrings."""
    found = []
    for path in sorted((ROOT / "mulegraph").rglob("*.py")):
        written = path.read_text(encoding="utf-8")
        nodes = ast.walk(ast.parse(written)) if NAMED.search(written) else ()
        texts = [each.value for each in nodes if isinstance(each, ast.Constant) and isinstance(each.value, str)]
        found += [(path.name, text) for text in texts if "mulegraph " in text]
    return found


def _named(text: str) -> list[str]:
    return NAMED.findall(text)
