"""Masking: what identifies a person is shown as a token, unless a reason was given to see it (design §10).

A token is a bank's letters (or one that says what it is) and a keyed tag, such as `NORD~k7f3q2xa`: the same value
has the same token in every output of a workspace, commands take tokens for ids, and without the workspace's key a
token says nothing. Which columns are masked stands in `model.TABLES`. Values are recognised wherever they
stand, also inside sentences; dates of birth and free text are shown as `***`, by the name of their field.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mulegraph.errors import EngineError, UsageError
from mulegraph.ledger.ledger import Ledger
from mulegraph.schema.tables import TABLES, Mask

KEY_FILE, TAGS_FOLDER = "masking.key", "masking"
HIDDEN = "***"
TAG_BYTES, LONG_TAG_BYTES = 5, 10
"""40 bits, written as 8 letters; values of one kind whose tags would be the same in a ledger have 80 bits instead."""
KEPT_FROM = 9
"""Account numbers shorter than this keep nothing of themselves in their token."""
MAX_PIECES = 15
"""Words, blanks and signs of the longest value that is looked for inside a text, such as a name with titles."""
MIN_LETTERS = 4
"""A shorter word inside a sentence is taken for the sentence's own."""

TOKEN = re.compile(r"(?P<head>[A-Z]{1,4})~(?P<tag>[a-z2-7]+)")
LETTER = {
    Mask.ACCOUNT: "A",
    Mask.HOLDER: "H",
    Mask.DEVICE: "D",
    Mask.CARD: "C",
    Mask.MERCHANT: "M",
    Mask.NAME: "N",
    Mask.NATIONAL_ID: "I",
    Mask.ADDRESS: "P",
}
"""What a token begins with where nothing of the value is kept."""
HIDDEN_FIELDS = {
    column.name for table in TABLES.values() for column in table.columns if column.masked is Mask.HIDDEN
} - {"reason"}
"""Fields that are never shown, by name. A finding's `reason` is a sentence of ours, and is searched for values."""
OPEN_FIELDS = {"evidence", "transfer", "transfers", "transfer_id"}
"""Fields that hold ids of transfers, which stay readable even where an account has the same number."""
WORD_FIELDS = {
    *"finding findings sign made_of subject_kind case cases chain chains network role roles kind channel".split(),
    *"currency direction bank list lists phase run method innocent_when status disposition".split(),
}
"""Fields that hold mulegraph's own words: an account that is called `victim` does not hide that role."""
SIGN_FIELDS = {"sign", "signs"}
BY_SIGN = {"parts", "made_of", "findings", "not_testable", "thresholds", "signs", "seconds"}
"""Fields that hold mappings whose keys are codes of signs (and, where a step has a name, that name)."""
SIGN_CODE = re.compile(r"[A-Z]\d{1,2}")
"""A first ledger that somebody types in often has accounts that are called as signs are: A1, N1."""
FIELD_NAME = re.compile(r"[a-z][a-z_ ]*")
FREE_FIELD = "facts"
"""Holds what authors of signs put there, so keys inside of it may be ids."""
PIECE = re.compile(r"\w+|\s+|[^\w\s]")
NUMBER = re.compile(r"[\d.,:]+")


