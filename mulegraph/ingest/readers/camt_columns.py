"""Entries that are written alike as columns of bookings: what `camt` says of one entry, said of many at once.

Only what is plain is said here. An entry with a return, a reversal, a charge, another amount instructed or the own
account among the parties goes to the function that looks at one entry; tests hold the two ways to one another.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import compress
from operator import attrgetter

import numpy as np
import pyarrow as pa

from mulegraph.ingest.readers.base import BOOKING_FIELDS, Booking, account_number, batch_of_columns
from mulegraph.ingest.readers.camt_alike import Found, Pattern
from mulegraph.ingest.readers.camt_codes import (
    NAMES,
    NUMBERS,
    PLACEHOLDERS,
    RETURNS,
    STATES,
    WAYS,
    OwnAccount,
    agent_paths,
    kind_of,
)
from mulegraph.ingest.readers.camt_entries import Entry

Texts = Sequence[str | None]

_PLAIN_AMOUNT = re.compile(r"(?:[1-9]\d*|0(?=\.))(?:\.\d+)?", re.ASCII)
_FAMILY, _SUB = "BkTxCd/Domn/Fmly/Cd", "BkTxCd/Domn/Fmly/SubFmlyCd"


@dataclass
class _Group:
    """Entries of one pattern and one way: for each its place in the file's order, its line, account and texts."""

    pattern: Pattern
    way: str
    places: list[int] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    accounts: list[OwnAccount] = field(default_factory=list)
    values: list[tuple[str, ...]] = field(default_factory=list)

    def of(self, chosen: Sequence[bool]) -> _Group:
        """The entries for which it holds."""
        return _Group(
            self.pattern,
            self.way,
            list(compress(self.places, chosen)),
            list(compress(self.lines, chosen)),
            list(compress(self.accounts, chosen)),
            list(compress(self.values, chosen)),
        )

    def entries(self) -> Iterator[tuple[int, OwnAccount, Entry]]:
        """Each as it is read one by one."""
        for place, line, account, values in zip(self.places, self.lines, self.accounts, self.values, strict=True):
            own = {path: values[at] for path, at in self.pattern.own.items()}
            details = {path: values[at] for path, at in self.pattern.details.items()}
            yield place, account, Entry(line, own, [details] if self.pattern.has_details else [])


@dataclass
class Waiting:
    """Entries that are read and not yet columns, in the order of the file."""

    count: int = 0
    groups: dict[tuple[int, str], _Group] = field(default_factory=dict)
    places: list[int] = field(default_factory=list)
    bookings: list[Booking] = field(default_factory=list)

    def add(self, bookings: Iterable[Booking]) -> None:
        """Bookings that are made already."""
        for booking in bookings:
            self.places.append(self.count)
            self.bookings.append(booking)
            self.count += 1

    def take(self, found: list[Found], account: OwnAccount) -> dict[str, list[str]]:
        """Entries that are written alike; gives back their amounts by CdtDbtInd."""
        amounts: dict[str, list[str]] = {}
        for each in found:
            pattern, values = each.pattern, each.values
            way = values[pattern.way] if pattern.way >= 0 else ""
            key = (id(pattern), way)
            group = self.groups.get(key)
            if group is None:
                group = self.groups[key] = _Group(pattern, way)
            group.places.append(self.count)
            group.lines.append(each.line)
            group.accounts.append(account)
            group.values.append(values)
            self.count += 1
            if pattern.amount >= 0:
                amounts.setdefault(way, []).append(values[pattern.amount])
        return amounts

    def columns(
        self, one_by_one: Callable[[Entry, OwnAccount], Iterable[Booking]]
    ) -> Iterator[Booking | pa.RecordBatch]:
        """All that waits: one batch, or the bookings where none is written alike."""
        if not self.groups:
            yield from self.bookings
            return
        blocks: list[list[Texts]] = []
        lines: list[int] = []
        places = list[int]()
        for group in self.groups.values():
            plain = _is_plain(group)
            for place, account, entry in group.of([not each for each in plain]).entries():
                made = list(one_by_one(entry, account))
                self.bookings += made
                self.places += [place] * len(made)
            rest = group.of(plain)
            if rest.places:
                blocks.append(_shaped(rest))
                lines += rest.lines
                places += rest.places
        if self.bookings:
            blocks.append(list(zip(*map(attrgetter(*BOOKING_FIELDS), self.bookings), strict=True)))
            lines += [each.line for each in self.bookings]
            places += self.places
        order = np.argsort(np.array(places), kind="stable")
        joined = [[value for block in blocks for value in block[number]] for number in range(len(BOOKING_FIELDS))]
        yield batch_of_columns(joined, lines).take(pa.array(order))


def _column(group: _Group, paths: Iterable[str], *, of_details: bool = False) -> Texts | None:
    """The texts of the first path that the pattern has; none of them is empty."""
    places = group.pattern.details if of_details else group.pattern.own
    place = next((places[path] for path in paths if path in places), None)
    return None if place is None else [values[place] for values in group.values]


def _party(group: _Group) -> str:
    """The role of the other party."""
    return "Dbtr" if WAYS.get(group.way) == "in" else "Cdtr"


