"""N10: one account pays several, who do not know each other and all pay one other."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa

from mulegraph.flow.acquaintances import acquainted, coins_of, toss, tossed_nats
from mulegraph.flow.by_account import TransfersByAccount, distinct_values
from mulegraph.flow.calibration import Calibrated, local_false_share, look_elsewhere, rarity, says_something, worth
from mulegraph.flow.decoys import shares_of
from mulegraph.flow.peers import Peers, tells_kinds
from mulegraph.flow.smurfing import Edges, Smurfs, edges_of, find_smurfs, only, partners_of, rewired, transfers_between
from mulegraph.flow.transfers import DAY, Transfers
from mulegraph.ledger.ledger import Ledger, amounts
from mulegraph.signs import facts
from mulegraph.signs.base import WEAK_FROM, WEAK_SCORE, Phase, Role, Topic, pattern_ids, sign, strength

TOSSES = 20
"""How often it is tossed who pays whom. It costs little: only pairs with acquaintances in common are looked at."""
MIDDLE, LAST = PLACES = ("middle", "last")
"""Who is paid and pays on, and who is paid by all."""


@sign(
    code="N10",
    source="Deprez et al., GARG-AML against smurfing (2025); counts against a graph with the same degrees",
    phase=Phase.DISPERSE,
    weight=7.0,
    measured=True,
    topic=Topic.MONEY,
    explained_by=("young_ledger", "colleagues"),
    role=Role.RELAY,
    role_by=("place", {LAST: Role.CONSOLIDATOR}),
    facts=(
        facts.word("place", "where in it the account stands", PLACES),
        facts.count("middlemen", "accounts in the middle, who do not deal with each other"),
        facts.count("days", "from the first of these transfers to the last", unit="days"),
    ),
    reason={
        "en": "one account pays {middlemen:other|others} who do not deal with each other, and all of them pay one other"
        " account, within {days:day|days}: {amount} {currency}",
        "vi": "một tài khoản chuyển cho {middlemen} tài khoản không giao dịch với nhau, và tất cả cùng chuyển cho một"
        " tài khoản khác, trong {days} ngày: {amount} {currency}",
        "nl": "één rekening betaalt {middlemen:andere|anderen} die niets met elkaar te maken hebben, en die allen één"
        " andere rekening betalen, binnen {days:dag|dagen}: {amount} {currency}",
    },
)
def smurfing(
    ledger: Ledger,
    sides: TransfersByAccount,
    peers: Peers,
    *,
    min_middlemen: int = 3,
    max_partners: int = 60,
    max_false_share: float = 0.05,
) -> pa.Table:
    """One account pays several who do not know each other, and all of them pay the same other account.

    When and how much does not matter: money that rests for weeks, or is split anew at each step, is found by who pays
    whom alone. None of the middlemen pays back, none deals with another of them, and first and last account have
    nothing to do with each other. An account that deals with more than `max_partners` others is no middleman.
    It counts from where neither payees dealt out anew nor the same acquaintances paying the other way round give more
    than `max_false_share` as many; below, it is weak. It is also weak where most of its transfers are of less than the
    median of all, and where kinds of accounts are not known: a firm, its staff and their landlord look the same there.
    Subjects are the middlemen and the last account. Who pays them is named only: a victim who paid several mules stands
    there as well as who sent the money round.

    Innocent when: a firm's people all pay the same landlord or club, or relatives help each other in turn.
    """
    edges = edges_of(sides.payments)
    accounts = sides.transfers.accounts
    least = max(min_middlemen, 2)
    # The kernels let go of the interpreter's lock, so chance is counted on the other core.
    with ThreadPoolExecutor(2) as pool:
        by_degree = pool.submit(_of_degrees, edges, peers.group, least, max_partners)
        partners = partners_of(edges, accounts)
        real = find_smurfs(partners, least, max_partners)
        known = acquainted(partners, peers.group, least, max_partners)
    degrees = _beside(real.nats, [by_degree.result().nats], real.log_trials)
    circles = _beside(
        tossed_nats(coins_of(real, known, peers.group), np.diff(real.start)),
        [toss(known, least, seed) for seed in range(TOSSES)],
        float(np.log(max(len(known.one), 1))),
    )
    # Both must be ruled out: the kind of chance that makes more of it counts.
    by_chance = Calibrated(
        np.minimum(degrees.nats, circles.nats),
        np.maximum(degrees.false_share, circles.false_share),
        np.maximum(degrees.tail_share, circles.tail_share),
    )
    chosen = np.flatnonzero(by_chance.tail_share <= WEAK_FROM)
    nats, false_share = by_chance.nats[chosen], by_chance.false_share[chosen]
    found = only(real, chosen)
    position, start = transfers_between(sides.payments, found)
    story, account = _parties(sides.transfers, position, start)
    rare = rarity(accounts, account, 1 - false_share[story])
    # Who pays the others may be a victim who paid several mules: named in the finding, and not its subject.
    is_subject = account != found.one[story]
    story, account = story[is_subject], account[is_subject]
    score = strength(nats, by_chance.tail_share[chosen], max_false_share)
    if not tells_kinds(ledger):
        score = np.minimum(score, WEAK_SCORE)
    score = np.where(_is_small_change(sides.transfers, position, start), np.minimum(score, WEAK_SCORE), score)
    evidence = worth(nats, false_share, rare, accounts)
    # Of an account in several stories the one that surprises most; of equal ones the first.
    order = np.lexsort((story, -nats[story], account))
    _, best = np.unique(account[order], return_index=True)
    story, account = story[order[best]], account[order[best]]
    told = says_something(score[story], evidence[story])
    story, account = story[told], account[told]
    stories = _stories(ledger, sides.transfers, found, position, start).take(pa.array(story))
    place = (account == found.other[story]).astype(np.int64)
    given = {
        "subject_id": ledger.account_ids.take(pa.array(account)),
        "score": score[story],
        "surprise": np.maximum(nats, 0.0)[story],
        "worth": evidence[story],
        "place": pa.array(PLACES).take(pa.array(place)),
    }
    return pa.table([*given.values(), *stories.columns], [*given, *stories.column_names])


def _is_small_change(transfers: Transfers, position: np.ndarray, start: np.ndarray) -> np.ndarray:
    """By story, whether most of its transfers are of less than the median of all."""
    if not len(position):
        return np.zeros(len(start) - 1, bool)
    is_large = transfers.amount[position] >= np.median(transfers.amount)
    return np.asarray(2 * np.add.reduceat(is_large.astype(np.int64), start[:-1]) < np.diff(start))


def _of_degrees(edges: Edges, group: np.ndarray, min_middlemen: int, max_partners: int) -> Smurfs:
    """What degrees and kinds alone make."""
    return find_smurfs(partners_of(rewired(edges, group), len(group)), min_middlemen, max_partners)


def _beside(nats: np.ndarray, chance: Sequence[np.ndarray], log_trials: float) -> Calibrated:
    """Patterns beside one kind of chance, seen several times: nats less what its strongest reaches on average."""
    strongest = np.array([np.mean([each.max(initial=0.0) for each in chance])])
    return Calibrated(
        nats - look_elsewhere(log_trials, strongest),
        local_false_share(nats, np.concatenate(chance), len(chance)),
        shares_of(nats, *chance),
    )


def _parties(transfers: Transfers, position: np.ndarray, start: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Every account in each story: numbers of stories and accounts, in this order."""
    of = np.repeat(np.arange(len(start) - 1), np.diff(start))
    ends = np.concatenate([transfers.source[position], transfers.target[position]]).astype(np.int64)
    size = max(transfers.accounts, 1)
    story, account = np.divmod(distinct_values(np.concatenate([of, of]) * size + ends), size)
    return story, account


