"""Receipts that are passed on: how unlikely it is that a payment of such an amount follows after such a time.

The commonest mule has one victim and no chain: money comes in once and goes on, in one piece or a few, perhaps weeks
later, perhaps to the cent. Nothing in the time alone is strange then; time and amount together are.

For a receipt and what is paid afterwards let d be the time between them, by a clock that goes as fast as the ledger's
transfers come, p the share of them whose amount lies between what is paid and what came in, and q the share of those
that are as large as what came in: a victim's money is more than pocket money. By chance the account makes payments at
its own rate r, so that pairs with d·p·q ≤ x have mean r·x·(1 + L + L²/2), L = ln(W/x), within a window of W: the volume
below the surface d·p·q = x in [0, W] × [0, 1]². So one number weighs minutes, cents and size, and no scale is chosen
beforehand. Each receipt has the best x of its own, and a payment is counted for one receipt only.

Time is counted in the ledger's transfers, as amounts are: nights are short, and a batch of a thousand wages in one
second is long. (By the second's own length, wages and rents of one batch were 12 nats among decoys.)

The calendar makes the same meeting every month: a wage that comes on the day on which the rent goes out is one
coincidence, however often it recurs. So what one payer sends counts on one day only, the most telling; and payer and
payee must be new: days on which this payer paid, times days on which that payee was paid, are `MAX_DAYS_DEALT` at most,
and the product is taken as many times. (Counted each for itself, standing orders were the 20 most surprising of 6,000
accounts, with 40 nats, among decoys as well, and hid sixty single mules. Only taken as many times, they still hid
most.)

An account's surprise is that of its k most telling receipts among all of its n, for the k that is most unlikely: the
chance that the k-th smallest of n independent chances is as small is a Beta(k, n − k + 1) tail. Source of the last
step: Berk & Jones, Goodness-of-fit test statistics that dominate the Kolmogorov statistics (1979).

Money that goes back to the one it came from is a return, and is not counted. At most `MAX_FOLLOWING` payments after a
receipt are looked at: for an account that pays more often than that inside the window nothing here is unlikely.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit
from scipy.special import betainc

from mulegraph.flow.by_account import Side, TransfersByAccount, lists_of
from mulegraph.flow.dealings import days_dealt, distinct_parties, on_best_day, times_ranked
from mulegraph.flow.transfers import DAY, Transfers

MAX_PIECES = 3
"""Payments, one after the other, that one receipt may go on in."""
MAX_FOLLOWING = 200
HALVINGS = 60
MAX_DAYS_DEALT = 2
"""Days on which the payer has paid, times those on which the payee was paid: both new, or one of them for the second
time. Two who deal with each other for longer pass on wages and rents: sixty single mules came after them."""
TELLING = 0.2
"""Chances above this are not looked at singly: so likely a receipt makes no account unlikely."""


class Reach(NamedTuple):
    """How far is looked: window, the clock's tick and the ledger's span in microseconds, least share passed on."""

    window: int
    tick: int
    span: int
    min_share: float


class ByEntry(NamedTuple):
    """By entry: on how many days its account received from or paid that party, and each transfer's `RANKED`."""

    received_days: np.ndarray
    paid_days: np.ndarray
    received: np.ndarray
    paid: np.ndarray


RANKED = np.dtype([("below", np.int32), ("upper", np.int32), ("before", np.int32), ("until", np.int32)])
"""A transfer among all of the ledger: how many are of less, and of at most its amount; how many are earlier, and how
many are no later. All of it lies in one place, by account: by position each look at an amount waited for memory twice.
"""


class Pairs(NamedTuple):
    """By receipt: entry of the first payment (−1: none), how many there are, their sum, the time to the last."""

    first: np.ndarray
    pieces: np.ndarray
    passed: np.ndarray
    dwell: np.ndarray


class Telling(NamedTuple):
    """Receipts so unlikely that they tell, by account, then by chance: entry, account and chance of each.

    `tried` is by account: how many payers it has, and how many more receipts of theirs are looked at.
    """

    entry: np.ndarray
    owner: np.ndarray
    chance: np.ndarray
    tried: np.ndarray


