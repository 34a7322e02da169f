"""What the benign tests and the scores read of findings: the transfers and accounts that they name, as arrays."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mulegraph.cases.shares import Shares, find_shares
from mulegraph.flow.by_account import TransfersByAccount
from mulegraph.flow.transfers import Transfers
from mulegraph.lazy import njit
from mulegraph.ledger.ledger import Ledger

WAGE_WORDS = r"(?i)salar|wage|payroll|lương|loon"
MANY_PAYERS = 50
FIRMS = ("business", "merchant", "internal")
TILLS, PERSONS = ("merchant", "internal"), ("personal",)
"""Kinds of accounts whose business is to be paid, and those that no number of payers makes a shop."""
MIN_SHARES = 2
UNKNOWN, NO_ACCOUNT = -1, -2


@dataclass(frozen=True)
class Words:
    """A column of few distinct words: `words[code[i]]` is the i-th; −1 stands for none."""

    code: np.ndarray
    words: list[str]

    @classmethod
    def of(cls, values: pa.ChunkedArray) -> Words:
        """The words of an Arrow column."""
        encoded = values.combine_chunks().dictionary_encode()
        code = encoded.indices.cast("int16").fill_null(UNKNOWN).to_numpy(zero_copy_only=False)
        return cls(code, encoded.dictionary.to_pylist())

    def among(self, *words: str) -> np.ndarray:
        """Whether each is one of these words."""
        return np.array([each in words for each in self.words] + [False], bool)[self.code]

    def take(self, places: np.ndarray) -> Words:
        """The words at these places."""
        return Words(self.code[places], self.words)

    def arrow(self) -> pa.Array:
        """As texts."""
        code = pa.array(self.code, mask=self.code < 0)
        return pa.array(self.words, pa.string()).take(code)


@dataclass(frozen=True)
class Accounts:
    """Every account of the ledger by number: its kind, and codes for its holder and address.

    Accounts of one holder share a code; one without a holder has its own. `address` is −1 where none is known.
    """

    kind: Words
    holder: np.ndarray
    address: np.ndarray


@dataclass(frozen=True)
class Homes:
    """By finding: distinct holders, their distinct known addresses, and whether all live at one."""

    holders: np.ndarray
    addresses: np.ndarray
    together: np.ndarray


@dataclass(frozen=True)
class Evidence:
    """Findings by place (0, 1, …), the transfers of their evidence, and the accounts that they name.

    `sign`, `subject_id` and `subject` (account number; −1 unknown, −2 no account) are by finding. `of`, `position`,
    `channel` and `wage` are by transfer of the evidence, in the order of findings: its finding, its position in
    `transfers`, its channel, and whether its reference holds a word for wages. `named_by` and `named` are by account
    that a finding names: the finding, and the account's number.
    """

    sign: Words
    subject_id: pa.Array
    subject: np.ndarray
    of: np.ndarray
    position: np.ndarray
    channel: Words
    wage: np.ndarray
    named_by: np.ndarray
    named: np.ndarray
    accounts: Accounts
    ledger: Ledger
    sides: TransfersByAccount

    def __len__(self) -> int:
        return len(self.subject)

    @property
    def transfers(self) -> Transfers:
        """All transfers of the ledger."""
        return self.sides.transfers

    @cached_property
    def source(self) -> np.ndarray:
        """Account number of each transfer's payer; −1: cash."""
        return self.transfers.source[self.position]

    @cached_property
    def target(self) -> np.ndarray:
        """Account number of each transfer's payee; −1: cash."""
        return self.transfers.target[self.position]

    @cached_property
    def inward(self) -> np.ndarray:
        """Whether each transfer came to the finding's subject."""
        return self.target == self.subject[self.of]

    @cached_property
    def outward(self) -> np.ndarray:
        """Whether each transfer left the finding's subject."""
        return self.source == self.subject[self.of]

    def count(self, chosen: np.ndarray | None = None) -> np.ndarray:
        """Transfers by finding; of the chosen ones."""
        return np.bincount(self.of if chosen is None else self.of[chosen], minlength=len(self))

    def share(self, chosen: np.ndarray) -> np.ndarray:
        """Share of each finding's transfers that are chosen; 0 where it has none."""
        return self.count(chosen) / np.maximum(self.count(), 1)

    def is_kind(self, *kinds: str) -> np.ndarray:
        """Whether each finding's subject is an account of one of these kinds."""
        return self.kind.among(*kinds)

    @cached_property
    def kind(self) -> Words:
        """Kind of each finding's subject; none where it is no account."""
        known = self.accounts.kind
        return Words(np.where(self.subject >= 0, known.code[self.subject], UNKNOWN), known.words)

    @cached_property
    def shares(self) -> Shares:
        """Whether each finding's subject collected equal shares, and paid them on to firms."""
        received = self.position[self.inward]
        several, firms = self.payers_count >= MIN_SHARES, self.accounts.kind.among(*FIRMS)
        return find_shares(self.sides, self.of[self.inward], received, self.subject, several, firms)

    @cached_property
    def payers_here(self) -> tuple[np.ndarray, np.ndarray]:
        """Distinct pairs of a finding and an account that paid its subject in its evidence; −1: cash."""
        return distinct_pairs(self.of[self.inward], self.source[self.inward], self.transfers.accounts)

    @cached_property
    def payers_count(self) -> np.ndarray:
        """Distinct payers of each finding's subject in its evidence; cash is one."""
        return np.bincount(self.payers_here[0], minlength=len(self))

    @cached_property
    def payees_count(self) -> np.ndarray:
        """Distinct payees of each finding's subject in its evidence; cash is one."""
        paid = distinct_pairs(self.of[self.outward], self.target[self.outward], self.transfers.accounts)
        return np.bincount(paid[0], minlength=len(self))

    @cached_property
    def homes(self) -> Homes:
        """Holders and addresses of the accounts that each finding names."""
        known = self.accounts
        by, _ = distinct_pairs(self.named_by, known.holder[self.named], int(known.holder.max(initial=0)) + 1)
        address = known.address[self.named]
        has_one = address >= 0
        known_by, _ = distinct_pairs(self.named_by[has_one], address[has_one], int(known.address.max(initial=0)) + 1)
        unknown = np.bincount(self.named_by[address < 0], minlength=len(self)) > 0
        holders, addresses = np.bincount(by, minlength=len(self)), np.bincount(known_by, minlength=len(self))
        return Homes(holders, addresses, (addresses == 1) & ~unknown)

    @cached_property
    def payers(self) -> np.ndarray:
        """Distinct payers of every account, by number."""
        moved, found = self.transfers, self.sides.distinct_payers.astype(np.int64)
        to_itself = moved.source[(moved.source == moved.target) & (moved.source >= 0)]
        found[np.unique(to_itself)] += 1
        return found

    @cached_property
    def paid_by_many(self) -> np.ndarray:
        """Accounts by number whose business is to be paid: shops, banks' own accounts, and what dozens pay.

        A person's account is none, however busy: a launderer's is, too.
        """
        kind = self.accounts.kind
        return kind.among(*TILLS) | ((self.payers >= MANY_PAYERS) & ~kind.among(*PERSONS))


