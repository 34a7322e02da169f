"""Benign tests: the innocent explanations of a finding, each passed or failed and why, and what a passed one takes off.

A test is passed when the innocent explanation fits. It lowers the score by the share that stands here, and never
removes a finding. A test only explains the signs it is made for: that a shop is a shop does not clear its holder's
papers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from mulegraph.errors import UsageError
from mulegraph.flow.bursts import TransfersByAccount
from mulegraph.flow.matching import DAY, Transfers
from mulegraph.lazy import sparse
from mulegraph.ledger.daily import ARRANGED
from mulegraph.ledger.ledger import Ledger
from mulegraph.signs.base import Sign, all_signs

PASSED, FAILED = "passed", "failed"
MONEY = frozenset("A3 A4 A6 N1 N2 N3 N5 N6 N7".split())
DEVICES = frozenset("A7 N4".split())
FIRMS = ("business", "merchant", "internal")
WAGE_WORDS = r"(?i)salar|wage|payroll|lương|loon"
MOST = 0.8
"""Share of a finding's transfers that must fit an explanation."""
HALF = 0.5
MANY_PAYERS = 50
WEEK_APART = 6 * DAY
PAID_ON_WITHIN = 3 * DAY
EQUAL = 1.06
"""Largest over smallest of shares that count as equal."""


@dataclass(frozen=True)
class Outcome:
    """A benign test on every finding: whether it is passed, and why, in words and figures."""

    passed: np.ndarray
    why: list[str]


@dataclass(frozen=True)
class Evidence:
    """What the tests read: `rows` has one row for each finding and transfer of its evidence, `named` for each account.

    rows: f (the finding's place), row (in the ledger), source, target (account numbers, −1 cash), amount (float),
    at (µs), channel, wage,
    inward and outward (of the subject). named: f, number, kind, holder, address. accounts: the last three of every
    account by number. `findings` is the table itself, with the subject's number.
    """

    findings: pd.DataFrame
    rows: pd.DataFrame
    named: pd.DataFrame
    accounts: pd.DataFrame
    ledger: Ledger
    sides: TransfersByAccount

    def __len__(self) -> int:
        return len(self.findings)

    @property
    def transfers(self) -> Transfers:
        """All transfers of the ledger."""
        return self.sides.transfers

    @cached_property
    def payers(self) -> np.ndarray:
        """Distinct payers of every account, by number."""
        moved = np.flatnonzero((self.transfers.source >= 0) & (self.transfers.target >= 0))
        ends = self.transfers.target[moved], self.transfers.source[moved]
        size = self.transfers.accounts
        # Turning triples into rows adds up those of one pair: distinct pairs, without sorting them all.
        pairs = sparse.coo_array((np.ones(len(moved), np.int32), ends), shape=(size, size)).tocsr()
        return np.asarray(np.diff(pairs.indptr))

    def count(self, chosen: pd.Series | None = None) -> np.ndarray:
        """Rows by finding; of the chosen ones."""
        places = self.rows["f"] if chosen is None else self.rows["f"][chosen]
        return np.bincount(places, minlength=len(self))

    def share(self, chosen: pd.Series) -> np.ndarray:
        """Share of each finding's rows that are chosen; 0 where it has none."""
        return self.count(chosen) / np.maximum(self.count(), 1)

    def distinct(self, column: str, chosen: pd.Series) -> np.ndarray:
        """Distinct values by finding among the chosen rows."""
        part = self.rows[chosen].drop_duplicates(["f", column])
        return np.bincount(part["f"], minlength=len(self))


@dataclass(frozen=True)
class BenignTest:
    """One innocent explanation: its name, the signs it can explain, and the share it takes off a score."""

    name: str
    signs: frozenset[str]
    lowers: float
    words: str
    run: Callable[[Evidence], Outcome]


def explained_signs(test: BenignTest, signs: Mapping[str, Sign]) -> frozenset[str]:
    """Codes of the signs that a test can explain, those of a workspace's own that name it among them."""
    return test.signs | {code for code, sign in signs.items() if test.name in sign.explained_by}


def check_explanations(signs: Mapping[str, Sign]) -> None:
    """Raise UsageError when a sign names a benign test that there is not."""
    known = [test.name for test in TESTS]
    for code, sign in signs.items():
        if unknown := set(sign.explained_by) - set(known):
            raise UsageError(
                f"sign {code}: benign test '{min(unknown)}' is unknown", hint=f"Expected some of {', '.join(known)}."
            )


