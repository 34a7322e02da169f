"""What a model reads of each account: what signs say, its traffic, and whom it deals with. Nothing of its holder.

Amounts are in medians of the account's kind and currency, so that a model outlives a change of prices and two
currencies are not compared. A1 and A6 read when and where somebody was born and what he does: what they say keeps
its weight and is no feature, and neither is a list, which labels may come from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from mulegraph.cases.evidence import Evidence
from mulegraph.cases.score import LISTED, Sums, Unlike, account_pieces, add_up, with_peers
from mulegraph.flow.by_account import Side
from mulegraph.flow.peers import Peers
from mulegraph.signs.base import Sign

TRAFFIC, NEIGHBOURS = "traffic", "neighbours"
"""Groups of features that belong to no sign."""
PERSONAL = ("A1", "A6")


@dataclass(frozen=True)
class Features:
    """Columns by account, in the order of account numbers: `names`, the `group` of each, and whether it may only raise.

    `values` has a row an account. `nats` is what findings say, a column a sign of `signs`; of `fixed` ones the weight
    is never learned. `given` are signs that repeat the labels: what they say counts in a score, and nothing is learned
    from it.
    """

    names: tuple[str, ...]
    group: tuple[str, ...]
    rises: tuple[bool, ...]
    values: np.ndarray
    signs: tuple[str, ...]
    nats: np.ndarray
    given: frozenset[str] = frozenset()

    @property
    def blind(self) -> Features:
        """As they are without what repeats the labels."""
        hidden = [code in self.given for code in self.signs]
        return replace(self, nats=np.where(hidden, 0.0, self.nats))

    @property
    def fixed(self) -> np.ndarray:
        """Which of `signs` keep weight one."""
        return np.array([code in (*PERSONAL, LISTED) for code in self.signs], bool)


def read_features(
    findings: pa.Table, evidence: Evidence, peers: Peers, signs: Mapping[str, Sign], *, from_lists: bool = False
) -> Features:
    """Features of every account. `from_lists`: lists are labels, so no feature comes from a sign that reads lists."""
    accounts = evidence.transfers.accounts
    pieces = account_pieces(findings, evidence, signs)
    sums, _ = with_peers(add_up(pieces), Unlike.of(peers.nats, pieces, evidence.sides))
    codes = tuple(sorted({*signs, *sums.signs}))
    nats = _by_sign(sums, codes, accounts)
    lists = {code for code, sign in signs.items() if "listings" in sign.needs} if from_lists else set()
    told = [code for code in codes if code not in {*PERSONAL, LISTED, *lists}]
    columns: list[tuple[str, str, bool, np.ndarray]] = []
    columns += [(f"nats {code}", code, True, nats[:, codes.index(code)]) for code in told]
    columns += _surprises(findings, evidence, [code for code in told if code in signs and not signs[code].harms])
    columns += _traffic(evidence, peers)
    columns += _neighbours(evidence, nats[:, [code in told for code in codes]].sum(axis=1))
    names, group, rises, values = zip(*columns, strict=True)
    given = frozenset({*lists, LISTED} if from_lists else ())
    return Features(names, group, rises, np.column_stack(values).astype(float), codes, nats, given)


def _by_sign(sums: Sums, codes: tuple[str, ...], accounts: int) -> np.ndarray:
    place = np.array([codes.index(code) for code in sums.signs], np.int64)
    nats = np.zeros((accounts, len(codes)))
    nats[sums.owner, place[sums.sign]] = sums.nats
    return nats


def _surprises(findings: pa.Table, evidence: Evidence, codes: list[str]) -> list[tuple[str, str, bool, np.ndarray]]:
    """The largest surprise with which each account is a subject, and with which it is named."""
    surprise = np.nan_to_num(findings["surprise"].to_numpy(zero_copy_only=False).astype(float))
    found = []
    for code in codes:
        mine = evidence.sign.among(code)
        subject, named = np.zeros((2, evidence.transfers.accounts))
        chosen = mine & (evidence.subject >= 0)
        np.maximum.at(subject, evidence.subject[chosen], surprise[chosen])
        by = evidence.named_by[mine[evidence.named_by]]
        np.maximum.at(named, evidence.named[mine[evidence.named_by]], surprise[by])
        found += [(f"surprise {code}", code, True, subject), (f"named {code}", code, False, named)]
    return found


def _traffic(evidence: Evidence, peers: Peers) -> list[tuple[str, str, bool, np.ndarray]]:
    sides = evidence.sides
    parties = {"received": sides.distinct_payers, "paid": sides.distinct_payees}
    found: dict[str, np.ndarray] = {}
    for name, side in (("received", sides.receipts), ("paid", sides.payments)):
        amount = side.amount / _scale(peers.group)(side)
        found |= {f"{what} {name}": column for what, column in _moments(side, amount).items()}
        found[f"others {name}"] = parties[name]
    found["equal amounts"] = _equal(sides.receipts, sides.payments)
    return [(name, TRAFFIC, False, np.asarray(column, float)) for name, column in found.items()]


def _owners(side: Side) -> np.ndarray:
    return np.repeat(np.arange(len(side.start) - 1), np.diff(side.start))


def _scale(group: np.ndarray):  # type: ignore[no-untyped-def]
    """Of each transfer of a side, the median amount of its account's group."""

    def of(side: Side) -> np.ndarray:
        theirs = group[_owners(side)]
        median = {each: max(float(np.median(side.amount[theirs == each])), 1.0) for each in np.unique(theirs)}
        return np.array([median[each] for each in np.unique(theirs)])[np.unique(theirs, return_inverse=True)[1]]

    return of