def distinct_pairs(group: np.ndarray, value: np.ndarray, values: int) -> tuple[np.ndarray, np.ndarray]:
    """Distinct pairs in the order in which they first stand; `group` is ascending, `value` −1 or up to `values` − 1."""
    first = _first_of_group(group, value, values)
    return group[first], value[first]


@njit(cache=True, nogil=True)
def _first_of_group(group, value, values):  # type: ignore[no-untyped-def]
    """Whether each value stands in its group for the first time."""
    last_in = np.full(values + 1, -1, np.int64)
    first = np.zeros(len(group), np.bool_)
    for place in range(len(group)):
        if last_in[value[place] + 1] != group[place]:
            last_in[value[place] + 1] = group[place]
            first[place] = True
    return first


class KnownRows(NamedTuple):
    """Ids of some transfers, and each one's row in the ledger."""

    ids: pa.Array
    row: np.ndarray


def read_evidence(
    findings: pa.Table,
    ledger: Ledger,
    sides: TransfersByAccount,
    accounts: Accounts | None = None,
    known: KnownRows | None = None,
) -> Evidence:
    """Look up what findings name; `accounts` are the ledger's, and `known` rows, that somebody has read before."""
    kinds = findings["subject_kind"].combine_chunks()
    subjects = findings["subject_id"].combine_chunks()
    lists = findings["accounts"].combine_chunks()
    ledger.account_ids  # noqa: B018 (made here once, and not in both threads)
    # Arrow and DuckDB let go of the interpreter's lock: accounts are looked up while transfers are.
    with ThreadPoolExecutor(1) as pool:
        looked_up = pool.submit(_transfers, findings, ledger, known)
        numbers = ledger.account_numbers_of(subjects)
        named = ledger.account_numbers_of(pc.list_flatten(lists))
        accounts = accounts or read_accounts(ledger)
        moved = looked_up.result()
    is_account = pc.equal(kinds, "account").to_numpy(zero_copy_only=False)
    is_known = named >= 0
    return Evidence(
        sign=Words.of(findings["sign"]),
        subject_id=subjects,
        subject=np.where(is_account, numbers, NO_ACCOUNT),
        of=moved.of,
        position=sides.transfers.position_of(moved.row),
        channel=moved.channel,
        wage=moved.wage,
        named_by=pc.list_parent_indices(lists).to_numpy()[is_known],
        named=named[is_known],
        accounts=accounts,
        ledger=ledger,
        sides=sides,
    )


