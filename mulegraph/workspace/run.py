"""A run on disk: findings, their facts and benign tests, chains, cases and devices as Parquet, and a manifest."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import uuid
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mulegraph.cases.benign import outcomes
from mulegraph.errors import EngineError, UsageError
from mulegraph.files import write_atomically
from mulegraph.schema.choices import LANGUAGES
from mulegraph.schema.columns import Schema, records
from mulegraph.schema.findings import ALERTS, CASES, Finding
from mulegraph.signs.base import Sign, all_signs
from mulegraph.signs.wording import Values, reason

MANIFEST = "manifest.json"
FORMAT = 2
"""Of the tables of a run. Format 1 held facts, benign tests and parts of scores as JSON in cells."""
PARTS = ("findings", "benign", "scores", "alerts", "chains", "cases", "devices", "hubs")
SET_ASIDE = "set_aside"
"""The folder of findings that an innocent explanation leaves next to nothing of: findings, benign tests and facts."""
KEPT_BYTES = 256_000_000
"""A table up to this size is read once: 50 cases' pages asked for 1,700 tables, and a plan of holds at 10M transfers
seven times for the findings, 193 MB, which took a fifth of its time."""
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


def words_of(sign: Sign) -> dict[str, Any]:
    """What a run keeps of a sign, so that its findings and reports can be read when the sign is another."""
    return {"title": sign.title, "innocent_when": sign.innocent_when, "reasons": dict(sign.reasons)}


class Run:
    """One finished run, read-only."""

    def __init__(self, folder: Path, within: Run | None = None) -> None:
        self.folder = folder
        self._within = within
        self._kept: dict[str, pa.Table] = {}

    @property
    def name(self) -> str:
        """Its folder's name: when it was written, and a random part."""
        return self.folder.name

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """Settings, versions, hashes, counts and times."""
        if self._within is not None:
            return self._within.manifest
        path = self.folder / MANIFEST
        try:
            return dict(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError) as error:
            raise EngineError(f"{path}: cannot be read ({error})", hint="Run: mulegraph scan") from error

    def table(self, part: str) -> pa.Table:
        """One of `PARTS`, whole. A run never changes, so a small table is kept."""
        kept = self._kept.get(part)
        if kept is None:
            kept = self._read(part)
            if kept.nbytes <= KEPT_BYTES:
                self._kept[part] = kept
        return kept

    def _read(self, part: str) -> pa.Table:
        path = self._path(part)
        if part == "alerts" and "alerts" not in self.manifest:
            return ALERTS.empty()  # of a version that alerted nobody
        try:
            table = pq.read_table(path)
        except (OSError, pa.ArrowInvalid) as error:
            raise EngineError(f"{path}: cannot be read ({error})", hint="Run: mulegraph scan") from error
        if self.format == FORMAT:
            return _with_later_columns(table) if part == "cases" else table
        if part == "findings":
            raise EngineError(f"{path}: written by an earlier version of mulegraph", hint="Run: mulegraph scan")
        return _with_maps(table)

    @cached_property
    def set_aside(self) -> Run | None:
        """Findings that are not listed, as a run within this one; None: of a version that set none aside."""
        is_there = self._within is None and SET_ASIDE in self.manifest
        return Run(self.folder / SET_ASIDE, within=self) if is_there else None

    @property
    def every_finding(self) -> pa.Table:
        """Findings in FINDINGS, and behind them those that are set aside."""
        return pa.concat_tables(
            [self.table("findings"), *([self.set_aside.table("findings")] if self.set_aside else [])]
        )

    @property
    def format(self) -> int:
        """The format of its tables; 1 where the manifest says none."""
        return int(self.manifest.get("format", 1))

    @cached_property
    def older(self) -> frozenset[str]:
        """Ids of findings and cases that listings leave out, since they ended before the days that it reports."""
        return frozenset(self.table("older")["id"].to_pylist()) if "window" in self.manifest else frozenset()

    def reported(self, table: pa.Table, column: str, but: AbstractSet[str] = frozenset()) -> pa.Table:
        """The rows that are of the days that the run reports, and those of the ids in `but`."""
        gone = pa.array(sorted(self.older - but), pa.string())
        return table.filter(pc.invert(pc.is_in(table[column], value_set=gone))) if len(gone) else table

    def findings(
        self, *, sign: str | None = None, account: str | None = None, ids: Sequence[str] | None = None
    ) -> pa.Table:
        """Findings in FINDINGS, best first: of one sign, that name an account, or with these ids; also those set aside
        where an account or ids are given.
        """
        table = self.table("findings") if account is None and ids is None else self.every_finding
        if sign is not None:
            table = table.filter(pc.equal(table["sign"], sign))
        if ids is not None:
            table = table.filter(pc.is_in(table["finding"], value_set=pa.array(ids, pa.string())))
        if account is not None:
            lists = table["accounts"].combine_chunks()
            table = table.take(
                pc.unique(pc.list_parent_indices(lists).filter(pc.equal(pc.list_flatten(lists), account)))
            )
        return table.take(pc.sort_indices(table, [("score", "descending"), ("finding", "ascending")]))

    def records(self, findings: pa.Table) -> list[Finding]:
        """These findings as records, with their facts and benign tests: for those that somebody looks at."""
        ids = findings["finding"].combine_chunks()
        facts = {code: self._keyed(f"facts/{code}", ids) for code in pc.unique(findings["sign"]).to_pylist()}
        benign = self._keyed("benign", ids)
        made = []
        for each in records(Finding, findings):
            made.append(replace(each, facts=facts[each.sign][each.finding], benign=outcomes(benign[each.finding])))
        return made

    def facts_schema(self, sign: str) -> Schema:
        """What this run's facts of a sign hold, as its file says; also of an own sign that is gone."""
        return Schema.of_arrow(f"facts/{sign}", pq.read_schema(self._path(f"facts/{sign}")))

    def reason(self, finding: Finding, language: str = LANGUAGES[0]) -> str:
        """The sentence of a finding from its values, masked or not, in the words that its sign had in this run."""
        return reason(self.signs[finding.sign]["reasons"], finding, language)

    def told_findings(self) -> pa.Table:
        """Every finding with its `reason`, for the graph, which keeps sentences."""
        table = self.table("findings")
        codes = pc.unique(table["sign"]).to_pylist()
        # A sign's facts stand in the order of its findings.
        facts = {code: iter(self.table(f"facts/{code}").drop_columns("finding").to_pylist()) for code in codes}
        columns = (table[name].to_pylist() for name in ("sign", "amount", "currency"))
        told = []
        for code, amount, currency in zip(*columns, strict=True):
            told.append(reason(self.signs[code]["reasons"], Values(next(facts[code]), amount, currency)))
        return table.append_column("reason", pa.array(told, pa.string()))

    def _keyed(self, part: str, ids: pa.Array) -> dict[str, dict[str, Any]]:
        """Rows of a part by finding, without the finding."""
        rows = []
        for run in (self, self.set_aside):
            if run is not None and run._path(part).exists():
                table = run.table(part)
                rows += table.filter(pc.is_in(table["finding"], value_set=ids)).to_pylist()
        return {row.pop("finding"): row for row in rows}

    def _path(self, part: str) -> Path:
        return self.folder / f"{part}.parquet"

    @cached_property
    def signs(self) -> dict[str, dict[str, Any]]:
        """Title, `innocent_when` and reasons of each sign by code, as the run had them; own ones may be gone."""
        unknown = {
            "title": "a sign of this workspace's own",
            "innocent_when": "not kept by this run",
            "reasons": {"en": "not kept by this run"},
        }
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
        """The newest run over this ledger whose tables are of this version's format."""
        for run in reversed(self.all()):
            if run.manifest["ledger"]["hash"] == ledger_hash and run.format == FORMAT:
                return run
        return None

    def named(self, name: str) -> Run:
        """A run by its name. Raises UsageError when there is none."""
        for run in self.all():
            if run.name == name:
                return run
        known = ", ".join(run.name for run in self.all()[-3:]) or "none yet"
        raise UsageError("run '{name}' is unknown", hint=f"The latest are: {known}.", name=name)

    def write(self, tables: dict[str, pa.Table], manifest: dict[str, Any]) -> Run:
        """Keep a run. It appears whole or not at all: its folder is renamed into place when it is complete."""
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}-{uuid.uuid4().hex[:6]}"
        new = self.folder / f".{name}.new"
        self._sweep()
        try:
            new.mkdir(parents=True)
            for part, table in tables.items():
                path = new / f"{part}.parquet"
                path.parent.mkdir(parents=True, exist_ok=True)
                pq.write_table(table, path, compression="zstd")
            hashes = {part: _sha256(new / f"{part}.parquet") for part in tables}
            whole = {"run": name, "format": FORMAT, **manifest, "files": hashes}
            write_atomically(new / MANIFEST, json.dumps(whole, indent=1))
            os.replace(new, self.folder / name)
        except OSError as error:
            raise EngineError(f"{new}: the run cannot be written ({error})", hint="Check free disk space.") from error
        return Run(self.folder / name)

    def _sweep(self) -> None:
        """Remove what a killed scan left behind more than a day ago; a younger one may still be writing."""
        for left in self.folder.glob(".*.new"):
            if datetime.now(UTC).timestamp() - left.stat().st_mtime > 86_400:
                shutil.rmtree(left, ignore_errors=True)


