"""N3: bursts: fan-in, fan-out, scatter-gather, gather-scatter, and shared receivers (bipartite)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from mulegraph.flow.bursts import FAN_IN, FAN_OUT, GATHER_SCATTER, Bursts, find_bursts, positions_between
from mulegraph.flow.by_account import TransfersByAccount, distinct_values, lists_of
from mulegraph.flow.calibration import (
    Calibrated,
    by_group,
    local_false_share,
    look_elsewhere,
    rarity,
    rarity_by_group,
    says_something,
    worth,
)
from mulegraph.flow.decoys import shares_of
from mulegraph.flow.peers import Peers, of_unknown_kind
from mulegraph.flow.shared_counterparties import BIPARTITE, SCATTER_GATHER, Pairs, scatter_gather, shared_receivers
from mulegraph.flow.transfers import HOUR, Transfers
from mulegraph.ledger.ledger import Ledger, amounts
from mulegraph.schema.tables import ARROW_TYPE, Kind
from mulegraph.signs import facts
from mulegraph.signs.base import WEAK_FROM, Phase, Role, Topic, pattern_ids, sign, strength

PREFIX = {FAN_IN: "FI", FAN_OUT: "FO", SCATTER_GATHER: "SG", BIPARTITE: "BP", GATHER_SCATTER: "GS"}
WEEKS = 3
"""Pairs are also sought within so many of the longest window: 30 days, beside the ten of several days."""
MIN_OVER_WEEKS = 4
"""Through so many such pairs meet, where small change is among it: in a month three friends pass some on by chance."""
PATTERNS = tuple(PREFIX)
PATTERN_NAMES = tuple(name.replace("_", "-") for name in PATTERNS)


class Stories(NamedTuple):
    """Instances of patterns, one a row: which of `PATTERNS`, score, surprise and worth in nats, counts, window.

    Story s has the positions `position[start[s]:start[s + 1]]`, ascending.
    """

    pattern: np.ndarray
    score: np.ndarray
    nats: np.ndarray
    worth: np.ndarray
    counterparties: np.ndarray
    paid_to: np.ndarray
    window: np.ndarray
    position: np.ndarray
    start: np.ndarray


class Subjects(NamedTuple):
    """Whom stories are about: one row a number of a story and an account."""

    number: np.ndarray
    account: np.ndarray


@sign(
    code="N3",
    source="typologies of Altman et al. (NeurIPS 2023); counts against a Poisson mean",
    phase=Phase.DISPERSE,
    weight=7.0,
    measured=True,
    party_weight=3.0,
    renamed={"false_share": "max_false_share"},
    topic=Topic.MONEY,
    explained_by=("young_ledger", "colleagues"),
    role=Role.RELAY,
    role_by=("pattern_name", {"fan-in": Role.COLLECTOR, "gather-scatter": Role.COLLECTOR}),
    facts=(
        facts.word("pattern_name", "which pattern", PATTERN_NAMES),
        facts.count("counterparties", "distinct counterparties in the window"),
        facts.count("paid_to", "of a gather-scatter, accounts that it paid"),
        facts.count("hours", "the window", unit="hours"),
    ),
    reason={
        "en": "{pattern_name} with {counterparties:other|others} within {hours:hour|hours}: {amount} {currency}",
        "vi": "{pattern_name} với {counterparties} tài khoản khác trong {hours} giờ: {amount} {currency}",
        "nl": "{pattern_name} met {counterparties:ander|anderen} binnen {hours} uur: {amount} {currency}",
    },
)
def burst(
    ledger: Ledger,
    sides: TransfersByAccount,
    shuffled: TransfersByAccount,
    peers: Peers,
    *,
    short_hours: float = 6.0,
    day_hours: float = 24.0,
    several_days_hours: float = 240.0,
    max_false_share: float = 0.05,
) -> pa.Table:
    """Many accounts pay one, one pays many, or both, or two meet through several others, at once.

    Each pattern is measured in windows of hours, a day and several days, as −ln of its chance under the parties' own
    traffic. Pairs that meet through others are also sought within weeks, three times the longest of these, in a ledger
    that covers twice as long, and there meet through four at least, or each time with more than is usual in the ledger.
    It counts from where the ledger with shuffled times has no more than `max_false_share` as many; below, it is weak.
    The subject is the account in the middle; of scatter-gather and shared receivers every account, since none of them
    would be there by chance.

    Innocent when: it is a payroll, a landlord on the first of the month, a shop's opening day, or a collection.
    """
    windows = [int(hours * HOUR) for hours in (short_hours, day_hours, several_days_hours)]
    # The kernels let go of the interpreter's lock, so chance is counted on the other core.
    with ThreadPoolExecutor(2) as pool:
        search = partial(_patterns, windows=windows, weeks=WEEKS * max(windows), apart=of_unknown_kind(ledger))
        real, chance = pool.map(search, (sides, shuffled))
    stories, subjects = [], []
    for name, found in real.items():
        made = _beside_chance(found, chance[name], peers.group)
        chosen = np.flatnonzero(made.tail_share <= WEAK_FROM)
        nats, false_share = made.nats[chosen], made.false_share[chosen]
        story = _stories(sides, found, strength(nats, made.tail_share[chosen], max_false_share), nats, chosen)
        about = _subjects(sides.transfers, found, story, chosen)
        rare = _rarity(found, about, 1 - false_share, peers.group)
        stories.append(story._replace(worth=worth(nats, false_share, rare, sides.transfers.accounts)))
        subjects.append(about)
    story, account = _surest(*_joined(stories, subjects))
    return _table(ledger, sides.transfers, story, account)


def _beside_chance(found: Bursts | Pairs, chance: Bursts | Pairs, group: np.ndarray) -> Calibrated:
    """Fans beside those of accounts of the same kind and currency: every shop is one. Pairs beside all."""
    if isinstance(found, Bursts) and isinstance(chance, Bursts):
        return by_group(group, (found.account, found.nats), (chance.account, chance.nats), found.log_trials)
    nats = found.nats - look_elsewhere(found.log_trials, chance.nats)
    return Calibrated(nats, local_false_share(found.nats, chance.nats), shares_of(found.nats, chance.nats))


def _rarity(found: Bursts | Pairs, about: Subjects, real_share: np.ndarray, group: np.ndarray) -> float | np.ndarray:
    """Of fans among accounts of the same kind, a row a story; of pairs among all."""
    if isinstance(found, Bursts):
        return rarity_by_group(group, about.account, real_share)
    return rarity(len(group), about.account, real_share[about.number])


def _patterns(
    sides: TransfersByAccount, windows: list[int], weeks: int, apart: np.ndarray
) -> dict[str, Bursts | Pairs]:
    """What is found, by what it is calibrated as: each against the decoys of its own pattern and of its own windows.

    Two who pay the same accounts of unknown kind (`apart`) may live in one town: these may be shops of other banks.

    Pairs over weeks stand apart from those within days. Over weeks more accounts are hubs, at which nobody is taken to
    meet, and more meet by chance; searched together, busy accounts were lost and days had the decoys of weeks (the
    ranking of AMLGentex fell from 0.66 to 0.62). A fan over weeks is what every shop and landlord has, and hid the fans
    within days.
    """
    found: list[Bursts | Pairs] = [*find_bursts(sides, windows)]
    found += [scatter_gather(sides, windows), shared_receivers(sides, windows, apart)]
    patterns = {each.pattern: each for each in found}
    if sides.transfers.span >= 2 * weeks:
        for pair in (scatter_gather(sides, [weeks]), shared_receivers(sides, [weeks], apart)):
            patterns[f"{pair.pattern} over weeks"] = _enough_for_weeks(pair, sides.transfers.amount)
    return patterns


def _enough_for_weeks(found: Pairs, amount: np.ndarray) -> Pairs:
    """The pairs that meet through enough, or each time with at least the median of all amounts."""
    usual = np.median(amount) if len(amount) else 0.0
    least = np.minimum.reduceat(amount[found.transfer], found.start[:-1]) if len(found) else found.count
    kept = np.flatnonzero((found.count >= MIN_OVER_WEEKS) | (least >= usual))
    transfer, start = lists_of(found.transfer, found.start, kept)
    columns = (found.one[kept], found.other[kept], found.count[kept], found.window[kept])
    return Pairs(found.pattern, *columns, transfer, start, found.nats[kept], found.log_trials)


def _stories(
    sides: TransfersByAccount, found: Bursts | Pairs, score: np.ndarray, nats: np.ndarray, chosen: np.ndarray
) -> Stories:
    """The chosen instances of a pattern, with their transfers; what they are worth is not known yet."""
    pattern = np.full(len(chosen), PATTERNS.index(found.pattern))
    if isinstance(found, Pairs):
        counts = found.count[chosen], np.zeros(len(chosen), np.int64)
        lists = lists_of(found.transfer, found.start, chosen)
    else:
        counts = found.counterparties[chosen], found.paid_to[chosen]
        lists = _transfers_of(sides, found, chosen)
    return Stories(pattern, score, np.maximum(nats, 0.0), 0 * nats, *counts, found.window[chosen], *lists)


def _transfers_of(sides: TransfersByAccount, found: Bursts, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Positions of each burst's transfers, ascending, and where each burst's begin."""
    span = found.account[chosen], found.first[chosen], found.last[chosen]
    if found.pattern == FAN_IN:
        return positions_between(sides.receipts, *span)
    if found.pattern == FAN_OUT:
        return positions_between(sides.payments, *span)
    parts = [positions_between(side, *span) for side in (sides.receipts, sides.payments)]
    number = np.concatenate([np.repeat(np.arange(len(chosen)), np.diff(start)) for _, start in parts])
    position = np.concatenate([flat for flat, _ in parts])
    return position[np.lexsort((position, number))], parts[0][1] + parts[1][1]


