"""mulegraph takes mule networks apart.

In a notebook: `import mulegraph; ws = mulegraph.open("workspace")`, then `ws.chains()`, `ws.findings()` and
`ws.cases()` give pandas data frames, `ws.case(id).graph()` a NetworkX graph.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mulegraph.watch.workspace import Workspace

__all__ = ["open"]


def open(workspace: str | Path = "workspace") -> Workspace:
    """Open a workspace. Raises BadUse on first use when nothing is loaded there yet."""
    # Imported here, so that `mulegraph --help` and the schema do not wait for the engines.
    from mulegraph.watch.workspace import Workspace

    return Workspace(workspace)
