"""N8: money that comes in and goes on, unlike the account's own coming and going."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pyarrow as pa

from mulegraph.flow.by_account import TransfersByAccount, distinct_values
from mulegraph.flow.calibration import by_group, rarity, says_something, worth_beside_habits
from mulegraph.flow.passed_on import PassedOn, find_passed_on, ranks_of, receipts_of_peers
from mulegraph.flow.peers import Peers
from mulegraph.flow.transfers import DAY, HOUR
from mulegraph.ledger.ledger import Ledger, amounts
from mulegraph.signs import facts
from mulegraph.signs.base import WEAK_FROM, Phase, Role, Topic, pattern_ids, sign, strength


@sign(
    code="N8",
    source="Berk & Jones (1979) over pairs of receipt and payment, near in time and amount: docs/method.md",
    phase=Phase.DISPERSE,
    weight=8.0,
    measured=True,
    topic=Topic.MONEY,
    role=Role.RELAY,
    facts=(
        facts.count("receipts", "receipts that are passed on"),
        facts.count("payments", "payments that pass them on"),
        facts.count("to_the_cent", "receipts of which exactly as much goes on"),
        facts.number("hours", "median time from receipt to the last payment of it", unit="hours"),
        facts.number("passed_percent", "of these receipts, what is passed on", unit="percent"),
    ),
    reason={
        "en": "{amount} {currency} from {receipts:receipt|receipts} went on in {payments:payment|payments},"
        " {hours:hour|hours} later in the median, {passed_percent}% of it; {to_the_cent} to the cent",
        "vi": "{amount} {currency} từ {receipts} khoản nhận được chuyển tiếp trong {payments} lần, trung vị sau {hours}"
        " giờ, {passed_percent}%; {to_the_cent} khoản khớp đến từng xu",
        "nl": "{amount} {currency} uit {receipts:ontvangst|ontvangsten} ging door in {payments:betaling|betalingen},"
        " mediaan na {hours} uur, {passed_percent}%; {to_the_cent} op de cent",
    },
)
def single_mule(
    ledger: Ledger,
    sides: TransfersByAccount,
    peers: Peers,
    *,
    within_days: float = 60.0,
    min_share_percent: float = 80.0,
    max_false_share: float = 0.05,
) -> pa.Table:
    """What comes in goes on, in one piece or a few: such an amount after such a time is not this account's habit.

    One receipt is enough. Time and amount count together: within minutes nearly any amount is strange, after weeks
    only one that fits to the cent; and a large receipt is stranger than a small one. The account is measured by how
    often it receives and pays, and by how common such amounts are in the ledger. Payer and payee must be new to it (one
    of them may be there for the second time), and what one payer sends counts on one day only. It counts from where
    accounts of its kind with the receipts of their peers have no more than `max_false_share` as many; below, it is
    weak. Money that goes back to where it came from is a return.

    Innocent when: savings are moved to the holder's own account, rent or wages are passed on, friends share a bill.
    """
    ranks = ranks_of(sides)
    search = partial(
        find_passed_on, sides, ranks=ranks, window=int(within_days * DAY), min_share_percent=min_share_percent
    )
    # The kernel lets go of the interpreter's lock, so chance is counted on the other core.
    with ThreadPoolExecutor(2) as pool:
        real, chance = pool.map(search, (sides.receipts, receipts_of_peers(sides, peers.group)))
    made = by_group(peers.group, (real.account, real.nats), (chance.account, chance.nats))
    chosen = np.flatnonzero(made.tail_share <= WEAK_FROM)
    nats, false_share = made.nats[chosen], made.false_share[chosen]
    rare = rarity(sides.transfers.accounts, real.account[chosen], 1 - false_share)
    given = {
        "score": strength(nats, made.tail_share[chosen], max_false_share),
        "surprise": np.maximum(nats, 0.0),
        "worth": worth_beside_habits(nats, false_share, rare, sides.transfers.accounts),
    }
    told = says_something(given["score"], given["worth"])
    return _table(ledger, sides, real, chosen[told], {name: values[told] for name, values in given.items()})


def _table(
    ledger: Ledger, sides: TransfersByAccount, found: PassedOn, chosen: np.ndarray, given: dict[str, np.ndarray]
) -> pa.Table:
    """The chosen accounts in the ledger's words, with the transfers that tell, beside the columns that are given."""
    sizes = np.diff(found.start)[chosen]
    entry = np.repeat(found.start[chosen] - np.cumsum(sizes) + sizes, sizes) + np.arange(sizes.sum())
    of = np.repeat(np.arange(len(chosen)), sizes)
    begins = np.cumsum(sizes) - sizes
    transfers, pieces = sides.transfers, found.pieces[entry]
    came = transfers.amount[found.receipt[entry]]
    position, owner = _evidence(sides, found, entry, of)
    known = ledger.rows_of(transfers.row[position], ["transfer_id", "currency", "at"])
    starts = np.searchsorted(owner, np.arange(len(chosen) + 1))
    at = known["at"].cast("int64").to_numpy()
    currency = known["currency"].combine_chunks().take(pa.array(starts[:-1]))
    received = _sums(came, begins)
    passed = _sums(found.passed[entry], begins)
    evidence = _lists(starts, known["transfer_id"].combine_chunks())
    parties, offsets = _parties(transfers.source[position], transfers.target[position], owner, len(chosen))
    return pa.table(
        {
            "subject_id": ledger.account_ids.take(pa.array(found.account[chosen])),
            **given,
            "amount": amounts(received, currency),
            "currency": currency,
            "first_at": pa.array(_least(at, starts), pa.int64()).cast(pa.timestamp("us")),
            "last_at": pa.array(-_least(-at, starts), pa.int64()).cast(pa.timestamp("us")),
            "receipts": sizes,
            "payments": _sums(pieces, begins),
            "to_the_cent": _sums((came == found.passed[entry]).astype(np.int64), begins),
            "hours": _medians(found.dwell[entry] / HOUR, of, begins, sizes),
            "passed_percent": np.round(100 * passed / np.maximum(received, 1), 1),
            "accounts": pa.ListArray.from_arrays(
                pa.array(offsets, pa.int32()), ledger.account_ids.take(pa.array(parties))
            ),
            "pattern": pattern_ids(["PO"] * len(chosen), evidence),
            "evidence": evidence,
        }
    )


