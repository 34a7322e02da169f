"""The shape of a case, as people set it: what joins it, what leaves it, two that are one, one that is two."""

from __future__ import annotations

from collections.abc import Sequence

from mulegraph.casework.case_money import case_trace
from mulegraph.casework.one_currency import check_currency
from mulegraph.errors import UsageError
from mulegraph.journal.journal import Entry
from mulegraph.journal.state import ADDED, MERGED, OPENED, REMOVED, SPLIT
from mulegraph.schema.acts import ENTRY
from mulegraph.workspace.opened import case_id
from mulegraph.workspace.questions import AccountId, Word, question
from mulegraph.workspace.workspace import Workspace


@question(ENTRY)
def add_to_case(
    space: Workspace, case: Word, reason: Word, *, accounts: Sequence[AccountId] = (), payments: Sequence[Word] = ()
) -> Entry:
    """Put accounts into a case, and payments whose money it follows. Raises UsageError for unknown ones."""
    space.case(case)
    if not accounts and not payments:
        raise UsageError("there is nothing to add", hint="Give --account or --payment.")
    for account in accounts:
        space.check_account(account)
    if payments:
        space.trace(list(payments))  # raises for what cannot be traced, before anything is written
        check_currency(space, case, payments)
    return space.journal.append(ADDED, case, accounts=list(accounts), payments=list(payments), reason=reason)


@question(ENTRY)
def remove_from_case(space: Workspace, case: Word, account: AccountId, reason: Word) -> Entry:
    """Take an account out of a case: no hold is proposed for it. Raises UsageError for one that is not in it."""
    if account not in space.case(case).row["accounts"]:
        raise UsageError(
            "account '{account}' is not in {case}", hint="See: mulegraph case show {case}", account=account, case=case
        )
    return space.journal.append(REMOVED, case, accounts=[account], reason=reason)


@question(ENTRY)
def merge_cases(space: Workspace, case: Word, other: Word, reason: Word) -> Entry:
    """Follow another case's money in this one, and close the other. Raises UsageError for a case and itself."""
    if case == other:
        raise UsageError("{case} cannot be merged with itself", hint="Give another case.", case=case)
    row = space.case(other).row
    for each in (case, other):
        if within := space.case(each).state["merged_into"]:
            raise UsageError(
                "{case} is part of {within} already", hint="Give {within} in its place.", case=each, within=within
            )
    if not row["seeds"]:
        raise UsageError(
            "{other} begins with no payment",
            hint="Add its accounts: mulegraph case add {case} --account A --reason WHY",
            other=other,
            case=case,
        )
    check_currency(space, case, row["seeds"])
    # Added payments are what a case follows from then on: what it followed until now is named with them.
    own = case_trace(space, case).chosen if space.case(case).row["seeds"] else ()
    payments = sorted({*own, *row["seeds"]})
    space.journal.append(ADDED, case, accounts=row["accounts"], payments=payments, reason=reason)
    return space.journal.append(MERGED, other, into=case, reason=reason)


@question(ENTRY)
def split_case(space: Workspace, case: Word, payments: Sequence[Word], reason: Word) -> Entry:
    """Make a case of its own of some of the payments that a case began with.

    Raises UsageError for payments that it did not begin with, and where none would be left.
    """
    seeds = set(space.case(case).row["seeds"])
    strange = sorted(set(payments) - seeds)
    if strange or not payments:
        raise UsageError(
            "{case} does not begin with payment '{payment}'",
            hint="It begins with {seeds}.",
            case=case,
            payment=strange[0] if strange else "",
            seeds=", ".join(sorted(seeds)) or "none",
        )
    if seeds == set(payments):
        raise UsageError("nothing would be left of {case}", hint="Leave one of its payments to it.", case=case)
    made = case_id(payments)
    space.journal.append(SPLIT, case, payments=list(payments), into=made, reason=reason)
    # A finding that both cases have rests on payments of both: each follows its own.
    space.journal.append(SPLIT, made, payments=sorted(seeds - set(payments)), into=case, reason=reason)
    # Who splits a case suspects: whether its payments were reported, the ledger and earlier calls say.
    space.journal.append(OPENED, made, payments=list(payments), report=None, account=None, split_from=case)
    return space.journal.append(ADDED, made, accounts=[], payments=list(payments), reason=reason)
