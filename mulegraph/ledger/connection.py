"""A ledger's connection to DuckDB, whose SQL is written once a process.

Of a small scan, Ibis writing SQL was a quarter of the work; a second scan, a watch or a server asks the same again.
"""

from __future__ import annotations

import hashlib
import pickle
import weakref
from contextlib import suppress
from pathlib import Path
from typing import Any

from mulegraph.lazy import duckdb, ibis
from mulegraph.ledger.engine import in_sql

MOST_WRITTEN = 1000
"""Texts of some kilobytes each. A watch names its ledger's last time, and so asks in new words with each batch."""

_written: dict[bytes, str] = {}


def connected(memory: str, spill: Path) -> ibis.BaseBackend:
    """A database in memory of this size; what does not fit goes into the folder `spill`."""
    engine = ibis.duckdb.connect()
    engine.raw_sql(f"SET memory_limit = '{memory}'")
    engine.raw_sql(f"SET temp_directory = '{in_sql(spill)}'")
    return _set_up(engine)


def for_another_thread(engine: ibis.BaseBackend) -> ibis.BaseBackend:
    """A second connection to the same database."""
    return _set_up(ibis.duckdb.from_connection(engine.con.cursor()))


def _set_up(engine: ibis.BaseBackend) -> ibis.BaseBackend:
    """Without DuckDB's bar, which goes to standard output, where nothing but the answer belongs."""
    # A notebook without widgets has no bar, and refuses to be told so.
    with suppress(duckdb.InvalidInputException):
        engine.raw_sql("SET enable_progress_bar = false")
    kind, of = type(engine), weakref.ref(engine)  # in a circle with itself, it would outlive its ledger

    def compiled(expression: ibis.Expr, **how: Any) -> str:
        key = _key(expression, how)
        if key is None:
            return kind.compile(of(), expression, **how)
        text = _written.get(key)
        if text is None:
            if len(_written) >= MOST_WRITTEN:
                _written.clear()
            text = _written[key] = kind.compile(of(), expression, **how)
        return text

    engine.compile = compiled
    return engine


def _key(expression: ibis.Expr, how: dict[str, Any]) -> bytes | None:
    """Names the expression; None where it holds rows, or what cannot be told by its content.

    Pickled, and not kept itself: it would hold its connection, and with it a database, for as long as the process
    lives. Of its connection only the kind goes into a pickle. Equal expressions may differ there; unequal ones do.
    """
    operation = expression.op()
    # Ibis's own default limit is an option that anybody may change in between.
    if operation.find(ibis.expr.operations.InMemoryTable) or how.get("limit") == "default":
        return None
    try:
        return hashlib.sha256(pickle.dumps((operation, how))).digest()
    except (pickle.PicklingError, AttributeError, TypeError):  # a function of somebody's own sign
        return None
