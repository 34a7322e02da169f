"""Ledgers of generators that others have published on PyPI, written in the layout of `benchmarks/outside.py`.

    pip install --no-deps synthfin-aml garg-aml-smurfing fraudstruct

Each is imported where it is asked for: a generator that is not installed is left out, and said so. What a generator
leaves open (garg-aml-smurfing has no times and no amounts) is drawn the same for everybody, so that only what the
generator plants can tell.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd

from benchmarks.neutral import BEGINS, DAY

NEEDS = {"synthfin-aml": "synthfin_aml_pkg", "garg-aml-smurfing": "garg_aml", "fraudstruct": "fraudstruct"}
"""The name on PyPI, and the name that is imported."""


def installed() -> dict[str, bool]:
    """Which of the generators can be imported."""
    return {name: importlib.util.find_spec(module) is not None for name, module in NEEDS.items()}


def synthfin(folder: Path, seed: int) -> None:
    """synthfin-aml: brokers as busy as its mules; amounts of a chain are drawn anew at each step."""
    generator = _synthfin_module().FraudGraphGenerator
    with contextlib.redirect_stdout(io.StringIO()):
        made = generator(seed=seed).generate_transactions(agents=5_000, days=30, fraud_ratio=0.02)
        agents, moves = made.to_dataframes()
    moves = moves.rename(columns={"source_id": "source", "target_id": "target", "timestamp": "at"})
    profile = agents["profile"].map({"merchant": "merchant", "retail": "personal"}).fillna("business")
    write(folder, moves, agents["agent_id"], profile, agents["is_fraud"])


def _synthfin_module() -> ModuleType:
    """Its generator alone: the package imports PyTorch, which the generator does not need.

    The module has a name of its own among the loaded ones. Numba keeps what it compiles under that name, and a second
    run could not read back what a first one had kept of a module without one.
    """
    package = importlib.util.find_spec("synthfin_aml_pkg")
    places = package.submodule_search_locations if package else None
    name = "synthfin_generator_alone"
    spec = importlib.util.spec_from_file_location(name, Path((places or [""])[0]) / "generator.py")
    if spec is None or spec.loader is None:
        raise ImportError("synthfin_aml_pkg has no generator.py")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def garg(folder: Path, seed: int) -> None:
    """garg-aml-smurfing: source, mules, target in a scale-free graph; each edge is paid a few times within 60 days."""
    from garg_aml import smurfing_graph  # optional

    rng = np.random.default_rng(seed)
    graph, labels = smurfing_graph(4_000, n_patterns=30, directed=True, seed=seed)
    number = {node: place for place, node in enumerate(labels.index)}
    edges = np.array([(number[one], number[other]) for one, other in graph.edges])
    planted = labels.to_numpy()
    rows = []
    for one, other in edges:
        # An edge of the background is one of two people who deal with each other: money goes both ways.
        for _ in range(1 + rng.poisson(1.5)):
            ends = (one, other) if rng.random() < 0.5 or (planted[one] and planted[other]) else (other, one)
            rows.append((*ends, rng.lognormal(4, 1), rng.uniform(0, 60 * DAY)))
    moves = pd.DataFrame(rows, columns=["source", "target", "amount", "at"])
    moves["at"] = BEGINS + pd.to_timedelta(moves["at"].astype(np.int64), unit="s")
    write(folder, moves, pd.Series(range(len(labels))), pd.Series(["personal"] * len(labels)), pd.Series(planted))


def fraudstruct(folder: Path, seed: int) -> None:
    """fraudstruct: split over mules within an hour, in the organic traffic that its tutorial describes."""
    from fraudstruct.simulate.graph_attack import simulate_graph_splitting  # optional

    rng = np.random.default_rng(seed)
    accounts = 5_000
    days = 30
    size = 60_000
    source, target = rng.integers(0, accounts, (2, size))
    shop = rng.random(size) < 0.2
    target = np.where(shop, accounts + rng.integers(0, 100, size), target)
    at = BEGINS + pd.to_timedelta(rng.integers(0, days * 1440, size), unit="min")
    amount = rng.lognormal(9, 1, size) + 500
    parts = [pd.DataFrame({"source": source, "target": target, "amount": amount, "at": at})]
    guilty: set[int] = set()
    for group in range(12):
        members = rng.choice(accounts, 7, replace=False)
        begun = BEGINS + pd.Timedelta(seconds=int(rng.integers(0, (days - 1) * DAY)))
        attack = simulate_graph_splitting(
            source=str(members[0]),
            dest=str(members[1]),
            amount=float(rng.lognormal(11, 0.5)),
            n_splits=5,
            timestamp=begun,
            mule_candidates=[str(each) for each in members[2:]],
            seed=seed * 100 + group,
        )
        attack = attack.rename(columns={"source_account": "source", "destination_account": "target", "timestamp": "at"})
        attack["at"] = attack["at"].dt.tz_localize(None)
        parts.append(attack[["source", "target", "amount", "at"]].astype({"source": int, "target": int}))
        guilty |= set(members.tolist())
    ids = pd.Series(range(accounts + 100))
    kind = pd.Series(np.where(ids < accounts, "personal", "merchant"))
    write(folder, pd.concat(parts, ignore_index=True), ids, kind, ids.isin(guilty))


GENERATORS: dict[str, Callable[[Path, int], None]] = {
    "synthfin-aml": synthfin,
    "garg-aml-smurfing": garg,
    "fraudstruct": fraudstruct,
}


def write(folder: Path, moves: pd.DataFrame, ids: pd.Series, kind: pd.Series, suspicious: pd.Series) -> None:
    """`files/` to be loaded, and `labels.csv`."""
    moves = moves[moves["source"] != moves["target"]].sort_values("at", kind="stable")
    names = pd.Series([f"A{number:06d}" for number in ids], index=ids.to_numpy())
    (folder / "files").mkdir(parents=True)
    out = pd.DataFrame(
        {
            "transfer_id": [f"T{number}" for number in range(len(moves))],
            "source": moves["source"].map(names).to_numpy(),
            "target": moves["target"].map(names).to_numpy(),
            "amount": [f"{amount:.2f}" for amount in moves["amount"].clip(lower=1)],
            "currency": "USD",
            "at": pd.to_datetime(moves["at"]).dt.strftime("%Y-%m-%dT%H:%M:%SZ").to_numpy(),
            "channel": "online",
        }
    )
    out.to_csv(folder / "files" / "transfers.csv.gz", index=False)
    accounts = {"account_id": names.to_numpy(), "bank": "OWN", "kind": kind.to_numpy(), "currency": "USD"}
    pd.DataFrame(accounts).to_csv(folder / "files" / "accounts.csv.gz", index=False)
    told = pd.DataFrame({"account": names.to_numpy(), "suspicious": suspicious.to_numpy().astype(int)})
    told.to_csv(folder / "labels.csv", index=False)
