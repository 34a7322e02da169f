"""A page in a notebook's cell that answers: what is chosen in it is a data frame in the next cell.

Only this needs anywidget. The page stands in the same closed frame as `View` shows it in; it and the notebook exchange
two messages, what is chosen and what is to be chosen, and nothing else passes.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import anywidget
import traitlets

from mulegraph.errors import UsageError
from mulegraph.lazy import networkx as nx
from mulegraph.lazy import pandas as pd
from mulegraph.views.display import FRAME_HEIGHT
from mulegraph.views.pictures import NetworkView

COLUMNS = ("transfer_id", "at", "source", "target", "amount", "currency", "channel")
SCRIPT = (files("mulegraph.views") / "templates" / "notebook" / "widget.js").read_text(encoding="utf-8")


class PageWidget(anywidget.AnyWidget):
    """The interactive page of a picture. `chosen` are names of accounts and ids of transfers, as the page has them."""

    _esm = SCRIPT
    page = traitlets.Unicode().tag(sync=True)
    title = traitlets.Unicode().tag(sync=True)
    height = traitlets.Int(FRAME_HEIGHT).tag(sync=True)
    chosen: traitlets.Dict[str, Any] = traitlets.Dict({"nodes": [], "transfers": []}).tag(sync=True)
    wanted = traitlets.Unicode().tag(sync=True)

    def __init__(self, view: NetworkView) -> None:
        self._graph: nx.MultiDiGraph[Any] = view.graph
        super().__init__(page=view.page(in_notebook=True), title=view.title)

    @property
    def accounts(self) -> list[str]:
        """The accounts, devices and holders that are chosen, as the picture names them."""
        return [name for name in _names(self.chosen.get("nodes")) if name in self._graph]

    @property
    def selection(self) -> pd.DataFrame:
        """The transfers of what is chosen, in order of time; all of the picture where nothing is.

        What a browser sends only picks rows of the picture, which came through the door: nothing else gets out.
        """
        nodes, transfers = _names(self.chosen.get("nodes")), set(_names(self.chosen.get("transfers")))
        none = not nodes and not transfers
        rows = []
        for source, target, key, data in self._graph.edges(keys=True, data=True):
            if data["kind"] == "transfer" and (none or key in transfers):
                rows.append({**data, "transfer_id": key, "source": source, "target": target})
        found = pd.DataFrame(rows, columns=list(COLUMNS))
        return found.sort_values(["at", "transfer_id"], ignore_index=True)

    def choose(self, name: str) -> None:
        """Choose an account, a device, a holder or a transfer in the page. Raises UsageError for one it has not."""
        known = name in self._graph or any(key == name for *_, key in self._graph.edges(keys=True))
        if not known:
            raise UsageError("'{name}' is not in this picture", hint="widget.selection lists what is.", name=name)
        self.wanted = ""  # the same one again is chosen again
        self.wanted = name


def _names(given: Any) -> list[str]:
    """Names that a browser sent; anything that is none is left out."""
    return [each for each in given if isinstance(each, str)] if isinstance(given, Sequence) else []
