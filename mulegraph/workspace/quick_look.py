"""A quick look of the watch: what new transfers have changed, by the code of a whole look and its reading of chance.

It tells of chains, of the accounts that pass money on in them (N1), of the money that is left at their ends, and of
accounts that were taken over and drained just now (T1). A whole look under the same chance tells the same of them; what
a quick one does not see waits for the next whole one.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mulegraph.cases.benign import apply_benign_tests
from mulegraph.cases.evidence import Accounts, Evidence, KnownRows, read_accounts, read_evidence
from mulegraph.cases.roles import earned_roles
from mulegraph.flow.by_account import OfAccounts, lists_of
from mulegraph.flow.chains import MICRONATS, Chains
from mulegraph.flow.flow_on import Calibration, Changes, flow_on, renumbered, without_chance
from mulegraph.flow.layering import Flow
from mulegraph.flow.naming import KnownIds, NamedChains, name_chains
from mulegraph.flow.peers import Peers, groups_of
from mulegraph.flow.places import Places
from mulegraph.flow.read_on import Read, is_beyond, read_on
from mulegraph.flow.transfers import Transfers
from mulegraph.ledger.ledger import Ledger
from mulegraph.ledger.store import Snapshot
from mulegraph.settings import Settings
from mulegraph.signs.base import WEAK_FROM, Sign
from mulegraph.signs.found import Found, run_sign
from mulegraph.signs.inputs import SignInputs
from mulegraph.workspace.money_left import LARGEST_FIRST, left_by_chains
from mulegraph.workspace.quick_takeover import SIGN as TAKEOVER
from mulegraph.workspace.quick_takeover import find_takeovers
from mulegraph.workspace.scan_steps import SignRun, Timed, told_apart

SIGN = "N1"
"""The sign of chains: what chance makes of its patterns is the flow's to say, and is kept with it."""
SIGNS = (SIGN, TAKEOVER)
"""The signs that a quick look tells."""
READ_ON = frozenset(("transfers", "accounts"))
"""Tables that a quick look reads on from where the look before had read them."""
WAITING = frozenset(("devices", "device_use", "card_events", "merchants", "population_register"))
"""Tables of which chains and the benign tests read nothing: what most signs find in them the next whole look tells.

Any other table changes what is known of accounts, or whom money comes from: then the whole ledger is looked at.
"""


@dataclass(frozen=True)
class Standing:
    """What a look leaves to the next one: the ledger as it was read, its flow, what chance makes of it, and its chains.

    `chains` has the score of each by its positions. `manifest` is the whole look's.
    """

    snapshot: Snapshot
    manifest: dict[str, Any]
    read: Read
    flow: Flow
    chance: Calibration
    chains: dict[bytes, int]
    accounts: Accounts
    group: np.ndarray
    """By account, the number of its kind and currency."""
    places: Places
    ids: KnownIds
    found: frozenset[str]
    """Ids of all findings of the sign of chains so far, also of those that an innocent reason sets aside."""

    @classmethod
    def of(cls, run: SignRun) -> Standing | None:
        """What a whole look leaves; None for a ledger that is always looked at whole."""
        if SIGN in run.not_testable or is_beyond(run.ledger):
            return None
        flow = run.inputs.flow
        return cls(
            snapshot=run.ledger.snapshot,
            manifest=run.manifest,
            read=Read.of(run.ledger, flow.transfers),
            flow=without_chance(flow),
            chance=Calibration.of(flow),
            chains=_scores(flow.chains),
            accounts=run.evidence.accounts,
            group=groups_of(run.ledger),
            places=Places.of(flow.transfers),
            ids=KnownIds.of(flow, run.inputs.chains),
            found=frozenset(run.found[SIGN].findings["finding"].to_pylist()),
        )

    def is_made_of(self, now: Mapping[str, Any]) -> bool:
        """Whether code, settings and signs are as they were; the ledger may be another."""
        return all(self.manifest[name] == part for name, part in now.items() if name != "ledger")


@dataclass(frozen=True)
class Seen:
    """What a quick look saw: the parts of a run, what is told and set aside, and what it leaves to the next one."""

    parts: dict[str, pa.Table]
    counted: dict[str, Any]
    standing: Standing


