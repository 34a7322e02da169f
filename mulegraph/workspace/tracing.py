"""The question where payments' money went, or came from."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated

from mulegraph.flow.tracing import METHODS
from mulegraph.schema.disclosure import record_of
from mulegraph.workspace.base import WorkspaceBase
from mulegraph.workspace.listing import between, stamp
from mulegraph.workspace.questions import AccountId, Moment, Takes, Word, question
from mulegraph.workspace.trace import TraceResult
from mulegraph.workspace.trace_payments import Following, PaymentsOf, Times, payments_to_trace, trace_payments


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
    days: int | None = None,
    at_least: Decimal | None = None,
    through: bool = False,
) -> TraceResult:
    """Where payments' money went, or came from; `account` adds all that it paid (back: received) between two times.

    Without an account the trace itself ends before `until`. It follows money for `days` after the last payment (0:
    without end), nothing that carries less than `at_least`, and `through` shops, wages and firms' own sweeps only when
    it is told to.
    """
    between(since, until)
    mine = None
    if account is not None:
        space.check_account(account)
        mine = PaymentsOf(account, stamp(since), stamp(until), back)
    chosen = payments_to_trace(space.ledger, payments, reports=reports, of=mine)
    settings = space.settings.trace
    following = Following(settings.days if days is None else days, settings.min_share, at_least, through)
    times = Times(None if account is not None else stamp(until), stamp(known_since))
    return trace_payments(space.traceable, chosen, following, times, back=back, methods=methods)
