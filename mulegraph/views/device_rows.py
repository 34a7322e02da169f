"""The place of what money does not order: devices and holders, each with its accounts that have no transfer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, sqrt
from typing import Any

from mulegraph.lazy import networkx as nx

Place = tuple[int, int]
CELL_X, CELL_Y = 130, 74
"""Pixels between accounts under their device."""
FALL = 150
"""Pixels between the lowest account with transfers and the first device."""
MIN_WIDTH = 1_000
ASPECT = 1.5


@dataclass(frozen=True)
class _Block:
    head: Any
    members: list[Any]
    wanted: float

    @property
    def across(self) -> int:
        return max(1, ceil(sqrt(len(self.members) * 1.4)))

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        rows = -(-len(self.members) // self.across)
        return max(self.across, 1) * CELL_X, (rows + 1) * CELL_Y


def below(graph: nx.MultiDiGraph[Any], place: Mapping[Any, Place]) -> dict[Any, Place]:
    """Places for all that has none yet, in shelves under what has one."""
    blocks = sorted(_blocks(graph, place), key=lambda block: (block.wanted, str(block.head)))
    if not blocks:
        return {}
    left = min((x for x, _ in place.values()), default=0)
    right = max((x for x, _ in place.values()), default=0)
    top, y = min((y for _, y in place.values()), default=0), max((y for _, y in place.values()), default=-FALL) + FALL
    width = _width(blocks, right - left + CELL_X, y - top)
    left -= round((width - (right - left + CELL_X)) / 2)
    found: dict[Any, Place] = {}
    for shelf in _shelves(blocks, width):
        free = width - sum(block.size[0] for block in shelf)
        x = float(left - CELL_X / 2)
        for number, block in enumerate(shelf):
            # As near to its accounts as the blocks beside it leave room.
            to_come = sum(each.size[0] for each in shelf[number:])
            x = min(max(x, block.wanted - block.size[0] / 2), left - CELL_X / 2 + max(width, width - free) - to_come)
            found.update(_inside(block, x, y))
            x += block.size[0]
        y += max(block.size[1] for block in shelf) + CELL_Y // 2
    return found


def _width(blocks: list[_Block], least: int, above: int) -> int:
    """Wide enough that the whole, with what stands above it, is about as wide as screens are."""
    width = max(least, MIN_WIDTH)
    while width < ASPECT * (above + sum(max(each.size[1] for each in shelf) for shelf in _shelves(blocks, width))):
        width = round(width * 1.15)
    return width


def _blocks(graph: nx.MultiDiGraph[Any], place: Mapping[Any, Place]) -> list[_Block]:
    rest = [node for node in sorted(graph, key=str) if node not in place]
    heads = [node for node in rest if graph.nodes[node]["kind"] in ("device", "holder")]
    degree = {node: len(set(nx.all_neighbors(graph, node))) for node in heads}
    members: dict[Any, list[Any]] = defaultdict(list)
    alone = []
    for node in rest:
        if node in degree:
            continue
        mine = [each for each in nx.all_neighbors(graph, node) if each in degree]
        if mine:
            members[max(mine, key=lambda each: (degree[each], str(each)))].append(node)
        else:
            alone.append(node)
    blocks = []
    for head in heads:
        near = [place[each][0] for each in nx.all_neighbors(graph, head) if each in place]
        blocks.append(_Block(head, members[head], sum(near) / len(near) if near else float("inf")))
    return blocks + ([_Block(None, alone, float("inf"))] if alone else [])


def _shelves(blocks: list[_Block], width: int) -> list[list[_Block]]:
    """Blocks in as many rows as they need; each row in the order of its blocks' wanted places."""
    count = max(1, ceil(sum(block.size[0] for block in blocks) / width))
    shelves: list[list[_Block]] = [[] for _ in range(count)]
    for block in blocks:
        # Into the emptiest, so that neighbours above each other share a place.
        min(shelves, key=lambda shelf: sum(each.size[0] for each in shelf)).append(block)
    return [shelf for shelf in shelves if shelf]


def _inside(block: _Block, x: float, y: int) -> dict[Any, Place]:
    found: dict[Any, Place] = {}
    if block.head is not None:
        found[block.head] = (round(x + block.size[0] / 2), y)
    for number, node in enumerate(block.members):
        row, column = divmod(number, block.across)
        found[node] = (round(x + (column + 0.5) * CELL_X), y + (row + 1) * CELL_Y)
    return found