class Masker:
    """Masks whole values (frames, rows, lists, texts) and turns tokens back into ids.

    `revealed` shows everything, and still takes tokens.
    """

    def __init__(self, key: bytes, known: LedgerValues, *, revealed: bool = False, tag_bytes: int = TAG_BYTES) -> None:
        self._key, self._known, self.revealed, self._tag_bytes = key, known, revealed, tag_bytes
        self._shown: dict[str, str] = {}
        self._tags: dict[Mask, Tags] = {}

    @classmethod
    def of(cls, ledger: Ledger, *, revealed: bool = False) -> Masker:
        """The masker of a workspace's ledger; its key is made on first use."""
        return cls(workspace_key(ledger.folder.parent), LedgerValues(ledger), revealed=revealed)

    def token(self, mask: Mask, value: str) -> str:
        """The token of a value; no two values of one kind have the same in this ledger."""
        tag = self._digest(mask, value)
        size = LONG_TAG_BYTES if self._all_tags(mask).is_shared(tag[: self._tag_bytes]) else self._tag_bytes
        return f"{head_of(mask, value)}~{_letters(tag[:size])}"

    def real(self, text: str, *masks: Mask) -> str:
        """The value that a token stands for, of one of these kinds; any other text as it is.

        Raises UsageError for a token that no value of the ledger has, or that two have.
        """
        token = TOKEN.fullmatch(text)
        if token is None:
            return text
        found = {value for mask in masks for value in self._with_tag(mask, _bytes(token["tag"]))}
        found = {value for value in found if any(head_of(mask, value) == token["head"] for mask in masks)}
        if not found:
            raise UsageError(
                f"'{text}' is no {' or '.join(masks)} of this workspace",
                hint="A token is good in the workspace that showed it: copy it from there.",
            )
        if len(found) > 1:
            raise UsageError(
                f"'{text}' stands for two values by now", hint="Ask for the listing again, and copy it from there."
            )
        return found.pop()

    def prepare(self) -> None:
        """Make the tags of all accounts now, so that the first listing need not wait for them."""
        self._all_tags(Mask.ACCOUNT)

    def _with_tag(self, mask: Mask, tag: bytes) -> Iterator[str]:
        values = self._known(mask)
        for place in self._all_tags(mask).places(tag[: self._tag_bytes]) if tag else ():
            value = values[int(place)].as_py()
            if self._digest(mask, value).startswith(tag):
                yield value

    def _all_tags(self, mask: Mask) -> Tags:
        if mask not in self._tags:
            of = hmac.digest(self._key, self._known.hash.encode(), "sha256").hex()[:16]
            path = self._known.folder / f"{mask.replace(' ', '_')}-{of}.npy"
            self._tags[mask] = Tags.kept_in(path, lambda: self._digests(mask))
        return self._tags[mask]

    def _digests(self, mask: Mask) -> np.ndarray:
        size, known = self._tag_bytes, self._known(mask)
        tags = (int.from_bytes(self._digest(mask, value)[:size], "big") for value in known.to_pylist())
        return np.fromiter(tags, np.uint64, len(known))

    def _digest(self, mask: Mask, value: str) -> bytes:
        return hmac.digest(self._key, f"{mask}\0{value}".encode(), "sha256")

    def masked(self, value: Any, field: str = "") -> Any:
        """The same value, of the same shape, with tokens in the place of what identifies a person."""
        if self.revealed:
            return value
        self._look_up(set(_texts(value, field)))
        return self._replaced(value, field)

    def _look_up(self, texts: set[str]) -> None:
        """Find what of these texts is to be masked, all in one pass over the ledger's values."""
        new = [text for text in texts if text not in self._shown]
        wanted = {text[start:end] for text in new for start, end in _parts(text)}
        found: dict[str, str] = {}
        candidates = pa.array(sorted(wanted), pa.string())
        for mask in LETTER if wanted else ():
            values = self._known(mask)
            for value in values.filter(pc.is_in(values, value_set=candidates)).to_pylist():
                found.setdefault(value, self.token(mask, value))
        for text in new:
            self._shown[text] = found.get(text) or _replaced_inside(text, found)

    def _replaced(self, value: Any, field: str) -> Any:
        if isinstance(value, str):
            return HIDDEN if _is_hidden(field) else self._shown[value] if _is_looked_at(field, value) else value
        if isinstance(value, Mapping):
            return {
                key if _is_own_key(field, key) else self._shown.get(key, key): self._replaced(each, _below(field, key))
                for key, each in value.items()
            }
        if isinstance(value, (list, tuple, set)):
            return type(value)(self._replaced(each, field) for each in value)
        if isinstance(value, np.ndarray):
            return np.array([self._replaced(each, field) for each in value], value.dtype)
        if isinstance(value, pd.DataFrame):
            return value.assign(**{name: self._replaced(value[name], name) for name in _text_columns(value)})
        if isinstance(value, pd.Series):
            return value.map(lambda each: self._replaced(each, str(value.name)))
        return HIDDEN if _is_hidden(field) and value is not None and value == value else value  # NaT is not itself