def quick_look(
    ledger: Ledger, before: Standing, signs: Mapping[str, Sign], settings: Settings, told: Container[str], steps: Timed
) -> Seen | None:
    """What is new since the look before; None where the whole ledger is to be looked at.

    `told` are the ids of what is known, of which it is silent.
    """
    if not _goes_on(before.snapshot, ledger.snapshot):
        return None
    with steps.step("read"):
        read = read_on(ledger, before.read, before.flow.window)
        if read is None:
            return None
    with steps.step("flow"):
        known, chance, places = before.flow, before.chance, before.places.before(read.changes.first)
        if read.numbers is not None:
            known = renumbered(known, read.numbers, len(read.read.accounts))
            chance = chance.renumbered(read.numbers)
            places = places.renumbered(read.numbers, len(read.read.accounts))
        flow = flow_on(known, chance, read.read.transfers, read.changes, places)
        scores = _scores(flow.chains)
    with steps.step("chains"):
        new = _new_chains(flow, chance, scores, before.chains, read.changes)
        ids = before.ids.before(places.until)
        chains = name_chains(ledger, flow, new, ids)
    is_same = read.read.account_files == before.read.account_files
    accounts = before.accounts if is_same else read_accounts(ledger)
    group = before.group if is_same else groups_of(ledger)
    inputs = _inputs(ledger, settings, flow, chains, group)
    with steps.step(SIGN):
        found = {SIGN: run_sign(signs[SIGN], inputs, settings.signs.get(SIGN, {}))}
    with steps.step(TAKEOVER):
        found[TAKEOVER] = find_takeovers(ledger, settings, signs[TAKEOVER], flow.transfers, read.changes, places)
    # Of a known account the best chain may be one that was there before, which is not looked at.
    found[SIGN] = _unknown(found[SIGN], before.found)
    found = {code: _unknown(each, told) for code, each in found.items()}
    findings = pa.concat_tables([each.findings for each in found.values()]).combine_chunks()
    with steps.step("benign"):
        sides = _sides(findings, ledger, flow.transfers, places)
        rows = _rows_of_chains(flow, new, chains)
        tested = _tested(findings, read_evidence(findings, ledger, sides, accounts, rows), signs)
    with steps.step("money"):
        money = left_by_chains(ledger, flow, lambda numbers: _names(ledger, flow, numbers, ids)).sort_by(LARGEST_FIRST)
    every = before.found.union(found[SIGN].findings["finding"].to_pylist())
    standing = Standing(
        ledger.snapshot,
        before.manifest,
        read.read,
        flow,
        chance,
        scores,
        accounts,
        group,
        places,
        ids,
        every,
    )
    facts = {f"facts/{code}": each.facts for code, each in found.items()}
    counts = {code: len(each.findings) for code, each in found.items()}
    parts, counted = told_apart({**tested, **facts, "chains": chains.table, "money": money}, counts)
    return Seen(parts, counted, standing)


def _goes_on(before: Snapshot, now: Snapshot) -> bool:
    """Whether what has changed since is what a quick look reads on from, or what it need not read."""
    tables = {file.table for file in (*before.files, *now.files)}
    changed = {table for table in tables if before.of(table) != now.of(table)}
    # A load that was taken back may have left the same number of other rows.
    is_whole = before.loads.keys() <= now.loads.keys()
    return is_whole and changed <= READ_ON | WAITING and (before.zone, before.zones) == (now.zone, now.zones)


def _scores(chains: Chains) -> dict[bytes, int]:
    """The score of each chain by its positions."""
    position = np.ascontiguousarray(chains.position, np.int32)
    raw, ends = position.tobytes(), (chains.start * position.itemsize).tolist()
    spans = zip(ends[:-1], ends[1:], chains.score.tolist(), strict=True)
    return {raw[low:high]: score for low, high, score in spans}


def _new_chains(
    flow: Flow, chance: Calibration, scores: dict[bytes, int], before: dict[bytes, int], changes: Changes
) -> np.ndarray:
    """Numbers of the chains that were not there, or not so surprising, that a sign would speak of or a line tell."""
    chains = flow.chains
    was = np.array([before.get(key, -1) for key in scores], np.int64)
    # At and after the first change a position may be another transfer's than it was.
    was[chains.position[chains.start[1:] - 1] >= changes.first] = -1
    is_told, was_told = flow.surprise >= flow.threshold, was / MICRONATS >= flow.threshold
    is_found, was_found = flow.false_share <= WEAK_FROM, (chance.shares(was) <= WEAK_FROM) & (was >= 0)
    return np.flatnonzero((is_told & ~was_told) | (is_found & ~was_found))


def _inputs(ledger: Ledger, settings: Settings, flow: Flow, chains: NamedChains, group: np.ndarray) -> SignInputs:
    """What the sign reads. Of peers it asks the groups; what a quick look does not know is no number."""
    inputs = SignInputs(ledger, settings)
    unknown = np.full(len(group), np.nan)
    inputs.transfers = flow.transfers
    inputs.flow = flow
    inputs.chains = chains
    inputs.peers = Peers(group, unknown, unknown, unknown)
    return inputs


def _unknown(found: Found, told: Container[str]) -> Found:
    """Findings that are not known yet."""
    new = pa.array([each not in told for each in found.findings["finding"].to_pylist()], pa.bool_())
    return Found(found.findings.filter(new), found.facts.filter(new))


def _rows_of_chains(flow: Flow, numbers: np.ndarray, chains: NamedChains) -> KnownRows:
    """Ids and rows of the transfers of these chains, which have been named."""
    position, _ = lists_of(flow.chains.position, flow.chains.start, numbers)
    ids = pc.list_flatten(chains.table["transfers"].combine_chunks())
    return KnownRows(ids, flow.transfers.row[position])


def _sides(findings: pa.Table, ledger: Ledger, transfers: Transfers, places: Places) -> OfAccounts:
    """All transfers of the accounts that the findings name: innocent reasons ask for them."""
    named = ledger.account_numbers_of(pc.list_flatten(findings["accounts"].combine_chunks()))
    chosen = np.zeros(transfers.accounts, np.bool_)
    chosen[named[named >= 0]] = True
    return OfAccounts(transfers, chosen, places.in_order(transfers, chosen))


def _tested(findings: pa.Table, evidence: Evidence, signs: Mapping[str, Sign]) -> dict[str, pa.Table]:
    """The findings as innocent reasons leave them."""
    lowered, benign = apply_benign_tests(findings, evidence, signs)
    return {"findings": earned_roles(lowered, evidence), "benign": benign}


def _names(ledger: Ledger, flow: Flow, numbers: np.ndarray, ids: KnownIds) -> pa.Array:
    """Ids of chains by number."""
    wanted, back = np.unique(numbers, return_inverse=True)
    return name_chains(ledger, flow, wanted, ids).table["chain"].take(pa.array(back))
