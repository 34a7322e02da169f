"""Nothing that a full run puts out names an account, a person or a device, unless a reason was given."""

from __future__ import annotations

import html
import json
import re
import shutil
from pathlib import Path

import pytest
from pypdf import PdfReader

from mulegraph.graph.queries import catalogue
from mulegraph.journal.journal import Journal
from mulegraph.ledger.ledger import Ledger
from mulegraph.schema.tables import TABLES, Mask
from mulegraph.views.network import library
from mulegraph.views.notebook import NotebookWorkspace
from tests.command import run
from tests.conftest import SAMPLE
from tests.thorough import THOROUGH

WORDS = {Mask.ACCOUNT, Mask.HOLDER, Mask.DEVICE, Mask.CARD, Mask.MERCHANT, Mask.NATIONAL_ID}

FIRST = re.compile(r"\w+")
TOKEN = re.compile(r"\b[A-Z]{1,4}~[a-z2-7]{8}\b")


@pytest.fixture(scope="module")
def space(workspace, tmp_path_factory) -> NotebookWorkspace:
    """A copy, so that the journal of these tests is theirs."""
    folder = tmp_path_factory.mktemp("masked") / "workspace"
    shutil.copytree(workspace.folder, folder)
    return NotebookWorkspace(folder)


@pytest.fixture(scope="module")
def raw(space) -> tuple[set[str], set[str]]:
    return forbidden(space.folder)


def forbidden(folder: Path) -> tuple[set[str], set[str]]:
    """What may not show: ids, which are words, and names and addresses, which are several."""
    words, texts = set(), set()
    ledger = Ledger(folder / "ledger")
    for table in TABLES.values():
        for column in table.columns:
            if column.masked and column.masked is not Mask.HIDDEN and ledger.rows(table.name):
                values = ledger.arrow(table.name, [column.name]).column(0).drop_null().to_pylist()
                (words if column.masked in WORDS else texts).update(values)
    return words, texts


def output(*arguments: object) -> str:
    """All that a command writes, whether it ends well or not."""
    done = run(*arguments)
    return done.out + done.err


def named(text: str, raw: tuple[set[str], set[str]]) -> set[str]:
    """Which of the values a text shows, also as HTML or JSON write them."""
    words, texts = raw
    found = set()
    for read in {text, html.unescape(text), re.sub(r"\\u([0-9a-f]{4})", lambda m: chr(int(m[1], 16)), text)}:
        there = set(re.findall(r"\w+", read))
        found |= words & there
        found |= {each for each in texts if FIRST.match(each)[0] in there and each in read}
    return found


def read_pdf(path: Path) -> str:
    """What can be selected in it; words that may break anywhere are whole again."""
    return "\n".join(page.extract_text().replace("\u200b", "") for page in PdfReader(path).pages)


def formats(number: int) -> list[str]:
    """JSON holds all that a table and CSV do: with every change they take turns."""
    return ["table", "json", "csv"] if THOROUGH else ["json", ("table", "csv")[number % 2]]