def apply_benign_tests(findings: pa.Table, evidence: Evidence, signs: Mapping[str, Sign] | None = None) -> pa.Table:
    """The findings with `benign` filled in and `score` lowered; order and number stay. `signs` default to all."""
    known = all_signs() if signs is None else signs
    if not len(findings):
        return findings
    of_sign = evidence.findings["sign"].to_numpy()
    left = np.ones(len(evidence))
    told: list[dict[str, list[str]]] = [{} for _ in range(len(evidence))]
    for test in TESTS:
        outcome, about = test.run(evidence), np.isin(of_sign, list(explained_signs(test, known)))
        passed = outcome.passed & about
        left[passed] *= 1 - test.lowers
        for place, mine in enumerate(told):
            why = outcome.why[place] if about[place] else "does not explain this sign"
            mine[test.name] = [PASSED if passed[place] else FAILED, why]
    scores = np.round(evidence.findings["score"].to_numpy() * left, 6)
    columns = {name: findings[name] for name in findings.column_names}
    columns["score"] = pa.array(scores)
    columns["benign"] = pa.array([json.dumps(each, ensure_ascii=False) for each in told])
    return pa.table(columns, schema=findings.schema)


def read_evidence(findings: pa.Table, ledger: Ledger, sides: TransfersByAccount) -> Evidence:
    """Look up what findings name."""
    frame = findings.select(["finding", "sign", "subject_kind", "subject_id", "score"]).to_pandas()
    lists = findings["evidence"].combine_chunks()
    place = pc.list_parent_indices(lists).to_numpy()
    ids = pc.list_flatten(lists)
    distinct = pc.unique(ids)
    numbers = ledger.row_numbers(distinct)
    where = pc.index_in(ids, value_set=distinct).to_numpy()
    known = ledger.rows_of(numbers, ["source", "target", "amount", "at", "channel", "reference"])
    columns = {
        "source": ledger.account_numbers_of(known["source"].combine_chunks()),
        "target": ledger.account_numbers_of(known["target"].combine_chunks()),
        "amount": known["amount"].cast("float64").to_numpy(),
        "at": known["at"].cast("int64").to_numpy(),
        "channel": known["channel"].to_pandas().to_numpy(),
        "wage": pc.fill_null(pc.match_substring_regex(known["reference"], WAGE_WORDS), False).to_numpy(),
    }
    rows = pd.DataFrame(
        {"f": place, "row": numbers[where], **{name: column[where] for name, column in columns.items()}}
    )
    subject = ledger.account_numbers_of(findings["subject_id"].combine_chunks())
    subject = np.where(frame["subject_kind"] == "account", subject, -2)
    rows["inward"] = rows["target"].to_numpy() == subject[place]
    rows["outward"] = rows["source"].to_numpy() == subject[place]
    frame["number"] = subject
    accounts = accounts_known(ledger)
    return Evidence(frame, rows, _named(findings, ledger, accounts), accounts, ledger, sides)


def _named(findings: pa.Table, ledger: Ledger, accounts: pd.DataFrame) -> pd.DataFrame:
    """Every account that a finding names, with kind, holder (else itself) and address (else none)."""
    lists = findings["accounts"].combine_chunks()
    numbers = ledger.account_numbers_of(pc.list_flatten(lists))
    frame = pd.DataFrame({"f": pc.list_parent_indices(lists).to_numpy(), "number": numbers})
    frame = frame[frame["number"] >= 0].reset_index(drop=True)
    return frame.join(accounts, on="number")


def accounts_known(ledger: Ledger) -> pd.DataFrame:
    """kind, holder and address of every account, by account number."""
    accounts = ledger.arrow("accounts", ["account_id", "kind", "holder_id"]).to_pandas()
    holders = ledger.arrow("holders", ["holder_id", "address"]).to_pandas().drop_duplicates("holder_id")
    frame = accounts.merge(holders, on="holder_id", how="left")
    frame["holder"] = frame["holder_id"].fillna(frame["account_id"])
    frame.index = ledger.account_numbers(frame["account_id"].tolist())
    return frame[["kind", "holder", "address"]].sort_index()


def _payroll(of: Evidence) -> Outcome:
    """A firm pays several people, and most of it is wages: by batch, or with a word for it."""
    out = of.rows["outward"]
    wages = out & ((of.rows["channel"] == "batch") | of.rows["wage"])
    people, paid = of.distinct("target", out), np.maximum(of.count(out), 1)
    is_firm = _subject_kind(of).isin(FIRMS).to_numpy()
    share = of.count(wages) / paid
    passed = is_firm & (people >= 3) & (share >= HALF)
    why = [
        f"{p} payees, {s:.0%} by batch or as wages, {'a firm' if f else 'no firm'}"
        for p, s, f in zip(people, share, is_firm, strict=True)
    ]
    return Outcome(passed, why)


