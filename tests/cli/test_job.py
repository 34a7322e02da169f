"""A scan as a job: its log in JSON, its numbers for Prometheus, its events for OpenLineage, its memory."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from mulegraph.errors import EXIT_BAD_USE
from mulegraph.ledger.ledger import Ledger
from mulegraph.schema.choices import EngineChoice
from tests import command


@pytest.fixture(scope="module")
def job(few_cases: Path, tmp_path_factory) -> tuple[command.Done, Path]:
    """One scan with everything asked of it."""
    folder = tmp_path_factory.mktemp("job")
    shutil.copytree(few_cases / "ledger", folder / "workspace" / "ledger")
    options = ["--log-format", "json", "--metrics", folder / "scan.prom", "--lineage", folder / "lineage.jsonl"]
    done = command.run("scan", "-w", folder / "workspace", "--max-memory", "500MB", "--format", "json", *options)
    assert done.code == 0, done.err
    return done, folder


def test_the_log_is_a_line_of_json_each_and_ends_with_the_health(job):
    """Each step as it begins, with its time; standard output stays the answer alone."""
    done, _ = job
    events = [json.loads(line) for line in done.err.splitlines()]
    body = json.loads(done.out)

    assert {"read", "flow", "A2", "cases", "write"} <= {each["step"] for each in events if each["event"] == "step"}
    assert all(each["timestamp"].endswith("Z") and each["level"] for each in events)
    assert events[-1]["event"] == "health"
    assert events[-1]["findings"] == sum(body["findings"].values())
    assert events[-1]["feed_notes"] == len(body["feeds"])


def test_metrics_are_what_prometheus_reads(job):
    """Its own parser reads the file, and the numbers are the scan's."""
    done, folder = job
    families = {each.name: each for each in text_string_to_metric_families((folder / "scan.prom").read_text())}
    body = json.loads(done.out)

    found = {each.labels["sign"]: each.value for each in families["mulegraph_findings"].samples}
    assert found == body["findings"]
    assert families["mulegraph_cases"].samples[0].value == body["cases"]
    assert families["mulegraph_scan_peak_memory_bytes"].samples[0].value == body["peak_mb"] * 1e6


def test_lineage_says_what_was_read_and_written(job):
    """A START and a COMPLETE of one run, with tables in and the run out."""
    done, folder = job
    start, end = (json.loads(line) for line in (folder / "lineage.jsonl").read_text().splitlines())

    assert [start["eventType"], end["eventType"]] == ["START", "COMPLETE"]
    assert start["run"]["runId"] == end["run"]["runId"]
    assert {each["name"] for each in end["inputs"]} >= {"ledger/transfers", "ledger/accounts"}
    assert [each["name"] for each in end["outputs"]] == [f"runs/{json.loads(done.out)['run']}"]


def test_a_scan_that_fails_says_so_in_its_log_and_its_lineage(tmp_path: Path):
    """The exit code stays what it is without a log."""
    done = command.run("scan", "-w", tmp_path / "none", "--log-format", "json", "--lineage", tmp_path / "lineage.jsonl")
    event = json.loads(done.err.splitlines()[-1])

    assert done.code == event["exit_code"] == EXIT_BAD_USE
    assert event["event"] == "failed"
    assert json.loads((tmp_path / "lineage.jsonl").read_text().splitlines()[-1])["eventType"] == "FAIL"


def test_what_is_no_amount_of_memory_is_bad_use(tmp_path: Path):
    done = command.run("scan", "-w", tmp_path, "--max-memory", "much")

    assert done.code == EXIT_BAD_USE
    assert "Expected an amount" in done.err


def test_the_engine_of_a_ledger_holds_what_it_was_given(few_cases: Path):
    """And it spills beside the runs, not into the folder that somebody stands in."""
    engine = Ledger(few_cases / "ledger", EngineChoice(memory="500MB")).engine
    ask = "SELECT current_setting('memory_limit'), current_setting('temp_directory')"
    limit, folder = engine.raw_sql(ask).fetchone()

    assert limit.startswith("476.8")
    assert Path(folder) == few_cases / "runs" / ".spill"


def test_a_master_without_spark_is_bad_use(tmp_path: Path):
    """Nothing would run there, and whoever says so believes that it does."""
    done = command.run("scan", "-w", tmp_path, "--master", "spark://127.0.0.1:7077")

    assert done.code == EXIT_BAD_USE
    assert "Add --engine spark" in done.err


def test_spark_that_is_not_installed_is_bad_use(few_cases: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """It is an extra, and the error says how to get it."""
    shutil.copytree(few_cases / "ledger", tmp_path / "ledger")
    monkeypatch.setitem(sys.modules, "pyspark", None)

    done = command.run("scan", "-w", tmp_path, "--engine", "spark")

    assert done.code == EXIT_BAD_USE
    assert "pip install 'mulegraph[spark]'" in done.err
