"""A cache of cases that people opened: each takes a trace, and every listing names all of them.

A row is named by the hash of everything that it is made of, in a folder of the ledger that it is of. Nothing is lost
with the cache.
"""

from __future__ import annotations

import hashlib
import shutil
import uuid
from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import version

import pyarrow as pa
import pyarrow.parquet as pq

from mulegraph.flow.kept_days import FOLDER, MIN_TRANSFERS
from mulegraph.schema.findings import CASES
from mulegraph.signs.own import own_files
from mulegraph.workspace.base import WorkspaceBase

CASES_FOLDER = "cases"
LETTERS_OF_HASH = 32


def kept_case(
    space: WorkspaceBase, case: str, payments: list[str], make: Callable[[], pa.Table], *, min_kept: int = MIN_TRANSFERS
) -> pa.Table:
    """One row of `CASES`, as it was kept or else made; of ledgers of `min_kept` transfers up it is kept then."""
    if space.ledger.rows("transfers") < min_kept:
        return make()
    folder, of_ledger = space.folder / FOLDER / CASES_FOLDER, space.ledger.hash[:LETTERS_OF_HASH]
    # Every setting, since few change one by day, and the ledger changes by night.
    read = (version("mulegraph"), space.run.name, space.settings, sorted(own_files(space.folder).items()))
    name = hashlib.sha256(repr((read, case, payments)).encode()).hexdigest()[:LETTERS_OF_HASH]
    path = folder / of_ledger / f"{name}.parquet"
    with suppress(OSError, pa.ArrowException):
        found = pq.read_table(path, partitioning=None, page_checksum_verification=True)
        if found.schema.equals(CASES.arrow):
            return found
    made = make()
    with suppress(OSError):  # a disk that does not take it is no error
        for other in folder.iterdir() if folder.exists() else ():
            if other != path.parent:
                shutil.rmtree(other, ignore_errors=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_suffix(f".{uuid.uuid4().hex[:8]}")
        pq.write_table(made, new, write_page_checksum=True)
        new.replace(path)
    return made