def _with_later_columns(table: pa.Table) -> pa.Table:
    """Cases with the columns that they have since a later version: empty, but for the sum by currency."""
    table = _with_maps(table)
    for field in CASES.arrow:
        if field.name not in table.column_names:
            table = table.append_column(field, pa.array([[]] * len(table), field.type))
    return table


def _with_maps(table: pa.Table) -> pa.Table:
    """A table of an earlier format: parts of scores as maps, which were JSON; sums of cases by currency."""
    for place, name in enumerate(table.column_names):
        if name in ("parts", "made_of") and pa.types.is_string(table.schema.field(place).type):
            maps = [list(json.loads(each).items()) for each in table[name].to_pylist()]
            table = table.set_column(place, name, pa.array(maps, pa.map_(pa.string(), pa.float64())))
    if "made_of" in table.column_names and "amounts" not in table.column_names:
        sums = zip(table["currency"].to_pylist(), table["amount"].to_pylist(), strict=True)
        maps = [[] if amount is None else [(currency, amount)] for currency, amount in sums]
        table = table.append_column(CASES.arrow.field("amounts"), pa.array(maps, CASES.arrow.field("amounts").type))
    return table


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def versions() -> dict[str, str]:
    """Of mulegraph, Python and the engines that results depend on."""
    return {
        "mulegraph": version("mulegraph"),
        "python": platform.python_version(),
        **{name: version(name) for name in ENGINES},
    }
