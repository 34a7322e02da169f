"""Two engines, one answer: every set-based sign gives identical rows on DuckDB and on a real local Spark."""

from __future__ import annotations

import ibis
import pytest

from mulegraph.ingest.load import load
from mulegraph.ledger.ledger import Ledger
from mulegraph.schema.choices import Engine, EngineChoice
from mulegraph.settings import Settings
from mulegraph.signs.base import all_signs
from mulegraph.signs.found import run_sign
from mulegraph.signs.inputs import SignInputs
from mulegraph.simulate import simulate
from tests.signs.inputs import as_rows

pytestmark = pytest.mark.spark
SET_BASED = "A1 A2 A4 A5 C1 C2 C3 C4 C5 N7 T1 V1".split()


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> dict[Engine, SignInputs]:
    """The same simulated ledger on both engines."""
    from pyspark import sql as pyspark  # installed where these tests run

    folder = tmp_path_factory.mktemp("engines")
    simulate(folder / "files", accounts=600, seed=9)
    load(folder / "files", folder / "ws")
    settings = {
        "spark.sql.shuffle.partitions": "2",
        "spark.default.parallelism": "2",
        "spark.ui.enabled": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.sql.session.timeZone": "UTC",
        "spark.ui.showConsoleProgress": "false",
    }
    builder = pyspark.SparkSession.builder.master("local[2]")
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    yield {engine: SignInputs(Ledger(folder / "ws" / "ledger", EngineChoice(engine)), Settings()) for engine in Engine}
    session.stop()


def test_the_list_names_every_set_based_sign(scenes):
    """A sign is set-based when it gives an Ibis expression; A1 compares names of what an expression finds."""
    given = {
        code
        for code, sign in all_signs().items()
        if not {"flow", "chains", "clusters", "neighbours", "sides"}
        & set(sign.find.__code__.co_varnames[: sign.find.__code__.co_argcount])
        and (code == "A1" or isinstance(sign.rows(scenes[Engine.DUCKDB], {}), ibis.Table))
    }
    assert given == set(SET_BASED)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("code", SET_BASED)
def test_both_engines_give_the_same_findings(scenes, code):
    """Down to the last digit, and there are some."""
    on = {engine: as_rows(code, run_sign(all_signs()[code], inputs, {})) for engine, inputs in scenes.items()}
    assert on[Engine.DUCKDB] == on[Engine.SPARK]
    assert len(on[Engine.DUCKDB]) > 0