def commands_of(space: NotebookWorkspace, folder: Path) -> list[list[str]]:
    """Every command with something to show, as one would go through a night's findings."""
    clear = NotebookWorkspace(space.folder, reveal="tests")
    chain = clear.chains(top=1).iloc[0]
    case, account, device = (
        clear.cases(top=1)["case"][0],
        chain["accounts"][1],
        clear.devices(top=1)["device_ids"][0][0],
    )
    asked = next(name for name in clear.cases()["case"] if "SUED" in clear.askable_banks(name))
    listings = [
        ["chains"],
        ["chains", "--min-surprise", "0"],
        ["chains", "--account", account],
        ["devices"],
        ["devices", "--hubs"],
        ["devices", "--account", account],
        ["links"],
        ["links", "--account", account],
        ["links", "--account", account, "--hops", "3", "--any-order"],
        ["signs"],
        ["signs", "--list"],
        ["signs", "--account", account],
        ["case", "list"],
        ["case", "show", case],
        ["account", account],
        ["query", "--list"],
        ["graph", "status"],
        ["trace", "--report", "R0000000"],
        ["trace", chain["transfers"][1], "--back"],
        ["trace", "--account", account],
        ["journal", "show"],
        ["journal", "verify"],
        ["case", "list", "--status", "open"],
        ["case", "holds", case],
        ["case", "clock", case],
        ["case", "held"],
        ["request", "list"],
        ["case", "alarms"],
        ["diff", "--all"],
        ["case", "facts", case, "--account", clear.case(case).accounts["account_id"][0]],
        ["lists", "show", "--all"],
    ]
    given = {
        "account": account,
        "one": account,
        "other": chain["accounts"][2],
        "id": case,
        "device": device,
        "accounts": f"{account} {chain['accounts'][2]}",
    }
    for query in catalogue().values():
        needed = [f"{each.name}={given[each.name]}" for each in query.parameters if each.default is None]
        listings.append(["query", query.name, *(word for each in needed for word in ("-p", each))])
    found = [[*each, "--format", how] for number, each in enumerate(listings) for how in formats(number)]
    pages = [
        ["view", subject, "-o", str(folder / f"{number}.html")]
        for number, subject in enumerate((case, chain["chain"], account))
    ]
    pages.append(
        ["request", asked, "--to", "SUED", "--country", "DE", "--sender", "NORD", "-o", str(folder / "request")]
    )
    pages.append(["case", "note", case, f"{account} was called"])
    pages.append(["trace", "--report", "R0000001", "-o", str(folder / "trace.html")])
    bad = [
        ["trace", "--account", account, "--since", "2100-01-01"],
        ["trace", account],
        ["chains", "--account", account, "--since", "soon"],
        ["account", account, "--format", "xml"],
        ["links", "--account", account, "--hops", "9"],
        ["query", "account_neighbourhood", "-p", f"acount={account}"],
        ["query", "paths_to_flagged", "-p", f"account={account}", "-p", "hops=9"],
        ["case", "show", account],
        ["view", account, "-o", "/proc/no/page.html"],
        ["report", account, "-o", str(folder)],
        ["report", case, "-o", f"/proc/{account}"],
        ["load", str(SAMPLE)],
        ["scan"],
        ["lists", "remove", account, "--list", "suspicion", "--reason", "x"],
        ["lists", "export"],
        ["case", "facts", case, "--account", account + "0"],
    ]
    reports = [["report", case, "-o", str(folder / "case"), "--lang", "nl"]]
    return [*found, *pages, *reports, *bad]


def tokens_of_files(folder: Path, raw: tuple[set[str], set[str]]) -> dict[str, int]:
    """How often each page and PDF of a folder shows a token; none names anybody."""
    found = {}
    for page in sorted([*folder.rglob("*.html"), *folder.rglob("*.pdf")]):
        text = page.read_text(encoding="utf-8").replace(library(), "") if page.suffix == ".html" else read_pdf(page)
        assert not named(text, raw), (page.name, sorted(named(text, raw))[:5])
        found[page.name] = len(TOKEN.findall(text))
    return found


def test_no_output_of_a_full_run_names_anybody(space, raw, tmp_path):
    """All commands, formats, pages and errors, asked with real ids: only tokens come back."""
    shown = 0
    for command in commands_of(space, tmp_path):
        text = output(*command, "-w", space.folder, *["--debug"] * ("soon" in command))
        assert not named(text, raw), (command, sorted(named(text, raw))[:5])
        shown += len(TOKEN.findall(text))
    pages = tokens_of_files(tmp_path, raw)
    assert len(pages) > 5 and sum(page.endswith(".pdf") for page in pages) == 2
    assert sum(map(bool, pages.values())) > 5
    assert shown > 1_000


