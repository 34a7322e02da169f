"""Scans, watches and watches that look quickly, killed: what the next one says is what an undisturbed one says.

    python -m benchmarks.kills                       # 60 of each, on a simulated ledger of 600 accounts
    python -m benchmarks.kills --kills 10 --accounts 6000 --seed 4

Each is a process of its own that is ended with SIGKILL at a moment that is drawn evenly from how long an undisturbed
one takes, so that it falls into reading, steps, the run's writing or the graph. A scan that is killed leaves no run
that is not whole, and the next one must write the undisturbed one's bytes. A watch is killed once or twice in each
batch of files; after the last batch its lines (but for their times) and its findings must be the undisturbed one's.
A watch that looks quickly is killed at and after a file that comes while it runs; at rest its findings are the whole
ledger's, and each of them is told once.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mulegraph.ingest.load import load
from mulegraph.simulate import simulate
from mulegraph.workspace.look import FOLDER
from mulegraph.workspace.run import Runs

IN_PIECES = ("transfers", "device_use", "card_events", "reports")
"""Tables that come in pieces; the others are there from the first."""
BATCHES = 3
MINUTES = 4
QUICKLY = "[watch]\nquick_from = 0\ngrown_percent = 100\nwhole_percent = 1\n"
"""Settings of a watch that looks quickly at a small ledger, and at all of it at rest only."""
QUICK_SECONDS = 3.0
"""A file is seen within a second, loaded and looked at within two."""
SERVE = """
import os, signal, sys, time
import duckdb, ibis, numba, pandas, scipy.stats, networkx, mulegraph.watch.watch, mulegraph.cli.app
from mulegraph.__main__ import run
for line in sys.stdin:
    moment, *order = line.split()
    child = os.fork()
    if child == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(1, 2)
        sys.argv = ["mulegraph", *order]
        os._exit(run())
    until = time.monotonic() + float(moment)
    ended, status = os.waitpid(child, os.WNOHANG)
    while not ended:
        if time.monotonic() > until:
            os.kill(child, signal.SIGKILL)  # nobody else has its number before it is waited for
            until = float("inf")
        time.sleep(0.001)
        ended, status = os.waitpid(child, os.WNOHANG)
    print(status, flush=True)
"""
"""Engines are imported once: a start of two seconds would be where most kills fall."""


@dataclass
class Tally:
    """What came of the kills."""

    kills: int = 0
    in_time: int = 0
    """Those that came while the process ran."""
    moments: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def check(self, holds: bool, what: str) -> None:
        """Note what does not hold."""
        if not holds:
            self.faults.append(what)


class Commands:
    """Runs commands, each in a process of its own, to their end or to a moment at which they are killed."""

    def __init__(self) -> None:
        self._server = subprocess.Popen(
            [sys.executable, "-c", SERVE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def run(self, order: str, *, kill_after: float | None = None) -> int:
        """The wait status of the command: 0 where it ended well, SIGKILL's number where it was killed."""
        print("inf" if kill_after is None else kill_after, order, file=self._server.stdin, flush=True)
        return int(next(self._server.stdout or iter(())))

    def seconds(self, order: str) -> float:
        """How long the command takes undisturbed."""
        start = time.perf_counter()
        if self.run(order):
            raise SystemExit(f"mulegraph {order}: failed undisturbed")
        return time.perf_counter() - start

    def end(self) -> None:
        """Let the server go."""
        self._server.communicate()


