"""The question where payments' money went, or came from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from mulegraph.flow.tracing import METHODS
from mulegraph.schema.disclosure import record_of
from mulegraph.workspace.base import WorkspaceBase
from mulegraph.workspace.listing import between, stamp
from mulegraph.workspace.questions import AccountId, Moment, Takes, Word, question
from mulegraph.workspace.trace import TraceResult, payments_to_trace, trace_payments


@question(record_of(TraceResult))
def trace(
    space: WorkspaceBase,
    payments: Sequence[Word] = (),
    *,
    reports: Sequence[Word] = (),
    account: AccountId | None = None,
    since: Moment = None,
    until: Moment = None,
    known_since: Moment = None,
    back: bool = False,
    methods: Annotated[tuple[str, ...], Takes()] = METHODS,
) -> TraceResult:
    """Where payments' money went, or came from; `account` adds all that it paid (back: received) since then."""
    if account is not None:
        space.check_account(account)
    chosen = payments_to_trace(space.ledger, payments, reports=reports, account=account, since=stamp(since), back=back)
    between(since, until)
    times = {"until": stamp(until), "known_since": stamp(known_since)}
    return trace_payments(space.ledger, space.moved, space.settings.trace, chosen, back=back, methods=methods, **times)
