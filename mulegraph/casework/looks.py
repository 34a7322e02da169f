"""What was looked at through a server, on record: pages that are asked for one by one leave no command behind."""

from __future__ import annotations

from typing import Annotated, Any

from mulegraph.journal.journal import Entry
from mulegraph.schema.acts import ENTRY, LOOKED, SERVED
from mulegraph.workspace.questions import AccountId, Takes, Word, question
from mulegraph.workspace.workspace import Workspace


@question(ENTRY)
def record_served(space: Workspace, port: Annotated[int, Takes()], *, revealed: bool) -> Entry:
    """Put on record that pages are served from now on, and whether unmasked."""
    return space.journal.append(SERVED, port=port, revealed=revealed)


@question(ENTRY)
def record_look(
    space: Workspace,
    page: Word,
    *,
    case: Word = "",
    account: AccountId | None = None,
    to: AccountId | None = None,
    payment: Word | None = None,
) -> Entry:
    """Put on record which page is asked for. The case stands among the facts: a look is no act on a case."""
    said: dict[str, Any] = {"case": case, "account": account, "other": to, "transfer": payment}
    return space.journal.append(LOOKED, page=page, **{name: value for name, value in said.items() if value})