def _evidence(
    sides: TransfersByAccount, found: PassedOn, entry: np.ndarray, of: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the receipts and of all pieces they went on in, by chosen account, then in order; and whose."""
    pieces = found.pieces[entry]
    again = np.repeat(np.arange(len(entry)), pieces)
    nth = np.arange(len(again)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    paid = sides.payments.position[found.payment[entry][again] + nth]
    position = np.concatenate([found.receipt[entry], paid])
    owner = np.concatenate([of, of[again]])
    pair = distinct_values(owner.astype(np.int64) * (int(position.max(initial=0)) + 1) + position)
    owner, position = np.divmod(pair, int(position.max(initial=0)) + 1)
    return position, owner


def _parties(source: np.ndarray, target: np.ndarray, owner: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Account numbers at the ends of each one's transfers, and where each one's begin; cash is none."""
    ends = np.concatenate([source, target]).astype(np.int64)
    both = np.concatenate([owner, owner]).astype(np.int64)
    base = int(ends.max(initial=0)) + 1
    of, parties = np.divmod(distinct_values((both * base + ends)[ends >= 0]), base)
    return parties, np.searchsorted(of, np.arange(size + 1))


def _lists(starts: np.ndarray, values: pa.Array) -> pa.ListArray:
    return pa.ListArray.from_arrays(pa.array(starts, pa.int32()), values)


def _sums(values: np.ndarray, begins: np.ndarray) -> np.ndarray:
    return np.add.reduceat(values, begins) if len(begins) else np.empty(0, np.int64)


def _least(values: np.ndarray, starts: np.ndarray) -> np.ndarray:
    return np.minimum.reduceat(values, starts[:-1]) if len(starts) > 1 else np.empty(0, np.int64)


def _medians(values: np.ndarray, of: np.ndarray, begins: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """The lower median of each one's values."""
    ordered = values[np.lexsort((values, of))]
    return np.round(ordered[begins + (sizes - 1) // 2], 1)