class Ranks(NamedTuple):
    """The ledger's distinct amounts in order, how many transfers are of less than each, and all transfers as `RANKED`.

    Among all amounts, and not the distinct ones, a search waited for memory at every step. `paid` and `paid_days` are
    by entry of a payment: both searches, of what was received and of what peers received, ask for them.
    """

    amount: np.ndarray
    below: np.ndarray
    transfer: np.ndarray
    paid: np.ndarray
    paid_days: np.ndarray


def ranks_of(sides: TransfersByAccount) -> Ranks:
    """The ranks of all transfers' amounts and times."""
    transfers = sides.transfers
    in_order = np.sort(transfers.amount)
    first = np.flatnonzero(np.diff(in_order, prepend=-1))
    distinct = in_order[first]
    ranked = np.empty(len(transfers), RANKED)
    place = _looked_up(transfers.amount, distinct)
    ranked["below"] = first[place]
    ranked["upper"] = np.append(first[1:], len(transfers))[place]
    ranked["before"], ranked["until"] = times_ranked(transfers)
    paid_days, _ = days_dealt(sides.payments, _a_day(transfers))
    return Ranks(distinct, first, ranked, ranked[sides.payments.position], paid_days)


def _a_day(transfers: Transfers) -> int:
    return max(transfers.tick, DAY)


@njit(cache=True, nogil=True)
def _looked_up(values, distinct):  # type: ignore[no-untyped-def]
    """The place of each value among the distinct ones, which hold all of them (open addressing, Fibonacci hashing)."""
    bits = 1
    while (1 << bits) < 2 * len(distinct):
        bits += 1
    slots, shift = 1 << bits, 64 - bits
    taken = np.full(slots, -1, np.int32)
    for place in range(len(distinct)):
        slot = np.uint64(distinct[place]) * np.uint64(11400714819323198485) >> np.uint64(shift)
        while taken[slot] >= 0:
            slot = (slot + np.uint64(1)) & np.uint64(slots - 1)
        taken[slot] = place
    found = np.empty(len(values), np.int32)
    for number in range(len(values)):
        slot = np.uint64(values[number]) * np.uint64(11400714819323198485) >> np.uint64(shift)
        while distinct[taken[slot]] != values[number]:
            slot = (slot + np.uint64(1)) & np.uint64(slots - 1)
        found[number] = taken[slot]
    return found


@dataclass(frozen=True)
class PassedOn:
    """Accounts with money passed on, in order of account number.

    Account n's surprise is `nats[n]`. Its telling receipts are entries `start[n]` to `start[n + 1]` of the columns
    after it: `receipt` is a position in `Transfers`; `payment` the entry, among the account's payments, of the first
    one that passes it on; `pieces` how many do, `passed` their sum (minor units), `dwell` the time to the last of them
    (microseconds). At `nats` − `log_trials` = s about e^−s accounts are expected by chance in the whole ledger.
    """

    account: np.ndarray
    nats: np.ndarray
    start: np.ndarray
    receipt: np.ndarray
    payment: np.ndarray
    pieces: np.ndarray
    passed: np.ndarray
    dwell: np.ndarray
    log_trials: float = 0.0

    def __len__(self) -> int:
        return len(self.account)


def receipts_of_peers(sides: TransfersByAccount, group: np.ndarray) -> Side:
    """Every account with the receipts of another of its group that receives and pays as often: coincidence is left.

    Groups are numbers by account: kind and currency, since a firm's receipts seldom fit what a person pays.

    Shuffled times would keep each account's own amounts, and so the coincidence of an amount that comes in and one
    that goes out. Dealt out among peers, habits stay (wages are wages, rents are rents) and only the tie is cut.
    """
    receipts = sides.receipts
    received, paid = np.diff(receipts.start), np.diff(sides.payments.start)
    in_order = np.lexsort((paid, received, group))
    lender = np.empty_like(in_order)
    lender[in_order] = np.roll(in_order, 1)
    # Rolled inside each group: its first account gets the receipts of its last.
    first = np.flatnonzero(np.diff(group[in_order], prepend=np.iinfo(np.int64).min))
    lender[in_order[first]] = in_order[np.append(first[1:], len(in_order)) - 1]
    entries, start = lists_of(np.arange(receipts.start[-1]), receipts.start, lender)
    return Side(
        receipts.position[entries], start, receipts.party[entries], receipts.amount[entries], receipts.at[entries]
    )


