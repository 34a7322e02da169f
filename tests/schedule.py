"""Which tests one worker gets together: a file's, and all that need the Neo4j server. The longest come first.

xdist's own `--dist loadgroup` puts the group into a field that pytest 9.2 does not read any more. It then gives each
test to any worker, in silence: each worker made every module's workspaces, and started a server of its own.
"""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling

SERVER = "neo4j"
ON_A_SERVER = ("tests/graph/neo4j/", "tests/workspace/test_server.py")
LONGEST = [
    SERVER,
    "tests/views/test_reports.py",
    "tests/test_notebooks.py",
    "tests/cli/test_masking.py",
    "tests/cli/test_commands.py",
    "tests/test_package.py",
    "tests/views/test_network.py",
    "tests/views/test_network_kept.py",
    "tests/ingest/test_store.py",
    "tests/cli/test_browse.py",
    "tests/workspace/test_killed_scan.py",
    "tests/watch/test_watch.py",
    "tests/workspace/test_trace_sums.py",
    "tests/casework/test_acts.py",
    "tests/casework/test_opened.py",
    "tests/learn/test_learn.py",
]
"""Groups that take longest, so that all workers end at about the same time."""


def group_of(nodeid: str) -> str:
    """The group of a test, from its name."""
    path = nodeid.partition("::")[0]
    asks = "[neo4j" in nodeid or "[shared_graph]" in nodeid
    return SERVER if asks or path.startswith(ON_A_SERVER) else path


def place_of(nodeid: str) -> int:
    """Where its group stands among the longest; after them for all others, which keep their order."""
    group = group_of(nodeid)
    return LONGEST.index(group) if group in LONGEST else len(LONGEST)


class ByFile(LoadScopeScheduling):
    """Gives whole groups to workers."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)
