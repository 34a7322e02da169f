"""Whether requests ask for what was stolen: sums asked back, and innocents' payments among them, by the labels.

    python -m benchmarks.recalls                    # the sample, and five simulated ledgers
    python -m benchmarks.recalls --seeds 11 12      # simulated ledgers with these seeds, and the sample
    python -m benchmarks.recalls --part             # as if the scheme knew recalls in part

Goals: asked back ÷ stolen ≤ 1.00 in every case, and no innocent's payment among what is asked back. A payment that a
customer reported by mistake is an innocent's by the labels: they are counted apart, since no bank can tell.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from collections import Counter
from decimal import Decimal
from pathlib import Path

from mulegraph.casework.requests import case_plans
from mulegraph.errors import UsageError
from mulegraph.ingest.load import load
from mulegraph.simulate import simulate
from mulegraph.workspace.scan import scan
from mulegraph.workspace.workspace import Workspace

SAMPLE = Path(__file__).parents[1] / "sample_data"
SEEDS = (8101, 8102, 8103, 8104, 8105)
GUILTY = frozenset({"planted", "planted_sign"})
GOALS = "goals: highest share ≤ 1.00, innocent payments 0"


def main() -> None:
    """One line a ledger."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seeds", type=int, nargs="*", default=SEEDS)
    options.add_argument("--accounts", type=int, default=2_000)
    options.add_argument("--part", action="store_true")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(told("sample", measured(SAMPLE, Path(folder) / "sample", in_part=chosen.part)), flush=True)
        for seed in chosen.seeds:
            files = Path(folder) / f"files-{seed}"
            simulate(files, accounts=chosen.accounts, seed=seed)
            print(told(f"seed {seed}", measured(files, Path(folder) / str(seed), in_part=chosen.part)), flush=True)
    print(GOALS)


def measured(files: Path, workspace: Path, *, in_part: bool) -> Counter[str]:
    """Counts and sums over the cases of a ledger, and the highest share that one of them asks back."""
    load(files, workspace)
    if in_part:
        (workspace / "mulegraph.toml").write_text("[requests]\nrecall_in_part = true\n", encoding="utf-8")
    scan(workspace, graph=False)
    labels = {name: row["label"] for name, row in rows_of(files / "labels" / "labelled_transfers.csv", "transfer_id")}
    roles = {name: row["role"] for name, row in rows_of(files / "labels" / "accounts.csv", "account_id")}
    space, found = Workspace(workspace), Counter[str]()
    for case in space.cases()["case"]:
        try:
            plan = case_plans(space, case)[0]
        except UsageError:
            continue
        asked = sum((each.asked for each in plan.plan.claims), Decimal(0))
        innocent = [each for each in plan.plan.claims if labels.get(each.move.transfer) not in GUILTY]
        found["cases"] += 1
        found["claims"] += len(plan.plan.claims)
        found["asked"] += asked  # type: ignore[assignment]
        found["stolen"] += plan.stolen  # type: ignore[assignment]
        found["highest"] = max(found["highest"], float(asked / plan.stolen))  # type: ignore[assignment]
        found["by mistake"] += sum(each.move.reported for each in innocent)
        found["innocent"] += sum(not each.move.reported for each in innocent)
        found["holds"] += len(plan.stops)
        found["innocent holds"] += sum(roles.get(each.account) != "mule" for each in plan.stops)
    return found


def rows_of(path: Path, key: str) -> list[tuple[str, dict[str, str]]]:
    """Rows of a file of labels with their key."""
    with path.open(encoding="utf-8", newline="") as stream:
        return [(row[key], row) for row in csv.DictReader(stream)]


def told(name: str, found: Counter[str]) -> str:
    """A line."""
    return (
        f"{name}: {found['cases']} cases, {found['claims']} payments asked back, {found['asked']:,.2f} of"
        f" {found['stolen']:,.2f} stolen; highest share of a case {found['highest']:.2f}; innocent payments"
        f" {found['innocent']}, reported by mistake {found['by mistake']}; {found['holds']} places to hold,"
        f" {found['innocent holds']} of them no mule's"
    )


if __name__ == "__main__":
    main()
