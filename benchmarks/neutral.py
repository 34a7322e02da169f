"""Ledgers that favour nobody: an everyday background, and laundering whose traits are chosen one by one.

Nothing here is taken from `mulegraph simulate`, and no detector was looked at. A ledger says how launderers are picked
(anybody, the busy, the quiet), how long a pattern takes (hours, weeks), what the clock tells, and how rare they are.
Background: accounts are as active as a lognormal says, have a few contacts of their own, most of them popular accounts
(Zipf), standing orders, wages from firms, and shops; amounts are lognormal, one in five of them round.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

KINDS = ("fan_in", "fan_out", "cycle", "scatter_gather", "stack", "single")
DAY = 86_400
BEGINS = pd.Timestamp("2025-03-03")
SHOPS, FIRMS = 0.02, 0.005
CONTACTS = 8


@dataclass(frozen=True)
class Recipe:
    """What a ledger is made of; `lasts` are the days from a pattern's first transfer to its last."""

    name: str
    accounts: int = 6_000
    days: int = 90
    share: float = 0.01
    picked: str = "anybody"
    lasts: tuple[float, float] = (0.05, 1.0)
    dates: bool = False
    kinds: tuple[str, ...] = KINDS
    exact: bool = False


RECIPES = (
    Recipe("neutral-hours"),
    Recipe("neutral-weeks", lasts=(5, 30), dates=True),
    Recipe("neutral-busy", share=0.05, picked="busy", lasts=(1, 10), dates=True),
    Recipe("neutral-quiet", share=0.05, picked="quiet", lasts=(1, 10), dates=True),
    Recipe("neutral-rare", accounts=20_000, days=60, share=0.001, lasts=(0.1, 3)),
    Recipe("neutral-singles", kinds=("single",), lasts=(0.02, 5)),
    Recipe("neutral-exact-cycles", share=0.02, kinds=("cycle",), lasts=(7, 40), dates=True, exact=True),
)


def write(folder: Path, recipe: Recipe, seed: int = 1) -> None:
    """`files/` to be loaded, and `labels.csv`: account, suspicious, typology (of a launderer)."""
    rng = np.random.default_rng(seed)
    activity = rng.lognormal(0, 0.9, recipe.accounts)
    moves = background(rng, recipe, activity)
    kind = _kinds(recipe)
    planted, labels = _planted(rng, recipe, activity, kind)
    moves = pd.concat([moves, planted], ignore_index=True)
    moves = moves[moves["source"] != moves["target"]].sort_values("at", kind="stable")
    (folder / "files").mkdir(parents=True)
    names = np.array([f"A{number:06d}" for number in range(recipe.accounts)])
    at = BEGINS + pd.to_timedelta(moves["at"].to_numpy().astype(np.int64), unit="s")
    out = pd.DataFrame(
        {
            "transfer_id": [f"T{number}" for number in range(len(moves))],
            "source": names[moves["source"].to_numpy()],
            "target": names[moves["target"].to_numpy()],
            "amount": [f"{amount:.2f}" for amount in np.maximum(moves["amount"], 1)],
            "currency": "EUR",
            "at": at.strftime("%Y-%m-%d" if recipe.dates else "%Y-%m-%dT%H:%M:%SZ"),
            "channel": "online",
        }
    )
    out.to_csv(folder / "files" / "transfers.csv.gz", index=False)
    accounts = pd.DataFrame({"account_id": names, "bank": "OWN", "kind": kind, "currency": "EUR"})
    accounts.to_csv(folder / "files" / "accounts.csv.gz", index=False)
    typology = pd.Series("", index=range(recipe.accounts))
    typology.update(pd.Series(labels, dtype=str))
    told = pd.DataFrame({"account": names, "suspicious": (typology != "").astype(int), "typology": typology})
    told.to_csv(folder / "labels.csv", index=False)


def _kinds(recipe: Recipe) -> np.ndarray:
    """The first accounts are shops, the next firms."""
    kind = np.full(recipe.accounts, "personal", object)
    shops, firms = int(SHOPS * recipe.accounts), int(FIRMS * recipe.accounts)
    kind[:shops] = "merchant"
    kind[shops : shops + firms] = "business"
    return kind


