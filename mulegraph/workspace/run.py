"""A run on disk: findings, chains, cases and device clusters as Parquet, and a manifest of how they were made."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import uuid
from datetime import UTC, datetime
from functools import cache, cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from mulegraph.errors import EngineError, UsageError
from mulegraph.files import write_atomically
from mulegraph.signs.base import Sign, all_signs

MANIFEST = "manifest.json"
PARTS = ("findings", "scores", "chains", "cases", "devices", "hubs")
ENGINES = (
    "duckdb",
    "ibis-framework",
    "ladybug",
    "networkx",
    "numba",
    "numpy",
    "pandas",
    "pyarrow",
    "python-louvain",
    "scipy",
)


def words_of(sign: Sign) -> dict[str, str]:
    """What a run keeps of a sign, so that its reports can be read when the sign is another."""
    return {"title": sign.title, "innocent_when": sign.innocent_when}


class Run:
    """One finished run, read-only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def name(self) -> str:
        """Its folder's name: when it was written, and a random part."""
        return self.folder.name

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """Settings, versions, hashes, counts and times."""
        path = self.folder / MANIFEST
        try:
            return dict(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError) as error:
            raise EngineError(f"{path}: cannot be read ({error})", hint="Run: mulegraph scan") from error

    def table(self, part: str) -> pa.Table:
        """One of `PARTS`, whole."""
        path = self.folder / f"{part}.parquet"
        try:
            return pq.read_table(path)
        except (OSError, pa.ArrowInvalid) as error:
            raise EngineError(f"{path}: cannot be read ({error})", hint="Run: mulegraph scan") from error

    @cached_property
    def signs(self) -> dict[str, dict[str, str]]:
        """`title` and `innocent_when` of each sign by code, as the run had them; own signs may be gone by now."""
        unknown = {"title": "a sign of this workspace's own", "innocent_when": "not kept by this run"}
        found = dict.fromkeys(self.manifest["findings"], unknown)
        return found | {code: words_of(sign) for code, sign in all_signs().items()} | self.manifest.get("signs", {})

    @property
    def threshold(self) -> float:
        """Default threshold for chains, in nats; infinite when no score was sure enough."""
        value = self.manifest["flow"]["threshold"]
        return float("inf") if value is None else float(value)


class Runs:
    """All runs of a workspace, in its folder `runs/`."""

    def __init__(self, workspace: Path) -> None:
        self.folder = workspace / "runs"

    def all(self) -> list[Run]:
        """Finished runs, oldest first."""
        finished = sorted(path.parent for path in self.folder.glob(f"*/{MANIFEST}"))
        return [Run(folder) for folder in finished if not folder.name.startswith(".")]

    def latest(self, ledger_hash: str) -> Run | None:
        """The newest run over this ledger."""
        for run in reversed(self.all()):
            if run.manifest["ledger"]["hash"] == ledger_hash:
                return run
        return None

    def named(self, name: str) -> Run:
        """A run by its name. Raises UsageError when there is none."""
        for run in self.all():
            if run.name == name:
                return run
        known = ", ".join(run.name for run in self.all()[-3:]) or "none yet"
        raise UsageError(f"run '{name}' is unknown", hint=f"The latest are: {known}.")

    def write(self, tables: dict[str, pa.Table], manifest: dict[str, Any]) -> Run:
        """Keep a run. It appears whole or not at all: its folder is renamed into place when it is complete."""
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:6]}"
        new = self.folder / f".{name}.new"
        self._sweep()
        try:
            new.mkdir(parents=True)
            for part, table in tables.items():
                pq.write_table(table, new / f"{part}.parquet", compression="zstd")
            hashes = {part: _sha256(new / f"{part}.parquet") for part in tables}
            write_atomically(new / MANIFEST, json.dumps({"run": name, **manifest, "files": hashes}, indent=1))
            os.replace(new, self.folder / name)
        except OSError as error:
            raise EngineError(
                f"{new}: the run cannot be written ({error})", hint="Look for room on the disk."
            ) from error
        return Run(self.folder / name)

    def _sweep(self) -> None:
        """Remove what a killed scan left behind more than a day ago; a younger one may still be writing."""
        for left in self.folder.glob(".*.new"):
            if datetime.now(UTC).timestamp() - left.stat().st_mtime > 86_400:
                shutil.rmtree(left, ignore_errors=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@cache
def code_hash() -> str:
    """Hash of the package's own source, so that a manifest says which code ran."""
    root = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def versions() -> dict[str, str]:
    """Of mulegraph, Python and the engines that results depend on."""
    return {
        "mulegraph": version("mulegraph"),
        "python": platform.python_version(),
        **{name: version(name) for name in ENGINES},
    }
