"""Files are written whole or not at all, and an error says where."""

from __future__ import annotations

import pytest

from mulegraph.errors import UsageError
from mulegraph.files import write_atomically, write_output


@pytest.mark.parametrize("content", ["Zoë 25 €\n", b"\x00\xff"])
@pytest.mark.parametrize("sync", [True, False])
def test_a_file_holds_what_was_written_and_nothing_lies_beside_it(tmp_path, content, sync):
    """Text as UTF-8, without changed line ends."""
    path = tmp_path / "file"
    path.write_text("what was there before, which is longer")

    assert write_atomically(path, content, sync=sync) == path
    assert path.read_bytes() == (content if isinstance(content, bytes) else content.encode())
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_a_write_that_fails_leaves_the_old_content(tmp_path):
    """Here the text cannot be encoded."""
    path = tmp_path / "file"
    path.write_text("old")

    with pytest.raises(UnicodeEncodeError):
        write_atomically(path, "\ud800")
    assert [each.read_text() for each in tmp_path.iterdir()] == ["old"]


def test_what_somebody_named_gets_its_folders_or_an_error_that_says_where(tmp_path):
    """A file in the place of a folder."""
    assert write_output(tmp_path / "a" / "b.html", "page").read_text() == "page"
    with pytest.raises(UsageError, match=r"b\.html.*cannot be written"):
        write_output(tmp_path / "a" / "b.html" / "c.html", "page")
