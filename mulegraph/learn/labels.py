"""Accounts that a bank has decided on: from closed cases, from lists, and from a file."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mulegraph.errors import DataError, UsageError
from mulegraph.flow.transfers import Transfers
from mulegraph.journal.state import CLOSED, CONFIRMED, INNOCENT, CaseState
from mulegraph.lazy import community
from mulegraph.lazy import networkx as nx
from mulegraph.ledger.ledger import Ledger
from mulegraph.schema.choices import KNOWN_GOOD
from mulegraph.schema.findings import Role

GUILTY_ROLES = (Role.COLLECTOR, Role.RELAY, Role.CONSOLIDATOR, Role.CASH_OUT)
"""Of a confirmed case, these launder; who is only named in it, or was paid at its end, is not decided."""
MIN_DECISIONS, MIN_EACH = 20, 5
WORDS = {"1": True, "guilty": True, "mule": True, "0": False, "innocent": False, "good": False, "victim": False}
FEW = "Close more cases (mulegraph case close), or give --labels FILE with account_id,label."


@dataclass(frozen=True)
class Decision:
    """One account: whether it launders, the network that it belongs to (empty: unknown), and who says so."""

    guilty: bool
    network: str
    said_by: str


@dataclass(frozen=True)
class Labels:
    """Decided accounts by number, in order; `network` numbers those that are never parted."""

    account: np.ndarray
    guilty: np.ndarray
    network: np.ndarray
    said_by: dict[str, int]
    undecided: np.ndarray
    """Accounts of open cases: neither guilty nor innocent yet."""


def from_cases(states: dict[str, CaseState], roles: dict[str, dict[str, str]]) -> dict[str, Decision]:
    """Decisions by account id; `roles` are those of each case's accounts. One that is decided by itself counts so."""
    found: dict[str, Decision] = {}
    for case, state in sorted(states.items()):
        if state.status == CLOSED and state.disposition in (CONFIRMED, INNOCENT):
            for account, role in sorted(roles.get(case, {}).items()):
                if state.disposition == INNOCENT or role == Role.VICTIM:
                    found.setdefault(account, Decision(False, case, "closed cases"))
                elif role in GUILTY_ROLES:
                    found[account] = Decision(True, case, "closed cases")
    for case, state in sorted(states.items()):
        for account, word in state.disposed.items():
            found[account] = Decision(word == "guilty", case, "closed cases")
    return found


def from_lists(ledger: Ledger) -> dict[str, Decision]:
    """Accounts that are listed as known: suspicion in full confidence, or known good."""
    found: dict[str, Decision] = {}
    for row in sorted(ledger.arrow("listings").to_pylist(), key=lambda row: (row["list"], row["subject_id"])):
        if row["subject_kind"] == "account" and row["list"] in ("suspicion", KNOWN_GOOD):
            guilty = row["list"] == "suspicion"
            if not guilty or row["confidence"] == 1:
                found.setdefault(row["subject_id"], Decision(guilty, "", "lists"))
    return found


def from_file(path: Path, held: Iterable[str]) -> dict[str, Decision]:
    """A CSV file with account_id, label and, if it is known, network.

    Raises UsageError where it cannot be read, DataError for a column, word or account that is unknown, and for an
    account that is decided twice.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError("{path}: cannot be read ({why})", hint="Give a CSV file.", path=path, why=str(error)) from None
    known = set(held)
    found: dict[str, Decision] = {}
    for line, row in enumerate(rows, 2):
        account, word = (row.get("account_id") or "").strip(), (row.get("label") or "").strip().lower()
        if account not in known:
            _refuse(path, line, "account_id is no account of the ledger", "Correct the row, or take it out.")
        if word not in WORDS:
            _refuse(path, line, "label is no word that is known", f"Expected one of {', '.join(WORDS)}.")
        said = Decision(WORDS[word], (row.get("network") or "").strip(), "file")
        if found.setdefault(account, said) != said:
            _refuse(path, line, "the account is decided otherwise above", "Keep one of both rows.")
    return found


def _refuse(path: Path, line: int, what: str, hint: str) -> None:
    raise DataError("{path}:{line}: {what}", hint=hint, path=path, line=line, what=what)


def labels_of(ledger: Ledger, transfers: Transfers, decisions: dict[str, Decision], undecided: list[str]) -> Labels:
    """Decisions by account number. Raises UsageError where they are too few to learn from."""
    ids = sorted(decisions)
    number = ledger.account_numbers(ids)
    held = number >= 0
    chosen = [decisions[account] for account, here in zip(ids, held, strict=True) if here]
    account = number[held]
    order = np.argsort(account)
    chosen, account = [chosen[each] for each in order], account[order]
    guilty = np.array([each.guilty for each in chosen], bool)
    network = _networks(account, chosen, transfers)
    check_enough(guilty, network)
    words = [each.said_by for each in chosen]
    open_ones = ledger.account_numbers(sorted(set(undecided) - set(decisions)))
    return Labels(account, guilty, network, {word: words.count(word) for word in sorted(set(words))}, open_ones)


def check_enough(guilty: np.ndarray, network: np.ndarray) -> None:
    """Raise UsageError for fewer than `MIN_DECISIONS` networks, or fewer than `MIN_EACH` guilty or innocent ones."""
    bad = len(np.unique(network[guilty]))
    good = len(np.setdiff1d(network[~guilty], network[guilty]))
    if bad + good < MIN_DECISIONS or min(bad, good) < MIN_EACH:
        raise UsageError(
            "too little is decided to learn from: {bad} guilty and {good} innocent networks or accounts; "
            "{least} are needed, {each} of each",
            hint=FEW,
            bad=bad,
            good=good,
            least=MIN_DECISIONS,
            each=MIN_EACH,
        )


def _networks(account: np.ndarray, decisions: list[Decision], transfers: Transfers) -> np.ndarray:
    """A number a network: as it was named, else communities of money among the guilty (Louvain); others stand alone."""
    named = sorted({each.network for each in decisions if each.network})
    found = np.array([named.index(each.network) if each.network else -1 for each in decisions], np.int64)
    free = {int(account[place]): place for place in np.flatnonzero(found < 0) if decisions[place].guilty}
    graph = nx.Graph()
    graph.add_nodes_from(sorted(free))
    is_free = np.zeros(transfers.accounts + 1, bool)
    is_free[list(free)] = True
    both = is_free[transfers.source] & is_free[transfers.target] & (transfers.source != transfers.target)
    pairs, count = np.unique(np.stack([transfers.source[both], transfers.target[both]]), axis=1, return_counts=True)
    for one, other, many in zip(*pairs.tolist(), count.tolist(), strict=True):
        graph.add_edge(one, other, weight=many)
    part = community.best_partition(graph, random_state=1) if len(graph) else {}
    for member, group in part.items():
        found[free[member]] = len(named) + group
    alone = np.flatnonzero(found < 0)
    found[alone] = len(named) + len(free) + np.arange(len(alone))
    return found
