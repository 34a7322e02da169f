"""Listings of a run and of the ledger, best first: chains, findings, cases, devices, links, transfers."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mulegraph.cases.benign import RESULTS
from mulegraph.errors import UsageError
from mulegraph.flow.hops import BACKWARD, FORWARD
from mulegraph.journal.case_states import opened_with, reshaped, states, with_state
from mulegraph.journal.state import CLOSED, CaseState
from mulegraph.lazy import pandas as pd
from mulegraph.schema import results
from mulegraph.schema.choices import LANGUAGES
from mulegraph.schema.language import check_language
from mulegraph.signs.own import signs_of
from mulegraph.signs.wording import shown_fact
from mulegraph.workspace.base import WorkspaceBase
from mulegraph.workspace.kept_cases import kept_case
from mulegraph.workspace.listing import cut, frame_of, stamp
from mulegraph.workspace.opened import not_in, opened_case, with_called, with_opened
from mulegraph.workspace.questions import AccountId, Moment, Takes, Word, question
from mulegraph.workspace.quiet import quiet_cases
from mulegraph.workspace.run import Run
from mulegraph.workspace.sentences import Explanation

MANY_TRANSFERS = 100_000
"""Of an account with more, only what is asked for is read, and nothing is kept, so that memory stays what it is."""

AccountIds = list[AccountId]
Words = Annotated[list[str] | None, Takes()]
"""Ids of findings or chains; None: all."""


@question(results.CHAINS)
def chains(
    space: WorkspaceBase,
    *,
    min_surprise: float | None = None,
    account: AccountId | None = None,
    top: int | None = None,
    since: Moment = None,
    until: Moment = None,
    ids: Words = None,
) -> pd.DataFrame:
    """Chains at or above `min_surprise` nats (default: where 5 % are expected to be coincidence), or those of `ids`."""
    table = with_ids(space.run.table("chains"), "chain", ids)
    least = space.run.threshold if min_surprise is None else min_surprise
    table = table.filter(pc.greater_equal(table["surprise"], least))
    return listed(space, table, account, top, since, until)


@question(results.FINDINGS)
def findings(
    space: WorkspaceBase,
    *,
    sign: Word | None = None,
    account: AccountId | None = None,
    top: int | None = None,
    since: Moment = None,
    until: Moment = None,
    language: Word = LANGUAGES[0],
    ids: Words = None,
    every: bool = False,
    set_aside: bool = False,
) -> pd.DataFrame:
    """Findings of the latest run, best first; `facts` and `benign` as dictionaries, reasons in a language.

    With `set_aside` those that an innocent explanation leaves next to nothing of, which are not listed otherwise; of an
    account, and of ids, all are.

    Of a run that reports certain days, those that ended before are left out; not where an account or ids are asked for,
    or `every` one.
    """
    table = with_ids(_findings(space.run, set_aside, account is not None or ids is not None), "finding", ids)
    if not every and account is None and ids is None:
        table = _reported(space, table, "finding")
    if sign is not None:
        known = space.run.manifest["findings"]
        if sign not in known:
            needs = space.run.manifest["not_testable"].get(sign)
            hint = f"Load {', '.join(needs)}." if needs else "Expected one of " + ", ".join(known) + "."
            why = "is not testable" if needs else "was not run"
            raise UsageError("sign '{sign}' {why}", hint=hint, sign=sign, why=why)
        table = table.filter(pc.equal(table["sign"], sign))
    order = pc.sort_indices(table, [("score", "descending"), ("finding", "ascending")])
    return with_sentences(space.run, listed(space, table.take(order), account, top, since, until), language)


def _findings(run: Run, set_aside: bool, asked_for: bool) -> pa.Table:
    if set_aside:
        return run.set_aside.table("findings") if run.set_aside else run.table("findings").slice(0, 0)
    return run.every_finding if asked_for else run.table("findings")


def _reported(space: WorkspaceBase, table: pa.Table, column: str) -> pa.Table:
    """The rows that are of the days that the run reports; who asks is told once how many others there are.

    A case that somebody took up since the scan is reported, too.
    """
    worked_on = {case for case, state in states(space.folder).items() if state.status != CLOSED}
    cut_down = space.run.reported(table, column, but=worked_on)
    if (gone := len(table) - len(cut_down)) and column not in space.told_of_older:
        space.told_of_older.add(column)
        day = space.run.manifest["window"]["since"]
        several = f"{gone:,} {column}{'s' if gone > 1 else ''}"
        space.notify(f"{several} that ended before {day} left out: --all, or every=True, lists them")
    return cut_down


def all_cases(space: WorkspaceBase, *, quiet: bool = False) -> pa.Table:
    """Cases of the run, and those that somebody opened since; with `quiet`, also what earlier runs left open.

    A case that became part of another joins no list by the payments that it was opened with: they are there.
    """
    table, decided = space.run.table("cases"), states(space.folder)
    apart = {case for case, state in decided.items() if not state.merged_into}
    called = {case: payments for case, payments in opened_with(space.folder).items() if case in apart}
    unfound = not_in(table, called)
    table = with_called(table, {case: opened(space, case) for case in called if case not in unfound})
    more = [opened(space, case) for case in unfound]
    more += quiet_cases(space) if quiet else []
    whole = with_opened(table, more) if more else table
    changed = {case: state for case, state in decided.items() if state.added or state.removed}
    if not changed.keys() & set(whole["case"].to_pylist()):
        return whole
    rows = [reshaped(row, changed.get(row["case"], CaseState())) for row in whole.to_pylist()]
    return pa.Table.from_pylist(rows, whole.schema)


def opened(space: WorkspaceBase, case: str) -> pa.Table:
    """A case that somebody opened, as the ledger and the run have it now: one row."""
    payments = opened_with(space.folder)[case]
    key = (space.ledger.hash, space.run.name, case, *payments)
    if key not in space.opened_cases:

        def make() -> pa.Table:
            known = {"findings": space.run.every_finding, "signs": signs_of(space.folder)}
            return opened_case(space.traceable, space.settings.trace, case, payments, **known)

        space.opened_cases[key] = kept_case(space, case, payments, make)
    return space.opened_cases[key]


@question(results.CASES)
def cases(
    space: WorkspaceBase,
    *,
    account: AccountId | None = None,
    top: int | None = None,
    since: Moment = None,
    until: Moment = None,
    quiet: bool = False,
    every: bool = False,
) -> pd.DataFrame:
    """Cases, best first, with their state; `made_of` and `amounts` as dictionaries.

    With `quiet`, also cases of earlier runs that nobody closed, and that were worked on or hold a reported payment.
    Of a run that reports certain days, cases that ended before are left out; not where an account is asked for, or
    `every` one.
    """
    whole = all_cases(space, quiet=quiet)
    if not every and account is None:
        whole = _reported(space, whole, "case")
    frame = with_state(listed(space, whole, account, top, since, until), states(space.folder))
    return frame.assign(**{name: [dict(each) for each in frame[name]] for name in ("made_of", "amounts")})


@question(results.DEVICES)
def devices(
    space: WorkspaceBase,
    *,
    account: AccountId | None = None,
    top: int | None = None,
    since: Moment = None,
    until: Moment = None,
) -> pd.DataFrame:
    """Shared-device clusters, most holders first."""
    table = space.run.table("devices")
    renamed = table.rename_columns({"account_ids": "accounts", "accounts": "account_count"})
    return listed(space, renamed, account, top, since, until)


@question(results.HUBS)
def hub_devices(space: WorkspaceBase) -> pd.DataFrame:
    """Devices of so many holders that they were set aside."""
    return frame_of(space.run.table("hubs"))


@question(results.DEVICE_PAIRS)
def devices_of(space: WorkspaceBase, accounts: AccountIds) -> pd.DataFrame:
    """account_id and device_id of the devices that these accounts share, hubs left out."""
    use = space.ledger.arrow("device_use", ["account_id", "device_id"])
    mine = use.filter(pc.is_in(use["account_id"], value_set=pa.array(accounts, pa.string())))
    pairs = mine.to_pandas().drop_duplicates().sort_values(["device_id", "account_id"], ignore_index=True)
    pairs = pairs[~pairs["device_id"].isin(hub_devices(space)["device_id"])]
    return pairs[pairs.groupby("device_id")["account_id"].transform("size") > 1].reset_index(drop=True)


@question(results.LINKS)
def links(
    space: WorkspaceBase,
    account: AccountId,
    *,
    hops: int | None = None,
    on: Word = "suspicion",
    time_respecting: bool = True,
    top: int | None = None,
    since: Moment = None,
    until: Moment = None,
) -> pd.DataFrame:
    """Paths between an account and accounts on a list, both along the money and against it, shortest first.

    Columns: flagged, direction (`to` the flagged account or `from` it), hops, accounts, transfers, amount
    (the least on the path), first_at, last_at.
    """
    number = int(space.ledger.account_numbers([space.check_account(account)])[0])
    on_list = space.ledger.listed("account", on=on).subject_id.to_pandas().tolist()
    flagged = {int(each) for each in space.ledger.account_numbers(sorted(on_list)) if each >= 0} - {number}
    walk = partial(space.neighbours.paths, number, flagged, hops=hops or space.settings.hops.hops)
    found: list[Any] = []
    for direction in (FORWARD, BACKWARD):
        found.extend(walk(direction=direction, time_respecting=time_respecting))
    return cut(_named_paths(space, found), top, since, until)


@question(results.TRANSFERS)
def transfers(space: WorkspaceBase, transfer_ids: list[Word]) -> pd.DataFrame:
    """Transfers by id, in time order; ids that the ledger does not hold are left out."""
    rows = sorted(space.ledger.row_of(transfer_ids).values())
    return space.ledger.transfer_rows(np.array(rows, np.int64)).drop(columns="row")


@question(results.TRANSFERS)
def transfers_of(
    space: WorkspaceBase, account: AccountId, *, since: Moment = None, until: Moment = None
) -> pd.DataFrame:
    """All transfers of an account in time order."""
    begin, end = stamp(since), stamp(until)
    known = space.asked_transfers.ask(
        (space.ledger.hash, account), lambda: _transfers_at(space, account, None, None, MANY_TRANSFERS + 1)
    )
    if len(known) > MANY_TRANSFERS:
        return _transfers_at(space, account, begin, end)
    after = known["at"] >= begin if begin is not None else np.ones(len(known), np.bool_)
    before = known["at"] < end if end is not None else np.ones(len(known), np.bool_)
    return known[after & before].reset_index(drop=True)


def _transfers_at(space: WorkspaceBase, account: str, since: Any, until: Any, most: int | None = None) -> pd.DataFrame:
    """The first `most` transfers of an account with since ≤ at < until."""
    chosen = space.ledger.between(since, until)
    chosen = chosen.filter((chosen.source == account) | (chosen.target == account))
    found: pd.DataFrame = chosen.order_by([chosen["at"], chosen.transfer_id]).limit(most).to_pandas()
    return found


@question(results.SCORES)
def ranking(space: WorkspaceBase, *, account: AccountId | None = None, top: int | None = None) -> pd.DataFrame:
    """Accounts by score, best first, or one of them: account, score, parts (name → value, adding up to it)."""
    table = space.run.table("scores")
    if account is not None:
        table = table.filter(pc.equal(table["account"], account))
    frame: pd.DataFrame = (table if top is None else table.slice(0, top)).to_pandas()
    return frame.assign(parts=[dict(each) for each in frame["parts"]])


@question(results.ALERTS)
def alerts(space: WorkspaceBase, *, every: bool = False, top: int | None = None) -> pd.DataFrame:
    """Accounts that are alerted by the run's night, best first, and the cases that they stand in.

    With `every` those of all nights, the latest night first.
    """
    table = space.run.table("alerts")
    if not every:
        night = space.run.manifest.get("alerts", {}).get("night", 0)
        table = table.filter(pc.equal(table["night"], night))
    order = [("night", "descending"), ("score", "descending"), ("account", "ascending")]
    frame = table.take(pc.sort_indices(table, order)).slice(0, top).to_pandas()
    stands_in: dict[str, list[str]] = {account: [] for account in frame["account"]}
    whole = all_cases(space)
    for case, accounts in zip(whole["case"].to_pylist(), whole["accounts"].to_pylist(), strict=True):
        for account in stands_in.keys() & set(accounts):
            stands_in[account].append(case)
    return frame.assign(cases=pd.Series(list(stands_in.values()), dtype=object))


def with_ids(table: pa.Table, column: str, ids: list[str] | None) -> pa.Table:
    """The rows with these ids; all where none are given."""
    return table if ids is None else table.filter(pc.is_in(table[column], value_set=pa.array(ids, pa.string())))


def with_sentences(run: Run, found: pd.DataFrame, language: str) -> pd.DataFrame:
    """Findings with facts as dictionaries, benign tests as name → result and name → why, reasons in a language."""
    check_language(language)
    known = {each.finding: each for each in run.records(run.findings(ids=found["finding"].tolist()))}
    records = [known[each] for each in found["finding"]]
    return found.assign(
        reason=[run.reason(each, language) for each in records],
        facts=[{name: shown_fact(value) for name, value in each.facts.items()} for each in records],
        benign=[{name: RESULTS[one.result] for name, one in each.benign.items()} for each in records],
        benign_why=[{name: Explanation.of(name, one) for name, one in each.benign.items()} for each in records],
    )


def listed(
    space: WorkspaceBase, table: pa.Table, account: str | None, top: int | None, since: Moment, until: Moment
) -> pd.DataFrame:
    """The rows of a run's table that name an account, cut to top, since and until."""
    if account is not None:
        space.check_account(account)
        lists = table["accounts"].combine_chunks()
        parents = pc.list_parent_indices(lists).filter(pc.equal(pc.list_flatten(lists), account))
        table = table.take(pc.unique(parents))
    return cut(frame_of(table), top, since, until)


def _named_paths(space: WorkspaceBase, paths: list[Any]) -> pd.DataFrame:
    moved, ids = space.neighbours.transfers, space.ledger.account_ids
    used = sorted({each for path in paths for each in path.transfers})
    known = space.ledger.transfer_rows(moved.row[np.array(used, np.int64)]).to_dict("records")
    of = dict(zip(used, known, strict=True))
    rows = []
    for path in paths:
        steps = [of[each] for each in path.transfers]
        times = [step["at"] for step in steps]
        rows.append(
            {
                "flagged": ids[path.flagged].as_py(),
                "direction": path.direction,
                "hops": len(steps),
                "accounts": [ids[number].as_py() for number in path.accounts],
                "transfers": [step["transfer_id"] for step in steps],
                "amount": min(step["amount"] for step in steps),
                "currency": steps[0]["currency"],
                "first_at": min(times),
                "last_at": max(times),
            }
        )
    frame = pd.DataFrame(rows, columns=list(results.LINKS.fields))
    return frame.sort_values(["hops", "first_at", "flagged"], kind="stable", ignore_index=True)
