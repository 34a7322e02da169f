"""A whole scan on Spark is the scan on DuckDB, byte for byte: on a real cluster, and when a worker dies in it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mulegraph.errors import EXIT_BAD_USE, EXIT_ENGINE, EngineError
from mulegraph.ingest.load import load
from mulegraph.ledger import spark
from mulegraph.ledger.ledger import Ledger
from mulegraph.schema.choices import Engine, EngineChoice
from mulegraph.signs.base import all_signs
from mulegraph.simulate import simulate
from mulegraph.workspace.run import Run
from mulegraph.workspace.scan import scan
from tests import command, spark_cluster
from tests.spark_cluster import Cluster

pytestmark = [pytest.mark.spark, pytest.mark.filterwarnings("ignore")]
OF_ITS_OWN = {"run", "started_at", "seconds", "elapsed", "engine"}
"""What a manifest says of the scan, and not of what it found."""


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A ledger scanned by DuckDB."""
    folder = tmp_path_factory.mktemp("spark")
    simulate(folder / "files", accounts=300, days=12, seed=11)
    load(folder / "files", folder / "ws")
    return scan(folder / "ws", graph=False).run


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A master and two workers, and this process's session on them."""
    from pyspark.sql import SparkSession  # installed where these tests run

    os.environ["SPARK_LOCAL_IP"] = spark_cluster.HERE
    with spark_cluster.running(tmp_path_factory.mktemp("cluster"), workers=2) as cluster:
        yield cluster
        SparkSession.builder.getOrCreate().stop()


def scanned(here: Run, folder: Path, master: str, told: Callable[[str], None] | None = None) -> Run:
    """The same ledger, scanned on Spark, flow and all."""
    shutil.copytree(here.folder.parents[1] / "ledger", folder / "ledger")
    choice = EngineChoice(Engine.SPARK, master=master, match_from=0)
    return scan(folder, progress=told, graph=False, choice=choice).run


def assert_same(here: Run, there: Run) -> None:
    """Every file of the run the same bytes, and its record the same but for what it says of the scan itself."""
    names = sorted(str(path.relative_to(here.folder)) for path in here.folder.rglob("*.parquet"))
    assert names == sorted(str(path.relative_to(there.folder)) for path in there.folder.rglob("*.parquet"))
    differ = [name for name in names if (here.folder / name).read_bytes() != (there.folder / name).read_bytes()]
    assert differ == []
    records = [json.loads((run.folder / "manifest.json").read_text()) for run in (here, there)]
    one, other = ({name: part for name, part in each.items() if name not in OF_ITS_OWN} for each in records)
    assert one == other


def test_a_master_that_does_not_answer_is_an_error_of_two_lines(here: Run):
    """With the engine's exit code, and no traceback, whatever Spark itself would print."""
    done = command.run("scan", "-w", here.folder.parents[1], "--engine", "spark", "--master", "spark://127.0.0.1:1")

    assert done.code == EXIT_ENGINE
    assert "no Spark master answers at spark://127.0.0.1:1" in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize("master", ["spark://nowhere", "elsewhere"])
def test_what_is_no_master_is_bad_use(here: Run, master: str):
    """Before anything is started, or by what Spark says of it."""
    done = command.run("scan", "-w", here.folder.parents[1], "--engine", "spark", "--master", master)

    assert done.code == EXIT_BAD_USE
    assert "--master" in done.err
    assert "Expected spark://HOST:PORT" in done.err


def test_a_cluster_without_workers_is_told_within_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Spark itself would wait for ever."""
    monkeypatch.setattr(spark, "WORKER_SECONDS", 3)
    monkeypatch.setenv("SPARK_LOCAL_IP", spark_cluster.HERE)
    with spark_cluster.running(tmp_path, workers=0) as alone, pytest.raises(EngineError, match="no worker of spark://"):
        spark.spark_engine(EngineChoice(Engine.SPARK, master=alone.url), 1)


def test_a_whole_scan_on_a_cluster_gives_the_same_run(here: Run, cluster: Cluster, tmp_path: Path):
    """A master and two workers: every sign, chains, scores, alerts and cases."""
    there = scanned(here, tmp_path, cluster.url)

    assert_same(here, there)
    assert there.manifest["engine"] == "spark"
    # It says something only where there is something: nearly every sign finds something here.
    assert len(there.manifest["findings"]) + len(there.manifest["not_testable"]) == len(all_signs())
    assert sum(count > 0 for count in there.manifest["findings"].values()) > len(all_signs()) / 2


def test_a_worker_that_does_not_see_the_ledger_is_told_so(here: Run, cluster: Cluster, tmp_path: Path):
    """As where the workspace is not mounted: what is missing is gone after Spark has looked what there is."""
    shutil.copytree(here.folder.parents[1] / "ledger", tmp_path / "ledger")
    ledger = Ledger(tmp_path / "ledger", EngineChoice(Engine.SPARK, master=cluster.url))
    transfers = ledger.transfers
    ledger.paths("transfers")[3].unlink()

    with pytest.raises(EngineError, match="Every worker must see the workspace's folder"), spark.spark_errors():
        transfers.amount.sum().execute()


def test_a_worker_that_dies_in_the_middle_changes_nothing(here: Run, cluster: Cluster, tmp_path: Path):
    """Killed with its executors while the flow is matched: the other worker does its part again."""
    killed = []

    def kill(step: str) -> None:
        if step == "flow":
            cluster.kill_worker(0)
            killed.append(step)

    there = scanned(here, tmp_path, cluster.url, kill)

    assert killed == ["flow"]
    assert_same(here, there)
