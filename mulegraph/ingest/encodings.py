"""Encodings of text files: which are known, and what a file's first bytes say."""

from __future__ import annotations

import codecs
import re
import unicodedata
from functools import cache

from mulegraph.lazy import charset_normalizer

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

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


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


_VIETNAMESE = frozenset(
    "ngày số tiền nguyễn trần tài khoản dịch nội ngân hàng thị văn chuyển lê phạm công của không phạm hoàng đặng bùi"
    " đỗ hồ ngô dương lý tên chỉ địa mã phí lương nợ dư diễn giải tham chiếu đối tác quận đường phường".split()
)
"""Words of statements and the most usual names, which no other page's letters make."""
_COMMON = frozenset("áàâãäåæçéèêëíìîïñóòôõöøúùûüýÿßœ")


def guessed_encoding(start: bytes) -> str:
    """The encoding that a text without a mark is probably in, by its first bytes; '' for UTF-8.

    UTF-16 shows by its empty bytes, Vietnamese by its words; else the library
    charset-normalizer decides, but for short texts with Western letters, of which it makes anything.
    """
    even, odd = start[0:2000:2].count(0), start[1:2000:2].count(0)
    if max(even, odd) * 8 > len(start[:2000]):
        return "utf-16-le" if odd > even else "utf-16-be"
    try:
        start[:-4].decode("utf-8")
    except UnicodeDecodeError:
        pass
    else:
        return ""
    start = start[: 1 << 16]
    words = {name: _vietnamese_words(start, name) for name in ("windows-1258", TCVN3)}
    best = max(words, key=lambda name: words[name])
    if words[best]:
        return best
    western = start.decode("cp1252", "replace").lower()
    special = [sign for sign in western if not sign.isascii()]
    letters = sum(map(str.isalpha, western))
    # Where few letters have accents, and nearly all of these are Western ones, no page is as likely.
    if 4 * len(special) < letters and sum(sign in _COMMON for sign in special) >= 0.9 * len(special):
        return "windows-1252"
    found = charset_normalizer.from_bytes(start).best()
    return "windows-1252" if found is None else str(found.encoding).replace("cp125", "windows-125")


def _vietnamese_words(start: bytes, name: str) -> int:
    """How many Vietnamese words with letters beyond ASCII a page reads."""
    try:
        text = Decoder(name).decode(start, final=True).lower()
    except UnicodeDecodeError:
        return 0
    return sum(word in _VIETNAMESE and not word.isascii() for word in re.findall(r"\w+", text))


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