def _merchant(of: Evidence) -> Outcome:
    """A shop, a bank's own account or an aggregator, whose business is to be paid by many."""
    kind = _subject_kind(of)
    payers = of.payers
    number = of.findings["number"].to_numpy()
    mine = np.where(number >= 0, payers[np.maximum(number, 0)], 0)
    here = of.distinct("source", of.rows["inward"])
    passed = kind.isin(("merchant", "internal")).to_numpy() | ((mine >= MANY_PAYERS) & (5 * here <= mine))
    why = [f"{k or 'no'} account, paid by {m} in all and by {h} here" for k, m, h in zip(kind, mine, here, strict=True)]
    return Outcome(passed, why)


def _household(of: Evidence) -> Outcome:
    """All holders live at one address, and there are few of them."""
    holders, addresses, unknown = _homes(of)
    passed = (holders >= 2) & (holders <= 3) & (addresses == 1) & ~unknown
    return Outcome(passed, [f"{h} holders at {a} known addresses" for h, a in zip(holders, addresses, strict=True)])


def _student_house(of: Evidence) -> Outcome:
    """Several holders at one address; or equal shares from people at the subject's address go to a landlord."""
    holders, addresses, unknown = _homes(of)
    together = (holders >= 4) & (addresses == 1) & ~unknown
    equal, firm, payers, _ = _shares(of)
    neighbours = _at_home(of)
    passed = together | (equal & firm & (payers >= 2) & (neighbours >= MOST))
    why = [
        f"{h} holders at {a} addresses; {p} payers, {n:.0%} of them at its address"
        for h, a, p, n in zip(holders, addresses, payers, neighbours, strict=True)
    ]
    return Outcome(passed, why)


def _treasurer(of: Evidence) -> Outcome:
    """Equal shares from several people, paid on to a firm as one sum: a club, a present, a trip."""
    equal, firm, payers, spread = _shares(of)
    passed = equal & firm & (payers >= 3)
    why = [
        f"{p} payers, largest share {s:.2f} of the smallest, {'paid on to a firm' if f else 'not paid on to a firm'}"
        for p, s, f in zip(payers, spread, firm, strict=True)
    ]
    return Outcome(passed, why)


def _own_sweep(of: Evidence) -> Outcome:
    """Money between accounts of one holder, or inside the bank between a customer's own accounts."""
    holder = of.rows["source"].map(of.accounts["holder"]), of.rows["target"].map(of.accounts["holder"])
    own = (holder[0] == holder[1]) & holder[0].notna()
    inside = own | (of.rows["channel"] == "internal")
    share = of.share(inside)
    return Outcome((share >= 0.5) & (of.count() > 1), [f"{s:.0%} of the transfers between own accounts" for s in share])


def _recurring(of: Evidence) -> Outcome:
    """The same accounts paid each other in the same order in other weeks, or nearly all was arranged beforehand."""
    arranged = of.share(of.rows["channel"].isin(ARRANGED)) >= MOST
    again = _again(of)
    passed = (of.count() > 1) & (arranged | (again >= MOST))
    why = [
        "nearly all by batch, standing order or direct debit"
        if a
        else f"{s:.0%} of the transfers recur in other weeks together"
        for a, s in zip(arranged, again, strict=True)
    ]
    return Outcome(passed, why)


def _known_good(of: Evidence) -> Outcome:
    """The account is on a list of accounts known to be good."""
    listed = of.ledger.listed("account", on="known_good").subject_id.to_pandas()
    passed = of.findings["subject_id"].isin(set(listed)).to_numpy()
    return Outcome(passed, ["on a known-good list" if each else "on no known-good list" for each in passed])


def _subject_kind(of: Evidence) -> pd.Series:
    """Kind of the subject's account; empty for devices, clusters and merchants."""
    return of.findings["number"].map(of.accounts["kind"]).fillna("")


def paid_by_many(of: Evidence) -> np.ndarray:
    """Accounts by number whose business is to be paid: shops, banks' own accounts, and what dozens pay."""
    shops = of.accounts["kind"].isin(("merchant", "internal")).reindex(range(of.transfers.accounts)).fillna(False)
    return np.asarray(shops.to_numpy(bool) | (of.payers >= MANY_PAYERS))