def _subjects(transfers: Transfers, found: Bursts | Pairs, story: Stories, chosen: np.ndarray) -> Subjects:
    """Whom the stories of a pattern are about."""
    if isinstance(found, Pairs):
        return _parties(transfers, story)
    return Subjects(np.arange(len(chosen)), found.account[chosen])


def _parties(transfers: Transfers, story: Stories) -> Subjects:
    """Every account in each story, in this order; cash is none."""
    number = np.repeat(np.arange(len(story.nats)), np.diff(story.start))
    ends = np.concatenate([transfers.source[story.position], transfers.target[story.position]]).astype(np.int64)
    keys = np.concatenate([number, number]) * transfers.accounts + ends
    return Subjects(*np.divmod(distinct_values(keys[ends >= 0]), max(transfers.accounts, 1)))


def _joined(parts: list[Stories], subjects: list[Subjects]) -> tuple[Stories, Subjects]:
    """All patterns' stories as one, and whom they are about."""
    columns = {name: np.concatenate([getattr(part, name) for part in parts]) for name in Stories._fields[:-1]}
    starts = np.cumsum([0, *(len(part.position) for part in parts)])
    start = [part.start[:-1] + first for part, first in zip(parts, starts, strict=False)]
    begins = np.cumsum([0, *(len(part.nats) for part in parts)])
    number = [part.number + first for part, first in zip(subjects, begins, strict=False)]
    account = np.concatenate([part.account for part in subjects])
    return Stories(**columns, start=np.concatenate([*start, starts[-1:]])), Subjects(np.concatenate(number), account)


