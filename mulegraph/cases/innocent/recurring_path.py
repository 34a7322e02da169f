"""Recurring path: the same accounts pay each other again in other weeks, or by arrangement."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from mulegraph.cases.benign import Outcome, benign_test
from mulegraph.cases.evidence import Evidence
from mulegraph.flow.habits import ARRANGED
from mulegraph.flow.transfers import DAY, Transfers
from mulegraph.lazy import njit
from mulegraph.schema.language import tr
from mulegraph.signs import facts
from mulegraph.signs.base import Topic

MIN_SHARE, MIN_TRANSFERS = 0.8, 2
MIN_APART = 6 * DAY
"""Weeks and months count; a day more or less is the same, since a month is not always as long."""
MAX_MEETINGS = 60
"""A pair that deals every day recurs with anything."""
EMPTY = -1


def sentence(values: Mapping[str, Any]) -> str:
    """By arrangement, or how much of it recurs."""
    if values["arranged"]:
        return tr("nearly all by batch, standing order or direct debit")
    return tr("{share} of the transfers recur in other weeks together", share=f"{values['again']:.0%}")


@benign_test(
    explains=(Topic.MONEY,),
    reduction=0.8,
    words="a path that recurs",
    values=(
        facts.flag("arranged", "nearly all was arranged beforehand"),
        facts.number("again", "transfers that recur, all by the same number of days", unit="share"),
    ),
    sentence=sentence,
)
def recurring_path(of: Evidence) -> Outcome:
    """The same accounts paid each other in the same order in other weeks, or nearly all was arranged beforehand."""
    arranged = of.share(of.channel.among(*ARRANGED)) >= MIN_SHARE
    meet = of.sides.between_ends_of(of.position)
    again = most_alike(of.transfers, meet, of.of, of.position, len(of)) / np.maximum(of.count(), 1)
    passed = (of.count() >= MIN_TRANSFERS) & (arranged | (again >= MIN_SHARE))
    return Outcome(passed, {"arranged": arranged, "again": again})


class Meetings(NamedTuple):
    """Times at which pairs of accounts dealt: pair p's are `times[start[p]:start[p + 1]]`."""

    start: np.ndarray
    times: np.ndarray


def most_alike(moved: Transfers, meet: Transfers, of: np.ndarray, position: np.ndarray, findings: int) -> np.ndarray:
    """By finding: the most of its transfers that recur between the same two, all by the same number of days.

    `position` are transfers of the evidence, `of` the finding of each, in order. `meet` are the transfers among which
    all between two of these are.
    """
    if not len(position):
        return np.zeros(findings)
    size = np.int64(moved.accounts + 2)
    slots = 1 << int(2 * len(position)).bit_length()
    table = np.full(slots, EMPTY, np.int64)
    pair = _pairs(moved.source[position], moved.target[position], size, table)
    meetings = Meetings(*_meetings(meet.source, meet.target, meet.at, size, table))
    days = int(moved.span // DAY) + 3
    return _most_alike(of, moved.at[position], pair, meetings, days, findings)


@njit(cache=True, nogil=True)
def _slot(key, table):  # type: ignore[no-untyped-def]
    """Where a pair stands in a table of open addressing, or where it would (Fibonacci hashing)."""
    mask = len(table) - 1
    place = ((key * np.int64(-7046029254386353131)) >> np.int64(20)) & mask
    while table[place] != -1 and table[place] != key:
        place = (place + 1) & mask
    return place


@njit(cache=True, nogil=True)
def _pairs(source, target, size, table):  # type: ignore[no-untyped-def]
    """The slot of each pair, which is filled in."""
    group = np.empty(len(source), np.int64)
    for number in range(len(source)):
        key = (source[number] + 1) * size + target[number] + 1
        place = _slot(key, table)
        table[place] = key
        group[number] = place
    return group


@njit(cache=True, nogil=True)
def _meetings(source, target, at, size, table):  # type: ignore[no-untyped-def]
    """Times of the transfers of each pair in the table: `times[start[slot]:start[slot + 1]]`."""
    slots = len(table)
    start = np.zeros(slots + 1, np.int64)
    place_of = np.empty(len(source), np.int32)
    for number in range(len(source)):
        key = (np.int64(source[number]) + 1) * size + target[number] + 1
        place = _slot(key, table)
        place_of[number] = place if table[place] == key else -1
        if table[place] == key:
            start[place + 1] += 1
    for place in range(slots):
        start[place + 1] += start[place]
    filled = start[:-1].copy()
    times = np.empty(start[slots], np.int64)
    for number in range(len(source)):
        place = place_of[number]
        if place >= 0:
            times[filled[place]] = at[number]
            filled[place] += 1
    return start, times


@njit(cache=True, nogil=True)
def _most_alike(of, at, pair, meetings, days, findings):  # type: ignore[no-untyped-def]
    """By finding: the largest number of its transfers that have another of their pair so many days apart."""
    best = np.zeros(findings)
    count = np.zeros(2 * days + 1, np.int32)
    seen = np.full(2 * days + 1, -1, np.int64)
    touched = np.empty(2 * days + 1, np.int64)
    number = 0
    while number < len(of):
        used, end = 0, number
        while end < len(of) and of[end] == of[number]:
            low, high = meetings.start[pair[end]], meetings.start[pair[end] + 1]
            if high - low <= MAX_MEETINGS:
                for place in range(low, high):
                    apart = meetings.times[place] - at[end]
                    if abs(apart) < MIN_APART:
                        continue
                    middle = int(np.rint(apart / DAY)) + days
                    for day in range(middle - 1, middle + 2):
                        if seen[day] == end:
                            continue
                        if count[day] == 0:
                            touched[used] = day
                            used += 1
                        seen[day] = end
                        count[day] += 1
            end += 1
        for place in range(used):
            best[of[number]] = max(best[of[number]], count[touched[place]])
            count[touched[place]] = 0
        number = end
    return best
