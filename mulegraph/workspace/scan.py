"""`mulegraph scan`: every sign over the whole ledger, cases from what they find, and a run to keep."""

from __future__ import annotations

import hashlib
import json
import resource
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from mulegraph.cases.build import build_cases
from mulegraph.cases.identity import match_previous, seeds_of
from mulegraph.cases.score import account_scores
from mulegraph.flow.chains import MICRONATS
from mulegraph.journal.case_states import states, wake
from mulegraph.learn.features import read_features
from mulegraph.learn.scores import learned_scores, rescored
from mulegraph.learn.used import used_hash, used_model
from mulegraph.ledger.ledger import Ledger
from mulegraph.ledger.spark import spark_errors
from mulegraph.schema.choices import DUCKDB, Engine, EngineChoice
from mulegraph.settings import Settings, read_settings
from mulegraph.signs.base import Sign
from mulegraph.signs.inputs import SignInputs
from mulegraph.signs.own import own_files
from mulegraph.workspace.alerting import alerts_of
from mulegraph.workspace.feeds import feed_notes
from mulegraph.workspace.graph_store import fill_graph, fill_server
from mulegraph.workspace.kept_shape import KeptShape
from mulegraph.workspace.opened import not_in, opened_case, with_opened
from mulegraph.workspace.own_banks import OwnBanks
from mulegraph.workspace.reported import reports_without_case
from mulegraph.workspace.run import SET_ASIDE, Run, Runs
from mulegraph.workspace.scan_steps import Progress, SignRun
from mulegraph.workspace.trace_payments import Source
from mulegraph.workspace.trace_terms import order_of
from mulegraph.workspace.unfinished import only_one
from mulegraph.workspace.watched_money import MoneyWatch
from mulegraph.workspace.window import OLDER, Tonight, Window, older, told_of

if TYPE_CHECKING:
    from mulegraph.graph.neo4j.address import Address

NOT_TESTABLE = "not testable"
RUNS_REMEMBERED = 60
"""A case that comes back within so many runs has its old id."""


@dataclass(frozen=True)
class ScanResult:
    """The run that was written, and what it cost."""

    run: Run
    findings: dict[str, int]
    set_aside: dict[str, dict[str, int]]
    """Findings that are not listed, by sign and by the innocent explanation that leaves next to nothing of them."""
    not_testable: dict[str, list[str]]
    cases: int
    rejects: int
    seconds: dict[str, float]
    elapsed: float
    """By the clock: steps may run side by side."""
    peak_mb: int
    resumed: list[str]
    """Steps that a scan which was killed had finished, and this one took over."""


def scan(
    workspace: Path,
    *,
    progress: Progress | None = None,
    graph: bool = True,
    choice: EngineChoice = DUCKDB,
    server: Address | None = None,
    since: date | None = None,
) -> ScanResult:
    """Run every sign, test what it finds for innocent reasons, build cases, write a run, and put it all into the graph.

    That is the `server`'s, or the embedded one. `choice` is the engine of set-based signs.
    A scan that was killed is gone on with, if ledger and settings are the same. With `since`, or `[scan] window_days`,
    the run says what ended before those days, and listings leave it out. UsageError when nothing is loaded, a setting
    does not fit, or nothing is of those days, EngineError when disk or graph fail, or another scan of the workspace
    runs.
    """
    # Asked first: a day that is not there should not be told of after an hour.
    window = Window.of(Ledger(workspace / "ledger"), since, read_settings(workspace).scan.window_days)
    with only_one(Runs(workspace).folder, "scanning"), engine_errors(choice):
        of = SignRun(workspace, Runs(workspace).folder, progress or (lambda _: None), choice=choice)
        run, cases = _written(workspace, of, window)
        if graph:
            with of.steps.step("graph"):
                if server is None:
                    fill_graph(workspace, of.ledger, run.told_findings(), cases)
                else:
                    fill_server(workspace, server, of.ledger, run)
    return ScanResult(
        run=run,
        findings=run.manifest["findings"],
        set_aside=run.manifest[SET_ASIDE],
        not_testable=of.not_testable,
        cases=len(cases),
        rejects=of.ledger.rejects,
        seconds=dict(of.steps.seconds),
        elapsed=of.steps.elapsed,
        peak_mb=peak_mb(),
        resumed=of.steps.resumed,
    )


