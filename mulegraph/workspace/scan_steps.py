"""What a scan and a look of the watch share: steps that are timed and kept, and signs with their benign tests."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from mulegraph.cases.benign import apply_benign_tests, check_explanations
from mulegraph.cases.evidence import Evidence, read_evidence
from mulegraph.cases.roles import earned_roles
from mulegraph.flow.naming import NamedChains
from mulegraph.ledger.ledger import Ledger
from mulegraph.schema.choices import ENGINE_MEMORY, Engine
from mulegraph.schema.findings import FINDINGS
from mulegraph.settings import read_settings
from mulegraph.signs.base import Sign, check_thresholds
from mulegraph.signs.found import Found
from mulegraph.signs.inputs import SignInputs
from mulegraph.signs.own import findings_of, own_files, signs_of
from mulegraph.workspace.run import code_hash, versions, words_of
from mulegraph.workspace.unfinished import Kept, UnfinishedScan

Progress = Callable[[str], None]
"""Told the name of each step as it begins."""


@dataclass
class Steps:
    """Seconds by step, who is told when one begins, and what finished steps gave to a scan that was killed."""

    told: Progress
    unfinished: UnfinishedScan
    seconds: dict[str, float] = field(default_factory=dict)
    resumed: list[str] = field(default_factory=list)
    """Steps that an earlier scan had finished."""

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time the block under this name."""
        self.told(name)
        start = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - start, 3)

    def tables(self, name: str, made: Callable[[], dict[str, pa.Table]], *, reads: str = "") -> dict[str, pa.Table]:
        """What the step gives: as an earlier scan left it, or made now and kept. `reads` names what else it read."""
        kept_as = f"{name}-{reads}" if reads else name
        kept = self.unfinished.read(kept_as)
        if kept is not None:
            self.resumed.append(name)
            self.seconds[name] = kept.seconds
            return kept.tables
        with self.step(name):
            given = made()
        self.unfinished.write(kept_as, Kept(given, self.seconds[name]))
        return given


class SignRun:
    """Some signs over a workspace's ledger, with what innocent reasons leave of what they find.

    `runs` is the folder in which finished steps are kept until `forget`. Raises UsageError when nothing is loaded or
    a setting does not fit.
    """

    def __init__(
        self,
        workspace: Path,
        runs: Path,
        progress: Progress,
        *,
        engine: Engine = Engine.DUCKDB,
        only: tuple[str, ...] | None = None,
        memory: str = ENGINE_MEMORY,
    ) -> None:
        self.started = datetime.now(UTC)
        self.ledger, self.settings = Ledger(workspace / "ledger", engine, memory), read_settings(workspace)
        self.signs = signs_of(workspace)
        check_thresholds(self.settings.signs, self.signs)
        check_explanations(self.signs)
        changed = self.settings.signs
        self._made_of = {
            "ledger": {
                "hash": self.ledger.hash,
                "rows": {name: self.ledger.rows(name) for name in self.ledger.names},
            },
            "code": code_hash(),
            "versions": versions(),
            "engine": str(engine),
            "settings": asdict(self.settings),
            "thresholds": {code: {**sign.thresholds, **changed.get(code, {})} for code, sign in self.signs.items()},
            "own_signs": own_files(workspace),
        }
        self.inputs = SignInputs(self.ledger, self.settings)
        self.steps = Steps(progress, UnfinishedScan(runs, self._made_of))
        devices = _prepare(self.inputs, self.steps)
        chosen = {code: sign for code, sign in self.signs.items() if only is None or code in only}
        self.found, self.not_testable = _signs(self.inputs, self.steps, chosen)
        tested = self.steps.tables("benign", self._tested)
        self.findings: pa.Table = tested["findings"]
        self.parts = {
            **tested,
            **devices,
            "chains": self.inputs.chains.table,
            **{f"facts/{code}": each.facts for code, each in self.found.items()},
        }

    @cached_property
    def evidence(self) -> Evidence:
        """The rows that findings rest on."""
        return read_evidence(self._untested, self.ledger, self.inputs.sides)

    @property
    def counts(self) -> dict[str, int]:
        """Findings by sign."""
        return {code: len(each.findings) for code, each in self.found.items()}

    @property
    def manifest(self) -> dict[str, Any]:
        """Settings, versions, hashes, counts and times."""
        return {
            "started_at": self.started.isoformat(timespec="seconds"),
            **self._made_of,
            "signs": {code: words_of(sign) for code, sign in self.signs.items()},
            "flow": _flow_facts(self.inputs),
            "findings": self.counts,
            "not_testable": self.not_testable,
            "rejects": self.ledger.rejects,
            "seconds": self.steps.seconds,
            "resumed": self.steps.resumed,
        }

    @cached_property
    def _untested(self) -> pa.Table:
        tables = [FINDINGS.empty(), *(each.findings for each in self.found.values())]
        return pa.concat_tables(tables).combine_chunks()

    def _tested(self) -> dict[str, pa.Table]:
        findings, benign = apply_benign_tests(self._untested, self.evidence, self.signs)
        return {"findings": earned_roles(findings, self.evidence), "benign": benign}


def _prepare(inputs: SignInputs, steps: Steps) -> dict[str, pa.Table]:
    """What most signs share, each as a step of its own so that the user sees where time goes; gives device clusters.

    Transfers and links live in memory and are made again by a scan that goes on: they cost a twentieth of it.
    """
    with steps.step("read"):
        inputs.transfers  # noqa: B018 (made on first use, and kept)
    with steps.step("flow"):
        inputs.flow  # noqa: B018

    def named() -> dict[str, pa.Table]:
        return {"chains": inputs.chains.table, "threshold": pa.table({"nats": [inputs.chains.threshold]})}

    made = steps.tables("chains", named)
    inputs.chains = NamedChains(made["chains"], made["threshold"]["nats"][0].as_py())
    return steps.tables("devices", lambda: _devices(inputs))


def _signs(
    inputs: SignInputs, steps: Steps, signs: Mapping[str, Sign]
) -> tuple[dict[str, Found], dict[str, list[str]]]:
    found, not_testable = {}, {}
    for code, sign in signs.items():
        missing = sign.missing(inputs.ledger)
        if missing:
            not_testable[code] = missing
            continue

        def given(of: Sign = sign) -> dict[str, pa.Table]:
            each = findings_of(of, inputs, inputs.settings.signs.get(of.code, {}))
            return {"findings": each.findings, "facts": each.facts}

        tables = steps.tables(code, given)
        found[code] = Found(tables["findings"], tables["facts"])
    return found, not_testable


def _devices(inputs: SignInputs) -> dict[str, pa.Table]:
    """Clusters, and the hub devices that were set aside."""
    clusters = inputs.clusters
    return {
        "devices": pa.Table.from_pandas(clusters.clusters, preserve_index=False),
        "hubs": pa.Table.from_pandas(clusters.hubs.drop(columns=["account_ids"]), preserve_index=False),
    }


def _flow_facts(inputs: SignInputs) -> dict[str, Any]:
    flow = inputs.flow
    return {
        "links": len(flow.links),
        "strong_links": len(flow.strong),
        "chains": len(flow.chains),
        "threshold": flow.threshold if np.isfinite(flow.threshold) else None,
        "expected_false_share": inputs.settings.flow.false_share,
        "fit": flow.fit,
        "tick_seconds": flow.transfers.tick / 1e6,
        "window_hours": flow.window / 3.6e9,
    }
