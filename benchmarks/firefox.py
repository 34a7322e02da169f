"""Whether pages work in Firefox: no error in its console, and every node drawn that should be, whatever is done.

    python -m benchmarks.firefox [WORKSPACE] [PAGES]

Debian's firefox-esr speaks WebDriver BiDi by itself, so there is no geckodriver between. What is done on a page is what
`benchmarks.pictures` does in Chromium.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

from mulegraph.privacy.door import MaskedWorkspace
from mulegraph.views.pictures import picture
from tests.views.hands import LOOK, NEAR, random_steps

PAGES, STEPS = 20, 30
OPENED = "performance.getEntriesByType('navigation')[0].loadEventEnd / 1000"
PREFERENCES = {
    "app.normandy.enabled": False,
    "app.update.disabledForTesting": True,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.proxy.http": "127.0.0.1",
    "network.proxy.http_port": 9,
    "network.proxy.ssl": "127.0.0.1",
    "network.proxy.ssl_port": 9,
    "network.proxy.type": 1,
}
"""A new profile asks nobody, and whatever a page would ask of another host fails."""


class Firefox:
    """One window of a headless Firefox, by WebDriver BiDi."""

    def __init__(self, line: ClientConnection) -> None:
        self._line, self._number = line, 0
        self.errors: list[str] = []
        self._ask("session.new", capabilities={})
        self._ask("session.subscribe", events=["log.entryAdded"])
        self._window = self._ask("browsingContext.create", type="window")["context"]
        self._ask("browsingContext.setViewport", context=self._window, viewport={"width": 1400, "height": 900})

    def open(self, path: Path) -> None:
        """Open a file and wait until it is loaded; errors of what was before are forgotten."""
        self.errors.clear()
        self._ask("browsingContext.navigate", context=self._window, url=path.as_uri(), wait="complete")

    def run(self, script: str) -> Any:
        """What a script gives in the page, as JSON has it; an error of it is one of the page's."""
        target = {"context": self._window}
        asked = f"JSON.stringify({script}) ?? null"
        told = self._ask("script.evaluate", expression=asked, target=target, awaitPromise=True)
        if told["type"] == "exception":
            self.errors.append(told["exceptionDetails"]["text"])
            return None
        value = told["result"].get("value")
        return None if value is None else json.loads(value)

    def _ask(self, method: str, **params: Any) -> dict[str, Any]:
        self._number += 1
        self._line.send(json.dumps({"id": self._number, "method": method, "params": params}))
        while True:
            told = json.loads(self._line.recv(timeout=60))
            if told.get("method") == "log.entryAdded" and told["params"]["level"] == "error":
                self.errors.append(told["params"]["text"])
            if told.get("id") == self._number:
                if told["type"] == "error":
                    raise RuntimeError(f"{method}: {told['message']}")
                return dict(told["result"])


@contextlib.contextmanager
def started() -> Iterator[Firefox]:
    """A Firefox with a new profile, which ends with the block."""
    found = shutil.which("firefox-esr") or shutil.which("firefox")
    if found is None:
        raise SystemExit("no Firefox: install firefox-esr (Debian)")
    with tempfile.TemporaryDirectory() as profile:
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in PREFERENCES.items()]
        (Path(profile) / "user.js").write_text("\n".join(lines), encoding="utf-8")
        asked = [found, "--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0"]
        browser = subprocess.Popen(asked, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        try:
            with connect(f"{_address(Path(profile))}/session", max_size=None, proxy=None) as line:
                yield Firefox(line)
        finally:
            browser.terminate()
            browser.wait(timeout=20)


def _address(profile: Path) -> str:
    """Where the browser listens, which it writes into its profile when it does."""
    told = profile / "WebDriverBiDiServer.json"
    for _ in range(300):
        if told.is_file() and (text := told.read_text(encoding="utf-8")):
            known = json.loads(text)
            return f"ws://{known['ws_host']}:{known['ws_port']}"
        time.sleep(0.1)
    raise SystemExit("Firefox did not open for WebDriver BiDi within 30 s")


def main(workspace: Path, count: int) -> int:
    """Open pages, work in them, print what was wrong; returns how many things were."""
    space = MaskedWorkspace(workspace)
    wrong, nodes = 0, 0
    opened: list[float] = []
    with started() as browser, tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        for number, case in enumerate(space.cases(top=count)["case"]):
            page.write_text(picture(space, case), encoding="utf-8")
            browser.open(page)
            ready = browser.run("document.documentElement.dataset.ready")
            opened.append(browser.run(OPENED) or 0.0)
            nodes += browser.run("view.nodes.size") or 0
            browser.run(f"(() => {{ {NEAR}{LOOK} Object.assign(window, {{ near, look }}); }})()")
            lost = [(step, browser.run(f"({step}, look())")) for step in ["fit()", *random_steps(number, STEPS)]]
            told = [f"{case}: lost after {step}: {names}" for step, names in lost if names]
            told += [f"{case}: {each}" for each in browser.errors]
            told += [] if ready == "yes" else [f"{case}: the page is not ready"]
            wrong += len(told)
            print("\n".join(told) or f"{case}: right")
    print(f"{len(opened)} pages, {nodes} nodes at first sight, {STEPS + 1} steps each: {wrong} things wrong")
    print(f"opened in {statistics.median(opened):.2f} s at the median, {max(opened):.2f} s at most")
    return wrong


if __name__ == "__main__":
    FOLDER, MOST = Path((sys.argv[1:] or ["."])[0]), int((sys.argv[2:] or [PAGES])[0])
    sys.exit(1 if main(FOLDER, MOST) else 0)
