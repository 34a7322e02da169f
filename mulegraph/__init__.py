"""mulegraph takes mule networks apart.

In a notebook: `import mulegraph; ws = mulegraph.open("workspace")`, then `ws.chains()`, `ws.findings()` and
`ws.cases()` give pandas data frames, `ws.case(id).graph()` a NetworkX graph. Accounts, people and devices are shown
as tokens; `mulegraph.open("workspace", reveal="why")` shows them, and the journal keeps the reason.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mulegraph.watch.workspace import Workspace

__all__ = ["open"]


def open(workspace: str | Path = "workspace", *, reveal: str | None = None) -> Workspace:
    """Open a workspace. Raises BadUse on first use when nothing is loaded there yet.

    What identifies a person is masked, unless a reason to `reveal` it is given, which the journal keeps.
    """
    # Imported here, so that `mulegraph --help` and the schema do not wait for the engines.
    from mulegraph.watch.workspace import Workspace

    return Workspace(workspace, reveal=reveal)
