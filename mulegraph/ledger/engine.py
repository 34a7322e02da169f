"""The DuckDB that a load runs in, and how file names are written into its SQL."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from mulegraph.lazy import duckdb
from mulegraph.schema.tables import minor_exponents

ENGINE_MEMORY = "4GB"
STATEMENTS_MEMORY = "512MB"
"""What a load of banks' files alone may hold: with it a gigabyte of camt.053 stays under one gigabyte in all."""


def open_engine(scratch: Path, memory: str = ENGINE_MEMORY) -> duckdb.DuckDBPyConnection:
    """A database that holds `memory`, spills to `scratch`, knows the currencies and shows times in UTC."""
    db = duckdb.connect()
    for setting in (
        f"memory_limit = '{memory}'",
        f"temp_directory = '{in_sql(scratch)}'",
        "TimeZone = 'UTC'",
        "preserve_insertion_order = false",
        # A stream of unknown length must probe; as the build side of a join it would be held whole.
        "disabled_optimizers = 'join_order,build_side_probe_side'",
    ):
        db.execute(f"SET {setting}")
    pairs = pa.table({"code": list(minor_exponents()), "exponent": list(minor_exponents().values())})
    db.register("currency_list", pairs)
    db.execute("CREATE TABLE currencies AS FROM currency_list")
    return db


def in_sql(path: Path) -> str:
    """A path as it stands between the quotes of an SQL string."""
    return str(path).replace("'", "''")


def literal(path: Path) -> str:
    """A path that DuckDB reads as itself, also where its name holds the characters of a pattern."""
    return re.sub(r"([\[*?])", r"[\1]", str(path))


def scan(paths: Sequence[Path]) -> str:
    """SQL that reads the given Parquet files as one table."""
    listed = ", ".join(f"'{in_sql(Path(literal(path)))}'" for path in paths)
    return f"read_parquet([{listed}], hive_partitioning = false)"
