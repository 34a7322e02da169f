"""Paths between an account and those that are flagged, each on a ledger small enough to work them out by hand."""

from __future__ import annotations

import random
from collections.abc import Iterator
from decimal import Decimal

import pytest

from mulegraph.graph.queries import ask

from .conftest import SPLIT, GraphOf, at, listing


def test_paths_to_flagged_follow_the_money(graph_of_each: GraphOf) -> None:
    """Both mules lead from the victim to the collector, though two sources list him; the least amount is shown."""
    graph = graph_of_each(SPLIT, listings=[listing("collector"), listing("collector", source="police")])
    rows = ask(graph, "paths_to_flagged", {"account": "victim"}).rows
    assert [tuple(row.values()) for row in rows] == [
        (
            2,
            "collector",
            ["victim", "mule_a", "collector"],
            ["t001", "t003"],
            Decimal("580.000"),
            at("9:00"),
            at("9:40"),
        ),
        (
            2,
            "collector",
            ["victim", "mule_b", "collector"],
            ["t002", "t004"],
            Decimal("390.000"),
            at("9:02"),
            at("9:55"),
        ),
    ]
    assert ask(graph, "paths_to_flagged", {"account": "victim", "hops": "1"}).rows == []
    assert ask(graph, "paths_to_flagged", {"account": "victim", "list": "for_sale"}).rows == []


def test_paths_from_flagged_stand_along_the_money_too(graph_of_each: GraphOf) -> None:
    """Asked from the receiving end, a path still begins with the flagged account."""
    rows = ask(graph_of_each(SPLIT, listings=[listing("victim")]), "paths_from_flagged", {"account": "collector"}).rows
    assert [(row["accounts"], row["transfers"], row["first_at"], row["last_at"]) for row in rows] == [
        (["victim", "mule_a", "collector"], ["t001", "t003"], at("9:00"), at("9:40")),
        (["victim", "mule_b", "collector"], ["t002", "t004"], at("9:02"), at("9:55")),
    ]


def test_paths_that_go_back_in_time_are_left_out_unless_asked_for(graph_of_each: GraphOf) -> None:
    """Money that left before it came did not come from there."""
    graph = graph_of_each("a m 10.00 12:00\n m bad 10.00 9:00", listings=[listing("bad")])
    assert ask(graph, "paths_to_flagged", {"account": "a"}).rows == []
    (row,) = ask(graph, "paths_to_flagged", {"account": "a", "ordered": "0"}).rows
    assert row["accounts"] == ["a", "m", "bad"]


def test_paths_do_not_run_through_hubs_or_cash(graph_of_each: GraphOf) -> None:
    """A path may end in a hub; through one it says nothing, and cash that is drawn and paid in is not one path."""
    drawing = "a hub 10.00 9:00\n hub bad 10.00 9:30\n x hub 1.00 9:31\n a cash 5.00 9:40\n cash bad 5.00 9:50"
    graph = graph_of_each(drawing, listings=[listing("bad")])
    assert ask(graph, "paths_to_flagged", {"account": "a", "hub": "2"}).rows == []
    assert len(ask(graph, "paths_to_flagged", {"account": "a", "hub": "3"}).rows) == 1
    assert len(ask(graph, "paths_to_flagged", {"account": "hub", "hub": "2"}).rows) == 1


def test_paths_visit_no_account_twice(graph_of_each: GraphOf) -> None:
    """Neither a payment to oneself nor one that comes back lengthens a path."""
    graph = graph_of_each("a a 1.00 9:00\n a b 1.00 9:10\n b a 1.00 9:20\n a bad 1.00 9:30", listings=[listing("bad")])
    rows = ask(graph, "paths_to_flagged", {"account": "a", "hops": "3"}).rows
    assert [row["accounts"] for row in rows] == [["a", "bad"]]


def drawn_at_random(seed: int) -> tuple[list[tuple[str, str, str]], set[str]]:
    """400 transfers (id, source, target) a minute apart among 40 accounts, some busy, and those flagged."""
    chance = random.Random(seed)  # noqa: S311 (drawn, not secret)
    names = [f"a{number:02}" for number in range(40)]
    ends = [(chance.choice(names), chance.choice(names[: chance.choice([3, 40])])) for _ in range(400)]
    return [(f"t{number + 1:03}", *pair) for number, pair in enumerate(ends)], set(chance.sample(names, 8))


def walked(
    transfers: list[tuple[str, str, str]], flagged: set[str], account: str, hub: int, hops: int
) -> Iterator[list[str]]:
    """Transfer ids of every path of up to so many hops, ordered in time, found by plain walking."""
    dealings = [{source, target} for _, source, target in transfers]
    busy = {name for name in set().union(*dealings) if sum(name in ends for ends in dealings) > hub}
    paths: list[tuple[list[str], list[str]]] = [([account], [])]
    for _ in range(hops):
        longer = []
        for visited, ids in paths:
            if ids and visited[-1] in busy:
                continue
            for name, source, target in transfers:
                if source == visited[-1] and target not in visited and (not ids or name > ids[-1]):
                    longer.append(([*visited, target], [*ids, name]))
        yield from (ids for visited, ids in longer if visited[-1] in flagged)
        paths = longer


@pytest.mark.parametrize(("seed", "hops", "hub"), [(1, 3, 40), (2, 4, 25), (3, 4, 25)])
def test_paths_are_those_that_plain_walking_finds(seed: int, hops: int, hub: int, graph_of_each: GraphOf) -> None:
    """No path is lost and none is made up, in a ledger with hubs, loops and payments to oneself."""
    transfers, flagged = drawn_at_random(seed)
    lines = [
        f"{source} {target} 1.00 {number // 60}:{number % 60:02}"
        for number, (_, source, target) in enumerate(transfers)
    ]
    graph = graph_of_each("\n".join(lines), listings=[listing(name) for name in sorted(flagged)])
    total = 0
    for account in sorted({source for _, source, _ in transfers}):
        raw = {"account": account, "hops": str(hops), "hub": str(hub)}
        to = [row["transfers"] for row in ask(graph, "paths_to_flagged", raw, row_cap=100_000).rows]
        assert sorted(to) == sorted(walked(transfers, flagged, account, hub, hops))
        back = [row["transfers"] for row in ask(graph, "paths_from_flagged", raw, row_cap=100_000).rows]
        expected = [path for start in flagged - {account} for path in walked(transfers, {account}, start, hub, hops)]
        assert sorted(back) == sorted(expected)
        total += len(to) + len(back)
    assert total > 300
