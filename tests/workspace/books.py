"""A trace's sums again, from the CSV files alone: slow, and without a line of mulegraph.

An account is a list of pieces of money, oldest first: [cents, of it traced]. FIFO marks whole pieces; under haircut and
LIBR the list has one piece, and how much of it is traced is counted. The rules keep books of their own, and go through
the files side by side: a payment is small only where it carries little under each of them.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from math import floor

PARTS = ("traced", "still_there", "cash", "left_our_sight", "returned", "stopped")
RULES = ("fifo", "haircut", "libr")


def cents(text):
    return int(Decimal(text) * 100)


def read(folder, name):
    path = folder / f"{name}.csv"
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@dataclass(frozen=True)
class Stops:
    """How far a trace follows: days after the payment (0: without end), the least share of it in a payment that is
    followed, and whether shops and firms' own sweeps end it."""

    days: int = 0
    least_share: float = 0.0
    at_innocent: bool = False


@dataclass(frozen=True)
class Case:
    """Where a payment's money is, in cents by rule: sums by part, what is on accounts, what payments carry or carried
    to where they ended."""

    sums: dict = field(default_factory=dict)
    there: dict = field(default_factory=dict)
    carried: dict = field(default_factory=dict)
    gone: dict = field(default_factory=dict)

    def on(self, accounts):
        """The least and the most that is on these accounts, over the rules."""
        sums = [sum(self.there[rule].get(each, 0) for each in accounts) for rule in RULES]
        return min(sums), max(sums)

    def carries(self, transfer):
        """The least and the most that a payment carries, over the rules."""
        amounts = [self.carried[rule].get(transfer, 0) for rule in RULES]
        return min(amounts), max(amounts)

    def most(self, *parts):
        """The most over the rules of these parts."""
        return max(sum(self.sums[rule][part] for part in parts) for rule in RULES)


class Books:
    """The files of a ledger whose times are all different, and traces of it."""

    def __init__(self, folder):
        accounts = read(folder, "accounts")
        self.own = {row["account_id"] for row in accounts if row["own"] == "yes"}
        self.kind = {row["account_id"]: row["kind"] for row in accounts}
        self.holder = {row["account_id"]: row.get("holder_id") for row in accounts}
        self.rows = sorted(read(folder, "transfers"), key=lambda row: row["at"])
        self.balances = sorted(read(folder, "balances"), key=lambda row: row["at"])
        self.by_id = {row["transfer_id"]: row for row in self.rows}
        events = [(row["at"], 0, row) for row in self.rows] + [(row["at"], 1, row) for row in self.balances]
        self.events = sorted(events, key=lambda event: event[:2])

    @cached_property
    def openings(self):
        """Exactly by the first known balance, else the least that keeps an account from going below zero."""
        running, least, exact = {}, {}, {}
        for _, is_balance, row in self.events:
            if is_balance:
                account = row["account_id"]
                exact.setdefault(account, cents(row["balance"]) - running.get(account, 0))
            elif row["source"] != row["target"]:
                for account, sign in ((row["source"], -1), (row["target"], 1)):
                    running[account] = running.get(account, 0) + sign * cents(row["amount"])
                    least[account] = min(least.get(account, 0), running[account])
        return {**{account: -low for account, low in least.items()}, **exact}, set(exact)

    def trace(self, payments, stops):
        """Where the payments' money is under every rule."""
        openings, known = self.openings
        books = {rule: OneRule(self, payments, rule, openings, known) for rule in RULES}
        for _, is_balance, row in self.events:
            if is_balance:
                for each in books.values():
                    each.settle(row["account_id"], cents(row["balance"]))
            elif row["source"] != row["target"]:
                is_stop = self.is_stop(row, payments, stops, books)
                for each in books.values():
                    each.move(row, is_stop)
        return Case(
            sums={rule: each.all_sums() for rule, each in books.items()},
            there={rule: each.there() for rule, each in books.items()},
            carried={rule: each.carried for rule, each in books.items()},
            gone={rule: each.gone_by for rule, each in books.items()},
        )

    def is_stop(self, row, payments, stops, books):
        """Whether a trace ends at a payment that it could follow."""
        if row["transfer_id"] in payments or row["returns"] in self.by_id:
            return False
        chosen = [self.by_id[each] for each in payments]
        payer, payee = row["source"], row["target"]
        paid_to = {each["target"] for each in chosen}
        if stops.days:
            end = max(datetime.fromisoformat(each["at"]) for each in chosen) + timedelta(days=stops.days)
            if datetime.fromisoformat(row["at"]) > end:
                return True
        if stops.at_innocent:
            if self.kind.get(payee) in ("merchant", "internal") and payee not in paid_to:
                return True
            is_firm = self.kind.get(payer) == "business" or (
                self.kind.get(payer) in ("merchant", "internal") and payer in paid_to
            )
            if is_firm and self.holder.get(payee) and self.holder[payer] == self.holder[payee]:
                return True
        most = max(each.would_carry(payer, cents(row["amount"])) for each in books.values())
        return 0 < most < int(stops.least_share * sum(cents(each["amount"]) for each in chosen))


