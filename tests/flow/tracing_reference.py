"""Tracing again, one coin at a time: slow, and plain to read."""

from __future__ import annotations

from collections import defaultdict, deque
from fractions import Fraction
from math import floor


def trace_plainly(transfers, chosen, seen, since):
    """(came, went, left) by account and method, frontier amounts by position and method, and traced by method.

    `transfers` are (source, target, amount), −1 for cash; `since` is the first that own money is known from.
    FIFO moves single coins; the others share fractions.
    """
    coins = defaultdict(deque)  # what an account was seen to receive, oldest coin first; True: traced
    haircut, libr, poisoned = defaultdict(int), defaultdict(int), set()
    came, went = defaultdict(int), defaultdict(int)
    frontier, traced = {}, defaultdict(int)
    for now, (payer, payee, amount) in enumerate(transfers):
        if now < since or payer == payee:
            continue
        part = {"fifo": 0, "haircut": 0, "poison": 0, "libr": 0}
        paid = [False] * amount
        if payer >= 0 and seen[payer]:
            pool = len(coins[payer])
            paid = [coins[payer].popleft() if coins[payer] else False for _ in range(amount)]
            part["fifo"] = sum(paid)
            if amount >= pool:
                part["haircut"] = haircut[payer]
            else:
                part["haircut"] = floor(Fraction(haircut[payer] * amount, pool) + Fraction(1, 2))
            own = pool - libr[payer]
            part["libr"] = min(libr[payer], max(amount - own, 0))
            if payer in poisoned:
                part["poison"] = amount
                came[payer, "poison"] += max(amount - pool, 0)
            haircut[payer] -= part["haircut"]
            libr[payer] -= part["libr"]
            for method, value in part.items():
                went[payer, method] += value
        if now in chosen:
            for method in part:
                traced[method] += amount - part[method]
                part[method] = amount
            paid = [True] * amount
        if payee >= 0 and seen[payee]:
            coins[payee].extend(paid)
            haircut[payee] += part["haircut"]
            libr[payee] += part["libr"]
            for method in ("fifo", "haircut", "libr"):
                came[payee, method] += part[method]
            if payee in poisoned:
                came[payee, "poison"] += amount
            elif part["poison"]:
                poisoned.add(payee)
                came[payee, "poison"] += len(coins[payee])
        elif part["poison"]:
            frontier[now] = part
    left = {}
    for account in list(coins):
        left[account, "fifo"] = sum(coins[account])
        left[account, "haircut"] = haircut[account]
        left[account, "libr"] = libr[account]
        left[account, "poison"] = len(coins[account]) if account in poisoned else 0
    return came, went, left, frontier, traced