class LedgerValues:
    """The distinct values of a ledger that are masked, by how; read when they are first asked for.

    `folder` is where what is made of them may be kept, `hash` names the ledger.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.folder, self.hash = ledger.folder.parent / TAGS_FOLDER, ledger.hash
        self._values: dict[Mask, pa.Array] = {}

    def __call__(self, mask: Mask) -> pa.Array:
        """All values masked in one way, each once."""
        if mask not in self._values:
            words = [
                part
                for table in TABLES.values()
                for column in table.columns
                if column.masked is mask and not column.references
                for part in self._words(table.name, column.name)
            ]
            self._values[mask] = pc.unique(pa.chunked_array(words, pa.string())).drop_null()
        return self._values[mask]

    def _words(self, table: str, column: str) -> Iterator[pa.Array]:
        """Values of a column, read as dictionaries so that long tables cost little."""
        for path in self._ledger.paths(table):
            read = pq.read_table(path, columns=[column], read_dictionary=[column], partitioning=None)
            yield from (chunk.dictionary for chunk in read.column(0).chunks)


class Tags:
    """The tags of all values of one kind, sorted, and which value has which."""

    def __init__(self, tags: np.ndarray) -> None:
        self._order = np.argsort(tags, kind="stable")
        self._sorted = tags[self._order]

    @classmethod
    def kept_in(cls, path: Path, made: Callable[[], np.ndarray]) -> Tags:
        """Read from a file, or made and kept there; those of other ledgers are taken away."""
        with suppress(OSError, ValueError):
            return cls(np.load(path))
        tags = made()
        with suppress(OSError):  # a workspace that may not be written is slower, and no worse
            path.parent.mkdir(exist_ok=True)
            beside = path.with_name(f".{path.name}.{os.getpid()}.tmp.npy")
            np.save(beside, tags)
            for old in path.parent.glob(f"{path.name.partition('-')[0]}-*.npy"):
                old.unlink(missing_ok=True)
            beside.replace(path)
        return cls(tags)

    def places(self, tag: bytes) -> np.ndarray:
        """Places of the values with this tag."""
        number = np.uint64(int.from_bytes(tag, "big"))
        low, high = np.searchsorted(self._sorted, number), np.searchsorted(self._sorted, number, side="right")
        return self._order[low:high]

    def is_shared(self, tag: bytes) -> bool:
        """Whether two values have this tag."""
        return len(self.places(tag)) > 1


def head_of(mask: Mask, value: str) -> str:
    """What a token begins with: the bank's letters of a long account number, or the kind's own letter."""
    letters = re.match(r"[A-Z]{2,4}", value) if mask is Mask.ACCOUNT and len(value) >= KEPT_FROM else None
    return letters[0] if letters else LETTER[mask]


def workspace_key(folder: Path) -> bytes:
    """The workspace's secret key; made on first use, for its owner only."""
    path = folder / KEY_FILE
    try:
        if not path.exists():
            _make_key(path)
        key = bytes.fromhex(path.read_text(encoding="ascii"))
    except (OSError, ValueError) as error:
        raise EngineError(
            f"{path}: the key of masked output cannot be read ({error})",
            hint="Ask its owner for it; where it is lost, delete it: tokens of old output then no longer work.",
        ) from error
    return key


