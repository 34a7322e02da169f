"""Heavy modules, loaded when something of them is first used; the one place where a load is put off, and why.

`mulegraph --help` and shell completion load none of them, and a command loads what it uses: before, each start took
three seconds and 337 MB, most of it for Numba, SciPy, Ibis and pandas, which most questions never touch. Modules that
need an engine say `from mulegraph.lazy import ibis`; type checkers see the engine itself.
"""

from __future__ import annotations

import importlib
import pickle
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

__all__ = [
    "Kernel",
    "Lazy",
    "anxwritter",
    "camt",
    "camt110",
    "charset_normalizer",
    "community",
    "csgraph",
    "dataset",
    "datatype",
    "deferred",
    "duckdb",
    "filelock",
    "followthemoney",
    "holidays",
    "ibis",
    "jinja2",
    "ladybug",
    "lightgbm",
    "markupsafe",
    "networkx",
    "njit",
    "openlineage",
    "optimize",
    "pandas",
    "prometheus_client",
    "pyvis",
    "serializer_config",
    "serializers",
    "sparse",
    "special",
    "stats",
    "structlog",
    "watchfiles",
]


class Lazy:
    """Stands for a module, or a name inside one, until an attribute of it is asked for."""

    def __init__(self, module: str, name: str = "") -> None:
        self._module, self._name = module, name

    def _load(self) -> Any:
        module = importlib.import_module(self._module)
        return getattr(module, self._name) if self._name else module

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # whoever looks for a protocol asks every object, and must not load an engine
            raise AttributeError(name)
        value = getattr(self._load(), name)
        if not self._name:
            self.__dict__[name] = value
        return value

    def __getitem__(self, key: Any) -> Any:
        return self._load()[key]

    def __call__(self, *arguments: Any, **named: Any) -> Any:  # noqa: D102 (as what it stands for)
        return self._load()(*arguments, **named)


class Kernel:
    """A function that Numba compiles when it is first called, from Python or while another kernel is compiled.

    No lock is held meanwhile: Numba has its own, and two threads that took both in different order would wait forever.
    """

    def __init__(self, function: Callable[..., Any], options: dict[str, Any]) -> None:
        self._function, self._options = function, options
        self._compiled: Any = None
        self.__doc__ = function.__doc__
        self.__name__ = function.__name__
        self.__module__ = function.__module__

    @property
    def compiled(self) -> Any:
        """Numba's dispatcher."""
        if self._compiled is None:
            import numba
            from numba.core import types
            from numba.extending import typeof_impl

            # Tells Numba that a kernel among another's globals is the function that it stands for.
            typeof_impl.register(Kernel)(lambda kernel, _: types.Dispatcher(kernel.compiled))
            made = numba.njit(**self._options)(self._function)
            _forget_unreadable(made)
            # Of two threads that come at once the first one's stays, since its type may already be in use.
            self._compiled = self._compiled or made
        return self._compiled

    def __call__(self, *arguments: Any) -> Any:  # noqa: D102 (as the function)
        return self.compiled(*arguments)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.compiled, name)


def _forget_unreadable(dispatcher: Any) -> None:
    """Empty a kernel's cache on disk that cannot be read.

    It names the types of its arguments. After an upgrade that moved one of them to another module Numba fails on it
    before it sees that the source is another.
    """
    cache = getattr(dispatcher, "_cache", None)
    index = getattr(cache, "_cache_file", None)
    if cache is None or index is None:
        return
    try:
        index._load_index()
    except (AttributeError, ImportError, pickle.UnpicklingError, EOFError):
        cache.flush()


if TYPE_CHECKING:
    import anxwritter
    import charset_normalizer
    import community
    import duckdb
    import filelock
    import followthemoney
    import holidays
    import ibis
    import jinja2
    import ladybug
    import lightgbm
    import markupsafe
    import networkx
    import pandas
    import prometheus_client
    import structlog
    import watchfiles
    from ibis import _ as deferred
    from numba import njit
    from openlineage import client as openlineage
    from pyarrow import dataset
    from pyiso20022.camt.camt_056_001_11 import camt_056_001_11 as camt
    from pyiso20022.camt.camt_110_001_01 import camt_110_001_01 as camt110
    from pyvis import network as pyvis
    from scipy import optimize, sparse, special, stats
    from scipy.sparse import csgraph
    from xsdata.formats.dataclass import serializers
    from xsdata.formats.dataclass.serializers import config as serializer_config
    from xsdata.models import datatype
else:

    def njit(**options: Any) -> Callable[[Callable[..., Any]], Kernel]:
        """As `numba.njit`. Only scans and traces run kernels; a cached one still needs the whole compiler: 0.5 s."""
        return lambda function: Kernel(function, options)

    optimize, sparse, special, stats = (Lazy(f"scipy.{part}") for part in ("optimize", "sparse", "special", "stats"))
    csgraph = Lazy("scipy.sparse.csgraph")
    """Only scans, and paths to flagged accounts, calculate: 0.3 s."""
    ibis = Lazy("ibis")
    """Listings read Parquet without it: 0.7 s."""
    deferred = Lazy("ibis", "_")
    """What Ibis calls `_`: a column by its name."""
    duckdb = Lazy("duckdb")
    """Loads, scans and account pages query; listings do not."""
    ladybug = Lazy("ladybug")
    """Only questions to the embedded graph need it."""
    lightgbm = Lazy("lightgbm")
    """Only learning, and scans with a model, need it, and it is an extra."""
    networkx = Lazy("networkx")
    """Only cases and pictures are graphs: 0.2 s."""
    community = Lazy("community")
    """Louvain, which brings NetworkX: only where cases are split."""
    pandas = Lazy("pandas")
    """What listings of a run are made with: 0.25 s; the journal, help and completion do without."""
    dataset = Lazy("pyarrow.dataset")
    """Only whole tables of the ledger are read through it, and it brings pandas."""
    jinja2, markupsafe = Lazy("jinja2"), Lazy("markupsafe")
    """Only pages have templates."""
    anxwritter, followthemoney = Lazy("anxwritter"), Lazy("followthemoney")
    """Only charts for i2 and FollowTheMoney need them, and they are extras."""
    pyvis = Lazy("pyvis.network")
    """Only network pages need it, and it brings IPython where that is installed: 0.6 s."""
    filelock = Lazy("filelock")
    """Only what writes takes a lock; it brings asyncio."""
    watchfiles = Lazy("watchfiles")
    """Only a watch waits for files; it brings asyncio."""
    structlog = Lazy("structlog")
    prometheus_client = Lazy("prometheus_client")
    openlineage = Lazy("openlineage.client")
    """Only a scan that runs as a job logs in JSON, and tells Prometheus and OpenLineage of itself."""
    charset_normalizer = Lazy("charset_normalizer")
    """Only files are guessed at."""
    holidays = Lazy("holidays")
    """Only requests count working days."""
    camt = Lazy("pyiso20022.camt.camt_056_001_11", "camt_056_001_11")
    camt110 = Lazy("pyiso20022.camt.camt_110_001_01", "camt_110_001_01")
    """Only requests are messages: 0.2 s with what writes them."""
    serializers = Lazy("xsdata.formats.dataclass.serializers")
    serializer_config = Lazy("xsdata.formats.dataclass.serializers.config")
    datatype = Lazy("xsdata.models.datatype")
    """What writes them."""
