"""The command line in this process: what `mulegraph …` does and writes, without a second of start for each."""

from __future__ import annotations

import io
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass

from mulegraph.__main__ import run as entry


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it wrote to its two streams."""

    code: int
    out: str
    err: str


def run(*arguments: object) -> Done:
    """A command, from the entry that the installed one has."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    before = sys.argv
    sys.argv = ["mulegraph", *map(str, arguments)]
    try:
        with redirect_stdout(out), redirect_stderr(err):
            code = entry()
    finally:
        sys.argv = before
    return Done(code, _written(out), _written(err))


def answered(*arguments: object) -> str:
    """What a command that ends well writes to standard output."""
    done = run(*arguments)
    assert done.code == 0, done.err
    return done.out


def _written(stream: io.TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()
