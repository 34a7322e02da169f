"""Listings: every column has one definition, and every listing is shown somewhere."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from mulegraph.schema import listings

PACKAGE = Path(listings.__file__).parents[1]
LISTINGS = {name: value for name, value in vars(listings).items() if name.isupper() and isinstance(value, Mapping)}
SHOWN = "".join(
    path.read_text(encoding="utf-8") for part in ("cli", "views") for path in (PACKAGE / part).rglob("*.py")
)


@pytest.mark.parametrize("name", LISTINGS)
def test_every_listing_is_shown(name):
    """By a command, the terminal or a notebook; one that nobody shows is deleted."""
    assert re.search(rf"\blistings\.{name}\b", SHOWN)


def test_a_column_is_defined_once():
    """The same field under the same header is one column, whichever listings show it."""
    source = Path(listings.__file__).read_text(encoding="utf-8")
    columns = re.findall(r'Column\("(.+?)", "(.*?)"\)', source)

    assert len(columns) == len(set(columns))