class OneRule:
    """One trace under one rule."""

    def __init__(self, books, payments, rule, openings, known):
        self.books, self.payments, self.rule, self.known = books, payments, rule, known
        self.pieces = {account: [[max(held, 0), 0]] for account, held in openings.items()}
        self.debt = {account: max(-held, 0) for account, held in openings.items()}
        self.carried, self.gone_by, self.sums = {}, {}, dict.fromkeys(PARTS, 0)

    def there(self):
        found = {account: sum(piece[1] for piece in pieces) for account, pieces in self.pieces.items()}
        return {account: traced for account, traced in found.items() if traced}

    def all_sums(self):
        return {**self.sums, "still_there": sum(self.there().values())}

    def move(self, row, is_stop):
        payer, payee, whole = row["source"], row["target"], cents(row["amount"])
        given = self.books.by_id.get(row["returns"])
        if given is not None:
            self.give_back(row, given, whole)
            return
        paid = self.pay(payer, whole) if payer in self.books.own else [[whole, 0]]
        if row["transfer_id"] in self.payments:
            # What was traced already is not traced twice.
            self.sums["traced"] += whole - sum(piece[1] for piece in paid)
            paid = [[whole, whole]]
        traced = sum(piece[1] for piece in paid)
        self.carried[row["transfer_id"]] = traced
        inside = payee in self.books.own
        if inside:
            self.receive(payee, [[whole, 0]] if is_stop else paid)
        if traced and (is_stop or not inside):
            part = "cash" if not payee and row["channel"] == "atm" else "left_our_sight"
            part = "stopped" if is_stop else part
            self.sums[part] += traced
            self.gone_by[row["transfer_id"]] = part, traced

    def would_carry(self, account, whole):
        """How much of a payment would be traced."""
        if account not in self.books.own:
            return 0
        before, debt = [list(piece) for piece in self.pieces[account]], self.debt[account]
        found = sum(piece[1] for piece in self.pay(account, whole))
        self.pieces[account], self.debt[account] = before, debt
        return found

    def pay(self, account, whole):
        """Take money off an account by the rule; what it does not have is on credit."""
        pieces = self.pieces[account]
        held, traced = sum(piece[0] for piece in pieces), sum(piece[1] for piece in pieces)
        if account in self.known:
            self.debt[account] += max(0, whole - held)
        if self.rule == "fifo":
            paid, need = [], whole
            while need and pieces:
                piece = pieces[0]
                taken = min(need, piece[0])
                is_traced = piece[1] > 0
                paid.append([taken, taken if is_traced else 0])
                pieces[0] = [piece[0] - taken, piece[1] - taken if is_traced else 0]
                need -= taken
                if not pieces[0][0]:
                    pieces.pop(0)
            return [*paid, [need, 0]]
        if whole >= held:
            part = traced
        elif self.rule == "haircut":
            part = floor(Fraction(traced * whole, held) + Fraction(1, 2))
        else:
            part = max(0, whole - (held - traced))
        self.pieces[account] = [[max(0, held - whole), traced - part]]
        return [[whole, part]]

    def receive(self, account, paid):
        repaid = min(self.debt[account], sum(piece[0] for piece in paid))
        self.pieces[account] += [piece for piece in paid if piece[0]]
        if repaid:
            debt = self.debt[account]
            gone = self.pay(account, repaid)
            self.debt[account] = debt - repaid
            self.sums["left_our_sight"] += sum(piece[1] for piece in gone)

    def settle(self, account, balance):
        """A known balance: what differs was booked, and the ledger does not hold it."""
        if account not in self.books.own:
            return
        more = sum(piece[0] for piece in self.pieces[account]) - self.debt[account] - balance
        if more > 0:
            self.sums["left_our_sight"] += sum(piece[1] for piece in self.pay(account, more))
        elif more < 0:
            self.receive(account, [[-more, 0]])

    def give_back(self, row, given, whole):
        """A payment gives another one back, with its share of traced money."""
        first, amount = given["transfer_id"], cents(given["amount"])
        share = self.carried.get(first, 0)
        if whole < amount:
            share = floor(Fraction(share * whole, amount) + Fraction(1, 2))
        payer, payee = row["source"], row["target"]
        traced, ended = 0, first in self.gone_by
        if payer in self.books.own:
            traced = self.pay_latest(payer, whole, 0 if ended else share)
        if ended:
            part, there = self.gone_by[first]
            more = min(share, there, whole - traced)
            self.sums[part] -= more
            self.gone_by[first] = part, there - more
            traced += more
        self.carried[row["transfer_id"]] = traced
        if first in self.payments:
            self.sums["returned"] += traced
            traced = 0
        if payee in self.books.own:
            self.receive(payee, [[traced, traced], [whole - traced, 0]])
        elif traced:
            self.sums["left_our_sight"] += traced

    def pay_latest(self, account, whole, share):
        """Pay with a share of traced money: of either kind what came in last."""
        pieces = self.pieces[account]
        held, traced = sum(piece[0] for piece in pieces), sum(piece[1] for piece in pieces)
        part = min(traced, max(share, whole - (held - traced)))
        if account in self.known:
            self.debt[account] += max(0, whole - held)
        if self.rule != "fifo":
            self.pieces[account] = [[max(0, held - whole), traced - part]]
            return part
        keep = {True: traced - part, False: max(0, held - traced - (whole - part))}
        kept = []
        for piece in pieces:
            is_traced = piece[1] > 0
            size = min(piece[0], keep[is_traced])
            keep[is_traced] -= size
            kept.append([size, size if is_traced else 0])
        self.pieces[account] = [piece for piece in kept if piece[0]]
        return part
