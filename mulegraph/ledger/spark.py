"""The ledger on Spark: its session, how it reads the ledger's files, and what its errors mean to whoever scans."""

from __future__ import annotations

import os
import re
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from mulegraph.errors import EngineError, UsageError
from mulegraph.files import code_hash
from mulegraph.lazy import ibis
from mulegraph.schema.choices import EngineChoice
from mulegraph.schema.tables import Table

if TYPE_CHECKING:
    from ibis.expr import types as ir

STANDALONE = re.compile(r"spark://([^,/:]+:\d+(?:,[^,/:]+:\d+)*)")
MASTER = re.compile(r"yarn|k8s://.+|local(\[(\*|\d+)(, ?\d+)?\])?")
MASTERS = "Expected spark://HOST:PORT (such as spark://node1:7077), yarn, k8s://… or local[2]."
REACH_SECONDS = 10
"""A master that does not take a connection for so long is down; Spark itself asks three times for 20 seconds."""
WORKER_SECONDS = 90
"""A bank's cluster may have to start a container first. Without a limit Spark waits for a worker for ever."""
TRANSFERS_A_PARTITION = 500_000
SMALL = 1_000_000
"""Below so many transfers Spark spends its time on getting ready: it compiles each query, the Java machine compiles
that again, and plans are mended while they run (28 jobs for sign T1 instead of 11). Without all this the set-based
signs of the sample took 28 s of processor instead of 70."""
QUICK_START = "-XX:TieredStopAtLevel=1"

ROWS_A_PARTITION = 1_000_000
Work = Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]

_opening = threading.Lock()
_answering: set[str] = set()
"""Applications of which a worker has answered once."""


def spark_engine(choice: EngineChoice, transfers: int) -> ibis.BaseBackend:
    """A connection to the Spark session of this process; one is begun on the chosen master where none runs.

    A thread has a connection of its own, the session is all threads'. `transfers` says how large the ledger is. Raises
    UsageError where PySpark is not installed or the session is on another master, EngineError where none can be begun.
    """
    with _opening:
        # First the session: without PySpark Ibis has no such engine, and says less of it.
        session = _session(choice, transfers)
        return ibis.pyspark.connect(session)


def _session(choice: EngineChoice, transfers: int) -> Any:
    master = choice.master
    try:
        from pyspark import SparkContext
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise UsageError(
            "--engine spark: PySpark is not installed", hint="Run: pip install 'mulegraph[spark]'"
        ) from error
    # What PySpark calls the active session is a thread's own; the context is the process's.
    is_running = SparkContext._active_spark_context is not None
    if master is not None and not is_running:
        _check_reachable(master)
    # Workers run the Python that the driver runs; Spark's own choice is whichever is called python3.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = (
        SparkSession.builder.appName("mulegraph")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.log.level", "ERROR")
    )
    if not is_running and _is_local(master):
        # Driver and workers are one Java machine; Spark's own 1 GB is not enough for a few million transfers.
        builder = builder.config("spark.driver.memory", f"{_megabytes(choice.memory)}m")
        if transfers < SMALL:
            builder = builder.config("spark.driver.defaultJavaOptions", QUICK_START)
    if master is not None and not is_running:
        builder = builder.master(master)
    with spark_errors(f"Spark cannot be started on {master or 'this machine'}"):
        # Tables and settings of its own: what somebody else does in this process stays as it is.
        session = builder.getOrCreate().newSession()
        session.conf.set("spark.sql.session.timeZone", "UTC")
        _fit(session, transfers)
    if master is not None and session.sparkContext.master != master:
        raise UsageError(
            "Spark runs already in this process, on {running} and not on {master}",
            hint="Stop that session, or leave the master out.",
            running=session.sparkContext.master,
            master=master,
        )
    _check_workers(session)
    return session


def _is_local(master: str | None) -> bool:
    """Whether a session that begins is one Java machine here; where settings of Spark may say another, they decide."""
    if master is None:
        return not os.environ.keys() & {"SPARK_HOME", "SPARK_CONF_DIR", "PYSPARK_SUBMIT_ARGS"}
    return master.startswith("local")


def _megabytes(memory: str) -> int:
    """An amount such as 3GB or 500 MiB as the Java machine counts."""
    number, unit = re.fullmatch(r"([\d.]+)\s*(.)i?B", memory).groups()  # type: ignore[union-attr] # checked before
    return int(float(number) * {"M": 1, "G": 1024, "T": 1024**2}[unit])


