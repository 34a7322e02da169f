"""`mulegraph scan`: every sign over the whole ledger, cases from what they find, and a run to keep."""

from __future__ import annotations

import hashlib
import json
import resource
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from mulegraph.cases.benign import apply_benign_tests, check_explanations
from mulegraph.cases.build import build_cases
from mulegraph.cases.evidence import read_evidence
from mulegraph.cases.identity import match_previous
from mulegraph.cases.roles import earned_roles
from mulegraph.cases.score import account_scores
from mulegraph.flow.chains import MICRONATS
from mulegraph.flow.naming import NamedChains
from mulegraph.journal.case_states import opened_with, wake
from mulegraph.ledger.ledger import Ledger
from mulegraph.schema.choices import Engine
from mulegraph.schema.findings import FINDINGS
from mulegraph.settings import Settings, read_settings
from mulegraph.signs.base import Sign, check_thresholds
from mulegraph.signs.found import Found
from mulegraph.signs.inputs import SignInputs
from mulegraph.signs.own import findings_of, own_files, signs_of
from mulegraph.workspace.graph_store import fill_graph, fill_server
from mulegraph.workspace.opened import not_in, opened_case, with_opened
from mulegraph.workspace.own_banks import OwnBanks
from mulegraph.workspace.run import Run, Runs, code_hash, versions, words_of
from mulegraph.workspace.trace_payments import Source
from mulegraph.workspace.trace_terms import day_order
from mulegraph.workspace.unfinished import Kept, UnfinishedScan, only_scan

if TYPE_CHECKING:
    from mulegraph.graph.neo4j.address import Address

NOT_TESTABLE = "not testable"
RUNS_REMEMBERED = 60
"""A case that comes back within so many runs has its old id."""
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


@dataclass(frozen=True)
class ScanResult:
    """The run that was written, and what it cost."""

    run: Run
    findings: dict[str, int]
    not_testable: dict[str, list[str]]
    cases: int
    rejects: int
    seconds: dict[str, float]
    peak_mb: int
    resumed: list[str]
    """Steps that a scan which was killed had finished, and this one took over."""


def scan(
    workspace: Path,
    *,
    progress: Progress | None = None,
    graph: bool = True,
    engine: Engine = Engine.DUCKDB,
    server: Address | None = None,
) -> ScanResult:
    """Run every sign, test what it finds for innocent reasons, build cases, write a run, and put it all into the graph.

    That is the `server`'s, or the embedded one. Set-based signs run on `engine`. A scan that was killed is gone on
    with, if ledger and settings are the same. UsageError when nothing is loaded or a setting does not fit, EngineError
    when disk or graph fail, or another scan of the workspace runs.
    """
    with only_scan(Runs(workspace).folder):
        return _scan(workspace, progress or (lambda _: None), graph=graph, engine=engine, server=server)


def _scan(workspace: Path, progress: Progress, *, graph: bool, engine: Engine, server: Address | None) -> ScanResult:
    started = datetime.now(UTC)
    ledger, settings = Ledger(workspace / "ledger", engine), read_settings(workspace)
    signs = signs_of(workspace)
    check_thresholds(settings.signs, signs)
    check_explanations(signs)
    made_of = {
        "ledger": {"hash": ledger.hash, "rows": {name: ledger.rows(name) for name in ledger.names}},
        "code": code_hash(),
        "versions": versions(),
        "engine": str(engine),
        "settings": asdict(settings),
        "thresholds": {code: {**sign.thresholds, **settings.signs.get(code, {})} for code, sign in signs.items()},
        "own_signs": own_files(workspace),
    }
    inputs = SignInputs(ledger, settings)
    steps = Steps(progress, UnfinishedScan(Runs(workspace).folder, made_of))
    devices = _prepare(inputs, steps)
    found, not_testable = _signs(inputs, steps, signs)
    plain = pa.concat_tables([FINDINGS.empty(), *(each.findings for each in found.values())]).combine_chunks()
    evidence = cache(lambda: read_evidence(plain, ledger, inputs.sides))

    def tested() -> dict[str, pa.Table]:
        findings, benign = apply_benign_tests(plain, evidence(), signs)
        return {"findings": earned_roles(findings, evidence()), "benign": benign}

    def scored() -> dict[str, pa.Table]:
        nats, base_rate = inputs.peers.nats, settings.score.base_rate
        return {"scores": account_scores(findings, evidence(), nats, signs, base_rate)}

    parts = steps.tables("benign", tested)
    findings = parts["findings"]
    parts |= steps.tables("score", scored) | {"chains": inputs.chains.table}
    read = _read_by_cases(workspace)
    parts |= steps.tables("cases", lambda: {"cases": _with_ids(inputs, findings, signs, workspace)}, reads=read)
    parts |= devices | {f"facts/{code}": each.facts for code, each in found.items()}
    cases = parts["cases"]
    counts = {code: len(each.findings) for code, each in found.items()}
    manifest = {
        "started_at": started.isoformat(timespec="seconds"),
        **made_of,
        "signs": {code: words_of(sign) for code, sign in signs.items()},
        "flow": _flow_facts(inputs),
        "findings": counts,
        "not_testable": not_testable,
        "cases": len(cases),
        "rejects": ledger.rejects,
        "seconds": steps.seconds,
        "resumed": steps.resumed,
    }
    with steps.step("write"):
        run = Runs(workspace).write(parts, manifest)
        wake(workspace, run.name, cases)
        steps.unfinished.forget()
    if graph:
        with steps.step("graph"):
            if server is None:
                fill_graph(workspace, ledger, run.told_findings(), cases)
            else:
                fill_server(workspace, server, ledger, run)
    return ScanResult(
        run=run,
        findings=counts,
        not_testable=not_testable,
        cases=len(cases),
        rejects=ledger.rejects,
        seconds=dict(steps.seconds),
        peak_mb=peak_mb(),
        resumed=steps.resumed,
    )