def _moments(side: Side, amount: np.ndarray) -> dict[str, np.ndarray]:
    """Count, sum, mean, spread, largest and least."""
    owner, count = _owners(side), np.diff(side.start)
    many = np.maximum(count, 1)
    total = np.bincount(owner, amount, len(count))
    mean = total / many
    spread = np.sqrt(np.bincount(owner, (amount - mean[owner]) ** 2, len(count)) / many)
    largest, least = np.zeros(len(count)), np.full(len(count), np.inf)
    np.maximum.at(largest, owner, amount)
    np.minimum.at(least, owner, amount)
    least[count == 0] = 0.0
    return {"count": count, "sum": total, "mean": mean, "spread": spread, "largest": largest, "least": least}


def _equal(receipts: Side, payments: Side) -> np.ndarray:
    """How many of an account's payments are of an amount that it has received, to the cent."""
    size = int(max(receipts.amount.max(initial=0), payments.amount.max(initial=0))) + 1
    came, went = (_owners(side).astype(np.int64) * size + side.amount for side in (receipts, payments))
    return np.bincount(_owners(payments), np.isin(went, came), len(payments.start) - 1)


def _neighbours(evidence: Evidence, nats: np.ndarray) -> list[tuple[str, str, bool, np.ndarray]]:
    """The largest and the mean of what is held against those who paid it and whom it paid, and of their traffic."""
    sides = evidence.sides
    busy = np.diff(sides.receipts.start) + np.diff(sides.payments.start)
    found = []
    for name, side in (("payers", sides.receipts), ("payees", sides.payments)):
        known = side.party >= 0
        owner, party = _owners(side)[known], side.party[known]
        many = np.maximum(np.bincount(owner, minlength=len(busy)), 1)
        for what, theirs in (("nats", nats), ("transfers", busy.astype(float))):
            largest = np.zeros(len(busy))
            np.maximum.at(largest, owner, theirs[party])
            mean = np.bincount(owner, theirs[party], len(busy)) / many
            found += [(f"largest {what} of {name}", NEIGHBOURS, False, largest)]
            found += [(f"mean {what} of {name}", NEIGHBOURS, False, mean)]
    return found
