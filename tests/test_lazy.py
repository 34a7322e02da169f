"""Kernels are compiled when they are first used, and a cache that cannot be read is made anew."""

from __future__ import annotations

import importlib.util
import pickle
from pathlib import Path

KERNEL = """
from mulegraph.lazy import njit

@njit(cache=True)
def doubled(number):
    return number * 2
"""


def _module(path: Path):
    spec = importlib.util.spec_from_file_location("some_kernels", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_cache_of_types_that_have_moved_is_made_anew(tmp_path):
    """As after an upgrade: the index names a type of a module that has it no more."""
    path = tmp_path / "some_kernels.py"
    path.write_text(KERNEL, encoding="utf-8")
    assert _module(path).doubled(21) == 42
    (index,) = (tmp_path / "__pycache__").glob("*.nbi")
    with index.open("rb") as file:
        version = pickle.load(file)  # noqa: S301 (written above)
    index.write_bytes(pickle.dumps(version) + b"cmulegraph.flow.matching\nColumns\n.")

    assert _module(path).doubled(4) == 8