def _surest(story: Stories, subjects: Subjects) -> tuple[Stories, np.ndarray]:
    """Each account's surest story: by score, then by surprise, then the first; a row for each that has one."""
    number = subjects.number
    order = np.lexsort((number, -story.nats[number], -story.score[number], subjects.account))
    account, best = np.unique(subjects.account[order], return_index=True)
    number = number[order[best]]
    told = says_something(story.score[number], story.worth[number])
    account, number = account[told], number[told]
    position, start = lists_of(story.position, story.start, number)
    columns = {name: getattr(story, name)[number] for name in Stories._fields[:-2]}
    return Stories(**columns, position=position, start=start), account


def _table(ledger: Ledger, transfers: Transfers, story: Stories, account: np.ndarray) -> pa.Table:
    """The stories in the ledger's words: columns all through, since every payroll is one."""
    known = ledger.rows_of(transfers.row[story.position], ["transfer_id", "currency", "at"])
    evidence = pa.ListArray.from_arrays(pa.array(story.start, pa.int32()), known["transfer_id"].combine_chunks())
    first = story.start[:-1]
    at = known["at"].cast("int64").to_numpy()
    parties = _parties(transfers, story)
    offsets = pa.array(np.searchsorted(parties.number, np.arange(len(account) + 1)), pa.int32())
    currency = known["currency"].combine_chunks().take(pa.array(first))
    return pa.table(
        {
            "subject_id": ledger.account_ids.take(pa.array(account)),
            "score": story.score,
            "surprise": story.nats,
            "worth": story.worth,
            "pattern": pattern_ids(np.array(list(PREFIX.values()))[story.pattern].tolist(), evidence),
            "pattern_name": pa.array([name.replace("_", "-") for name in PATTERNS]).take(pa.array(story.pattern)),
            "counterparties": story.counterparties,
            "paid_to": story.paid_to,
            "hours": np.rint(story.window / HOUR).astype(np.int64),
            "amount": amounts(_moved(transfers, story, account), currency),
            "currency": currency,
            "first_at": pa.array(np.minimum.reduceat(at, first), ARROW_TYPE[Kind.TIME]),
            "last_at": pa.array(np.maximum.reduceat(at, first), ARROW_TYPE[Kind.TIME]),
            "accounts": pa.ListArray.from_arrays(offsets, ledger.account_ids.take(pa.array(parties.account))),
            "evidence": evidence,
        }
    )


def _moved(transfers: Transfers, story: Stories, account: np.ndarray) -> np.ndarray:
    """What each subject received, in minor units; what it paid where it received nothing."""
    cents, mine = transfers.amount[story.position], np.repeat(account, np.diff(story.start))
    received = np.add.reduceat(np.where(transfers.target[story.position] == mine, cents, 0), story.start[:-1])
    paid = np.add.reduceat(np.where(transfers.source[story.position] == mine, cents, 0), story.start[:-1])
    return np.asarray(np.where(received > 0, received, paid))
