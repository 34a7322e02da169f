"""Where a case's money went: its trace, and each payment that carries traced money with its ends and their banks."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mulegraph.casework.claims import Move
from mulegraph.errors import UsageError
from mulegraph.journal.case_states import opened_with
from mulegraph.journal.state import OPENED
from mulegraph.schema.disclosure import record_of
from mulegraph.schema.language import word
from mulegraph.schema.tables import minor_exponents
from mulegraph.workspace.listing import stamp
from mulegraph.workspace.questions import Moment, Word, question
from mulegraph.workspace.trace import OVERDRAFT, UNBOOKED, TracedIn, TraceResult
from mulegraph.workspace.workspace import Workspace


@question(record_of(TraceResult))
def case_trace(space: Workspace, case: Word, *, until: Moment = None) -> TraceResult:
    """The trace of a case's money: of what was reported or it was opened with, or else of what begins its chains.

    With `until`, as it could be made then: payments from then on are not in it.
    """
    found = space.case(case)
    moved, opened = found.transfers, opened_with(space.folder).get(case, [])
    first = [path[0] for path in found.chains["transfers"]]
    left_out = set(found.state["left_out"])
    told = (reported(space, [*moved["transfer_id"], *first]) | set(opened)) - left_out
    chosen = sorted(told) or [each for each in dict.fromkeys(first) if each not in left_out]
    if not chosen:
        hint = "Trace one by its id: mulegraph trace TRANSFER"
        raise UsageError(word("{case} has no payment to trace"), hint=hint, case=case)
    payments = before(space, chosen, until)
    traced = space.traced.ask((space.ledger.hash, tuple(payments), until), lambda: space.trace(payments, until=until))
    return copy.deepcopy(traced)  # who gets it may write into it, and the next who asks reads it


def before(space: Workspace, chosen: list[str], until: Moment) -> list[str]:
    """Those of these payments that were made before a moment. Raises UsageError where none was."""
    end = stamp(until)
    if end is None:
        return chosen
    rows = space.transfers(chosen)
    made = set(rows["transfer_id"][rows["at"] < end])
    if not made:
        raise UsageError(
            "no money had been taken yet at {until}",
            hint="Its first payment was made at {first} UTC: give a later time.",
            until=str(until),
            first=f"{rows['at'].min():%Y-%m-%d %H:%M:%S}",
        )
    return [each for each in chosen if each in made]


def reported(space: Workspace, transfers: list[str]) -> set[str]:
    """Those of these payments that a victim has reported, to the ledger or by a call for which a case was opened."""
    known = {row["transfer_id"] for row in rightly_reported(space, transfers)}
    for entry in space.journal.entries():
        # Who opens a case on an account suspects its payments; nobody has told that they are stolen.
        if entry.what == OPENED and not (entry.facts["account"] or entry.facts.get("split_from")):
            known |= set(entry.facts["payments"])
    return known & set(transfers)


def rightly_reported(space: Workspace, transfers: Iterable[str]) -> list[dict[str, Any]]:
    """Reports about these payments whose victim is who paid: money that somebody else paid is not the victim's."""
    table = space.ledger.arrow("reports", ["report_id", "transfer_id", "victim_account"])
    mine = table.filter(pc.is_in(table["transfer_id"], value_set=pa.array(sorted(set(transfers)), pa.string())))
    rows = space.transfers(sorted(set(mine["transfer_id"].to_pylist())))
    payer = dict(zip(rows["transfer_id"], rows["source"], strict=True))
    return [row for row in mine.to_pylist() if row["victim_account"] in (None, payer.get(row["transfer_id"]))]


def _came_back(space: Workspace, found: TracedIn) -> dict[str, Decimal]:
    """What of each payment of a trace other payments of it gave back."""
    pairs = space.traceable.returning
    steps = [each for each in found.steps["transfer"] if isinstance(each, str)]
    name_of = {row: name for name, row in space.ledger.row_of(steps).items()}
    mine = pairs[np.isin(pairs[:, 1], list(name_of))] if pairs is not None else np.zeros((0, 2), np.int64)
    columns = ["transfer_id", "amount", "currency", "original_amount", "original_currency"]
    given = space.ledger.rows_of(mine[:, 0], columns).to_pylist()
    parts = found.in_currencies if isinstance(found, TraceResult) else [found]
    seen = {name for part in parts for rows in (part.steps, part.returned) for name in rows["transfer"]}
    back: dict[str, Decimal] = {}
    for row, each in zip(mine[:, 1], given, strict=True):
        # What was exchanged comes back in the currency that it was paid in.
        amounts = {each["original_currency"]: each["original_amount"], each["currency"]: each["amount"]}
        amount = amounts.get(found.currency)
        if each["transfer_id"] in seen and amount is not None:
            back[name_of[row]] = back.get(name_of[row], Decimal(0)) + amount
    return back


def moves_of(space: Workspace, found: TracedIn) -> list[Move]:
    """The payments of a trace in one currency, in its order: those that carry most first.

    Only payments of the first currency are the victims' own: what brings it to another one is an onward payment.
    """
    steps = found.steps[~found.steps["end"].isin((UNBOOKED, OVERDRAFT))]
    places = Decimal(1).scaleb(-minor_exponents()[found.currency])
    whole = dict(zip(steps["transfer"], steps["whole"], strict=True))
    payers, payees = (list(map(_given, steps[name])) for name in ("source", "target"))
    banks = banks_of(space, {each for each in (*payers, *payees) if each})
    chosen = set() if found.by_exchange else set(found.chosen)
    told = reported(space, sorted(chosen))
    back = _came_back(space, found)
    parts = zip(steps["transfer"], steps["at"], payers, payees, steps["minimum"], steps["maximum"], strict=True)
    made = []
    for transfer, at, payer, payee, least, most in parts:
        made.append(
            Move(
                transfer=transfer,
                at=at,
                payer=payer,
                payer_bank=banks.get(payer or ""),
                payee=payee,
                payee_bank=banks.get(payee or ""),
                amount=whole[transfer],
                least=least,
                most=most,
                chosen=transfer in chosen,
                reported=transfer in told,
                returned=min(whole[transfer], back.get(transfer, Decimal(0))).quantize(places),
            )
        )
    return made


def still_there(found: TracedIn) -> dict[str, tuple[Decimal, Decimal]]:
    """What is still on each account, at least and at most."""
    rows = found.accounts
    return dict(zip(rows["account"], zip(rows["minimum"], rows["maximum"], strict=True), strict=True))


def stolen_of(found: TracedIn) -> Decimal:
    """What the traced payments took, each unit once, under the rule that counts the least."""
    return min(amount for method, amount in found.traced.items() if method != "poison")


def banks_of(space: Workspace, accounts: set[str]) -> dict[str, str]:
    """The banks of accounts by id."""
    known = space.ledger.arrow("accounts", ["account_id", "bank"])
    mine = known.filter(pc.is_in(known["account_id"], value_set=pa.array(sorted(accounts), pa.string())))
    return dict(zip(mine["account_id"].to_pylist(), mine["bank"].to_pylist(), strict=True))


def _given(account: object) -> str | None:
    return account if isinstance(account, str) else None
