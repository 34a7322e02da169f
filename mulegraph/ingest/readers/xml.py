"""ISO 20022 messages as a stream of elements: any version, prefix and envelope; no DTD, no entity, no network."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

from lxml import etree

from mulegraph.errors import DataError

__all__ = ["Element", "children", "elements", "leaves", "local", "message_in"]

Element: TypeAlias = etree._Element


def message_in(head: bytes, *roots: str) -> bool:
    """Whether one of these message elements opens in the beginning of an XML file (BOM, prefix, UTF-16 allowed)."""
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        head = head.decode("utf-16", "ignore").encode()
    if not head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
        return False
    return any(re.search(rb"<(?:[\w.-]+:)?" + root.encode() + rb"[\s>/]", head) for root in roots)


def elements(path: Path, names: tuple[str, ...], advance: Callable[[int], None]) -> Iterator[Element]:
    """Elements of these local names as they close, each taken out of its parent afterwards.

    What stands beside them stays until the parent itself is one of them, so memory does not grow with the file.
    Raises DataError for XML that is cut off, malformed or brings a DTD of its own.
    """
    hint = "Ask the bank for the file again, or leave it out; nothing of it was loaded."
    try:
        with path.open("rb") as stream:
            parsed = etree.iterparse(
                stream,
                events=("end",),
                tag=[f"{{*}}{name}" for name in names],
                resolve_entities=False,
                no_network=True,
                load_dtd=False,
                remove_comments=True,
                remove_pis=True,
                huge_tree=False,
            )
            first = True
            for _, element in parsed:
                if first and element.getroottree().docinfo.doctype:
                    raise DataError(f"{path.name}: refused as hostile XML (it brings a DTD)", hint=hint)
                first = False
                yield element
                parent = element.getparent()
                if parent is not None:
                    parent.remove(element)
                advance(stream.tell())
    except etree.XMLSyntaxError as error:
        raise DataError(f"{path.name}:{error.lineno or 0}: is not well-formed XML ({error.msg})", hint=hint) from None


def local(element: Element) -> str:
    """The name without its namespace, which holds the version."""
    return str(element.tag).rpartition("}")[2]


def leaves(element: Element) -> dict[str, str]:
    """The texts below an element by the path of local names that leads to them; of several the first.

    An attribute stands under the path with `@` and its name.
    """
    found: dict[str, str] = {}
    _collect(element, "", found)
    return found


def _collect(element: Element, path: str, found: dict[str, str]) -> None:
    for child in element:
        tag = child.tag
        name = path + _LOCAL[tag]
        if len(child):
            _collect(child, name + "/", found)
        else:
            text = child.text
            if text and name not in found:
                found[name] = text.strip()
                for key, value in child.items():
                    found[f"{name}@{key}"] = value


class _LocalNames(dict[str, str]):
    """Tags to local names, each cut once."""

    def __missing__(self, tag: str) -> str:
        self[tag] = found = tag.rpartition("}")[2]
        return found


_LOCAL = _LocalNames()


def children(element: Element, name: str) -> list[Element]:
    """The direct children of that local name."""
    return [child for child in element if local(child) == name]
