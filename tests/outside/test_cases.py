"""Cases that others keep, made after public bug reports and sample files; run where MULEGRAPH_CASES names their folder.

The folder holds run.py and cases/ID/. How mulegraph is told about a file's shape stands in how/ID/ beside this test.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HOW = Path(__file__).parent / "how"
FOLDER = os.environ.get("MULEGRAPH_CASES", "")
IDS = sorted(path.parent.name for path in Path(FOLDER).glob("cases/*/case.json")) if FOLDER else []


@pytest.mark.skipif(not FOLDER, reason="MULEGRAPH_CASES names no folder of cases")
@pytest.mark.parametrize("case", IDS)
def test_a_case_from_outside_passes(case: str, tmp_path: Path):
    """Through the command line and files, as its expected.txt says."""
    command = Path(sys.executable).parent / "mulegraph"
    options = ["--mulegraph", command, "--how", HOW, "--only", case, "--jobs", "1", "--json", tmp_path / "result.json"]
    subprocess.run([sys.executable, Path(FOLDER) / "run.py", *options], check=False, capture_output=True, timeout=600)

    (result,) = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))
    assert result["verdict"] == "pass", result["why"]
