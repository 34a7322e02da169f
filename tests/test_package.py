"""The wheel, built and installed in a fresh environment, works from another folder.

What it needs is linked from the environment of these tests, and not fetched again: what it says that it needs, what
that says, and nothing more, so that what it forgets to name is missing here. `pip check` holds versions to it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import Distribution, distribution
from importlib.util import cache_from_source
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.conftest import ROOT

KERNELS = ("*.nbi", "*.nbc")
"""What Numba keeps of a compiled kernel, beside its source."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--outdir", folder, ROOT], check=True, capture_output=True
    )
    (found,) = folder.glob("*.whl")
    return found


def needed_by(requirements: list[str], found: dict[str, Distribution] | None = None) -> dict[str, Distribution]:
    """Distributions by name that fill these requirements, and theirs; extras only where a requirement asks for them."""
    found = {} if found is None else found
    for text in requirements:
        requirement = Requirement(text)
        extras = requirement.extras or {""}
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        if (name := requirement.name.lower()) not in found or requirement.extras:
            found[name] = distribution(name)
            asked = [Requirement(each) for each in found[name].requires or []]
            wanted = [
                each
                for each in asked
                if each.marker is None or any(each.marker.evaluate({"extra": extra}) for extra in extras)
            ]
            for each in wanted:
                each.marker = None
            needed_by([str(each) for each in wanted if each.name.lower() not in found], found)
    return found


def linked(distributions: dict[str, Distribution], into: Path) -> None:
    """Hard links to all files of these distributions, in another environment's folder of packages."""
    for each in distributions.values():
        for file in each.files or []:
            if ".." in file.parts:
                continue  # scripts stand outside that folder, and nothing here runs them
            # Compiled modules come along: to compile thousands again takes longer than all that is tested here.
            for path in (file, Path(cache_from_source(str(file)))) if file.suffix == ".py" else (file,):
                source, target = Path(str(each.locate_file(path))), into / path
                if source.is_file() and not target.exists():
                    target.parent.mkdir(parents=True, exist_ok=True)
                    link(source, target)


def link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another disk
        shutil.copy2(source, target)


def with_kernels(package: Path) -> None:
    """Kernels that these tests have compiled, beside their sources. Numba takes them while size and time are equal."""
    for source in (ROOT / "mulegraph").rglob("*.py"):
        there = package / source.relative_to(ROOT / "mulegraph")
        shutil.copystat(source, there)
        for pattern in KERNELS:
            for kernel in (source.parent / "__pycache__").glob(f"{source.stem}.{pattern}"):
                (there.parent / "__pycache__").mkdir(exist_ok=True)
                shutil.copy2(kernel, there.parent / "__pycache__")


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


@pytest.mark.usefixtures("workspace")  # its scan has compiled the kernels
def test_the_wheel_works_in_a_clean_environment_from_another_folder(wheel, tmp_path):
    """Install it, run the demo, ask the graph: nothing of the checkout is needed."""
    # pip of this environment installs into the new one, and need not be installed there first.
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    pip = [sys.executable, "-m", "pip", "--python", tmp_path / "venv" / "bin" / "python"]
    python = tmp_path / "venv" / "bin" / "python"
    (packages,) = (tmp_path / "venv" / "lib").glob("python*/site-packages")
    subprocess.run([*pip, "install", "--quiet", "--no-deps", "--no-index", wheel], check=True)
    (metadata,) = packages.glob("mulegraph-*.dist-info")
    linked(needed_by(Distribution.at(metadata).requires or []), packages)
    with_kernels(packages / "mulegraph")
    plain = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}

    def run(*command: object) -> str:
        done = subprocess.run(command, cwd=tmp_path, env=plain, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    command = tmp_path / "venv" / "bin" / "mulegraph"
    run(*pip, "check")

    pages = run(command, "demo", "-o", "out").splitlines()

    assert all(Path(page).is_file() for page in pages)
    assert "CASE-" in run(command, "case", "list", "-w", "out/workspace")
    assert "account_neighbourhood" in run(command, "query", "--list")
    answer = run(command, "query", "top_receivers_from_listed", "-w", "out/workspace", "--format", "csv")
    assert answer.startswith("account,")
    assert run(python, "-c", "import mulegraph; print(mulegraph.__file__)").startswith(str(packages))