class _Moved(NamedTuple):
    """Finding, row in the ledger, channel and whether it is a wage, of each transfer of the evidence."""

    of: np.ndarray
    row: np.ndarray
    channel: Words
    wage: np.ndarray


def _transfers(findings: pa.Table, ledger: Ledger, known: KnownRows | None) -> _Moved:
    lists = findings["evidence"].combine_chunks()
    of = pc.list_parent_indices(lists).to_numpy()
    encoded = pc.list_flatten(lists).dictionary_encode()
    rows, where = _row_numbers(encoded.dictionary, ledger, known), encoded.indices.to_numpy()
    # An own sign may name what the ledger does not hold.
    held = rows[where] >= 0
    of, where = of[held], where[held]
    read = ledger.rows_of(np.maximum(rows, 0), ["channel", "reference"])
    return _Moved(of, rows[where], Words.of(read["channel"]).take(where), _hold_wage_words(read["reference"])[where])


def _row_numbers(ids: pa.Array, ledger: Ledger, known: KnownRows | None) -> np.ndarray:
    """Rows of transfers by id, −1 for what the ledger does not hold; what is not known is looked up."""
    if known is None:
        return ledger.row_numbers(ids)
    place = pc.fill_null(pc.index_in(ids, value_set=known.ids), -1).to_numpy()
    rows = np.append(known.row, -1)[place].astype(np.int64)
    others = np.flatnonzero(place < 0)
    rows[others] = ledger.row_numbers(ids.take(pa.array(others)))
    return rows


def _hold_wage_words(texts: pa.ChunkedArray) -> np.ndarray:
    """Whether each text holds a word for wages; a text that stands often is looked at once."""
    encoded = texts.combine_chunks().dictionary_encode()
    wage = pc.match_substring_regex(encoded.dictionary, WAGE_WORDS).take(encoded.indices)
    return np.asarray(pc.fill_null(wage, False).to_numpy(zero_copy_only=False))


def read_accounts(ledger: Ledger) -> Accounts:
    """Kind, holder and address of every account, by number."""
    accounts = ledger.arrow("accounts", ["kind", "holder_id"])
    holders = ledger.arrow("holders", ["holder_id", "address"])
    encoded = accounts["holder_id"].combine_chunks().dictionary_encode()
    own = len(encoded.dictionary) + np.arange(len(accounts))
    holder = np.where(accounts["holder_id"].is_valid().to_numpy(), encoded.indices.fill_null(0).to_numpy(), own)
    addresses = holders["address"].combine_chunks().dictionary_encode().indices
    # A null is looked up as none: an account without a holder has no address.
    row = pc.index_in(accounts["holder_id"].combine_chunks(), value_set=holders["holder_id"].combine_chunks())
    address = pc.fill_null(addresses.take(row), UNKNOWN).to_numpy(zero_copy_only=False)
    return Accounts(Words.of(accounts["kind"]), holder, address)