def find_passed_on(
    sides: TransfersByAccount, receipts: Side, *, ranks: Ranks, window: int, min_share_percent: float
) -> PassedOn:
    """Every account that passes `receipts` on less by chance than by habit; `window` in microseconds.

    `ranks` are those of all transfers of the ledger.
    """
    payments, transfers = sides.payments, sides.transfers
    reach = Reach(max(window, transfers.tick), transfers.tick, transfers.span, min_share_percent / 100)
    rate = np.diff(payments.start) / transfers.span
    most = _most_telling(rate, reach.window)
    day = _a_day(transfers)
    received_days, payers = days_dealt(receipts, day)
    entries = ByEntry(received_days, ranks.paid_days, ranks.transfer[receipts.position], ranks.paid)
    product, first, pieces, passed, dwell = _best_pairs(receipts, payments, entries, ranks, reach, most)
    # Most receipts have no pair that could tell: what is worked out for the others only needs a tenth of the memory.
    entry = np.flatnonzero(np.isfinite(product))
    owner = np.searchsorted(receipts.start, entry, side="right") - 1
    chance = _chance(product[entry], rate[owner], reach.window)
    telling = np.flatnonzero(chance <= TELLING)
    telling = telling[on_best_day(owner[telling], chance[telling], receipts, entry[telling], day)]
    telling = telling[np.lexsort((chance[telling], owner[telling]))]
    entry = entry[telling]
    owner = owner[telling]
    chance = chance[telling]
    # Of a payer only the first receipt has been counted as tried.
    more = np.bincount(owner, minlength=len(payers)) - distinct_parties(owner, receipts.party[entry], len(payers))
    found = Telling(entry, owner, chance, payers + more)
    return _accounts(Pairs(first, pieces, passed, dwell), found, receipts.position)


def _most_telling(rate: np.ndarray, window: int) -> np.ndarray:
    """By account, a product from which on no receipt is telling; infinite where all are."""
    rates, place = np.unique(rate, return_inverse=True)
    low, high = np.zeros(len(rates)), np.full(len(rates), float(window))
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        tells = _chance(middle, rates, window) <= TELLING
        low, high = np.where(tells, middle, low), np.where(tells, high, middle)
    every = _chance(np.full(len(rates), float(window)), rates, window) <= TELLING
    # A little more, so that what is on the edge is judged by its own chance.
    return np.asarray(np.where(every, np.inf, high * (1 + 1e-6))[place])


def _chance(product: np.ndarray, rate: np.ndarray, window: int) -> np.ndarray:
    """P(a pair at least as close) of each receipt: 1 − e^−mean, the mean over all shapes in which money may go on."""
    known = np.isfinite(product)
    x = np.clip(np.where(known, product, window), 1e-9, window)
    log = np.log(window / x)
    mean = MAX_PIECES * rate * x * (1 + log + log * log / 2)
    return np.where(known, -np.expm1(-mean), 1.0)


def _accounts(pairs: Pairs, telling: Telling, position: np.ndarray) -> PassedOn:
    """Each account's most unlikely k of n, and the receipts that make it. `position` is by entry of a receipt."""
    owner = telling.owner
    begins = np.flatnonzero(np.diff(owner, prepend=-1))
    sizes = np.diff(np.append(begins, len(owner)))
    k = np.arange(len(owner)) - np.repeat(begins, sizes) + 1
    n = telling.tried[owner]
    tail = betainc(k, n - k + 1, telling.chance)
    surprise = -np.log(np.maximum(tail, 1e-300))
    best = np.maximum.reduceat(surprise, begins) if len(begins) else np.empty(0)
    # The first k that is most unlikely: what comes after it adds nothing.
    at_best = surprise >= np.repeat(best, sizes)
    place = np.where(at_best, k, len(owner) + 1)
    last = np.minimum.reduceat(place, begins) if len(begins) else np.empty(0, np.int64)
    kept = telling.entry[k <= np.repeat(last, sizes)] if len(begins) else telling.entry
    start = np.concatenate([[0], np.cumsum(last)]).astype(np.int64)
    return PassedOn(
        account=owner[begins],
        nats=best,
        start=start,
        receipt=position[kept],
        payment=pairs.first[kept].astype(np.int64),
        pieces=pairs.pieces[kept].astype(np.int64),
        passed=pairs.passed[kept],
        dwell=pairs.dwell[kept],
        log_trials=float(np.log(max(len(begins), 1))),
    )