def _is_plain(group: _Group) -> list[bool]:
    """Whether an entry can be said in columns, for each."""
    own, details = group.pattern.own, group.pattern.details
    paths = (*own, *details)
    if group.way not in WAYS or "RvslInd" in own or "RtrInf/Rsn/Cd" in details or "Amt" not in own:
        return [False] * len(group.places)
    if any(path.startswith("Chrgs/") for path in paths):
        return [False] * len(group.places)
    amounts = _column(group, ["Amt"]) or []
    plain = [_PLAIN_AMOUNT.fullmatch(each or "") is not None for each in amounts]
    # A status may say in words what RvslInd says.
    plain = [fits and state != "reversed" for fits, state in zip(plain, _states(group), strict=True)]
    for subs in (_column(group, [_SUB]), _column(group, [_SUB], of_details=True)):
        if subs is not None and not set(RETURNS).isdisjoint(subs):
            plain = [fits and each not in RETURNS for fits, each in zip(plain, subs, strict=True)]
    instructed = _column(group, ["AmtDtls/InstdAmt/Amt"], of_details=True)
    codes = _column(group, ["AmtDtls/InstdAmt/Amt@Ccy"], of_details=True)
    if instructed is not None and codes is not None:
        same = zip(plain, instructed, amounts, codes, _currencies(group), strict=True)
        plain = [fits and theirs == ours and code == coin for fits, theirs, ours, code, coin in same]
    numbers = _column(group, NUMBERS[_party(group)], of_details=True)
    if numbers is not None:
        pairs = zip(plain, numbers, group.accounts, strict=True)
        plain = [fits and account_number(number) != each.account for fits, number, each in pairs]
    return plain


def _states(group: _Group) -> Texts:
    codes = _column(group, ["Sts/Cd", "Sts/Prtry", "Sts"]) or ["BOOK"] * len(group.places)
    return [STATES.get(each or "", (each or "").lower()) for each in codes]


def _currencies(group: _Group) -> Texts:
    return _column(group, ["Amt@Ccy"]) or [each.currency for each in group.accounts]


def _shaped(group: _Group) -> list[Texts]:
    """The columns of bookings, in the order of `BOOKING_FIELDS`."""
    own, details = group.pattern.own, group.pattern.details
    count = len(group.places)
    nothing: Texts = [None] * count
    party = _party(group)

    def said(*paths: str) -> Texts:
        return _column(group, paths, of_details=True) or nothing

    at, precision = _times(group)
    columns: dict[str, Texts] = {
        "account_id": [each.account for each in group.accounts],
        "bank": [each.bank for each in group.accounts],
        "direction": [WAYS[group.way]] * count,
        "amount": [_without_zeros(values[own["Amt"]]) for values in group.values],
        "currency": _currencies(group),
        "counterparty_id": [account_number(each) for each in said(*NUMBERS[party])],
        "counterparty_name": said(*NAMES[party]),
        "counterparty_bank": said(*agent_paths(f"RltdAgts/{party}Agt")),
        "end_to_end_id": _references(said("Refs/EndToEndId")),
        "uetr": said("Refs/UETR"),
        "bank_reference": _references(_column(group, ["AcctSvcrRef"]) or nothing, said("Refs/AcctSvcrRef")),
        "mandate_id": said("Refs/MndtId"),
        "booked_at": at,
        "precision": precision,
        "value_date": [each and each[:10] for each in _column(group, ["ValDt/Dt", "ValDt/DtTm"]) or nothing],
        "status": _states(group),
        "kind": _kinds(group),
        "statement": [each.statement for each in group.accounts],
        "remittance": said("RmtInf/Ustrd", "RmtInf/Strd/CdtrRefInf/Ref")
        if {"RmtInf/Ustrd", "RmtInf/Strd/CdtrRefInf/Ref"} & details.keys()
        else _column(group, ["AddtlNtryInf"]) or nothing,
    }
    return [columns.get(name, nothing) for name in BOOKING_FIELDS]


def _without_zeros(amount: str) -> str:
    return amount.rstrip("0").rstrip(".") if "." in amount else amount


def _references(first: Texts, second: Texts = ()) -> Texts:
    """The first that is a reference."""
    if not second:
        return [None if each in PLACEHOLDERS else each for each in first]
    pairs = zip(first, second, strict=True)
    return [(None if one in PLACEHOLDERS else one) or (None if two in PLACEHOLDERS else two) for one, two in pairs]


def _times(group: _Group) -> tuple[Texts, Texts]:
    """When each is booked, and how exactly that is told."""
    exact = _column(group, ["BookgDt/DtTm"])
    if exact is None:
        days = _column(group, ["BookgDt/Dt", "ValDt/Dt"])
        exact = [each and each[:10] for each in days] if days is not None else _column(group, ["ValDt/DtTm"])
    if exact is None:
        return [None] * len(group.places), ["second"] * len(group.places)
    told = _column(group, ["RltdDts/AccptncDtTm", "RltdDts/TxDtTm"], of_details=True)
    if told is not None:
        # A moment of the same day says when in it.
        pairs = zip(exact, told, strict=True)
        exact = [late if day and len(day) <= 10 and late and late[:10] == day else day for day, late in pairs]
    return exact, ["day" if each and len(each) <= 10 else "second" for each in exact]


def _kinds(group: _Group) -> Texts:
    """By the codes of the entry, else of its transaction."""
    nothing: Texts = [None] * len(group.places)
    own = [_column(group, [path]) or nothing for path in (_FAMILY, _SUB)]
    inner = [_column(group, [path], of_details=True) or nothing for path in (_FAMILY, _SUB)]
    known: dict[tuple[str | None, ...], str] = {}
    kinds = []
    for each in zip(*own, *inner, strict=True):
        if each not in known:
            family, sub, inner_family, inner_sub = (code or "" for code in each)
            known[each] = kind_of(family, sub) or kind_of(inner_family, inner_sub) or "transfer"
        kinds.append(known[each])
    return kinds