def _stories(ledger: Ledger, transfers: Transfers, found: Smurfs, position: np.ndarray, start: np.ndarray) -> pa.Table:
    """Pairs and their middlemen in the ledger's words, one a row. The amount is what the first account paid."""
    rows = ledger.rows_of(transfers.row[position], ["transfer_id", "currency", "at"]).combine_chunks()
    first, last = pa.array(start[:-1]), pa.array(start[1:] - 1)
    offsets = pa.array(start, pa.int32())
    evidence = pa.ListArray.from_arrays(offsets, rows["transfer_id"].combine_chunks())
    currencies = rows["currency"].combine_chunks().dictionary_encode()
    of = np.repeat(np.arange(len(start) - 1), np.diff(start))
    code = currencies.indices.to_numpy()
    # Amounts of two currencies are never added: what counts is the first payment's.
    paid = (transfers.source[position] == found.one[of]) & (code == code[start[:-1]][of])
    amount = np.bincount(of, np.where(paid, transfers.amount[position], 0), len(start) - 1).astype(np.int64)
    story, account = _parties(transfers, position, start)
    names = pa.ListArray.from_arrays(
        pa.array(np.searchsorted(story, np.arange(len(start))), pa.int32()), ledger.account_ids.take(pa.array(account))
    )
    at = transfers.at[position]
    currency = rows["currency"].combine_chunks().take(first)
    return pa.table(
        {
            "pattern": pattern_ids(["SM"] * len(evidence), evidence),
            "amount": amounts(amount, currency),
            "currency": currency,
            "first_at": rows["at"].combine_chunks().take(first),
            "last_at": rows["at"].combine_chunks().take(last),
            "middlemen": np.diff(found.start),
            "days": (at[start[1:] - 1] - at[start[:-1]]) // DAY + 1,
            "accounts": names,
            "evidence": evidence,
        }
    )
