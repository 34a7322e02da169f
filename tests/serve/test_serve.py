"""Pages with a server behind them: who may ask, what they answer, what the journal keeps."""

from __future__ import annotations

import re
import shutil
import threading
import time
from pathlib import Path

import pytest
import uvicorn
from starlette.testclient import TestClient

from mulegraph.cli.serve import _bound
from mulegraph.journal.journal import Journal
from mulegraph.privacy.door import MaskedWorkspace
from mulegraph.schema.language import speaking
from mulegraph.serve.app import application
from mulegraph.serve.desk import Desk
from tests.cli.test_masking import forbidden, named
from tests.command import run
from tests.views.conftest import browser as browser
from tests.views.english import english_left

PORT, TOKEN = 8400, "once"
HOME = f"http://127.0.0.1:{PORT}"
OWN = {"origin": HOME}


@pytest.fixture(scope="module")
def folder(few_cases, tmp_path_factory) -> Path:
    return shutil.copytree(few_cases, tmp_path_factory.mktemp("serve") / "workspace")


@pytest.fixture(scope="module")
def app(folder):
    return application(MaskedWorkspace(folder), port=PORT, token=TOKEN)


@pytest.fixture(scope="module")
def client(app) -> TestClient:
    """A browser that has opened the address that was printed."""
    made = TestClient(app, base_url=HOME)
    assert made.get(f"/?token={TOKEN}").status_code == 200
    return made


@pytest.fixture(scope="module")
def case(folder) -> str:
    return str(MaskedWorkspace(folder).cases()["case"][0])


def kept(folder: Path, what: str) -> list[dict]:
    return [entry.facts for entry in Journal(folder).entries() if entry.what == what]


def test_the_token_opens_it_once(app, client):
    """A second use, another token and no token get nothing, and no page says what it would have held."""
    other = TestClient(app, base_url=HOME)
    for address in (f"/?token={TOKEN}", "/?token=guessed", "/", "/run", "/case/CASE-1", "/drawing/1"):
        answer = other.get(address)
        assert (answer.status_code, "CASE-" in answer.text) == (403, False), address
    cookie = client.cookies.jar._cookies["127.0.0.1"]["/"][f"mulegraph_{PORT}"]
    assert cookie.has_nonstandard_attr("HttpOnly") and cookie.get_nonstandard_attr("SameSite") == "strict"


@pytest.mark.parametrize("host", ["evil.example", f"evil.example:{PORT}", "127.0.0.1:1", "127.0.0.1", ""])
def test_another_host_is_refused(client, host):
    """A name that was made to lead to this machine reaches nothing (DNS rebinding)."""
    assert client.get("/", headers={"host": host}).status_code == 400


@pytest.mark.parametrize(
    "headers",
    [{}, {"origin": "http://evil.example"}, {"origin": "null"}, {**OWN, "sec-fetch-site": "same-site"}],
)
def test_another_site_can_do_nothing(client, case, folder, headers):
    """Not even with the cookie: an act is taken from this server's own pages only."""
    before = len(kept(folder, "noted"))
    answer = client.post(f"/case/{case}/act", json={"what": "note", "text": "x"}, headers=headers)
    assert answer.status_code == 403
    assert len(kept(folder, "noted")) == before


def test_nothing_is_kept_outside_and_nobody_else_is_asked(client, case):
    """No cache and no frame; the page may ask its own server and nobody else."""
    answer = client.get(f"/case/{case}")
    assert answer.headers["cache-control"] == "no-store" and answer.headers["x-frame-options"] == "DENY"
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', answer.text)[1].replace("&#39;", "'")
    assert "default-src 'none'" in policy and "connect-src 'self'" in policy


def test_masked_ids_stay_masked_on_every_page_and_in_every_answer(client, case, folder):
    """Pages, reports, pictures that lead on, and errors hold tokens only, as those of the command line."""
    raw = forbidden(folder)
    account = MaskedWorkspace(folder).case(case).accounts["account_id"][0]
    real = MaskedWorkspace(folder, reveal="tests").case(case).accounts["account_id"][0]
    client.post(f"/case/{case}/act", json={"what": "note", "text": f"called about {real}"}, headers=OWN)
    texts = [client.get(address).text for address in ("/", "/run", f"/case/{case}", f"/case/{case}/report")]
    for what in ("subject", "expand", "trace", "path"):
        asked = {"what": what, "account": account, "to": account, "drawing": f"/case/{case}"}
        answer = client.post("/draw", json=asked, headers=OWN)
        texts.append(answer.text)
        if answer.status_code == 200:
            texts.append(client.get(answer.json()["address"]).text)
    texts.append(client.post("/draw", json={"what": "expand", "account": real + "0"}, headers=OWN).text)
    texts.append(client.get(f"/case/{real}").text)
    assert len(texts) >= 10
    for text in texts:
        assert not named(text, raw)
    assert account in texts[2]
    assert kept(folder, "noted")[-1]["text"] == f"called about {real}"  # as the command keeps it


