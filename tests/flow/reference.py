"""The flow kernel written for reading: dictionaries and lists, one definition after the other."""

from __future__ import annotations

import math
from collections import defaultdict, deque
from fractions import Fraction
from itertools import groupby
from typing import NamedTuple

import networkx as nx


class Transfer(NamedTuple):
    """`number` orders transfers of the same time, as transfer_id does; None is cash."""

    number: int
    source: int | None
    target: int | None
    amount: int
    at: int


class Link(NamedTuple):
    receipt: int
    payment: int
    amount: int


def money_order(transfers: list[Transfer], tick: int) -> list[Transfer]:
    """By tick; inside a tick a payment waits for every receipt of its payer, circles are cut at the lowest number."""
    ordered: list[Transfer] = []
    by_number = sorted(transfers, key=lambda each: (each.at, each.number))
    for _, same in groupby(by_number, key=lambda each: each.at // tick):
        ordered += _receipts_first(list(same))
    return ordered


def _receipts_first(tick: list[Transfer]) -> list[Transfer]:
    """Kahn's algorithm; what becomes free is taken in the order in which it became so, lowest number first."""
    waiting: dict[int, int] = defaultdict(int)
    for each in tick:
        if each.target is not None and each.source != each.target:
            waiting[each.target] += 1
    free = deque(each for each in tick if each.source is None or not waiting[each.source])
    left = [each for each in tick if each not in free]
    done: list[Transfer] = []
    while free or left:
        if not free:
            free.append(left.pop(0))
        now = free.popleft()
        done.append(now)
        if now.target is None or now.source == now.target:
            continue
        waiting[now.target] -= 1
        if waiting[now.target] == 0:
            freed = [each for each in left if each.source == now.target]
            left = [each for each in left if each.source != now.target]
            free.extend(freed)
    return done


def flow_links(ordered: list[Transfer], window: int) -> list[Link]:
    """First in, first out: each payment uses up the oldest money that its payer received within the window."""
    queues: dict[int, deque[list[int]]] = defaultdict(deque)
    links = []
    for place, now in enumerate(ordered):
        if now.source == now.target:
            continue
        if now.source is not None:
            queue, need = queues[now.source], now.amount
            while queue and ordered[queue[0][0]].at < now.at - window:
                queue.popleft()
            while queue and need:
                taken = min(need, queue[0][1])
                links.append(Link(queue[0][0], place, taken))
                need -= taken
                queue[0][1] -= taken
                if not queue[0][1]:
                    queue.popleft()
        if now.target is not None:
            queues[now.target].append([place, now.amount])
    return links


def strong_links(ordered: list[Transfer], links: list[Link], percent: int) -> list[Link]:
    """Receipt passed on, payment funded, and one of the two covered by the link, each to `percent`."""
    passed_on: dict[int, int] = defaultdict(int)
    funded: dict[int, int] = defaultdict(int)
    for link in links:
        passed_on[link.receipt] += link.amount
        funded[link.payment] += link.amount
    least = Fraction(percent, 100)

    def is_strong(link: Link) -> bool:
        receipt, payment = ordered[link.receipt].amount, ordered[link.payment].amount
        return (
            passed_on[link.receipt] >= least * receipt
            and funded[link.payment] >= least * payment
            and (link.amount >= least * receipt or link.amount >= least * payment)
        )

    return [link for link in links if is_strong(link)]


def best_scores(ordered: list[Transfer], links: list[Link], score: dict[int, int]) -> dict[int, int]:
    """By trying every path with NetworkX: the best sum of scores of a chain of ≥ 3 that each transfer stands in.

    Of the best paths the kernel takes a longest; a transfer whose only best paths are pairs is in no chain.
    """
    graph = nx.DiGraph([(link.receipt, link.payment) for link in links])
    best: dict[int, tuple[int, int]] = {}
    sources = [node for node in graph if not graph.in_degree(node)]
    sinks = [node for node in graph if not graph.out_degree(node)]
    for first in sources:
        for path in nx.all_simple_paths(graph, first, sinks):
            total = sum(score[ordered[place].source] for place in path[1:])
            for place in path:
                best[place] = max(best.get(place, (-1, 0)), (total, len(path)))
    return {place: total for place, (total, length) in best.items() if length >= 3}


def surprise(q: float, meeting: float, received: int, paid: int, windows: float) -> float:
    """Nats of one strong link through an account."""
    rate = meeting * math.sqrt(received / windows * paid / windows)
    return -math.log(1 - math.exp(-q * rate))
