"""What a start loads: help and completion nothing heavy, a listing no engine that it does not ask."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mulegraph.lazy import Kernel, Lazy, njit

NEVER_FOR_HELP = set(
    "numpy pandas pyarrow numba scipy ibis duckdb ladybug neo4j networkx community matplotlib jinja2 pyvis rapidfuzz"
    " holidays xsdata pyiso20022 typst textual IPython iso4217 filelock".split()
)
NEVER_FOR_LISTINGS = set(
    "numba scipy ibis duckdb ladybug neo4j community matplotlib jinja2 pyvis rapidfuzz holidays xsdata pyiso20022"
    " typst textual IPython networkx charset_normalizer schwifty asyncio lxml".split()
)
MOST_MODULES = 450
"""Of all kinds, Python's own among them; a start had 2,900."""
LOADED = """
import sys
from mulegraph.__main__ import run
sys.argv = ["mulegraph", *sys.argv[1:]]
code = run()
print("LOADED", code, *sys.modules, file=sys.stderr)
"""


def loaded(*arguments: str | Path) -> list[str]:
    """Modules that a process has loaded when a command has ended well."""
    return ran(*arguments)[1]


def ran(*arguments: str | Path, **environment: str) -> tuple[str, list[str]]:
    """Standard output of a command that ended well, and the modules that its process had loaded."""
    command = [sys.executable, "-c", LOADED, *map(str, arguments)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, timeout=300, env={**os.environ, **environment}
    )
    code, *modules = done.stderr.rpartition("LOADED")[2].split()
    assert code == "0", done.stderr
    return done.stdout, modules


@pytest.mark.parametrize("arguments", [["--help"], ["case", "list", "--help"], ["trace", "--help"], ["--version"]])
def test_help_loads_nothing_heavy(arguments):
    """Neither data frames nor engines, and few modules."""
    modules = loaded(*arguments)

    assert not NEVER_FOR_HELP & {each.partition(".")[0] for each in modules}
    assert len(modules) < MOST_MODULES


@pytest.mark.parametrize(("words", "expected"), [("mulegraph ca", "case"), ("mulegraph case list --st", "--status")])
def test_completion_loads_nothing_heavy(words, expected):
    """A shell asks at each key, and gets the command's or the option's name."""
    done = {"_MULEGRAPH_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1)}
    answer, modules = ran(**done)

    assert not NEVER_FOR_HELP & {each.partition(".")[0] for each in modules}
    assert expected in answer.split()


@pytest.mark.parametrize("arguments", [["case", "list"], ["chains"], ["journal", "show"], ["case", "alarms"]])
def test_listings_load_no_engine(workspace, arguments):
    """They read Parquet and show it."""
    modules = loaded(*arguments, "--workspace", workspace.folder)

    assert not NEVER_FOR_LISTINGS & {each.partition(".")[0] for each in modules}


def test_listings_load_no_reader_of_files(workspace):
    """What loads a ledger is a seventh of a start, and no listing needs it."""
    modules = loaded("case", "list", "--workspace", workspace.folder)

    assert not {"mulegraph.ingest.load", "mulegraph.ingest.readers", "mulegraph.ingest.bookings"} & set(modules)


def test_the_journal_is_shown_without_data_frames(workspace):
    """Its entries are lines of JSON; pandas alone would take a third of the time."""
    assert "pandas" not in loaded("journal", "show", "--workspace", workspace.folder)


def test_a_lazy_module_is_loaded_when_it_is_used():
    """And what is asked of it is what the module gives; nobody who looks for a protocol loads it."""
    lazy = Lazy("fractions")

    assert not hasattr(lazy, "__array__")
    assert "Fraction" not in vars(lazy)
    assert lazy.Fraction(1, 2) == Lazy("fractions", "Fraction")(1, 2)
    with pytest.raises(ModuleNotFoundError):
        Lazy("fractions_that_are_not_there").Fraction  # noqa: B018


def test_a_kernel_is_compiled_when_it_is_called_also_by_another():
    """Defining one loads no compiler; Numba takes a kernel that another calls for its function."""

    @njit(cache=False)
    def twice(number):
        return 2 * number

    @njit(cache=False)
    def four_times(number):
        return twice(twice(number))

    assert isinstance(four_times, Kernel)
    assert four_times._compiled is None
    assert four_times(3) == 12
    assert twice.signatures


def test_kernels_that_threads_call_at_once_do_not_wait_for_each_other():
    """Two that share a third are compiled and called by eight threads; a lock of our own beside Numba's would hang."""

    @njit(cache=False, nogil=True)
    def shared(number):
        return number + 1

    @njit(cache=False, nogil=True)
    def one(number):
        return shared(number) * 2

    @njit(cache=False, nogil=True)
    def other(number):
        return shared(number) * 3

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda kernel: kernel(1), [one, other, shared, other, one, shared, other, one]))

    assert found == [4, 6, 2, 6, 4, 2, 6, 4]
