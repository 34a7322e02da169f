"""Encodings of text files: which are known, and what a file's first bytes say."""

from __future__ import annotations

import codecs
import unicodedata
from functools import cache

TCVN3 = "tcvn3"
_TCVN3_LETTERS = (
    "ÀẢÃÁẠẶẬÈẺẼÉẸỆÌỈĨÍỊÒỎÕÓỌỘỜỞỠỚỢÙỦŨ"
    "\u00a0ĂÂÊÔƠƯĐăâêôơưđẰ"
    "\u0300\u0309\u0303\u0301\u0323àảãáạẲằẳẵắẴ"
    "ẮẦẨẪẤỀặầẩẫấậèỂẻẽ"
    "éẹềểễếệìỉỄẾỒĩíịò"
    "Ổỏõóọồổỗốộờởỡớợù"
    "ỖủũúụừửữứựỳỷỹýỵỐ"
)
"""Letters of TCVN 5712:1993 for the bytes from 128 on; files of the font-based TCVN3 (ABC) use the same places."""

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
          (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))  # fmt: skip


def marked_encoding(start: bytes) -> str:
    """The encoding that a byte order mark tells; '' where there is none."""
    return next((encoding for mark, encoding in _MARKS if start.startswith(mark)), "")


def known_encoding(name: str) -> bool:
    """Whether text can be read in an encoding of this name."""
    if name.lower() == TCVN3:
        return True
    try:
        return codecs.lookup(name)._is_text_encoding
    except LookupError:
        return False


class Decoder:
    """Bytes of a file to text, piece by piece; combining marks are put together (Windows-1258 writes them apart)."""

    def __init__(self, encoding: str) -> None:
        self._tcvn3 = encoding.lower() == TCVN3
        self._decoder = codecs.getincrementaldecoder("latin-1" if self._tcvn3 else encoding)()
        self._held = ""

    def decode(self, piece: bytes, *, final: bool = False) -> str:
        """The text of a piece. Raises UnicodeDecodeError for bytes that the encoding does not have."""
        text = self._held + self._decoder.decode(piece, final)
        if self._tcvn3:
            text = text.translate(_tcvn3())
        # A mark belongs to the letter before it: the last letter waits for the next piece.
        cut = len(text) if final or not text else len(text) - 1
        self._held = text[cut:]
        return text[:cut] if text.isascii() else unicodedata.normalize("NFC", text[:cut])


@cache
def _tcvn3() -> dict[int, str]:
    return {128 + place: letter for place, letter in enumerate(_TCVN3_LETTERS)}
