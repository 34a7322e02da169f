"""A trace's sums again, from the CSV files alone: slow, one rule at a time, without a line of mulegraph.

An account is a list of pieces of money, oldest first: [cents, of it traced]. FIFO marks whole pieces; under haircut and
LIBR the list has one piece, and how much of it is traced is counted.
"""

from __future__ import annotations

import csv
from decimal import Decimal
from fractions import Fraction
from math import floor

PARTS = ("traced", "still_there", "cash", "left_our_sight", "returned")


def cents(text):
    return int(Decimal(text) * 100)


def read(folder, name):
    path = folder / f"{name}.csv"
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


class Books:
    """The files of a ledger whose times are all different, and traces of it."""

    def __init__(self, folder):
        self.own = {row["account_id"] for row in read(folder, "accounts") if row["own"] == "yes"}
        self.rows = sorted(read(folder, "transfers"), key=lambda row: row["at"])
        self.balances = sorted(read(folder, "balances"), key=lambda row: row["at"])
        self.by_id = {row["transfer_id"]: row for row in self.rows}

    def openings(self):
        """Exactly by the first known balance, else the least that keeps an account from going below zero."""
        running, least, exact = {}, {}, {}
        events = [(row["at"], 0, row) for row in self.rows] + [(row["at"], 1, row) for row in self.balances]
        for _, is_balance, row in sorted(events, key=lambda event: event[:2]):
            if is_balance:
                account = row["account_id"]
                exact.setdefault(account, cents(row["balance"]) - running.get(account, 0))
            elif row["source"] != row["target"]:
                for account, sign in ((row["source"], -1), (row["target"], 1)):
                    running[account] = running.get(account, 0) + sign * cents(row["amount"])
                    least[account] = min(least.get(account, 0), running[account])
        return {**{account: -low for account, low in least.items()}, **exact}, set(exact)

    def sums(self, payment, rule):
        """Where the payment's money is under a rule: cents by part."""
        return OneRule(self, payment, rule).run()


class OneRule:
    """One trace under one rule."""

    def __init__(self, books, payment, rule):
        self.books, self.payment, self.rule = books, payment, rule
        openings, self.known = books.openings()
        self.pieces = {account: [[max(held, 0), 0]] for account, held in openings.items()}
        self.debt = {account: max(-held, 0) for account, held in openings.items()}
        self.carried, self.gone_by, self.sums = {}, {}, dict.fromkeys(PARTS, 0)

    def run(self):
        begun = False
        events = [(row["at"], 0, row) for row in self.books.rows] + [(row["at"], 1, row) for row in self.books.balances]
        for _, is_balance, row in sorted(events, key=lambda event: event[:2]):
            if is_balance:
                self.settle(row["account_id"], cents(row["balance"]))
            elif row["source"] != row["target"]:
                self.move(row)
            begun = begun or row.get("transfer_id") == self.payment
        self.sums["still_there"] = sum(piece[1] for pieces in self.pieces.values() for piece in pieces)
        return self.sums

    def move(self, row):
        payer, payee, whole = row["source"], row["target"], cents(row["amount"])
        given = self.books.by_id.get(row["returns"])
        if given is not None:
            self.give_back(row, given, whole)
            return
        paid = self.pay(payer, whole) if payer in self.books.own else [[whole, 0]]
        if row["transfer_id"] == self.payment:
            self.sums["traced"] += whole
            paid = [[whole, whole]]
        traced = sum(piece[1] for piece in paid)
        self.carried[row["transfer_id"]] = traced
        if payee in self.books.own:
            self.receive(payee, paid)
        elif traced:
            part = "cash" if not payee and row["channel"] == "atm" else "left_our_sight"
            self.sums[part] += traced
            self.gone_by[row["transfer_id"]] = part, traced

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
        traced = 0
        if payer in self.books.own:
            traced = self.pay_latest(payer, whole, share)
        elif first in self.gone_by:
            part, there = self.gone_by[first]
            traced = min(share, there, whole)
            self.sums[part] -= traced
            self.gone_by[first] = part, there - traced
        self.carried[row["transfer_id"]] = traced
        if first == self.payment:
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
