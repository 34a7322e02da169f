"""Whether holds keep what they promise: predicted at a moment, then replayed with the holds in the ledger.

    python -m benchmarks.saving                     # three simulated ledgers
    python -m benchmarks.saving --seeds 21 22 --accounts 5000

Of each victim's payment, some time after it, the holds that are proposed then are put into the ledger: their accounts
pay nothing from then on. Goals: replayed inside the predicted range, or within 5 % of it, for 95 % of victims; as many
holds by score keep half of it at most; days of innocents' accounts on hold for each 10,000 kept at most one.

The last line compares the first call, the first two and the first three (or as many as are proposed) with as many
accounts by score: of those that the money has reached, and of the payee's cases. It says, too, what holding every
account that the money has reached would keep, which no choice of holds exceeds.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pandas as pd

from benchmarks.recalls import rows_of
from mulegraph.casework.hold_plan import HOLD_DAYS, plan_holds
from mulegraph.casework.hold_replay import bounds, kept, replayed
from mulegraph.casework.hold_results import WHOLE, HoldsIn
from mulegraph.ingest.load import load
from mulegraph.simulate import simulate
from mulegraph.workspace.scan import scan
from mulegraph.workspace.trace import TraceResult
from mulegraph.workspace.workspace import Workspace

SEEDS = (8201, 8202, 8203)
MINUTES = (30, 240, 1_440)
STOLEN = frozenset({"victim_payment"})
CALLS = (1, 2, 3)


def main() -> None:
    """One line a ledger, and one for all."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seeds", type=int, nargs="*", default=SEEDS)
    options.add_argument("--accounts", type=int, default=2_000)
    chosen = options.parse_args()
    whole = Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        for seed in chosen.seeds:
            files, workspace = Path(folder) / f"files-{seed}", Path(folder) / str(seed)
            simulate(files, accounts=chosen.accounts, seed=seed)
            load(files, workspace)
            scan(workspace, graph=False)
            found = measured(files, Workspace(workspace))
            print(told(f"seed {seed}", found), flush=True)
            whole.update(found)
    print(told("all", whole))


def measured(files: Path, space: Workspace) -> Counter[str]:
    """Counts and sums over victims' payments and moments."""
    labels = rows_of(files / "labels" / "labelled_transfers.csv", "transfer_id")
    roles = {name: row["role"] for name, row in rows_of(files / "labels" / "accounts.csv", "account_id")}
    stolen = sorted(name for name, row in labels if row["role"] in STOLEN or row["label"] == "planted_sign")
    reports = set(space.ledger.arrow("reports", ["transfer_id"])["transfer_id"].to_pylist())
    paid = space.transfers([each for each in stolen if each in reports or dict(labels)[each]["role"] in STOLEN])
    scores = space.run.table("scores")
    score_of = dict(zip(scores["account"].to_pylist(), scores["score"].to_pylist(), strict=True))
    end, found = pd.Timestamp(space.ledger.until), Counter[str]()
    cases = [set(accounts) for accounts in space.run.table("cases")["accounts"].to_pylist()]
    for payment, at, payee in zip(paid["transfer_id"], paid["at"], paid["target"], strict=True):
        for minutes in MINUTES:
            when = at + pd.Timedelta(minutes=minutes)
            if when < end:
                plan, trace = _one(space, payment, when, score_of, roles, found)
                near = [name for case in cases if payee in case for name in case]
                _by_calls(space, payment, when, plan, [list(trace.accounts["account"]), near], score_of, found)
    return found


def _one(
    space: Workspace,
    payment: str,
    when: pd.Timestamp,
    score_of: dict[str, float],
    roles: dict[str, str],
    found: Counter[str],
) -> tuple[HoldsIn, TraceResult]:
    """One payment at one moment: predicted and replayed; as many accounts of its trace by their score."""
    trace = space.trace([payment], until=when)
    plan = plan_holds(space, trace, when, roles={}, decided={}, share=1.0)
    held = [each.account for each in plan.holds if each.way == WHOLE]
    low, high = bounds(kept(replayed(space, [payment], held, when), held))
    # A sum that is set apart stays: the account pays out of the rest.
    apart = [each for each in plan.holds if each.way != WHOLE]
    low += sum((each.minimum for each in apart), Decimal(0))
    high += sum((each.amount for each in apart), Decimal(0))
    reach = plan.kept_most + max((each.on_its_way for each in plan.holds), default=Decimal(0))
    best = sorted(trace.accounts["account"], key=lambda name: (-score_of.get(name, 0.0), name))[: len(plan.holds)]
    by_score, _ = bounds(kept(replayed(space, [payment], best, when), best))
    slack = Decimal("0.05") * max(low, plan.kept_least)
    found["moments"] += 1
    found["inside"] += plan.kept_least - slack <= low and high <= reach + slack
    found["predicted least"] += plan.kept_least  # type: ignore[assignment]
    found["replayed least"] += low  # type: ignore[assignment]
    found["by score"] += by_score  # type: ignore[assignment]
    found["stolen"] += plan.stolen  # type: ignore[assignment]
    found["innocent days"] += HOLD_DAYS * sum(roles.get(each) not in ("mule",) for each in held)
    return plan, trace


def _by_calls(
    space: Workspace,
    payment: str,
    when: pd.Timestamp,
    plan: HoldsIn,
    pools: list[list[str]],
    score_of: dict[str, float],
    found: Counter[str],
) -> None:
    """What the first calls keep, as many accounts by score from each pool, and all that the money has reached."""

    def keeps(held: list[str]) -> Decimal:
        return bounds(kept(replayed(space, [payment], held, when), held))[0] if held else Decimal(0)

    called = [each.account for each in plan.holds if each.way == WHOLE]
    found["ceiling"] += keeps(pools[0])  # type: ignore[assignment]
    for calls in CALLS:
        found[f"called {calls}"] += keeps(called[:calls])  # type: ignore[assignment]
        for place, pool in enumerate(pools):
            best = sorted(set(pool), key=lambda name: (-score_of.get(name, 0.0), name))[: min(calls, len(called))]
            found[f"scored {calls} {place}"] += keeps(best)  # type: ignore[assignment]


def told(name: str, found: Counter[str]) -> str:
    """A line."""
    back = Decimal(found["replayed least"])
    days = Decimal(found["innocent days"]) * 10_000 / back if back else Decimal(0)
    return (
        f"{name}: {found['moments']} moments; inside the predicted range"
        f" {found['inside'] / max(found['moments'], 1):.0%};"
        f" stolen {found['stolen']:,.2f}, predicted at least {found['predicted least']:,.2f}, replayed {back:,.2f};"
        f" as many by score {found['by score']:,.2f}; innocent account-days per 10,000 kept {days:.1f}\n"
        f"  all that was reached on hold {found['ceiling']:,.2f}; "
        + "; ".join(
            f"{calls} call{'s' * (calls > 1)} {found[f'called {calls}']:,.2f}, by score of the reached"
            f" {found[f'scored {calls} 0']:,.2f}, of the case {found[f'scored {calls} 1']:,.2f}"
            for calls in CALLS
        )
    )


if __name__ == "__main__":
    main()