def test_no_page_of_a_run_s_report_names_anybody(few_cases, tmp_path):
    """The report of a whole run, with the pages of its cases, of a workspace that has few."""
    folder = shutil.copytree(few_cases, tmp_path / "workspace")
    written = output("report", "-o", tmp_path / "report", "-w", folder).splitlines()
    pages = tokens_of_files(tmp_path / "report", forbidden(folder))
    assert {Path(each).name for each in written} == set(pages)
    assert len(pages) > 5 and all(pages.values())


def test_the_search_finds_what_is_shown(space, raw):
    """With a reason the same commands show ids and names, so the test above looks for the right things."""
    reveal = ["--reveal", "a test", "-w", space.folder]
    account = NotebookWorkspace(space.folder).chains(top=1)["accounts"][0][0]
    assert len(named(output("chains", "--format", "json", *reveal), raw)) > 10
    assert any(" " in each for each in named(output("account", account, *reveal), raw))


def test_a_token_works_wherever_an_id_does(space):
    """From a masked listing one goes on: the token of an account or device gives what its id gives."""
    clear = NotebookWorkspace(space.folder, reveal="tests")
    account, device = clear.chains(top=1)["accounts"][0][1], clear.devices(top=1)["device_ids"][0][0]
    token = NotebookWorkspace(space.folder).chains(top=1)["accounts"][0][1]
    phone = NotebookWorkspace(space.folder).devices(top=1)["device_ids"][0][0]
    assert token != account and phone != device

    for command in (
        ["account", "{}"],
        ["chains", "--account", "{}"],
        ["links", "--account", "{}"],
        ["query", "account_neighbourhood", "-p", "account={}"],
    ):
        asked = [output(*(word.format(each) for word in command), "-w", space.folder) for each in (account, token)]
        assert asked[0] == asked[1] and (token in asked[0] or command[0] in ("chains", "query", "links"))
    by_device = [
        output("query", "accounts_on_device", "-p", f"device={each}", "-w", space.folder) for each in (device, phone)
    ]
    assert by_device[0] == by_device[1] and by_device[0].count("~") > 1


def test_revealing_needs_a_reason_and_is_in_the_journal(space):
    """Who, when, with which command, and why; nothing is shown before it is written."""
    before = len(NotebookWorkspace(space.folder).journal_entries())
    assert "needs a reason" in output("chains", "--reveal", " ", "-w", space.folder)
    assert len(NotebookWorkspace(space.folder).journal_entries()) == before

    output("chains", "--top", "1", "--reveal", "police asked, file 12", "-w", space.folder)

    masked = NotebookWorkspace(space.folder).journal_entries(top=1)[0]
    assert (masked["what"], masked["facts"]["reason"], masked["facts"]["command"]) == ("revealed", "***", "***")
    entry = vars(list(Journal(space.folder).entries())[-1])
    assert (entry["what"], entry["facts"]["reason"]) == ("revealed", "police asked, file 12")
    assert "chains --top 1" in entry["facts"]["command"]
    assert entry["who"] and entry["at"]
    (space.folder / "journal.jsonl").rename(space.folder / "kept")
    (space.folder / "journal.jsonl").mkdir()
    refused = output("chains", "--top", "1", "--format", "json", "--reveal", "why", "-w", space.folder)
    (space.folder / "journal.jsonl").rmdir()
    (space.folder / "kept").rename(space.folder / "journal.jsonl")
    assert refused.startswith("mulegraph: ") and "[" not in refused


def test_notebooks_are_masked_too(space):
    """The same rule, the same words."""
    import mulegraph

    masked, clear = mulegraph.open(space.folder), mulegraph.open(space.folder, reveal="a notebook")
    case = clear.cases()["case"][0]
    assert set(masked.case(case).graph()).isdisjoint(set(clear.case(case).graph()) - {"CASH-IN", "CASH-OUT"})
    assert masked.case(case).accounts["role"].tolist() == clear.case(case).accounts["role"].tolist()
    assert json.dumps(masked.case(case).row["accounts"]).count("~") == len(clear.case(case).row["accounts"])
    told = next(entry for entry in clear.journal_entries() if entry["what"] == "revealed")
    assert told["facts"]["reason"] == "a notebook"
