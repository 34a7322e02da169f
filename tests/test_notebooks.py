"""Every notebook runs from first cell to last, as a reader would run it."""

from __future__ import annotations

from pathlib import Path

import jupytext
import nbclient
import pytest

from mulegraph.graph.neo4j.address import PASSWORD, USERNAME
from tests.neo4j_server import emptied

FOLDER = Path(__file__).parents[1] / "notebooks"


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_the_notebook_runs(path, request, monkeypatch):
    """No cell fails, and the last one made its picture; what asks a server gets a real one."""
    if path.stem == "shared_graph":
        server = request.getfixturevalue("server")
        emptied(server)
        monkeypatch.setenv("NEO4J_URI", server.url)
        monkeypatch.setenv(USERNAME, server.user)
        monkeypatch.setenv(PASSWORD, server.password)
    notebook = jupytext.read(path)
    nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(FOLDER)}}).execute()

    last = notebook.cells[-1]["outputs"][0]["data"]["text/plain"]
    assert "case.html" in last