def _written(workspace: Path, of: SignRun, window: Window | None) -> tuple[Run, pa.Table]:
    """Scores and cases of what the signs found, and all of it as a run; gives the run and its cases."""
    inputs, steps = of.inputs, of.steps
    model = used_model(workspace)
    learned_by = model.hash[:16] if model else ""

    def scored() -> dict[str, pa.Table]:
        nats, base_rate = inputs.peers.nats, of.settings.score.base_rate
        scores = account_scores(of.findings, of.evidence, nats, of.signs, base_rate)
        if model is None:
            return {"scores": scores}
        features = read_features(of.findings, of.evidence, inputs.peers, of.signs, from_lists=model.from_lists)
        return {"scores": learned_scores(model, features, of.ledger, scores)}

    def grouped() -> dict[str, pa.Table]:
        return {"cases": _with_ids(inputs, of.findings, of.signs, workspace)}

    def noted() -> list[dict[str, Any]]:
        with steps.step("feeds"):
            return feed_notes(of.ledger)

    of.ledger.until  # noqa: B018 (made here once, and not in both threads)
    # The feed is looked at by an engine of its own, while scores and cases keep the other core busy.
    with ThreadPoolExecutor(1) as pool:
        noting = pool.submit(noted)
        parts = (
            of.parts
            | steps.tables("score", scored, reads=learned_by)
            | steps.tables("cases", grouped, reads=_read_by_cases(workspace))
        )
        feeds = noting.result()
    manifest = of.manifest
    if model is not None:
        parts["cases"] = rescored(parts["cases"], parts["scores"])
        manifest["model"] = {"hash": model.hash, "guilty": model.guilty, "innocent": model.innocent}
    cases = parts["cases"]
    told, counted = of.told(cases)
    parts, manifest = {**parts, **told}, {**manifest, **counted}
    manifest["reports_without_case"] = reports_without_case(of.ledger, cases, of.findings)
    earlier = Runs(workspace).all()
    parts["alerts"], manifest["alerts"] = alerts_of(workspace, of, parts, earlier)
    if window is not None:
        tonight = Tonight.of(of.ledger, parts, manifest["alerts"]["night"], earlier)
        parts[OLDER] = older(window, tonight, workspace)
        manifest["window"] = told_of(window, tonight, parts[OLDER])
    with steps.step("write"):
        run = Runs(workspace).write(parts, {**manifest, "cases": len(cases), "feeds": feeds, "elapsed": steps.elapsed})
        watching = MoneyWatch(lambda: _source(of.inputs), of.settings.trace)
        wake(workspace, run.name, cases, watching.left)
        steps.unfinished.forget()
    return run, cases


def engine_errors(choice: EngineChoice) -> AbstractContextManager[None]:
    """What the engine raises as an error of two lines."""
    return spark_errors() if choice.kind is Engine.SPARK else nullcontext()


def changed_since(run: Run, workspace: Path, settings: Settings) -> str:
    """What a scan would read otherwise now: sections of the settings, own signs; an empty text if nothing."""
    known = run.manifest["settings"]
    now = json.loads(json.dumps(asdict(settings)))
    read = ("scan", "flow", "devices", "hops", "cases", "score", "alerts", "signs")
    sections = [name for name in read if now[name] != known.get(name, now[name])]
    if own_files(workspace) != run.manifest.get("own_signs", {}):
        sections.append("its own signs")
    if used_hash(workspace) != run.manifest.get("model", {}).get("hash"):
        sections.append("its model")
    return ", ".join(f"[{name}]" if name in now else name for name in sections)


def _with_ids(inputs: SignInputs, findings: pa.Table, signs: Mapping[str, Sign], workspace: Path) -> pa.Table:
    """Cases under the ids that they had, and those that somebody opened whose story no sign has found."""
    shape = KeptShape.of(states(workspace), _earlier(workspace))
    found = _cases(inputs, findings, signs)
    joined = shape.joined(found, findings=findings, chains=inputs.chains.table, signs=signs)
    cases = match_previous(joined, _earlier(workspace), shape.begins, shape.merged)
    # What people split is made of its payments again: a sign that finds both parts as one does not join them.
    cut = {case: seeds for case, seeds in seeds_of(cases).items() if shape.is_cut(case, seeds)}
    is_cut = pa.compute.is_in(cases["case"], value_set=pa.array(list(cut), pa.string()))
    kept, as_found = cases.filter(pa.compute.invert(is_cut)), cases.filter(is_cut)
    begins = {case: sorted(payments) for case, payments in shape.begins.items()}
    begins |= {case: shape.payments_of(case, seeds) for case, seeds in cut.items()}
    unfound = not_in(kept, begins)
    if not unfound:
        return with_opened(kept, []) if joined is not found else kept
    source = _source(inputs)
    known = {"findings": findings, "signs": signs}
    more = []
    for case, payments in unfound.items():
        opened = shape.opened.get(case, [])
        # Seeds that signs found may be of several currencies, or forgotten since: a call's payments are not.
        if not _traceable(inputs.ledger, payments):
            payments = opened
        if payments:
            more.append(opened_case(source, inputs.settings.trace, case, payments, **known))
        else:
            more.append(shape.without_left_out(as_found.filter(pa.compute.equal(as_found["case"], case))))
    return with_opened(kept, more)


def _source(inputs: SignInputs) -> Source:
    """What traces read."""
    banks = OwnBanks.of(inputs.ledger, inputs.settings.banks)
    return Source(inputs.ledger, *order_of(inputs.ledger, inputs.transfers), banks)


def _traceable(ledger: Ledger, payments: list[str]) -> bool:
    """Whether all of these payments are in the ledger, in one currency."""
    numbers = ledger.row_numbers(pa.array(payments, pa.string()))
    return min(numbers, default=-1) >= 0 and len(ledger.transfer_rows(numbers, ["currency"])["currency"].unique()) == 1


def _earlier(workspace: Path) -> Iterator[pa.Table]:
    """Cases of the runs before, the latest first."""
    for run in reversed(Runs(workspace).all()[-RUNS_REMEMBERED:]):
        yield run.table("cases")


def _read_by_cases(workspace: Path) -> str:
    """Names what cases are made of beside the findings: the runs before, and what people opened."""
    runs = [run.name for run in Runs(workspace).all()[-RUNS_REMEMBERED:]]
    decided = sorted(states(workspace).items())
    shapes = [(case, state.opened_with, state.left_out, state.merged_into) for case, state in decided]
    read = json.dumps([runs, shapes])
    return hashlib.sha256(read.encode()).hexdigest()[:16]


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


def peak_mb() -> int:
    """Most memory that this process has held, in MB (Linux counts in KiB, macOS in bytes)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1 if sys.platform == "darwin" else 1 / 1024) / 1e6)