def changed_since(run: Run, workspace: Path, settings: Settings) -> str:
    """What a scan would read otherwise now: sections of the settings, own signs; an empty text if nothing."""
    known = run.manifest["settings"]
    now = json.loads(json.dumps(asdict(settings)))
    read = ("flow", "devices", "hops", "cases", "score", "signs")
    sections = [name for name in read if now[name] != known.get(name)]
    if own_files(workspace) != run.manifest.get("own_signs", {}):
        sections.append("its own signs")
    return ", ".join(f"[{name}]" if name in now else name for name in sections)


def _with_ids(inputs: SignInputs, findings: pa.Table, signs: Mapping[str, Sign], workspace: Path) -> pa.Table:
    """Cases under the ids that they had, and those that somebody opened whose story no sign has found."""
    opened = opened_with(workspace)
    seeds = {case: frozenset(payments) for case, payments in opened.items()}
    cases = match_previous(_cases(inputs, findings, signs), _earlier(workspace), seeds)
    unfound = not_in(cases, opened)
    if not unfound:
        return cases
    banks = OwnBanks.of(inputs.ledger, inputs.settings.banks)
    source = Source(inputs.ledger, day_order(inputs.ledger, inputs.transfers), banks)
    known = {"findings": findings, "signs": signs}
    more = [opened_case(source, inputs.settings.trace, case, payments, **known) for case, payments in unfound.items()]
    return with_opened(cases, more)


def _earlier(workspace: Path) -> Iterator[pa.Table]:
    """Cases of the runs before, the latest first."""
    for run in reversed(Runs(workspace).all()[-RUNS_REMEMBERED:]):
        yield run.table("cases")


def _read_by_cases(workspace: Path) -> str:
    """Names what cases are made of beside the findings: the runs before, and what people opened."""
    runs = [run.name for run in Runs(workspace).all()[-RUNS_REMEMBERED:]]
    read = json.dumps([runs, sorted(opened_with(workspace).items())])
    return hashlib.sha256(read.encode()).hexdigest()[:16]


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


def _cases(inputs: SignInputs, findings: pa.Table, signs: Mapping[str, Sign]) -> pa.Table:
    ledger = inputs.ledger
    nats = _meeting_nats(inputs)

    def account_nats(ids: pa.Array) -> np.ndarray:
        numbers = ledger.account_numbers_of(ids)
        return np.where(numbers >= 0, nats[numbers], 0.0)

    # Only what may make a case needs holders; most findings are weak.
    strong = findings.filter(pa.compute.greater_equal(findings["score"], inputs.settings.cases.min_score))
    named = pa.compute.unique(pa.compute.list_flatten(strong["accounts"]))
    accounts = ledger.arrow("accounts", ["account_id", "holder_id"])
    accounts = accounts.filter(pa.compute.is_in(accounts["account_id"], value_set=named)).drop_null()
    holders = dict(zip(accounts["account_id"].to_pylist(), accounts["holder_id"].to_pylist(), strict=True))
    return build_cases(
        findings,
        inputs.chains.above,
        account_nats=account_nats,
        holders=holders,
        settings=inputs.settings.cases,
        signs=signs,
        reported=frozenset(ledger.arrow("reports", ["transfer_id"])["transfer_id"].to_pylist()),
    )


def _meeting_nats(inputs: SignInputs) -> np.ndarray:
    """How unlikely it is by chance, for each account, that a transfer of some chain is among its own.

    −ln P(X ≥ 1) under a Poisson mean of the account's transfers times the share of all transfers that stand in
    chains: a student's account where two chains meet joins them, a shop's does not.
    """
    flow = inputs.flow
    share = np.mean(flow.chains.best >= max(flow.threshold * MICRONATS, 1)) if len(flow.transfers) else 0.0
    expected = share * (flow.traffic.received + flow.traffic.paid)
    return np.asarray(-np.log(-np.expm1(-np.maximum(expected, 1e-12))))


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


def peak_mb() -> int:
    """Most memory that this process has held, in MB (Linux counts in KiB, macOS in bytes)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1 if sys.platform == "darwin" else 1 / 1024) / 1e6)
