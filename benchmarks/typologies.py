"""Ledgers of another kind than `mulegraph simulate` makes: typologies on a scale-free graph, dates only.

Written after the published description of AMLSim (Weber et al., Scalable Graph Learning for Anti-Money Laundering,
2018;
Altman et al., NeurIPS 2023), and of nothing in mulegraph: no hours, no channels, no holders, amounts from a uniform
distribution, patterns that take days. Innocents repeat the same payments (forward, mutual, periodical, fan-in,
fan-out).

    python benchmarks/typologies.py FOLDER --seed 1 --accounts 10000
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import networkx as nx
import numpy as np

FIRST_DAY = date(2025, 1, 1)
KINDS = ("fan_in", "fan_out", "cycle", "bipartite", "stack", "scatter_gather", "gather_scatter")
Payment = tuple[int, int, float, int]


def main() -> None:
    """Write accounts, transfers and labels."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", type=Path)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--accounts", type=int, default=10_000)
    options.add_argument("--days", type=int, default=180)
    options.add_argument("--share", type=float, default=0.02, help="accounts in typologies")
    chosen = options.parse_args()
    write(chosen.folder, chosen.seed, chosen.accounts, chosen.days, chosen.share)


def write(folder: Path, seed: int, accounts: int, days: int, share: float) -> None:
    """A ledger in `folder`, and `labels/accounts.csv` beside it (role mule for every account of a typology)."""
    rng = np.random.default_rng(seed)
    payments, bad = list(innocent(rng, accounts, days)), set()
    while len(bad) < share * accounts:
        members, made = typology(rng, KINDS[rng.integers(len(KINDS))], accounts, days)
        bad |= set(members)
        payments += made
    order = np.lexsort((rng.random(len(payments)), [payment[3] for payment in payments]))
    (folder / "labels").mkdir(parents=True)
    with (folder / "accounts.csv").open("w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["account_id", "bank", "kind", "currency"])
        rows.writerows([f"C{number:07d}", f"B{number % 5}", "personal", "USD"] for number in range(accounts))
    with (folder / "transfers.csv").open("w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["transfer_id", "source", "target", "amount", "currency", "at", "channel"])
        for number, place in enumerate(order):
            source, target, amount, day = payments[place]
            at = FIRST_DAY + timedelta(days=int(day))
            rows.writerow([f"X{number:08d}", f"C{source:07d}", f"C{target:07d}", f"{amount:.2f}", "USD", at, "other"])
    with (folder / "labels" / "accounts.csv").open("w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["account_id", "role"])
        rows.writerows([f"C{number:07d}", "mule"] for number in sorted(bad))


def innocent(rng: np.random.Generator, accounts: int, days: int) -> Iterator[Payment]:
    """Payments along a scale-free graph; each account has a habit that it repeats."""
    graph = nx.barabasi_albert_graph(accounts, 3, seed=int(rng.integers(2**31)))
    for account in range(accounts):
        partners = list(graph[account])[:12]
        habit = rng.integers(4)
        if habit == 0:  # periodical: the same to the same, every week or month
            every, amount = int(rng.choice([7, 14, 30])), rng.uniform(50, 900)
            other = int(rng.choice(partners))
            for day in range(int(rng.integers(every)), days, every):
                yield account, other, amount, day
        elif habit == 1:  # mutual: there and back some days later
            for day in rng.integers(0, days, 6):
                other, amount = int(rng.choice(partners)), rng.uniform(20, 600)
                yield account, other, amount, int(day)
                yield other, account, amount * rng.uniform(0.5, 1), min(days - 1, int(day) + int(rng.integers(1, 15)))
        elif habit == 2:  # fan-out on one day a month: a small firm pays its suppliers
            for day in range(int(rng.integers(30)), days, 30):
                for other in partners[:6]:
                    yield account, other, rng.uniform(50, 700), day
        else:  # single payments
            for day in rng.integers(0, days, int(rng.poisson(14))):
                yield account, int(rng.choice(partners)), rng.uniform(10, 900), int(day)


def typology(rng: np.random.Generator, kind: str, accounts: int, days: int) -> tuple[list[int], list[Payment]]:
    """Accounts and payments of one laundering pattern, which takes up to three weeks."""
    size, lasts = int(rng.integers(5, 12)), int(rng.integers(3, 21))
    members = rng.choice(accounts, size, replace=False).tolist()
    begun = int(rng.integers(0, days - lasts))
    amount = rng.uniform(200, 900)
    margin = rng.uniform(0.02, 0.1)
    when = np.sort(rng.integers(begun, begun + lasts, 4 * size)).tolist()
    kept = 1 - margin
    if kind == "fan_in":
        return members, [(each, members[0], amount, when[place]) for place, each in enumerate(members[1:])]
    if kind == "fan_out":
        return members, [(members[0], each, amount * kept, when[place]) for place, each in enumerate(members[1:])]
    if kind == "cycle":
        return members, [
            (each, members[(place + 1) % size], amount * kept**place, when[4 * place])
            for place, each in enumerate(members)
        ]
    if kind in ("bipartite", "stack"):
        layers = [members[::2], members[1::2]] if kind == "bipartite" else [members[::3], members[1::3], members[2::3]]
        made, step = [], lasts // (len(layers) - 1)
        for layer, (some, others) in enumerate(zip(layers, layers[1:], strict=False)):
            for one in some:
                for other in others:
                    day = begun + layer * step + int(rng.integers(0, max(1, step)))
                    made.append((one, other, amount * kept**layer, day))
        return members, made
    first = members[0]
    last = members[-1]
    middle = members[1:-1]
    half = max(1, lasts // 2)
    early = [begun + int(rng.integers(0, half)) for _ in middle]
    late = [begun + half + int(rng.integers(0, half)) for _ in middle]
    if kind == "scatter_gather":
        made = [(first, each, amount, day) for each, day in zip(middle, early, strict=True)]
        return members, made + [(each, last, amount * kept, day) for each, day in zip(middle, late, strict=True)]
    halves = middle[: len(middle) // 2], middle[len(middle) // 2 :]
    made = [(each, first, amount, early[place]) for place, each in enumerate(halves[0])]
    return members[:-1], made + [(first, each, amount * kept, late[place]) for place, each in enumerate(halves[1])]


if __name__ == "__main__":
    main()