def main() -> None:
    """Print how many were killed where, and what did not come out the same. Exit code 1 if anything."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--kills", type=int, default=60, help="of scans, and of watches")
    options.add_argument("--accounts", type=int, default=600)
    options.add_argument("--days", type=int, default=14)
    options.add_argument("--seed", type=int, default=60, help="of the ledger and of the moments")
    chosen = options.parse_args()
    chance = random.Random(chosen.seed)  # noqa: S311 (chooses moments)
    commands = Commands()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        simulate(folder / "files", accounts=chosen.accounts, days=chosen.days, seed=chosen.seed)
        scans = killed_scans(commands, folder, chosen.kills, chance)
        watches = killed_watches(commands, folder, chosen.kills, chance)
        quick = killed_quick_watches(commands, folder, chosen.kills, chance)
    commands.end()
    for name, tally in (("scan", scans), ("watch", watches), ("quick watch", quick)):
        where = ", ".join(f"{moment} {count}" for moment, count in sorted(tally.moments.items()))
        print(f"{name}: {tally.kills} kills, {tally.in_time} while it ran ({where}); {len(tally.faults)} faults")
        for fault in tally.faults:
            print(f"  {fault}")
    raise SystemExit(bool(scans.faults or watches.faults or quick.faults))


def killed_scans(commands: Commands, folder: Path, kills: int, chance: random.Random) -> Tally:
    """Kill scans, each on a fresh copy of the ledger or on what the kill before left, and compare the next run."""
    whole = folder / "whole"
    load(folder / "files", whole)
    commands.seconds(f"scan -w {_copy(whole, folder / 'warm')}")  # kernels are read from disk once
    lasts = commands.seconds(f"scan -w {_copy(whole, folder / 'timed')}")
    expected = _files_of(folder / "timed" / "runs")
    tally = Tally()
    while tally.kills < kills:
        workspace = _copy(whole, folder / "killed")
        # One to three kills in a row: what one left is there for the next.
        for _ in range(min(chance.randint(1, 3), kills - tally.kills)):
            status = commands.run(f"scan -w {workspace}", kill_after=chance.random() * lasts)
            tally.kills += 1
            tally.in_time += status == signal.SIGKILL
            tally.moments[_moment(workspace)] += 1
            tally.check(_all_are(workspace / "runs", expected), f"kill {tally.kills}: a run that is not whole")
        status = commands.run(f"scan -w {workspace}")
        tally.check(status == 0, f"after kill {tally.kills}: the next scan ended with {status}")
        tally.check(_files_of(workspace / "runs") == expected, f"after kill {tally.kills}: other bytes")
        tally.check(not (workspace / "runs" / ".unfinished").exists(), f"after kill {tally.kills}: steps are left")
    return tally


def killed_watches(commands: Commands, folder: Path, kills: int, chance: random.Random) -> Tally:
    """Kill a watch in each batch, and compare its lines and findings after the last."""
    batches = _batches(folder / "files")
    plain = folder / "plain"
    order = f"watch {plain / 'inbox'} -w {plain} --once"
    lasts = [_brought(plain / "inbox", batch) or commands.seconds(order) for batch in batches]
    expected, lines = _files_of(plain / FOLDER), _lines(plain)
    tally = Tally()
    while tally.kills < kills:
        workspace = folder / "watched"
        shutil.rmtree(workspace, ignore_errors=True)
        workspace.mkdir()
        shutil.copy(plain / "masking.key", workspace)  # the same tokens
        order = f"watch {workspace / 'inbox'} -w {workspace} --once"
        for batch, last in zip(batches, lasts, strict=True):
            _brought(workspace / "inbox", batch)
            for _ in range(min(chance.randint(1, 2), kills - tally.kills)):
                status = commands.run(order, kill_after=chance.random() * last)
                tally.kills += 1
                tally.in_time += status == signal.SIGKILL
                tally.moments[_watch_moment(workspace)] += 1
            tally.check(commands.run(order) == 0, f"after kill {tally.kills}: the next watch failed")
        tally.check(_files_of(workspace / FOLDER) == expected, f"after kill {tally.kills}: other findings")
        tally.check(_lines(workspace) == lines, f"after kill {tally.kills}: lines were lost, or told twice")
    return tally


def killed_quick_watches(commands: Commands, folder: Path, kills: int, chance: random.Random) -> Tally:
    """Kill a watch that runs when a file of transfers has just come, and compare what is told at rest."""
    first, *later = _minutes(folder / "files")
    base = folder / "quick"
    base.mkdir()
    (base / "mulegraph.toml").write_text(QUICKLY)
    _brought(base / "inbox", first)
    # A watch that begins looks at the whole ledger before the file comes, which takes as long as this.
    ready = commands.seconds(f"watch {base / 'inbox'} -w {base} --once")
    plain = shutil.copytree(base, folder / "undisturbed")
    for minute in later:
        _brought(plain / "inbox", minute)
        commands.seconds(f"watch {plain / 'inbox'} -w {plain} --once")
    expected = _files_of(plain / FOLDER)
    tally = Tally()
    while tally.kills < kills:
        workspace = folder / "quickly"
        shutil.rmtree(workspace, ignore_errors=True)
        shutil.copytree(base, workspace)
        order = f"watch {workspace / 'inbox'} -w {workspace}"
        for minute in later:
            bringing = threading.Timer(ready, _brought, (workspace / "inbox", minute))
            bringing.start()
            status = commands.run(order, kill_after=ready + chance.random() * QUICK_SECONDS)
            bringing.join()
            tally.kills += 1
            tally.in_time += status == signal.SIGKILL
            tally.moments[_quick_moment(workspace)] += 1
        tally.check(commands.run(f"{order} --once") == 0, f"after kill {tally.kills}: the next watch failed")
        tally.check(_files_of(workspace / FOLDER) == expected, f"after kill {tally.kills}: other findings")
        tally.check(_are_told(workspace), f"after kill {tally.kills}: findings are not told, or told twice")
    return tally


def _minutes(files: Path) -> list[dict[str, str]]:
    """All but the last transfers, and these in pieces, as files by name."""
    head, *rows = (files / "transfers.csv").read_text().splitlines()
    first = {path.name: path.read_text() for path in files.glob("*.csv")}
    cuts = [len(rows) * (MINUTES + number) // (2 * MINUTES) for number in range(MINUTES + 1)]
    first["transfers.csv"] = "\n".join([head, *rows[: cuts[0]]]) + "\n"
    made = [first]
    for number, (low, high) in enumerate(zip(cuts, cuts[1:], strict=False)):
        made.append({f"transfers-{number}.csv": "\n".join([head, *rows[low:high]]) + "\n"})
    return made


def _quick_moment(workspace: Path) -> str:
    """What a killed watch that looks quickly had come to."""
    state = json.loads((workspace / FOLDER / "told.json").read_text())
    return "after a quick look" if state["quick"] else _watch_moment(workspace)


def _are_told(workspace: Path) -> bool:
    """Whether all findings of the last look are told and not withdrawn, each once."""
    told: Counter[str] = Counter()
    for line in _lines(workspace):
        if line["kind"] in ("finding", "withdrawn"):
            told[line["finding"]] += 1 if line["kind"] == "finding" else -1
    found = Runs(workspace / FOLDER).all()[-1].table("findings")["finding"].to_pylist()
    return {finding: count for finding, count in told.items() if count} == dict.fromkeys(found, 1)


def _copy(workspace: Path, place: Path) -> Path:
    """A workspace with the same ledger and nothing else."""
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(workspace / "ledger", place / "ledger")
    return place


def _files_of(runs: Path) -> dict[str, str]:
    """Hashes of the tables of the latest run in a folder."""
    found = sorted(runs.glob("2*/manifest.json"))
    return dict(json.loads(found[-1].read_text())["files"]) if found else {}


def _all_are(runs: Path, expected: dict[str, str]) -> bool:
    return all(run.manifest["files"] == expected for run in Runs(runs.parent).all())


def _moment(workspace: Path) -> str:
    """What a killed scan had come to."""
    if Runs(workspace).all():
        return "after the run"
    steps = list((workspace / "runs" / ".unfinished").glob("[!.]*/seconds"))
    return "before a step" if not steps else f"{10 * (len(steps) // 10)} or more steps"


def _watch_moment(workspace: Path) -> str:
    """What a killed watch had come to."""
    inbox = workspace / "inbox"
    if any(path.is_file() for path in inbox.iterdir()):
        return "before it took the files"
    taken = inbox / "taken"
    return "with files taken" if taken.exists() and any(taken.iterdir()) else "after the batch"


def _batches(files: Path) -> list[dict[str, str]]:
    """The content of the files of each batch, by name."""
    batches: list[dict[str, str]] = [{} for _ in range(BATCHES)]
    for path in sorted(files.glob("*.csv")):
        head, *rows = path.read_text().splitlines()
        count = BATCHES if path.stem in IN_PIECES else 1
        for number in range(count):
            part = rows[number * len(rows) // count : (number + 1) * len(rows) // count]
            batches[number][f"{path.stem}-{number}.csv"] = "\n".join([head, *part]) + "\n"
    return batches


def _brought(inbox: Path, batch: dict[str, str]) -> None:
    """Write files elsewhere, as if a while ago, and rename them in."""
    inbox.mkdir(parents=True, exist_ok=True)
    for name, content in batch.items():
        path = inbox.parent / "elsewhere"
        path.write_text(content)
        os.utime(path, (0, time.time() - 60))
        path.rename(inbox / name)


def _lines(workspace: Path) -> list[dict[str, Any]]:
    """What a watch has told, without the times."""
    lines = [json.loads(line) for line in (workspace / FOLDER / "told.jsonl").read_text().splitlines()]
    return [{name: value for name, value in line.items() if name != "at"} for line in lines]


if __name__ == "__main__":
    main()
