"""Receipts that are passed on: how unlikely it is that a payment of such an amount follows after such a time.

The commonest mule has one victim and no chain: money comes in once and goes on, in one piece or a few, perhaps weeks
later, perhaps to the cent. Nothing in the time alone is strange then; time and amount together are.

For a receipt and what is paid afterwards let d be the time between them and p the share of the ledger's transfers whose
amount lies between what is paid and what came in. By chance the account makes payments at its own rate r, so that pairs
with d·p ≤ x have mean r·x·(1 + ln(W/x)) within a window of W: the area below the hyperbola d·p = x in [0, W] × [0, 1].
So one number weighs minutes against cents, and no scale is chosen beforehand. Each receipt has the best x of its own,
and a payment is counted for one receipt only.

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

MAX_PIECES = 3
"""Payments, one after the other, that one receipt may go on in."""
MAX_FOLLOWING = 200
TELLING = 0.2
"""Chances above this are not looked at singly: so likely a receipt makes no account unlikely."""


class Reach(NamedTuple):
    """How far is looked: the window and the clock's tick in microseconds, and the least share that is passed on."""

    window: int
    tick: int
    min_share: float


class Pairs(NamedTuple):
    """By receipt: entry of the first payment (−1: none), how many there are, their sum, the time to the last."""

    first: np.ndarray
    pieces: np.ndarray
    passed: np.ndarray
    dwell: np.ndarray


class Ranks(NamedTuple):
    """The ledger's amounts in order, and of each receipt how many amounts are at most its own."""

    sorted_amount: np.ndarray
    receipt_upper: np.ndarray


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


def receipts_of_peers(sides: TransfersByAccount) -> Side:
    """Every account with the receipts of another that receives and pays as often: what it passes on is coincidence.

    Shuffled times would keep each account's own amounts, and so the coincidence of an amount that comes in and one
    that goes out. Dealt out among peers, habits stay (wages are wages, rents are rents) and only the tie is cut.
    """
    receipts = sides.receipts
    received, paid = np.diff(receipts.start), np.diff(sides.payments.start)
    in_order = np.lexsort((paid, received))
    lender = np.empty_like(in_order)
    lender[in_order] = np.roll(in_order, 1)
    entries, start = lists_of(np.arange(receipts.start[-1]), receipts.start, lender)
    return Side(
        receipts.position[entries], start, receipts.party[entries], receipts.amount[entries], receipts.at[entries]
    )


def find_passed_on(sides: TransfersByAccount, receipts: Side, *, window: int, min_share_percent: float) -> PassedOn:
    """Every account that passes `receipts` on less by chance than by habit; `window` in microseconds."""
    payments, transfers = sides.payments, sides.transfers
    reach = Reach(max(window, transfers.tick), transfers.tick, min_share_percent / 100)
    in_order = np.sort(transfers.amount)
    ranks = Ranks(in_order, np.searchsorted(in_order, receipts.amount, side="right"))
    product, first, pieces, passed, dwell = _best_pairs(receipts, payments, ranks, reach)
    account = np.repeat(np.arange(transfers.accounts), np.diff(receipts.start))
    rate = np.diff(payments.start)[account] / transfers.span
    chance = _chance(product, rate, reach.window)
    tried = np.diff(receipts.start)
    telling = np.flatnonzero(chance <= TELLING)
    telling = telling[np.lexsort((chance[telling], account[telling]))]
    return _accounts(Pairs(first, pieces, passed, dwell), telling, account, chance, tried, receipts.position)


def _chance(product: np.ndarray, rate: np.ndarray, window: int) -> np.ndarray:
    """P(a pair at least as close) of each receipt: 1 − e^−mean, the mean over all shapes in which money may go on."""
    known = np.isfinite(product)
    x = np.clip(np.where(known, product, window), 1e-9, window)
    mean = MAX_PIECES * rate * x * (1 + np.log(window / x))
    return np.where(known, -np.expm1(-mean), 1.0)


