"""Whether two versions find the same: the same ledgers through both commands, and every difference.

    python -m benchmarks.compare BEFORE_COMMAND AFTER_COMMAND --seeds 11 12 13 14 15

BEFORE_COMMAND makes the ledgers (simulated, hard, one of them with dates only) and both load and scan them, and the
sample data. Compared are findings, account scores and cases as their public commands give them in JSON. Exit code 1
says that something differs.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
ACCOUNTS = (2_000, 3_000, 4_000, 5_000, 2_500)
TOLERANCE = 1e-6
SHOWN = 5


@dataclass(frozen=True)
class Listing:
    """One public listing: the words of its command, what identifies a row, and what is compared of it."""

    name: str
    words: tuple[str, ...]
    key: Callable[[dict[str, Any]], str]
    columns: tuple[str, ...]


FINDING_COLUMNS = tuple(
    "score surprise amount currency first_at last_at phase pattern accounts evidence facts benign reason".split()
)
LISTINGS = (
    Listing("findings", ("signs",), lambda row: row["finding"], FINDING_COLUMNS),
    Listing("scores", ("account", "--top", "1000000"), lambda row: row["account"], ("score", "parts")),
    Listing(
        "cases",
        ("case", "list"),
        lambda row: row["case"],
        ("accounts", "roles", "score", "made_of", "findings", "chains", "amount", "first_at", "last_at"),
    ),
)


def main() -> None:
    """Print one line a ledger and listing, and the first differences."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("before")
    options.add_argument("after")
    options.add_argument("--seeds", type=int, nargs="*", default=[11, 12, 13, 14, 15])
    options.add_argument("--folder", type=Path, help="keep ledgers and what BEFORE_COMMAND found here")
    chosen = options.parse_args()
    folder = chosen.folder or Path(tempfile.mkdtemp(prefix="compare"))
    ledgers = {"sample": ROOT / "sample_data"}
    for place, seed in enumerate(chosen.seeds):
        ledgers[f"seed{seed}"] = simulated(chosen.before, folder, seed, place)
    differing = 0
    for name, files in ledgers.items():
        # What came after is what is worked on; the workspace of before stays as it is.
        shutil.rmtree(folder / f"{name}-after", ignore_errors=True)
        found = {side: listed(command, files, folder / f"{name}-{side}") for side, command in sides(chosen).items()}
        for listing in LISTINGS:
            differing += compared(name, listing, found["before"][listing.name], found["after"][listing.name])
    print("identical" if not differing else f"{differing} rows differ")
    sys.exit(1 if differing else 0)


def sides(chosen: argparse.Namespace) -> dict[str, str]:
    """Both commands by name."""
    return {"before": chosen.before, "after": chosen.after}


def simulated(command: str, folder: Path, seed: int, place: int) -> Path:
    """The files of a simulated ledger; the last of five has dates only."""
    files = folder / f"files{seed}"
    if not files.exists():
        clock = ["--clock", "day"] if place % 5 == 4 else []
        size = ["--accounts", str(ACCOUNTS[place % 5]), "--seed", str(seed), "--hard"]
        run(command, ["simulate", "-o", str(files), *size, *clock], folder)
    return files


def listed(command: str, files: Path, workspace: Path) -> dict[str, list[dict[str, Any]]]:
    """Every listing of a ledger that this command loads and scans; what was scanned before is listed again."""
    if not (workspace / "runs").exists():
        run(command, ["load", str(files), "--no-graph"], workspace)
        run(command, ["scan"], workspace)
    found = {}
    for listing in LISTINGS:
        words = [*listing.words, "--format", "json", "--reveal", "comparison of two versions"]
        found[listing.name] = json.loads(run(command, words, workspace))
    return found


def run(command: str, words: list[str], workspace: Path) -> str:
    """What a command writes. RuntimeError with its error when it fails."""
    known = {**os.environ, "MULEGRAPH_WORKSPACE": str(workspace)}
    done = subprocess.run([command, *words], env=known, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"{command} {' '.join(words)}: {done.stderr.strip()[-500:]}")
    return done.stdout


def compared(ledger: str, listing: Listing, before: list[dict[str, Any]], after: list[dict[str, Any]]) -> int:
    """The number of rows that differ; the first of them are printed."""
    one, other = ({listing.key(row): row for row in rows} for rows in (before, after))
    told = [f"only before: {key}" for key in sorted(set(one) - set(other))]
    told += [f"only after: {key}" for key in sorted(set(other) - set(one))]
    for key in sorted(set(one) & set(other)):
        for column in listing.columns:
            if column in one[key] and not same(one[key][column], other[key].get(column)):
                told.append(f"{key}.{column}: {short(one[key][column])} became {short(other[key].get(column))}")
    same_order = [listing.key(row) for row in before] == [listing.key(row) for row in after]
    order = "" if same_order or told else ", in another order"
    print(f"{ledger:8} {listing.name:9} {len(before):7,} rows, {len(told)} differences{order}", flush=True)
    for each in told[:SHOWN]:
        print("   ", each)
    return len({each.partition(":")[0].rpartition(".")[0] for each in told})


def same(one: Any, other: Any) -> bool:
    """Equal, numbers to a millionth, whatever the order of keys."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(same(*pair) for pair in zip(one, other, strict=True))
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return abs(one - other) <= TOLERANCE * max(1.0, abs(one))
    return bool(one == other)


def short(value: Any) -> str:
    """A value in few letters."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 100 else text[:97] + "…"


if __name__ == "__main__":
    main()