def _fit(session: Any, transfers: int) -> None:
    """Plans for a ledger of this size. Spark's 200 partitions are for clusters; what somebody has set stays."""
    given = session.sparkContext.getConf()
    cores = session.sparkContext.defaultParallelism
    is_large = transfers >= SMALL
    wanted = {
        "spark.sql.shuffle.partitions": str(max(cores, -(-transfers // TRANSFERS_A_PARTITION))),
        "spark.sql.adaptive.enabled": str(is_large).lower(),
        "spark.sql.codegen.wholeStage": str(is_large).lower(),
        "spark.sql.codegen.factoryMode": "FALLBACK" if is_large else "NO_CODEGEN",
        # Answers come as columns, not row by row; and the driver itself lists the files that it names one by one.
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        "spark.sql.sources.parallelPartitionDiscovery.threshold": "100000",
    }
    for name, value in wanted.items():
        if not given.contains(name):
            session.conf.set(name, value)


def _check_reachable(master: str) -> None:
    """Raises EngineError where no master of a standalone cluster takes a connection; other kinds are left to Spark.

    UsageError where Spark knows no such URL: its own answer is a page of Java.
    """
    places = STANDALONE.fullmatch(master)
    if places is None and MASTER.fullmatch(master) is None:
        raise UsageError("--master is '{master}'", hint=MASTERS, master=master)
    if places is None:
        return
    for place in places[1].split(","):
        host, _, port = place.rpartition(":")
        with suppress(OSError, OverflowError):
            socket.create_connection((host.strip("[]"), int(port)), REACH_SECONDS).close()
            return
    raise EngineError("no Spark master answers at {master}", hint="Start it, or check host and port.", master=master)


def _check_workers(session: Any) -> None:
    """Raises EngineError where nobody works for the session: Spark would wait for ever."""
    context = session.sparkContext
    if context.applicationId in _answering or context.master.startswith("local"):
        return
    failed: list[BaseException] = []

    def ask() -> None:
        try:
            context.parallelize([0], 1).count()
        except Exception as error:  # told in the thread that waits
            failed.append(error)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(WORKER_SECONDS)
    if asking.is_alive() or failed:
        with spark_errors("Spark does not stop"):
            session.stop()
        raise EngineError(
            "no worker of {master} took work within {seconds} seconds",
            hint="Look at the master's page: are there workers, with memory and cores to spare, and mulegraph on them?",
            master=context.master,
            seconds=WORKER_SECONDS,
        ) from (failed[0] if failed else None)
    _answering.add(context.applicationId)


UNSEEN = re.compile(r"FileNotFoundException|PATH_NOT_FOUND|FAILED_READ_FILE\.FILE_NOT_EXIST|No such file")
UNINSTALLED = re.compile(r"ModuleNotFoundError")
OTHER_CODE = "this worker has another version of mulegraph"


@contextmanager
def spark_errors(problem: str = "Spark gave up") -> Iterator[None]:
    """What Spark raises becomes an EngineError of two lines; its own text may quote rows, and is left out.

    Nothing is asked of PySpark where nothing is raised, since it may not be installed.
    """
    try:
        yield
    except Exception as error:
        if not _is_sparks(error):
            raise
        text = str(error)
        hint = "Run again with --debug to see what Spark says; a scan goes on from its last finished step."
        if UNSEEN.search(text):
            hint = "Every worker must see the workspace's folder under the same path: docs/nightly.md, 'On Spark'."
        elif UNINSTALLED.search(text) or OTHER_CODE in text:
            hint = "Every worker needs this version of mulegraph[spark], in the Python that PYSPARK_PYTHON names."
        elif "JAVA_GATEWAY_EXITED" in text or "Java gateway" in text:
            hint = "Spark needs Java 17 or later: install it, or set JAVA_HOME."
        raise EngineError("{what} ({kind})", hint=hint, what=problem, kind=type(error).__name__) from error


def _is_sparks(error: BaseException) -> bool:
    """Whether PySpark raised it, or the bridge to its Java machine, which breaks when that one dies."""
    return any(each.__module__.partition(".")[0] in ("pyspark", "py4j") for each in type(error).__mro__)


def read_with_spark(engine: ibis.BaseBackend, paths: list[Path], table: Table) -> ir.Table:
    """A table on Spark. Its files are named one by one, so that folder names (day=…) do not become columns."""
    from pyspark.sql.pandas.types import from_arrow_schema  # installed where this runs

    session, name = engine._session, f"mulegraph_{table.name}"
    # With the columns given Spark opens no file to guess them, which is a job a table.
    columns = from_arrow_schema(table.arrow_schema, prefer_timestamp_ntz=True)
    reader = session.read.schema(columns).option("recursiveFileLookup", "true")
    # Not `as_uri()`: Spark takes %3D for what is written. Without the scheme a cluster looks in its own file system.
    frame = reader.parquet(*(f"file://{path.absolute()}" for path in paths))
    frame.createOrReplaceTempView(name)
    return engine.table(name)


@dataclass(frozen=True)
class Grouped:
    """Rows in a Parquet file that belong together by `key`, and the columns that sort those of one key."""

    path: Path
    rows: int
    key: str
    sorted_by: tuple[str, ...]


def by_key(engine: ibis.BaseBackend, grouped: Grouped, work: Work, schema: pa.Schema) -> pa.Table:
    """What `work` makes of the rows, which it gets on Spark's workers: all rows of a key together, and in order.

    `work` is given the batches of some keys and yields batches of `schema`; it is a function of a module, which workers
    have, too. What it yields comes back in no certain order. The file must lie where every worker sees it.
    """
    from pyspark.sql.pandas.types import from_arrow_schema  # installed where this runs

    session = engine._session
    parts = max(session.sparkContext.defaultParallelism, -(-grouped.rows // ROWS_A_PARTITION))
    frame = session.read.parquet(f"file://{grouped.path.absolute()}").repartition(parts, grouped.key)
    in_order = frame.sortWithinPartitions(grouped.key, *grouped.sorted_by)
    alike = partial(with_the_same_code, work=work, code=code_hash())
    return in_order.mapInArrow(alike, from_arrow_schema(schema)).toArrow().cast(schema)


def with_the_same_code(batches: Iterator[pa.RecordBatch], *, work: Work, code: str) -> Iterator[pa.RecordBatch]:
    """The work on a worker. Another version's kernel might give other findings in silence."""
    if code_hash() != code:
        raise EngineError(OTHER_CODE)
    yield from work(batches)