def _make_key(path: Path) -> None:
    """Write a new key whole or not at all; where two write at once, the first one's stays."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(handle, secrets.token_hex(32).encode())
        os.fsync(handle)
    finally:
        os.close(handle)
    with suppress(FileExistsError):
        os.link(beside, path)
    beside.unlink()


def _letters(tag: bytes) -> str:
    return base64.b32encode(tag).decode().rstrip("=").lower()


def _bytes(letters: str) -> bytes:
    """The bytes that letters stand for; none for letters that no bytes are written as."""
    try:
        return base64.b32decode(letters.upper() + "=" * (-len(letters) % 8))
    except binascii.Error:
        return b""


def _is_hidden(field: str) -> bool:
    field = field.rpartition(".")[2]
    return field in HIDDEN_FIELDS or field.endswith("date_of_birth")


def _is_looked_at(field: str, text: str) -> bool:
    """Whether a text may hold what identifies somebody; a word of ours has no digit in it."""
    name = field.rpartition(".")[2]
    if name in OPEN_FIELDS or _is_hidden(field):
        return False
    if field in SIGN_FIELDS and all(SIGN_CODE.fullmatch(each) for each in text.split()):
        return False
    return name not in WORD_FIELDS or any(each.isdigit() for each in text)


def _is_own_key(field: str, key: Any) -> bool:
    """Whether a mapping's key is a word of ours (a field's name, a sign's code), and never an id."""
    if field.startswith(f"{FREE_FIELD}."):
        return False
    text = str(key)
    return bool(FIELD_NAME.fullmatch(text) or (field in BY_SIGN and SIGN_CODE.fullmatch(text)))


def _below(field: str, key: Any) -> str:
    """The field of a mapping's value: its key, but below a free field it stays free."""
    is_free = field == FREE_FIELD or field.startswith(f"{FREE_FIELD}.")
    return f"{FREE_FIELD}.{key}" if is_free else str(key)


def _text_columns(frame: pd.DataFrame) -> list[str]:
    """Columns that may hold texts, or that are hidden whatever they hold."""
    return [
        str(name)
        for name, kind in frame.dtypes.items()
        if _is_hidden(str(name))
        or not (pd.api.types.is_numeric_dtype(kind) or pd.api.types.is_datetime64_any_dtype(kind))
    ]


def _texts(value: Any, field: str) -> Iterator[str]:
    """Every text in a value that has to be looked at."""
    if isinstance(value, str):
        if _is_looked_at(field, value):
            yield value
    elif isinstance(value, Mapping):
        for key, each in value.items():
            if not _is_own_key(field, key):
                yield str(key)
            yield from _texts(each, _below(field, key))
    elif isinstance(value, (list, tuple, set, np.ndarray)):
        for each in value:
            yield from _texts(each, field)
    elif isinstance(value, pd.DataFrame):
        for name in _text_columns(value):
            yield from _texts(value[name].tolist(), name)
    elif isinstance(value, pd.Series):
        yield from _texts(value.tolist(), str(value.name))


def _parts(text: str) -> Iterator[tuple[int, int]]:
    """Where in a text a value may stand: the whole, and runs of its pieces, the longest first from each place."""
    yield 0, len(text)
    pieces = [(each.start(), each.end()) for each in PIECE.finditer(text)]
    for number, (start, _) in enumerate(pieces):
        if text[start].isspace():
            continue
        for _, end in reversed(pieces[number : number + MAX_PIECES]):
            if not text[end - 1].isspace() and end - start < len(text) and _may_be_value(text, start, end):
                yield start, end


def _may_be_value(text: str, start: int, end: int) -> bool:
    """Whether a part of a sentence could be a value: not a short word, and not a part of a number or time."""
    part = text[start:end]
    if len(part) < MIN_LETTERS:
        return False
    if NUMBER.fullmatch(part):
        beside = text[max(start - 1, 0) : start] + text[end : end + 1]
        return part.isdigit() and not any(each in ".,-:" for each in beside)
    return True


def _replaced_inside(text: str, found: Mapping[str, str]) -> str:
    """The text with every part that was found replaced, the longest first."""
    out, done = [], 0
    for start, end in _parts(text):
        if start >= done and text[start:end] in found:
            out += [text[done:start], found[text[start:end]]]
            done = end
    return "".join([*out, text[done:]])
