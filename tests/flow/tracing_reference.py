"""Tracing again, one coin at a time: slow, and plain to read."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field
from fractions import Fraction
from math import floor

CONSERVING = ("fifo", "haircut", "libr")


def share(held, paid, pool):
    """The paid share of what is held, to the nearest unit, halves up."""
    return floor(Fraction(held * paid, pool) + Fraction(1, 2))


@dataclass
class Account:
    """Coins, oldest first (True: traced); overdraft; what the other rules hold."""

    coins: deque = field(default_factory=deque)
    debt: int = 0
    known: bool = False
    haircut: int = 0
    libr: int = 0
    poisoned: bool = False


@dataclass
class Plainly:
    """A trace of `transfers`, rows (source, target, amount), −1 for cash.

    `openings` are by account, below zero for overdrawn ones; those in `known` are overdrawn when they pay too much.
    `balances` are (position, account, balance), `returns` the position given back by position, `stop` positions at
    which it stops, `last` and `least` as `Limits` has them.
    """

    transfers: list
    chosen: set
    seen: list
    openings: list
    known: set = field(default_factory=set)
    balances: list = field(default_factory=list)
    returns: dict = field(default_factory=dict)
    stop: set = field(default_factory=set)
    last: int = 10**9
    least: int = 0
    arrived: dict = field(default_factory=dict)
    """What comes of payments that are exchanged on their way, by position."""
    came: dict = field(default_factory=lambda: defaultdict(int))
    went: dict = field(default_factory=lambda: defaultdict(int))
    traced: dict = field(default_factory=lambda: defaultdict(int))
    ended: dict = field(default_factory=dict)
    """By (position, kind): what each rule carried, less what came back."""
    carried: dict = field(default_factory=dict)
    """What payments carried that stayed inside, by position."""

    def run(self):
        self.accounts = [Account(deque([False] * max(each, 0)), max(-each, 0)) for each in self.openings]
        for number in self.known:
            self.accounts[number].known = True
        events = deque(self.balances)
        for now, (payer, payee, amount) in enumerate(self.transfers):
            while events and events[0][0] <= now:
                self.settle(len(self.balances) - len(events), *events.popleft()[1:])
            if payer != payee:
                self.pay(now, payer, payee, amount)
        while events:
            self.settle(len(self.balances) - len(events), *events.popleft()[1:])
        return self

    @property
    def left(self):
        found = {}
        for number, account in enumerate(self.accounts):
            found[number, "fifo"] = sum(account.coins)
            found[number, "haircut"], found[number, "libr"] = account.haircut, account.libr
            found[number, "poison"] = len(account.coins) if account.poisoned else 0
        return found

    def pay(self, now, payer, payee, amount):
        paid, part = [False] * amount, dict.fromkeys(("fifo", "haircut", "poison", "libr"), 0)
        comes = self.arrived.get(now, amount)
        ours = payer >= 0 and self.seen[payer]
        if now in self.returns:
            self.give_back(now, payer, payee, amount, self.returns[now])
            return
        why = "beyond"
        if now not in self.chosen:
            most = max(self.would_carry(payer, amount).values()) if ours else 0
            why = "late" if now >= self.last else "stop" if now in self.stop else why
            if why == "beyond" and 0 < most < self.least:
                why = "small"
        if ours:
            paid, part = self.take(payer, amount)
        if now in self.chosen:
            for method in part:
                self.traced[method] += amount - part[method]
                part[method] = amount
            paid = [True] * amount
        inside = payee >= 0 and self.seen[payee]
        if inside and why == "beyond":
            self.carried[now] = dict(part)
            if now in self.arrived:
                part = {method: share(value, comes, amount) for method, value in part.items()}
                paid = [True] * part["fifo"] + [False] * (comes - part["fifo"])
            self.receive(now, payee, paid, part)
        else:
            # What only poison reaches is noted where it leaves our sight, and not where the trace stops.
            if any(part[method] for method in CONSERVING) or (why == "beyond" and part["poison"]):
                self.ended[now, why] = dict(part)
            if inside:
                self.receive(now, payee, [False] * comes, dict.fromkeys(part, 0))

    def would_carry(self, payer, amount):
        account = self.accounts[payer]
        pool = len(account.coins)
        part = {"fifo": sum(list(account.coins)[:amount])}
        part["haircut"] = account.haircut if amount >= pool else share(account.haircut, amount, pool)
        part["libr"] = min(account.libr, max(amount - (pool - account.libr), 0))
        return part

    def take(self, payer, amount):
        account, part = self.accounts[payer], self.would_carry(payer, amount)
        pool = len(account.coins)
        paid = [account.coins.popleft() if account.coins else False for _ in range(amount)]
        part["poison"] = amount if account.poisoned else 0
        self.leave(payer, part, amount, pool)
        return paid, part

    def leave(self, payer, part, amount, pool):
        account = self.accounts[payer]
        if account.poisoned:
            self.came[payer, "poison"] += max(amount - pool, 0)
        if account.known:
            account.debt += max(amount - pool, 0)
        account.haircut -= part["haircut"]
        account.libr -= part["libr"]
        for method, value in part.items():
            self.went[payer, method] += value

    def receive(self, now, payee, paid, part):
        account = self.accounts[payee]
        account.coins.extend(paid)
        account.haircut += part["haircut"]
        account.libr += part["libr"]
        for method in CONSERVING:
            self.came[payee, method] += part[method]
        if account.poisoned:
            self.came[payee, "poison"] += len(paid)
        elif part["poison"]:
            account.poisoned = True
            self.came[payee, "poison"] += len(account.coins)
        repaid = min(account.debt, len(paid))
        if repaid:
            debt, account.known, known = account.debt, False, account.known
            _, gone = self.take(payee, repaid)
            account.debt, account.known = debt - repaid, known
            if any(gone[method] for method in CONSERVING):
                self.ended[now, "overdraft"] = gone

    def settle(self, number, name, balance):
        if not self.seen[name]:
            return
        account = self.accounts[name]
        more = len(account.coins) - account.debt - balance
        if more > 0:
            _, part = self.take(name, more)
            if any(part[method] for method in CONSERVING):
                self.ended[-1 - number, "unbooked"] = part
        elif more < 0:
            self.receive(-1 - number, name, [False] * -more, dict.fromkeys((*CONSERVING, "poison"), 0))

    def give_back(self, now, payer, payee, amount, original):
        whole, comes, exchanged = self.transfers[original][2], self.arrived.get(now, amount), now in self.arrived
        inside, ours = payee >= 0 and self.seen[payee], payer >= 0 and self.seen[payer]
        ended = next((key for key in self.ended if key[0] == original and key[1] != "overdraft"), None)
        carried = self.ended_carried(ended) if ended else self.carried.get(original, {})
        methods = ("fifo", "haircut", "poison", "libr")
        if ended and exchanged and not ours:
            # Nobody knows what is on it, in any currency: only what comes is followed.
            amount, exchanged = comes, False
        wanted = {m: carried.get(m, 0) if comes >= whole else share(carried.get(m, 0), comes, whole) for m in methods}
        if exchanged:
            wanted = {m: 0 if ended else share(value, amount, comes) for m, value in wanted.items()}
        if not any(self.carried.get(original, {}).get(m, 0) for m in CONSERVING) and not ended:
            wanted = dict.fromkeys(methods, 0)
        part = dict.fromkeys(methods, 0)
        if ours:
            part = self.take_latest(payer, amount, dict.fromkeys(methods, 0) if ended else wanted)
        if ended:
            for method in methods:
                more = min(wanted[method], self.ended[ended][method], amount - part[method])
                self.ended[ended][method] -= more
                part[method] += more
        to_payer = original in self.chosen and (ended or original in self.carried)
        moves = any(part[method] for method in CONSERVING)
        if inside and not to_payer:
            if exchanged:
                part = {method: share(value, comes, amount) for method, value in part.items()}
            self.receive(now, payee, [True] * part["fifo"] + [False] * (comes - part["fifo"]), part)
            return
        if moves:
            self.ended[now, "returned" if to_payer else "beyond"] = dict(part)
        if inside:
            self.receive(now, payee, [False] * comes, dict.fromkeys(methods, 0))

    def ended_carried(self, key):
        return self.first_ended.setdefault(key, dict(self.ended[key]))

    first_ended: dict = field(default_factory=dict)

    def take_latest(self, payer, amount, wanted):
        """A return takes back what came in last, of traced and of own coins."""
        account = self.accounts[payer]
        pool = len(account.coins)
        held = {"fifo": sum(account.coins), "haircut": account.haircut, "libr": account.libr}
        part = {m: min(held[m], max(wanted[m], amount - (pool - held[m]))) for m in CONSERVING}
        part["poison"] = amount if account.poisoned else 0
        keep = {True: held["fifo"] - part["fifo"], False: max(0, pool - held["fifo"] - (amount - part["fifo"]))}
        kept = deque()
        for coin in account.coins:
            if keep[coin]:
                keep[coin] -= 1
                kept.append(coin)
        account.coins = kept
        self.leave(payer, part, amount, pool)
        return part
