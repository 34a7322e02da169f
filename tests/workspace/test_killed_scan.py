"""Scans that are killed with SIGKILL and gone on with, and two scans of one workspace at once."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mulegraph.errors import EXIT_ENGINE, EngineError
from mulegraph.workspace.run import Run, Runs
from mulegraph.workspace.scan import scan
from mulegraph.workspace.unfinished import FOLDER, only_one
from tests import command
from tests.thorough import THOROUGH

KILLS = 60 if THOROUGH else 5
STEPS = 31
"""Of a scan without a graph: read, flow, chains, devices, the signs, benign, score, cases, write."""

SERVE = """
import os, sys, time
from pathlib import Path
import duckdb, ibis, numba, pandas, scipy.stats, networkx
from mulegraph.workspace.scan import scan
def told(name):
    print(name, flush=True)
for order in sys.stdin:
    if os.fork() == 0:
        scan(Path(order.strip()), graph=False, progress=told)
        print("done", flush=True)
        os._exit(0)
    os.wait()
    print("ended", flush=True)
"""


@pytest.fixture(scope="module")
def scans():
    """A process that has the engines imported, and forks one process for each scan, which is then killed."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as process:
        yield process
        process.stdin.close()


def unscanned(few_cases: Path, folder: Path) -> Path:
    """A copy of the workspace's ledger."""
    shutil.copytree(few_cases / "ledger", folder / "ledger")
    return folder


def children_of(process: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def killed(scans: subprocess.Popen[str], workspace: Path, step: int, wait: float) -> list[str]:
    """Steps that a scan began before it was killed, so many seconds into the last of them."""
    scans.stdin.write(f"{workspace}\n")
    begun: list[str] = []
    for line in scans.stdout:
        if line == "ended\n":
            return begun
        begun.append(line.strip())
        if len(begun) == step:
            time.sleep(wait)
            for child in children_of(scans.pid):
                os.kill(child, signal.SIGKILL)
    raise AssertionError("the server of scans ended")


def only(workspace: Path) -> Run:
    (run,) = Runs(workspace).all()
    return run


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc to find the process to kill")
def test_a_killed_scan_is_gone_on_with_and_gives_the_same_bytes(few_cases: Path, scans, tmp_path: Path):
    """Killed again and again at random moments of random steps: the run that comes out is the undisturbed one's."""
    chance = random.Random(os.urandom(8))  # noqa: S311 (chooses moments)
    whole = only(few_cases).manifest["files"]
    for number in range(0, KILLS, 5):
        workspace = unscanned(few_cases, tmp_path / str(number))
        for _ in range(5):
            before = len(Runs(workspace).all())
            begun = killed(scans, workspace, chance.randint(1, STEPS), chance.choice([0, 0.002, 0.02, 0.1]))
            assert "write" in begun or len(Runs(workspace).all()) == before
        last = scan(workspace, graph=False).run

        assert last.manifest["files"] == whole
        assert all(run.manifest["files"] == whole for run in Runs(workspace).all())
        assert not (workspace / "runs" / FOLDER).exists()


def test_steps_of_another_ledger_or_other_settings_are_not_gone_on_with(few_cases: Path, scans, tmp_path: Path):
    """What a killed scan left counts only for the very same question."""
    workspace = unscanned(few_cases, tmp_path / "workspace")
    killed(scans, workspace, STEPS - 1, 0)
    (workspace / "mulegraph.toml").write_text("[cases]\nmin_score = 0.31\n")

    assert scan(workspace, graph=False).resumed == []


def test_a_step_whose_files_are_damaged_is_done_again(few_cases: Path, scans, tmp_path: Path):
    """A disk that lost the end of a file costs the step, and no wrong finding."""
    workspace = unscanned(few_cases, tmp_path / "workspace")
    killed(scans, workspace, STEPS - 1, 0)
    damaged = workspace / "runs" / FOLDER / "A3" / "findings.arrow"
    damaged.write_bytes(damaged.read_bytes()[:100])

    result = scan(workspace, graph=False)

    assert "A3" not in result.resumed
    assert "A4" in result.resumed
    assert result.run.manifest["resumed"] == result.resumed
    assert result.run.manifest["files"] == only(few_cases).manifest["files"]


def test_the_second_of_two_scans_is_told_who_runs(few_cases: Path, tmp_path: Path):
    """Whose process holds the workspace, and since when; exit code 4."""
    workspace = unscanned(few_cases, tmp_path / "workspace")
    with only_one(workspace / "runs", "scanning"):
        with pytest.raises(EngineError, match=rf"process {os.getpid()} of .* since .* UTC"):
            scan(workspace)
        done = command.run("scan", "-w", workspace)

    assert done.code == EXIT_ENGINE
    assert f"process {os.getpid()}" in done.err
    assert not Runs(workspace).all()
