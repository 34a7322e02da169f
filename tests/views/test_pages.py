"""Pages, opened in a real Chromium with no network: they draw, they react, and nothing leaves them."""

from __future__ import annotations

import functools
import re
import threading
from datetime import datetime
from decimal import Decimal
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import networkx as nx

from mulegraph.cases.build import add_transfers
from mulegraph.views.chart import charted
from mulegraph.views.network import network_page
from mulegraph.views.pictures import picture
from mulegraph.views.reports import write_report
from tests.views.browser import opened
from tests.views.geometry import small_of


def graph_of(account: str) -> nx.MultiDiGraph:
    import pandas as pd

    graph: nx.MultiDiGraph = nx.MultiDiGraph()
    rows = [("t1", account, "b", "10.50"), ("t2", "b", None, "9.00")]
    frame = pd.DataFrame(rows, columns=["transfer_id", "source", "target", "amount"])
    frame["amount"] = frame["amount"].map(Decimal)
    frame = frame.assign(currency="EUR", at=datetime(2026, 1, 5, 9), channel="instant")
    add_transfers(graph, frame)
    return graph


def test_a_case_is_drawn_offline(browser, workspace, tmp_path):
    """The page draws every node, logs no error, and asks no other host for anything."""
    case = workspace.cases()["case"][0]
    path = tmp_path / "case.html"
    path.write_text(picture(workspace, case), encoding="utf-8")

    opened(browser, path)

    assert browser.execute_script("return document.documentElement.dataset.ready") == "yes"
    drawn = browser.execute_script("return picture.body.nodeIndices.length")
    assert drawn == len(small_of(charted(workspace.case(case).network()))[0])
    assert [each for each in browser.get_log("browser") if each["level"] == "SEVERE"] == []
    asked = re.findall(r'"url":"([a-z]+:)', " ".join(each["message"] for each in browser.get_log("performance")))
    assert set(asked) <= {"file:", "data:", "about:"}
    pixels = browser.execute_script(
        "const c = document.querySelector('canvas'), d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;"
        "let n = 0; for (let i = 3; i < d.length; i += 4) n += d[i] > 0; return n;"
    )
    assert pixels > 5_000


def test_no_page_names_another_host(workspace, tmp_path):
    """No address of another host in any page, also not in a comment (names of formats at w3.org are none)."""
    for path in write_report(workspace, tmp_path, pictures=3):
        text = path.read_text(encoding="utf-8")
        assert re.findall(r"https?://(?!www\.w3\.org/)[^\s\"'<]*", text) == []
        assert not re.search(r"(?:src|href)\s*=\s*[\"']?//", text)


def test_the_policy_forbids_foreign_scripts(browser, tmp_path):
    """A script that somebody adds to the page does not run: its hash is not in the policy."""
    text = network_page(graph_of("a"), title="a")
    path = tmp_path / "page.html"
    path.write_text(text.replace("</body>", "<script>document.title = 'owned'</script></body>"), encoding="utf-8")

    opened(browser, path)

    assert browser.title == "a"


def test_the_same_case_is_the_same_page(workspace):
    """Nothing random: the place of a node is computed, not shaken out."""
    case = workspace.cases()["case"][0]
    assert picture(workspace, case) == picture(workspace, case)


def test_a_page_opens_from_a_server_too(browser, tmp_path):
    """Also over HTTP on the loopback address nothing but the page is fetched."""
    (tmp_path / "page.html").write_text(network_page(graph_of("a"), title="a"), encoding="utf-8")
    asked: list[str] = []

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, form: str, *values: object) -> None:
            asked.append(self.path)

    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(tmp_path)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        browser.get(f"http://127.0.0.1:{server.server_port}/page.html")
        assert browser.execute_script("return document.documentElement.dataset.ready") == "yes"
    finally:
        server.shutdown()
        server.server_close()
    assert set(asked) <= {"/page.html", "/favicon.ico"}


def test_a_masked_page_does_not_show_the_id_that_was_asked_for(workspace, plain):
    """A device or a holder may be asked for by its real id; title, facts and data have its token."""
    device = plain.devices_of(plain.cases().iloc[0]["accounts"])["device_id"].iloc[0]
    accounts = plain.ledger.arrow("accounts", ["account_id", "holder_id"]).to_pylist()
    holders = [row["holder_id"] for row in accounts if row["holder_id"]]
    holder = next(each for each in holders if holders.count(each) > 1)
    for subject in (device, holder):
        page = picture(workspace, subject)
        assert subject not in page and "vis.Network" in page
