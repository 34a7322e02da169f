"""The graph on a workspace's server, asked through the door."""

from __future__ import annotations

from typing import Any

from mulegraph.privacy.door import MaskedWorkspace


class SharedGraph:
    """The graph on a workspace's server: answers as data frames, networks as NetworkX graphs.

    They are masked as the workspace is, and every question takes a token for an account.
    """

    def __init__(self, workspace: MaskedWorkspace) -> None:
        self.workspace = workspace

    def __enter__(self) -> SharedGraph:
        return self

    def __exit__(self, *_: object) -> None:
        """Each question opens the server's graph and closes it."""

    def ask(self, name: str, **values: Any) -> Any:
        """The answer to `cypher/NAME.cypher`; `values` are as Python has them, defaults filled in."""
        self.workspace._check_server()
        return self.workspace._far_table(name, values)

    def network(self, subject: str) -> Any:
        """A case, a chain or an account as a graph, told apart by their ids. Raises UsageError when it is not there."""
        self.workspace._check_server()
        return self.workspace._far_network(subject)
