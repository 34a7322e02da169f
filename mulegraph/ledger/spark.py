"""The ledger on Spark: its session, and how it reads the ledger's files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mulegraph.errors import UsageError
from mulegraph.lazy import ibis

if TYPE_CHECKING:
    from ibis.expr import types as ir


def spark_engine() -> ibis.BaseBackend:
    """The Spark session of this process: one that runs, a cluster's through its settings, or a local one."""
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise UsageError(
            "--engine spark: PySpark is not installed", hint="Run: pip install 'mulegraph[spark]'"
        ) from error
    session = (
        SparkSession.builder.appName("mulegraph")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.ui.showConsoleProgress", "false")
        .getOrCreate()
    )
    return ibis.pyspark.connect(session)


def read_with_spark(engine: ibis.BaseBackend, paths: list[Path], name: str) -> ir.Table:
    """A table on Spark. Its files are named one by one, so that folder names (day=…) do not become columns."""
    session = engine._session
    frame = session.read.option("recursiveFileLookup", "true").parquet(*(str(path.absolute()) for path in paths))
    frame.createOrReplaceTempView(f"mulegraph_{name}")
    return engine.table(f"mulegraph_{name}")
