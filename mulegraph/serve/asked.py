"""What pages ask their server, as it is read from a request: anything else is refused before the workspace sees it."""

from __future__ import annotations

from typing import Literal, TypeVar

import msgspec

from mulegraph.errors import UsageError


class Draw(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A picture that leads on from one that is open: by an account, a way to another, or a trace.

    `drawing` is the address of the open one, which `expand` adds to. `since` is microseconds since 1970.
    """

    what: Literal["subject", "expand", "trace", "back", "path"]
    drawing: str = ""
    account: str = ""
    to: str = ""
    payment: str = ""
    since: int | None = None


class Act(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody does with a case; `text` is a note, a reason, a person, or the page that is kept."""

    what: Literal["note", "dispose", "assign", "close", "reopen", "snooze", "hold", "lift", "keep"]
    text: str = ""
    account: str = ""
    choice: str = ""
    until: str = ""


K = TypeVar("K", Draw, Act)


def read(body: bytes, kind: type[K]) -> K:
    """Raises UsageError for a body that is none of this kind."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UsageError("the request does not fit ({why})", hint="Load the page again.", why=str(error)) from error