def _accounts(
    pairs: Pairs,
    telling: np.ndarray,
    account: np.ndarray,
    chance: np.ndarray,
    tried: np.ndarray,
    position: np.ndarray,
) -> PassedOn:
    """Each account's most unlikely k of n, and the receipts that make it.

    `telling` are entries of receipts, by account, then by chance; `account`, `chance` and `position` are by entry.
    """
    owner = account[telling]
    begins = np.flatnonzero(np.diff(owner, prepend=-1))
    sizes = np.diff(np.append(begins, len(owner)))
    k = np.arange(len(owner)) - np.repeat(begins, sizes) + 1
    n = tried[owner]
    tail = betainc(k, n - k + 1, chance[telling])
    surprise = -np.log(np.maximum(tail, 1e-300))
    best = np.maximum.reduceat(surprise, begins) if len(begins) else np.empty(0)
    # The first k that is most unlikely: what comes after it adds nothing.
    at_best = surprise >= np.repeat(best, sizes)
    place = np.where(at_best, k, len(owner) + 1)
    last = np.minimum.reduceat(place, begins) if len(begins) else np.empty(0, np.int64)
    kept = telling[k <= np.repeat(last, sizes)] if len(begins) else telling
    start = np.concatenate([[0], np.cumsum(last)]).astype(np.int64)
    return PassedOn(
        account=owner[begins],
        nats=best,
        start=start,
        receipt=position[kept],
        payment=pairs.first[kept],
        pieces=pairs.pieces[kept],
        passed=pairs.passed[kept],
        dwell=pairs.dwell[kept],
        log_trials=float(np.log(max(len(begins), 1))),
    )


@njit(cache=True, nogil=True)
def _best_pairs(receipts, payments, ranks, reach):  # type: ignore[no-untyped-def]
    """For each receipt the least product d·p over payments after it, each payment used once, the least product first.

    Gives the product (infinite: none), the entry of the first payment, how many there are, their sum and the dwell.
    """
    size = len(receipts.at)
    product, first = np.full(size, np.inf), np.full(size, -1, np.int64)
    pieces, passed, dwell = np.zeros(size, np.int64), np.zeros(size, np.int64), np.zeros(size, np.int64)
    total = len(ranks.sorted_amount)
    for account in range(len(receipts.start) - 1):
        low, high = receipts.start[account], receipts.start[account + 1]
        begin, end = payments.start[account], payments.start[account + 1]
        if low == high or begin == end:
            continue
        seen_value, seen_receipt = [0.0][:0], [np.int64(0)][:0]
        seen_payment, seen_pieces, seen_sum = [np.int64(0)][:0], [np.int64(0)][:0], [np.int64(0)][:0]
        opening = begin
        for entry in range(low, high):
            came, at = receipts.amount[entry], receipts.at[entry]
            # A payment inside the same tick may be later than the receipt: the clock does not tell.
            while opening < end and payments.at[opening] // reach.tick < at // reach.tick:
                opening += 1
            for paid in range(opening, min(end, opening + MAX_FOLLOWING)):
                if payments.at[paid] - at > reach.window:
                    break
                sum_paid = np.int64(0)
                for last in range(paid, min(end, paid + MAX_PIECES)):
                    if payments.party[last] == receipts.party[entry] and payments.party[last] >= 0:
                        break
                    # A peer's receipt may be this very payment, where it paid the peer.
                    if payments.position[last] == receipts.position[entry]:
                        break
                    sum_paid += payments.amount[last]
                    waited = payments.at[last] - at
                    if sum_paid > came or waited > reach.window:
                        break
                    if sum_paid >= reach.min_share * came:
                        below = np.searchsorted(ranks.sorted_amount, sum_paid)
                        share = max(ranks.receipt_upper[entry] - below - 1, 1) / total
                        seen_value.append((waited + reach.tick) * share)
                        seen_receipt.append(np.int64(entry))
                        seen_payment.append(np.int64(paid))
                        seen_pieces.append(np.int64(last - paid + 1))
                        seen_sum.append(sum_paid)
        if len(seen_value) == 0:
            continue
        used = np.zeros(end - begin, np.bool_)
        for place in np.argsort(np.array(seen_value), kind="mergesort"):
            entry, paid, many = seen_receipt[place], seen_payment[place], seen_pieces[place]
            if first[entry] >= 0 or used[paid - begin : paid - begin + many].any():
                continue
            used[paid - begin : paid - begin + many] = True
            product[entry], first[entry] = seen_value[place], paid
            pieces[entry], passed[entry] = many, seen_sum[place]
            dwell[entry] = payments.at[paid + many - 1] - receipts.at[entry]
    return product, first, pieces, passed, dwell
