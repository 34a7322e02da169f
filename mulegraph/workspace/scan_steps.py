"""What a scan and a look of the watch share: steps that are timed and kept, and signs with their benign tests."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
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
from mulegraph.cases.set_aside import set_aside
from mulegraph.files import code_hash
from mulegraph.flow.naming import NamedChains
from mulegraph.ledger.device_clusters import kept_tables
from mulegraph.ledger.ledger import Ledger
from mulegraph.schema.choices import DUCKDB, EngineChoice
from mulegraph.schema.findings import FINDINGS
from mulegraph.settings import Settings, read_settings
from mulegraph.signs.base import Sign, all_signs, check_thresholds
from mulegraph.signs.found import Found
from mulegraph.signs.inputs import SignInputs
from mulegraph.signs.own import findings_of, own_files, signs_of
from mulegraph.workspace.run import SET_ASIDE, versions, words_of
from mulegraph.workspace.unfinished import Kept, UnfinishedScan

Progress = Callable[[str], None]
"""Told the name of each step as it begins."""


@dataclass
class Timed:
    """Seconds by step, and who is told when one begins.

    Two threads may have a step each at the same time, so that the seconds of all add up to more than the clock's.
    """

    told: Progress
    seconds: dict[str, float] = field(default_factory=dict)
    _begun: float = field(default_factory=time.perf_counter)
    _telling: threading.Lock = field(default_factory=threading.Lock)

    @property
    def elapsed(self) -> float:
        """Seconds by the clock since the first step."""
        return round(time.perf_counter() - self._begun, 3)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time the block under this name."""
        with self._telling:
            self.told(name)
        start = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - start, 3)


@dataclass
class Steps(Timed):
    """The same, with what finished steps gave to a scan that was killed."""

    unfinished: UnfinishedScan = field(kw_only=True)
    resumed: list[str] = field(default_factory=list)
    """Steps that an earlier scan had finished."""

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
        choice: EngineChoice = DUCKDB,
        only: tuple[str, ...] | None = None,
    ) -> None:
        self.started = datetime.now(UTC)
        self.ledger, self.settings = Ledger(workspace / "ledger", choice), read_settings(workspace)
        self.signs = signs_of(workspace)
        self._made_of = made_of(workspace, self.ledger, self.settings, self.signs)
        self.inputs = SignInputs(self.ledger, self.settings)
        self.steps = Steps(progress, unfinished=UnfinishedScan(runs, self._made_of))
        chosen = {code: sign for code, sign in self.signs.items() if only is None or code in only}
        self.not_testable = {code: lacks for code, sign in chosen.items() if (lacks := sign.missing(self.ledger))}
        testable = {code: sign for code, sign in chosen.items() if code not in self.not_testable}
        devices, self.found = _prepare_and_search(self.inputs, self.steps, testable)
        tested = self.steps.tables("benign", self._tested)
        self.findings: pa.Table = tested["findings"]
        self.parts = {
            **tested,
            **devices,
            "chains": self.inputs.chains.table,
            **{f"facts/{code}": each.facts for code, each in self.found.items()},
        }

    def told(self, cases: pa.Table | None = None) -> tuple[dict[str, pa.Table], dict[str, Any]]:
        """The parts of a run, where findings that are explained and in no case stand apart; and for the manifest, what
        is told by sign, and what is set aside by sign and explanation.
        """
        return told_apart(self.parts, self.counts, cases)

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


def told_apart(
    whole: Mapping[str, pa.Table], counts: Mapping[str, int], cases: pa.Table | None = None
) -> tuple[dict[str, pa.Table], dict[str, Any]]:
    """See `SignRun.told`; `whole` are the parts of a run with all findings, `counts` how many by sign."""
    findings = whole["findings"]
    aside = set_aside(findings, whole["benign"], cases)
    parts = dict(whole)
    signs = findings["sign"].to_numpy(zero_copy_only=False)
    split = {"findings": aside.chosen, "benign": aside.chosen}
    # A sign's facts stand in the order of its findings.
    split |= {f"facts/{code}": aside.chosen[signs == code] for code in counts}
    for name, chosen in split.items():
        parts[name] = whole[name].filter(pa.array(~chosen, pa.bool_()))
        if chosen.any() or name in ("findings", "benign"):
            parts[f"{SET_ASIDE}/{name}"] = whole[name].filter(pa.array(chosen, pa.bool_()))
    left = {code: sum(aside.counts.get(code, {}).values()) for code in counts}
    told = {code: count - left[code] for code, count in counts.items()}
    return parts, {"findings": told, SET_ASIDE: aside.counts}


def made_of(workspace: Path, ledger: Ledger, settings: Settings, signs: Mapping[str, Sign]) -> dict[str, Any]:
    """Names all that a run is made of. Raises UsageError where the settings do not fit the signs."""
    check_thresholds(settings.signs, signs)
    check_explanations(signs)
    changed = settings.signs
    return {
        "ledger": {"hash": ledger.hash, "rows": {name: ledger.rows(name) for name in ledger.names}},
        "code": code_hash(),
        "versions": versions(),
        "engine": str(ledger.choice.kind),
        "settings": asdict(settings),
        "thresholds": {code: {**sign.thresholds, **changed.get(code, {})} for code, sign in signs.items()},
        "own_signs": own_files(workspace),
    }


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
    return steps.tables("devices", lambda: kept_tables(inputs.clusters))


def _prepare_and_search(
    inputs: SignInputs, steps: Steps, signs: Mapping[str, Sign]
) -> tuple[dict[str, pa.Table], dict[str, Found]]:
    """Device clusters, and what each sign finds.

    Two threads, since most of it keeps one core busy only. The second begins with signs that read nothing but the
    ledger: these are queries, and need no transfers in memory. Then it takes those without a shuffled ledger; the
    others search the real and the shuffled one at once. Own signs stay in the first.
    """
    known, inside = all_signs(), inputs.ledger.in_another_thread()
    built_in = [code for code in signs if code in known]
    beside = SignInputs(inside, inputs.settings)
    with ThreadPoolExecutor(1) as pool:

        def searched_ahead(codes: Iterable[str]) -> dict[str, Future[Found]]:
            return {code: pool.submit(_found, signs[code], beside, steps) for code in codes}

        try:
            ahead = searched_ahead(code for code in built_in if signs[code].reads == ["ledger"])
            devices = _prepare(inputs, steps)
            if any("peers" in sign.reads for sign in signs.values()):
                inputs.peers  # noqa: B018 (made here once, and not in both threads)
            beside.share(inputs)
            later = [code for code in built_in if code not in ahead and "shuffled" not in signs[code].reads]
            ahead |= searched_ahead(later)
            found = {code: _found(sign, inputs, steps) for code, sign in signs.items() if code not in ahead}
            found |= {code: each.result() for code, each in ahead.items()}
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return devices, {code: found[code] for code in signs}


def _found(sign: Sign, inputs: SignInputs, steps: Steps) -> Found:
    """What a sign finds, as a step of its own."""

    def given() -> dict[str, pa.Table]:
        each = findings_of(sign, inputs, inputs.settings.signs.get(sign.code, {}))
        return {"findings": each.findings, "facts": each.facts}

    tables = steps.tables(sign.code, given)
    return Found(tables["findings"], tables["facts"])


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