def _homes(of: Evidence) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Distinct holders and known addresses by finding, and whether some address is not known."""
    size = len(of)
    holders = of.named.drop_duplicates(["f", "holder"])
    known = holders.dropna(subset=["address"]).drop_duplicates(["f", "address"])
    unknown = np.bincount(holders["f"][holders["address"].isna()], minlength=size) > 0
    return np.bincount(holders["f"], minlength=size), np.bincount(known["f"], minlength=size), unknown


def _shares(of: Evidence) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Whether the receipts are equal, whether what went out went to firms, how many paid, and largest ÷ smallest."""
    into = of.rows[of.rows["inward"]].groupby("f")
    sizes = into["amount"].agg(["min", "max"]).reindex(range(len(of)))
    spread = (sizes["max"] / sizes["min"]).fillna(np.inf).to_numpy()
    payers, equal = of.distinct("source", of.rows["inward"]), spread <= EQUAL
    times, firm = into["at"].agg(["min", "max"]), np.zeros(len(of), bool)
    payments, is_firm = of.sides.payments, of.accounts["kind"].isin(FIRMS)
    firms = is_firm.reindex(range(of.transfers.accounts)).fillna(False).to_numpy()
    for place in np.flatnonzero(equal & (payers >= 2)).tolist():
        account = int(of.findings["number"].iloc[place])
        mine = payments.position[payments.start[account] : payments.start[account + 1]]
        at = of.transfers.at[mine]
        after = mine[(at >= times.at[place, "min"]) & (at <= times.at[place, "max"] + PAID_ON_WITHIN)]
        # What he spends himself is small beside what he collected.
        large = after[2 * of.transfers.amount[after] >= of.transfers.amount[after].max(initial=0)]
        firm[place] = len(large) > 0 and bool(
            firms[of.transfers.target[large]].all() and (of.transfers.target[large] >= 0).all()
        )
    return equal, firm, payers, spread


def _at_home(of: Evidence) -> np.ndarray:
    """Share of the subject's payers who live at its address."""
    address = of.accounts["address"]
    into = of.rows[of.rows["inward"]].drop_duplicates(["f", "source"])
    mine = into["f"].map(of.findings["number"]).map(address)
    same = (into["source"].map(address) == mine) & mine.notna()
    return np.bincount(into["f"][same], minlength=len(of)) / np.maximum(np.bincount(into["f"], minlength=len(of)), 1)


def _again(of: Evidence) -> np.ndarray:
    """By finding: the largest share of its transfers that recur between the same two, all by the same number of days.

    Weeks and months count: at least six days before or after.
    """
    size = of.transfers.accounts + 2
    rows = of.rows.reset_index(drop=True)
    key = (rows["source"].to_numpy(np.int64) + 1) * size + rows["target"].to_numpy() + 1
    every = (of.transfers.source.astype(np.int64) + 1) * size + of.transfers.target + 1
    chosen = np.flatnonzero(np.isin(every, np.unique(key)))
    other = pd.DataFrame({"key": every[chosen], "when": of.transfers.at[chosen]})
    # A pair that deals every day recurs with anything, and joins would explode.
    other = other[other.groupby("key")["when"].transform("size") <= 60]
    both = pd.DataFrame({"row": rows.index, "f": rows["f"], "key": key, "at": rows["at"]}).merge(other, on="key")
    both = both[(both["when"] - both["at"]).abs() >= WEEK_APART]
    offset = ((both["when"] - both["at"]) / DAY).round().astype(np.int64)
    # A month is not always as long: a day more or less is the same.
    shifted = pd.concat([both.assign(days=offset + step) for step in (-1, 0, 1)])
    met = shifted.drop_duplicates(["f", "row", "days"]).groupby(["f", "days"]).size().groupby("f").max()
    return met.reindex(range(len(of))).fillna(0).to_numpy() / np.maximum(of.count(), 1)


TESTS: tuple[BenignTest, ...] = (
    BenignTest("payroll", MONEY, 0.8, "a firm that pays wages", _payroll),
    BenignTest("merchant", MONEY, 0.8, "a shop, a bank's own account or an aggregator", _merchant),
    BenignTest("household", MONEY | DEVICES, 0.8, "a household", _household),
    BenignTest("student_house", MONEY | DEVICES, 0.7, "a student house", _student_house),
    BenignTest("treasurer", MONEY, 0.7, "a treasurer or a collection", _treasurer),
    BenignTest("own_sweep", MONEY, 0.7, "a sweep between own accounts", _own_sweep),
    BenignTest("recurring_path", MONEY, 0.8, "a path that recurs", _recurring),
    BenignTest("known_good", MONEY | DEVICES, 0.9, "on a known-good list", _known_good),
)
"""Every benign test; `lowers` is the share of the score that a passed one takes off."""
