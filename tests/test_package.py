"""The wheel, built and installed in a fresh environment, works from another folder."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--outdir", folder, ROOT], check=True, capture_output=True
    )
    (found,) = folder.glob("*.whl")
    return found


def test_the_wheel_carries_questions_templates_and_sample(wheel):
    """What is not Python is in it, too; tests and labels' readers are not."""
    names = set(zipfile.ZipFile(wheel).namelist())

    for path in (ROOT / "cypher").glob("*.cypher"):
        assert f"mulegraph/cypher/{path.name}" in names
    for path in filter(Path.is_file, (ROOT / "mulegraph" / "views" / "templates").rglob("*")):
        assert path.relative_to(ROOT).as_posix() in names
    assert "mulegraph/sample_data/transfers.csv" in names
    assert "mulegraph/py.typed" in names
    assert not any(name.startswith("tests") for name in names)


def test_the_wheel_works_in_a_clean_environment_from_another_folder(wheel, tmp_path):
    """Install it, run the demo, ask the graph: nothing of the checkout is needed."""
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", wheel], check=True, capture_output=True)
    plain = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}

    def run(*arguments: str) -> str:
        command = [tmp_path / "venv" / "bin" / "mulegraph", *arguments]
        done = subprocess.run(command, cwd=tmp_path, env=plain, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    pages = run("demo", "-o", "out").splitlines()

    assert all(Path(page).is_file() for page in pages)
    assert "CASE-" in run("case", "list", "-w", "out/workspace")
    assert "account_neighbourhood" in run("query", "--list")
    assert run("query", "top_receivers_from_listed", "-w", "out/workspace", "--format", "csv").startswith("account,")