def test_the_list_of_cases_is_in_the_language_of_the_pages(folder):
    """Its heads, its states and what its scripts say."""
    with speaking("vi"):
        assert english_left(Desk(MaskedWorkspace(folder)).cases()) == []


def test_what_is_looked_at_and_done_is_in_the_journal(client, case, folder):
    """Each page by its kind, and each act as the command keeps it."""
    client.get(f"/case/{case}")
    assert kept(folder, "looked")[-1] == {**kept(folder, "looked")[-1], "page": "case", "case": case}
    answer = client.post(f"/case/{case}/act", json={"what": "note", "text": "called the bank"}, headers=OWN)
    assert answer.json()["said"].startswith("noted, journal entry")
    assert kept(folder, "noted")[-1]["text"] == "called the bank"


def test_closing_needs_a_second_person_where_the_settings_say_so(few_cases, tmp_path, case):
    """It is proposed, the case stays open, and the page says who does what next."""
    own = shutil.copytree(few_cases, tmp_path / "workspace")
    (own / "mulegraph.toml").write_text('[casework]\ntwo_people = ["close"]\n', encoding="utf-8")
    asking = TestClient(application(MaskedWorkspace(own), port=PORT, token=TOKEN), base_url=HOME)
    asking.get(f"/?token={TOKEN}")
    asked = {"what": "close", "choice": "innocent", "text": "a firm's own sweeps"}
    said = asking.post(f"/case/{case}/act", json=asked, headers=OWN).json()["said"]
    assert "Nothing is done until somebody else confirms it: mulegraph journal confirm" in said
    assert MaskedWorkspace(own).case(case).state["status"] == "open"


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        ({"what": "dispose", "account": "nobody", "choice": "guilty", "text": "x"}, "is not in"),
        ({"what": "close", "choice": "innocent"}, "needs a text"),
        ({"what": "burn"}, "does not fit"),
        ({"what": "note", "text": " "}, "the note is empty"),
    ],
)
def test_an_act_that_does_not_fit_is_refused_with_what_to_do(client, case, asked, problem):
    """As the command refuses it: a problem, and one thing to do."""
    answer = client.post(f"/case/{case}/act", json=asked, headers=OWN)
    assert answer.status_code == 400
    assert problem in answer.json()["problem"] and answer.json()["hint"]


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.7", "::", "::1", "example.org"])  # noqa: S104 (is refused)
def test_only_this_machine_is_answered(host, folder):
    """Any other address is refused before a port is opened."""
    done = run("serve", "--host", host, "-w", folder)
    assert done.code == 2 and "other machines" in done.err


def test_a_browser_expands_traces_and_notes(folder, case, browser):
    """In a real Chromium: the list is the first page, a click on *expand* draws more, and a note is kept."""
    bound = _bound(0)
    port = bound.getsockname()[1]
    served = application(MaskedWorkspace(folder), port=port, token=TOKEN)
    server = uvicorn.Server(uvicorn.Config(served, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
    thread.start()
    do = browser.execute_script
    try:
        browser.get(f"http://127.0.0.1:{port}/?token={TOKEN}")
        assert browser.title == "Cases"
        browser.find_element("link text", case).click()
        _until(lambda: do("return document.documentElement.dataset.ready") == "yes")
        before = do("return chart.transfers.length")
        do("change('note', (now) => { now.notes[chart.nodes[0].name] = 'first'; })")
        do("const way = chart.nodes.findIndex((each) => each.kind === 'own'); goTo(way);")
        do("[...document.querySelectorAll('.asks button')].find((each) => each.textContent === 'expand').click()")
        _until(lambda: "/drawing/" in browser.current_url and do("return document.documentElement.dataset.ready"))
        assert do("return chart.transfers.length") >= before
        assert do("return Object.values(state.notes)") == ["first"]
        browser.back()
        _until(lambda: do("return document.documentElement.dataset.ready") == "yes")
        do("act({ what: 'note', text: 'from the page' })")
        _until(lambda: "journal entry" in do("return document.getElementById('said').textContent"))
        assert kept(folder, "noted")[-1]["text"] == "from the page"
        assert [each for each in browser.get_log("browser") if each["level"] == "SEVERE"] == []
    finally:
        server.should_exit = True
        thread.join(10)


def _until(done, seconds: float = 15) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.05)