def background(rng: np.random.Generator, recipe: Recipe, activity: np.ndarray) -> pd.DataFrame:
    """What everybody does: payments to contacts and shops, standing orders, wages. `at` is in seconds."""
    accounts, days = recipe.accounts, recipe.days
    shops, firms = int(SHOPS * accounts), int(FIRMS * accounts)
    popular = rng.permutation(accounts)
    contacts = popular[np.minimum(rng.zipf(1.3, (accounts, CONTACTS)) * 7 % accounts, accounts - 1)]
    contacts[:, CONTACTS // 2 :] = rng.integers(0, accounts, (accounts, CONTACTS - CONTACTS // 2))
    count = rng.poisson(0.12 * days * activity)
    source = np.repeat(np.arange(accounts), count)
    friends = contacts[source, rng.integers(0, CONTACTS, len(source))]
    target = np.where(rng.random(len(source)) < 0.35, rng.integers(0, shops, len(source)), friends)
    amount = rng.lognormal(3.8, 1.0, len(source))
    amount = np.where(rng.random(len(source)) < 0.2, np.ceil(amount / 10) * 10, amount)
    parts = [
        pd.DataFrame({"source": source, "target": target, "amount": amount, "at": _by_day(rng, len(source), days)})
    ]
    # Rents and the like: the same amount on the same day of each month.
    payers = rng.choice(accounts, accounts // 3, replace=False)
    staff = rng.permutation(accounts)[: firms * 40]
    for month in range(-(-days // 30)):
        due = (month * 30 + payers % 28) * DAY + 6 * 3600
        rent = np.round(np.exp(6 + (payers * 7919 % 1000) / 1500) / 5) * 5
        parts.append(pd.DataFrame({"source": payers, "target": contacts[payers, -1], "amount": rent, "at": due}))
        employer = shops + np.arange(len(staff)) % max(firms, 1)
        wage = np.exp(7.4 + (staff * 104729 % 1000) / 2000)
        paid = pd.DataFrame({"source": employer, "target": staff, "amount": wage, "at": (month * 30 + 24) * DAY})
        parts.append(paid)
    moves = pd.concat(parts, ignore_index=True)
    return moves[moves["at"] < days * DAY]


def _by_day(rng: np.random.Generator, size: int, days: int) -> np.ndarray:
    """Seconds since the beginning, by day more than by night."""
    hour = np.clip(rng.normal(14, 4, size), 0, 23.99)
    return np.asarray(rng.integers(0, days, size) * DAY + hour * 3600)


def _planted(
    rng: np.random.Generator, recipe: Recipe, activity: np.ndarray, kind: np.ndarray
) -> tuple[pd.DataFrame, dict[int, str]]:
    """Laundering until so large a share of the accounts are launderers, and what each of them is in."""
    weight = {"anybody": np.ones(recipe.accounts), "busy": activity**2, "quiet": activity**-1.0}[recipe.picked]
    weight = np.where(kind == "personal", weight, 0.0)
    labels: dict[int, str] = {}
    parts = []
    while len(labels) < recipe.share * recipe.accounts:
        name = recipe.kinds[int(rng.integers(len(recipe.kinds)))]
        members = rng.choice(recipe.accounts, int(rng.integers(4, 10)), replace=False, p=weight / weight.sum())
        made, guilty = pattern(rng, name, members.tolist(), recipe)
        parts.append(made)
        labels.update(dict.fromkeys(guilty, name))
    return pd.concat(parts, ignore_index=True), labels


def pattern(rng: np.random.Generator, name: str, members: list[int], recipe: Recipe) -> tuple[pd.DataFrame, list[int]]:
    """Transfers of one pattern among the members, and who of them launders: a single mule's victim does not."""
    lasts = rng.uniform(*recipe.lasts) * DAY
    begun, amount = rng.uniform(0, recipe.days * DAY - lasts), rng.lognormal(5.5, 0.8)
    first = members[0]
    last = members[-1]
    middle = members[1:-1]
    guilty = members
    if name == "fan_in":
        steps = [(each, first, 0) for each in members[1:]]
    elif name == "fan_out":
        steps = [(first, each, 0) for each in members[1:]]
    elif name == "cycle":
        steps = [(one, other, place) for place, (one, other) in enumerate(zip(members, members[1:], strict=False))]
        steps.append((last, first, len(steps)))
    elif name == "scatter_gather":
        steps = [(first, each, 0) for each in middle] + [(each, last, 1) for each in middle]
    elif name == "stack":
        layers = members[::3], members[1::3], members[2::3]
        pairs = zip(layers, layers[1:], strict=False)
        steps = [(one, other, deep) for deep, (some, others) in enumerate(pairs) for one in some for other in others]
    else:
        steps, guilty = [(members[0], members[1], 0), (members[1], members[2], 1)], members[1:2]
    deepest = max(step[2] for step in steps) + 1
    kept = 1.0 if recipe.exact else rng.uniform(0.9, 0.99)
    rows = []
    for source, target, deep in steps:
        at = begun + lasts * (deep + rng.random() * 0.9) / deepest
        differs = 1.0 if name in ("cycle", "single") else rng.uniform(0.97, 1.03)
        rows.append((source, target, amount * kept**deep * (1.0 if recipe.exact else differs), at))
    return pd.DataFrame(rows, columns=["source", "target", "amount", "at"]), guilty
