"""Tokens: what is shown in the place of a value that identifies a person, unless a reason was given to see it.

A token is a bank's letters (or one that says what it is) and a keyed tag, such as `NORD~k7f3q2xa`: the same value
has the same token in every output of a workspace, commands take tokens for ids, and without the workspace's key a
token says nothing.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import re
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa

from mulegraph.errors import EngineError, UsageError
from mulegraph.ledger.identifying import LedgerValues
from mulegraph.ledger.ledger import Ledger
from mulegraph.ledger.numbers import places_of
from mulegraph.schema.tables import Mask

KEY_FILE, TAGS_FOLDER = "masking.key", "masking"
HIDDEN = "***"
TAG_BYTES, LONG_TAG_BYTES = 5, 10
"""40 bits, written as 8 letters; values of one kind whose tags would be the same in a ledger have 80 bits instead."""
KEPT_FROM = 9
"""Account numbers shorter than this keep nothing of themselves in their token."""

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


class Values(Protocol):
    """Where a masker reads all values of one kind from."""

    folder: Path

    def __call__(self, mask: Mask) -> pa.Array:
        """All values of a kind, each once."""

    def hash_of(self, mask: Mask) -> str:
        """Names them: other values have another."""


class Masker:
    """Makes tokens of values and values of tokens. What it remembers are pure functions of the ledger and the key."""

    def __init__(self, key: bytes, known: Values, *, tag_bytes: int = TAG_BYTES, before: Masker | None = None) -> None:
        self._key = key
        self._known = known
        self._before = before
        if before is not None:
            before._before = None  # else each would hold all that ever were
        self._tag_bytes = tag_bytes
        self._tags: dict[Mask, Tags] = {}
        self._once = threading.Lock()
        self._made: dict[tuple[Mask, str], str] = {}

    @classmethod
    def of(cls, ledger: Ledger, before: Masker | None = None) -> Masker:
        """The masker of a workspace's ledger; its key is made on first use. `before` is that of the ledger as it was.

        Tags that it has made are taken over: of a large bank's accounts they take seconds, and a minute brings few new.
        """
        return cls(workspace_key(ledger.folder.parent), LedgerValues(ledger), before=before)

    def make_tokens(self, mask: Mask, values: list[str]) -> None:
        """Make the tokens of many values at once: one search for all of them."""
        new = [value for value in values if (mask, value) not in self._made]
        digests = [self._digest(mask, value) for value in new]
        shared = self._all_tags(mask).are_shared([each[: self._tag_bytes] for each in digests])
        for value, digest, is_shared in zip(new, digests, shared, strict=True):
            size = LONG_TAG_BYTES if is_shared else self._tag_bytes
            self._made[mask, value] = f"{head_of(mask, value)}~{_letters(digest[:size])}"

    def token(self, mask: Mask, value: str) -> str:
        """The token of a value; no two values of one kind have the same in this ledger."""
        if (mask, value) not in self._made:
            self.make_tokens(mask, [value])
        return self._made[mask, value]

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
                hint="A token is valid only in the workspace that showed it. Copy it from there.",
            )
        if len(found) > 1:
            raise UsageError(
                f"'{text}' now stands for two values", hint="Run the listing again, and copy the token from there."
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
        with self._once:  # threads that ask first make them once
            return self._tags.get(mask) or self._kept_tags(mask)

    def _kept_tags(self, mask: Mask) -> Tags:
        if mask not in self._tags:
            of = hmac.digest(self._key, self._known.hash_of(mask).encode(), "sha256").hex()[:16]
            path = self._known.folder / TAGS_FOLDER / f"{mask.replace(' ', '_')}-{of}.npy"
            before = self._before
            if before is not None and mask in before._tags and before._name_of(mask) == self._name_of(mask):
                self._tags[mask] = before._tags[mask]
            else:
                self._tags[mask] = Tags.kept_in(path, lambda: self._digests(mask))
        return self._tags[mask]

    def _name_of(self, mask: Mask) -> tuple[bytes, int, str]:
        """Names the tags of one kind."""
        return self._key, self._tag_bytes, self._known.hash_of(mask)

    def _digests(self, mask: Mask) -> np.ndarray:
        size, known, before = self._tag_bytes, self._known(mask), self._before
        made = np.zeros(len(known), np.uint64)
        new = np.arange(len(known))
        if before is not None and mask in before._tags and before._name_of(mask)[:2] == self._name_of(mask)[:2]:
            place = places_of(known, before._known(mask))
            made[place >= 0] = before._tags[mask].by_place[place[place >= 0]]
            new = new[place < 0]
        values = known.take(pa.array(new)).to_pylist()
        tags = (int.from_bytes(self._digest(mask, value)[:size], "big") for value in values)
        made[new] = np.fromiter(tags, np.uint64, len(new))
        return made

    def _digest(self, mask: Mask, value: str) -> bytes:
        return hmac.digest(self._key, f"{mask}\0{value}".encode(), "sha256")

    def opaque(self, value: str) -> str:
        """A token for a value of no kind that is known: it keeps rows apart, and leads nowhere."""
        return f"X~{_letters(hmac.digest(self._key, value.encode(), 'sha256')[:TAG_BYTES])}"

    def typed(self, text: str) -> str:
        """A value as somebody typed it, to be shown to him again: a token where it is one of the ledger's."""
        for mask in LETTER:
            for value in self._with_tag(mask, self._digest(mask, text)):
                if value == text:
                    return self.token(mask, text)
        return text


class Tags:
    """The tags of all values of one kind, sorted, and which value has which."""

    def __init__(self, tags: np.ndarray) -> None:
        self._order = np.argsort(tags, kind="stable")
        self._sorted = tags[self._order]

    @property
    def by_place(self) -> np.ndarray:
        """The tags in the order of the values."""
        tags = np.empty_like(self._sorted)
        tags[self._order] = self._sorted
        return tags

    @classmethod
    def kept_in(cls, path: Path, made: Callable[[], np.ndarray]) -> Tags:
        """Read from a file, or made and kept there; those of other ledgers are taken away."""
        with suppress(OSError, ValueError):
            return cls(np.load(path))
        tags = made()
        with suppress(OSError):  # a workspace that may not be written is slower, and no worse
            path.parent.mkdir(parents=True, exist_ok=True)
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

    def are_shared(self, tags: list[bytes]) -> list[bool]:
        """Whether two values have each of these tags."""
        wanted = np.array([int.from_bytes(tag, "big") for tag in tags], np.uint64)
        low = np.searchsorted(self._sorted, wanted)
        return list(np.searchsorted(self._sorted, wanted, side="right") - low > 1)


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
            f"{path}: the masking key cannot be read ({error})",
            hint="Ask its owner for access. If the key is lost, delete it; tokens in old output then no longer work.",
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