class Candidates(NamedTuple):
    """Ways in which an account's receipts may have gone on, in the order in which they are seen."""

    product: np.ndarray
    receipt: np.ndarray
    payment: np.ndarray
    pieces: np.ndarray
    passed: np.ndarray


@njit(cache=True, nogil=True)
def _room(size):  # type: ignore[no-untyped-def]
    return Candidates(
        np.empty(size),
        np.empty(size, np.int64),
        np.empty(size, np.int64),
        np.empty(size, np.int64),
        np.empty(size, np.int64),
    )


@njit(cache=True, nogil=True)
def _twice_the_room(seen):  # type: ignore[no-untyped-def]
    size = len(seen.product)
    more = _room(2 * size)
    more.product[:size], more.receipt[:size] = seen.product, seen.receipt
    more.payment[:size], more.pieces[:size] = seen.payment, seen.pieces
    more.passed[:size] = seen.passed
    return more


@njit(cache=True, nogil=True)
def _best_pairs(receipts, payments, entries, ranks, reach, most):  # type: ignore[no-untyped-def]
    """For each receipt the least product d·p over payments after it, each payment used once, the least product first.

    Gives the product (infinite: none), the entry of the first payment, how many there are, their sum and the dwell.
    Products above the account's `most` are left out: they come last, and tell nothing.
    """
    size = len(receipts.at)
    product, first = np.full(size, np.inf), np.full(size, -1, np.int32)
    pieces = np.zeros(size, np.int8)
    passed = np.zeros(size, np.int64)
    dwell = np.zeros(size, np.int64)
    total = len(ranks.transfer)
    seen = _room(1024)
    for account in range(len(receipts.start) - 1):
        low, high = receipts.start[account], receipts.start[account + 1]
        begin, end = payments.start[account], payments.start[account + 1]
        if low == high or begin == end:
            continue
        many = 0
        opening = begin
        for entry in range(low, high):
            came, at = receipts.amount[entry], receipts.at[entry]
            ranked = entries.received[entry]
            as_large = max(total - ranked.below, 1) / total
            # A payment inside the same tick may be later than the receipt: the clock does not tell.
            while opening < end and payments.at[opening] // reach.tick < at // reach.tick:
                opening += 1
            for paid in range(opening, min(end, opening + MAX_FOLLOWING)):
                if payments.at[paid] - at > reach.window:
                    break
                sum_paid = np.int64(0)
                most_days = 1
                for last in range(paid, min(end, paid + MAX_PIECES)):
                    if payments.party[last] == receipts.party[entry] and payments.party[last] >= 0:
                        break
                    # A peer's receipt may be this very payment, where it paid the peer.
                    if payments.position[last] == receipts.position[entry]:
                        break
                    sum_paid += payments.amount[last]
                    most_days = max(most_days, entries.paid_days[last])
                    waited = payments.at[last] - at
                    if sum_paid > came or waited > reach.window:
                        break
                    if sum_paid < reach.min_share * came:
                        continue
                    if last == paid:
                        below = entries.paid[paid].below
                    else:
                        place = np.searchsorted(ranks.amount, sum_paid)
                        below = ranks.below[place] if place < len(ranks.below) else total
                    days = entries.received_days[entry] * most_days
                    if days > MAX_DAYS_DEALT:
                        continue
                    value = max(entries.paid[last].until - ranked.before, 1) / total * reach.span
                    value *= max(ranked.upper - below - 1, 1) / total
                    value *= as_large * days
                    if value > most[account]:
                        continue
                    if many == len(seen.product):
                        seen = _twice_the_room(seen)
                    seen.product[many] = value
                    seen.receipt[many], seen.payment[many] = entry, paid
                    seen.pieces[many], seen.passed[many] = last - paid + 1, sum_paid
                    many += 1
        if many == 0:
            continue
        used = np.zeros(end - begin, np.bool_)
        for place in np.argsort(seen.product[:many], kind="mergesort"):
            entry = seen.receipt[place]
            paid = seen.payment[place]
            count = seen.pieces[place]
            if first[entry] >= 0 or used[paid - begin : paid - begin + count].any():
                continue
            used[paid - begin : paid - begin + count] = True
            product[entry], first[entry] = seen.product[place], paid
            pieces[entry], passed[entry] = count, seen.passed[place]
            dwell[entry] = payments.at[paid + count - 1] - receipts.at[entry]
    return product, first, pieces, passed, dwell
