"""How fast tracing is on a large ledger: one payment, a thousand at once, and back; beside reading it all.

    python benchmarks/tracing.py                     # makes a ledger of ten million transfers in benchmarks/work/
    python benchmarks/tracing.py --workspace FOLDER  # or takes one that is there
    python benchmarks/tracing.py --planted 4711      # whether every planted account and hop is found, with this seed

The plain coins of the tests trace a small part of the same ledger, as a peer. Machines are shared and noisy: read
the ratios.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mulegraph.flow.tracing import trace
from mulegraph.ingest.load import load
from mulegraph.privacy.door import MaskedWorkspace
from mulegraph.simulate import simulate
from mulegraph.views.tables import plain
from mulegraph.workspace.workspace import Workspace

ROOT = Path(__file__).parents[1]
WORK = Path(__file__).parent / "work"
ACCOUNTS_A_MILLION = 168_000
PLAIN_TRANSFERS = 20_000
GOALS = "goals: one payment ≤ 5 s and a thousand at once ≤ 60 s, once the ledger is open"


def main() -> None:
    """Print one line a question."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--workspace", type=Path)
    options.add_argument("--millions", type=int, default=10)
    options.add_argument("--planted", type=int, metavar="SEED")
    chosen = options.parse_args()
    if chosen.planted is not None:
        planted(chosen.planted)
        return
    folder = chosen.workspace or made(chosen.millions)
    space = Workspace(folder)
    transfers = timed("open: transfers as integers", lambda: space.moved)
    reports = space.ledger.arrow("reports", ["report_id", "transfer_id"]).sort_by("report_id")
    payments = reports["transfer_id"].to_pylist()
    seen = np.ones(transfers.accounts, bool)
    small = trace(transfers, np.array([0]), seen)  # compiles the kernel
    print(f"{len(transfers):,} transfers, {transfers.accounts:,} accounts, {len(small.account):,} reached at once")
    first = int(np.flatnonzero(transfers.source != transfers.target)[0])
    timed("kernel: the ledger's first payment", lambda: trace(transfers, np.array([first]), seen))
    earliest = space.ledger.rows_of(transfers.row[[first]], ["transfer_id"])["transfer_id"][0].as_py()
    timed("trace: the ledger's first payment", lambda: space.trace([earliest]))
    one = timed("trace: a victim's payment", lambda: space.trace(payments[:1]))
    timed("  the same, and as JSON", lambda: json.dumps(plain(space.trace(payments[:1]).as_object())))
    timed("trace: its sources", lambda: space.trace(payments[:1], back=True))
    many = timed("trace: a thousand payments at once", lambda: space.trace(payments[:1_000]))
    timed("trace: a thousand, and as JSON", lambda: json.dumps(plain(space.trace(payments[:1_000]).as_object())))
    print(f"one reached {len(one.accounts):,} accounts, a thousand {len(many.accounts):,}")
    masked = MaskedWorkspace(folder)
    masked._plain.__dict__["moved"] = transfers
    timed("trace: a victim's payment, masked", lambda: masked.trace(payments[:1]))
    peer(transfers)
    print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MiB; {GOALS}")


def made(millions: int) -> Path:
    """A workspace with about so many million transfers, kept for the next time."""
    folder = WORK / f"trace-{millions}m"
    if not (folder / "workspace" / "ledger" / "CURRENT").exists():
        with tempfile.TemporaryDirectory(dir=WORK.parent) as files:
            accounts = ACCOUNTS_A_MILLION * millions
            simulate(Path(files) / "files", accounts=accounts, seed=77, file_format="parquet")
            load(Path(files) / "files", folder / "workspace")
    return folder / "workspace"


def planted(seed: int) -> None:
    """Trace every planted network from its victims' payments; hops are those of the planted transfers alone."""
    with tempfile.TemporaryDirectory() as folder:
        files = Path(folder) / "files"
        simulate(files, accounts=20_000, days=30, seed=seed, hard=True)
        load(files, Path(folder) / "workspace")
        labels = pd.read_csv(files / "labels" / "labelled_transfers.csv", dtype=str)
        rows = pd.read_csv(files / "transfers.csv", dtype=str).set_index("transfer_id")
        space = Workspace(Path(folder) / "workspace")
        found = missing = late = 0
        for _, part in labels[labels["label"] == "planted"].groupby("group"):
            seeds, hops = _planted_hops(part, rows)
            if not seeds:
                continue
            accounts = space.trace(seeds, through=True, days=0, at_least=Decimal(0)).accounts
            got = dict(zip(accounts["account"], accounts["generation"], strict=True))
            missing += sum(account not in got for account in hops)
            late += sum(got.get(account, 0) > hop for account, hop in hops.items())
            found += sum(account in got for account in hops)
    print(f"planted accounts found {found} of {found + missing}; generation later than planted: {late}")


def _planted_hops(part: pd.DataFrame, rows: pd.DataFrame) -> tuple[list[str], dict[str, int]]:
    """The victims' payments of a network, and the planted hops from them by account, in order of time."""
    role = dict(zip(part["transfer_id"], part["role"], strict=True))
    seeds, hops = [], {}
    for transfer, row in rows.loc[list(role)].sort_values("at").iterrows():
        if role[transfer] == "victim_payment":
            seeds.append(transfer)
            hop = 1
        elif row["source"] in hops:
            hop = hops[row["source"]] + 1
        else:
            continue
        if isinstance(row["target"], str):
            hops[row["target"]] = min(hops.get(row["target"], hop), hop)
    return seeds, hops


def peer(transfers: Any) -> None:
    """Kernel and plain coins on the same few transfers, amounts in whole hundreds."""
    sys.path.insert(0, str(ROOT))
    from dataclasses import replace

    from tests.flow.test_tracing import least_openings
    from tests.flow.tracing_reference import Plainly

    names = ("row", "source", "target", "amount", "at")
    part = replace(transfers, **{name: getattr(transfers, name)[:PLAIN_TRANSFERS] for name in names})
    part = replace(part, amount=part.amount // 100 + 1)
    open_to = np.ones(transfers.accounts, bool)
    ours = timed(f"kernel: first {PLAIN_TRANSFERS:,} transfers", lambda: trace(part, np.array([0]), open_to))
    rows = list(zip(part.source.tolist(), part.target.tolist(), part.amount.tolist(), strict=True))
    openings, known = least_openings(rows, transfers.accounts)
    plainly = timed("plain coins: the same", lambda: Plainly(rows, {0}, open_to, openings, known).run())
    left = sum(value for (_, method), value in plainly.left.items() if method == "fifo")
    print(f"the same money left: {int(ours.left[:, 0].sum()) == left}")


def timed(what: str, act: Callable[[], Any]) -> Any:
    """Print how long it took."""
    start = time.perf_counter()
    found = act()
    print(f"{what:45} {time.perf_counter() - start:8.2f} s", flush=True)
    return found


if __name__ == "__main__":
    main()
