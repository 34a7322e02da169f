"""The command line: what each command answers, its two streams and its exit code, also as a process of its own."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from mulegraph.cli.app import app
from mulegraph.workspace.workspace import Workspace
from tests.command import answered, run
from tests.conftest import ROOT, SAMPLE

LINES = 80


def process(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """A command as users run it."""
    command = [sys.executable, "-m", "mulegraph", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, timeout=300)


@pytest.fixture(scope="module")
def here(workspace) -> list[str]:
    return ["--workspace", str(workspace.folder)]


@pytest.fixture(scope="module")
def small(few_cases, tmp_path_factory) -> Path:
    """A workspace with a few cases, which tests may scan again."""
    return shutil.copytree(few_cases, tmp_path_factory.mktemp("small") / "workspace")


def test_simulate_load_scan_is_a_whole_story(tmp_path):
    """What simulate writes, load takes without a reject and scan finds something in."""
    answered("simulate", "--accounts", "200", "--days", "7", "--seed", "5", "-o", tmp_path / "files")
    assert "rejected" not in answered("load", tmp_path / "files", "-w", tmp_path / "ws").replace("rejected\n", "", 1)
    assert "Next:" in answered("scan", "-w", tmp_path / "ws")


def test_chains_as_json_keep_the_contract(here):
    """An array, best first, with the promised keys; every transfer that reaches the threshold stands in one."""
    chains = json.loads(answered("chains", "--format", "json", *here))

    promised = "transfers accounts surprise amount_in amount_out first_at last_at expected_false_share".split()
    assert all(set(promised) <= set(chain) for chain in chains)
    assert [chain["surprise"] for chain in chains] == sorted((chain["surprise"] for chain in chains), reverse=True)
    assert all(isinstance(chain["amount_in"], str) and chain["first_at"].endswith("Z") for chain in chains)
    every = json.loads(answered("chains", "--format", "json", "--min-surprise", "0", *here))
    least = min(chain["surprise"] for chain in chains)
    reached = {each for chain in every if chain["surprise"] >= least for each in chain["transfers"]}
    assert reached == {each for chain in chains for each in chain["transfers"]}
    assert json.loads(answered("chains", "--format", "json", "--top", "2", *here)) == chains[:2]


def test_that_all_findings_are_set_aside_is_said(workspace, here):
    """Nothing listed is not nothing found: how many an innocent explanation fits, and how to see them."""
    run = Workspace(workspace.folder).run
    told = run.table("findings").to_pylist()
    aside = run.set_aside.table("findings").to_pylist()
    alone = [
        each
        for each in aside
        if not any(other["sign"] == each["sign"] and other["last_at"] >= each["last_at"] for other in told)
    ]
    first = max(alone, key=lambda each: each["last_at"])
    window = ["--sign", first["sign"], "--since", first["last_at"].strftime("%Y-%m-%dT%H:%M:%SZ")]
    text = answered("signs", *window, *here)
    assert "(none)" in text
    assert "set aside, since an innocent explanation fits: add --set-aside." in text
    assert answered("signs", "--set-aside", *window, *here).count(first["sign"] + "-") >= 1


def test_scan_as_json_ends_with_one_object(small):
    """With a pipe nothing else is on standard output, and no progress bar on the other; alerts are told."""
    (small / "mulegraph.toml").write_text("[alerts]\nmin_days = 0\nfalse_share = 0.9\n", encoding="utf-8")
    done = process("scan", "--format", "json", "--workspace", small)

    body = json.loads(done.stdout)
    assert {"run", "findings", "cases", "rejects", "seconds", "peak_mb"} <= set(body)
    assert body["findings"]["N1"] > 0
    assert body["peak_mb"] > 50
    assert (done.stderr, done.returncode) == ("", 0)
    alerts = json.loads(answered("alerts", "--format", "json", "-w", small))
    assert len(alerts) == body["alerts"]["tonight"] > 0
    assert {"account", "score", "night", "until", "share", "cases"} == set(alerts[0])
    assert alerts[0]["cases"]


@pytest.mark.parametrize("command", [["chains", "--top", "2"], ["case", "show", "CASE-1"], ["chains", "--top", "-1"]])
def test_a_process_says_the_same_as_the_entry_that_it_runs(command, here):
    """Its streams and its exit code are what `mulegraph.__main__.run` writes and gives; other tests ask that alone."""
    done, expected = process(*command, *here), run(*command, *here)

    assert (done.returncode, done.stdout, done.stderr) == (expected.code, expected.out, expected.err)


@pytest.mark.parametrize(
    "command",
    [
        ["chains"],
        ["devices"],
        ["devices", "--hubs"],
        ["links"],
        ["signs"],
        ["signs", "--list"],
        ["case", "list"],
        ["query", "--list"],
        ["query", "top_receivers_from_listed"],
        ["graph", "status"],
        ["ledger", "loads"],
    ],
)
def test_every_listing_is_a_table_json_and_csv(command, here):
    """The three formats hold the same rows; a table fits 80 columns."""
    table, as_json, as_csv = (answered(*command, "--format", each, *here) for each in ("table", "json", "csv"))

    rows = json.loads(as_json)
    assert rows
    assert len(list(csv.reader(io.StringIO(as_csv)))) == len(rows) + 1
    assert max(len(line) for line in table.splitlines()) <= LINES


@pytest.mark.parametrize("command", ["chains", "devices", "links", "signs", "case list"])
def test_every_listing_can_be_cut(command, here):
    """--top, --since and --until everywhere that lists."""
    words = command.split()
    assert len(json.loads(answered(*words, "--format", "json", "--top", "1", *here))) == 1
    assert json.loads(answered(*words, "--format", "json", "--until", "2000-01-01", *here)) == []
    assert json.loads(answered(*words, "--format", "json", "--since", "2100-01-01", *here)) == []


def test_an_account_and_a_case_tell_their_story(here, workspace):
    """Both as text for people and as JSON for pipes."""
    case = workspace.cases()["case"][0]
    account = workspace.case(case).accounts["account_id"][0]

    assert case in answered("account", account, *here)
    assert json.loads(answered("account", account, "--format", "json", *here))["account_id"] == account
    assert "victim" in answered("case", "show", case, *here)
    assert json.loads(answered("case", "show", case, "--format", "json", *here))["case"] == case


def test_a_trace_is_one_object_a_table_and_a_page(here, tmp_path):
    """The object keeps its contract, the table fits 80 columns, the CSV has one row an account."""
    body = json.loads(answered("trace", "--report", "R0000000", "--format", "json", *here))
    assert {"currency", "methods", "accounts", "frontier", "banks"} <= set(body)
    for method in ("fifo", "haircut", "libr"):
        sums = [row[method]["remaining"] for row in body["accounts"]]
        for ends in ("frontier", "stopped", "returned"):
            sums += [row[method]["amount"] for row in body[ends]]
        assert sum(map(Decimal, sums)) == Decimal(body["traced"][method])

    table = answered("trace", "--report", "R0000000", "-o", tmp_path / "trace.html", *here)
    assert max(len(line) for line in table.splitlines()) <= LINES
    assert "Still there, by bank" in table and "Left our sight" in table
    assert "cash taken out" in (tmp_path / "trace.html").read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(answered("trace", "--report", "R0000000", "--format", "csv", *here))))
    assert len(rows) == len(body["accounts"]) and rows[0]["fifo_in"] == body["accounts"][0]["fifo"]["in"]
    assert "sources" in answered("trace", "--report", "R0000000", "--back", "--method", "fifo", *here)


def test_view_and_report_write_pages(small, tmp_path):
    """A case, a chain and an account can be drawn; the report names its pictures."""
    here, folder = ["-w", small], tmp_path / "report"
    chain = json.loads(answered("chains", "--top", "1", "--format", "json", *here))[0]
    case = json.loads(answered("case", "list", "--top", "1", "--format", "json", *here))[0]["case"]
    for subject in (case, chain["chain"], chain["accounts"][1]):
        answered("view", subject, "-o", tmp_path / "page.html", *here)
        assert subject in (tmp_path / "page.html").read_text(encoding="utf-8")
    paths = answered("report", "-o", folder, *here).splitlines()
    assert paths[:3] == [str(folder / each) for each in ("report.html", f"{case}-report.html", f"{case}-report.pdf")]
    assert {str(each) for each in folder.iterdir()} == set(paths)
    assert f'href="{case}.html"' in (folder / "report.html").read_text(encoding="utf-8")
    pages = [str(folder / each) for each in (f"{case}.html", "index.html")]
    assert answered("report", case, "-o", folder, *here).splitlines() == [*paths[1:3], *pages]


def test_findings_above_fail_over_are_exit_code_one(small):
    """For the night batch: 1 when a case scores above, 0 when none does."""
    best = max(each["score"] for each in json.loads(answered("case", "list", "--format", "json", "-w", small)))
    assert run("scan", "--fail-over", best - 0.01, "-w", small).code == 1
    assert run("scan", "--fail-over", best, "-w", small).code == 0


def test_a_reader_who_leaves_is_no_error(here):
    """`mulegraph chains | head -1` ends quietly."""
    command = f"{sys.executable} -m mulegraph chains --min-surprise 0 --format json {' '.join(here)} | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.stdout, done.stderr) == ("[\n", "")


BAD_USE = [
    (["chains", "--workspace", "/nowhere"], 2, "/nowhere"),
    (["chains", "--top", "-1"], 2, "--top"),
    (["chains", "--since", "soon"], 2, "soon"),
    (["chains", "--format", "xml"], 2, "--format"),
    (["chains", "--account", "nobody"], 2, "nobody"),
    (["case", "show", "CASE-1"], 2, "CASE-1"),
    (["account", "nobody"], 2, "nobody"),
    (["query", "nothing_like_it"], 2, "nothing_like_it"),
    (["query"], 2, "query"),
    (["query", "account_neighbourhood"], 2, "account"),
    (["query", "account_neighbourhood", "--param", "account"], 2, "--param"),
    (["query", "account_neighbourhood", "-p", "account=x", "-p", "colour=red"], 2, "colour"),
    (["query", "paths_to_flagged", "-p", "account=x", "-p", "hops=9"], 2, "hops"),
    (["links", "--on", "christmas"], 2, "christmas"),
    (["links", "--hops", "9", "--account", "x"], 2, "--hops"),
    (["signs", "--sign", "Z1"], 2, "Z1"),
    (["view", "CH-0", "-o", "x.html"], 2, "CH-0"),
    (["load", "/nowhere"], 2, "/nowhere"),
    (["load", str(SAMPLE), "--max-rejects", "many"], 2, "many"),
    (["load", str(SAMPLE), "--mapping", "/nowhere.toml"], 2, "/nowhere.toml"),
    (["simulate", "--accounts", "3", "-o", "never"], 2, "--accounts"),
    (["simulate", "-o", str(SAMPLE)], 2, "sample_data"),
    (["nonsense"], 2, "nonsense"),
    (["case", "close", "CASE-0", "--as", "guilty", "--reason", "x"], 2, "guilty"),
    (["case", "snooze", "CASE-0", "--until", "soon", "--reason", "x"], 2, "soon"),
    (["case", "note", "CASE-0", "x"], 2, "CASE-0"),
    (["case", "reply", "CASE-0", "/nowhere.xml"], 3, "/nowhere.xml"),
    (["case", "facts", "CASE-0", "-a", "nobody"], 2, "CASE-0"),
    (["request", "CASE-0", "--to", "X", "--country", "DE", "--sender", "Y"], 2, "CASE-0"),
    (["request", "sent", "REQ-0"], 2, "REQ-0"),
    (["request", "answer", "REQ-0", "--as", "refused", "--by", "x", "--amount", "much"], 2, "much"),
    (["case", "list", "--fail"], 2, "--due"),
    (["case", "open", "--report", "R9"], 2, "R9"),
    (["case", "clock", "CASE-0"], 2, "CASE-0"),
    (["lists", "import", "/nowhere.csv"], 3, "/nowhere.csv"),
    (["lists", "export", "--pseudonymous", "--key-file", "/nowhere"], 2, "/nowhere"),
    (["diff", "one", "two"], 2, "one"),
    (["report", "CASE-0", "-o", "x"], 2, "CASE-0"),
    (["report", "20200101T000000Z-000000", "-o", "x"], 2, "20200101T000000Z-000000"),
    (["report", "-o", "/proc/no"], 2, "/proc/no"),
    (["report"], 2, "--output"),
    (["report", "-o", "x", "--lang", "xx"], 2, "xx"),
    (["trace"], 2, "payment"),
    (["trace", "T0"], 2, "T0"),
    (["trace", "--report", "R0"], 2, "R0"),
    (["trace", "--since", "2026-01-01"], 2, "--since"),
    (["trace", "T000003307", "--method", "lifo"], 2, "--method"),
    (["trace", "T000003307", "-o", "/proc/no/page.html"], 2, "/proc/no/page.html"),
]


@pytest.mark.parametrize(("arguments", "code", "named"), BAD_USE, ids=lambda value: str(value)[:40])
def test_bad_use_names_what_and_never_shows_a_traceback(arguments, code, named, here):
    """Each error has its exit code, names the option or value, and says what to do."""
    folder = [] if "--workspace" in arguments or arguments[0] in ("simulate", "nonsense") else here
    done = run(*arguments, *folder)

    assert done.code == code, done.err
    assert named in done.err
    assert "Traceback" not in done.err
    assert done.out == ""
    assert len(done.err.strip().splitlines()) >= 2


def test_debug_shows_the_traceback():
    """For who mends mulegraph."""
    assert "Traceback" in process("--debug", "chains", "--workspace", "/nowhere").stderr


def test_the_readme_names_only_commands_that_exist():
    """Each `mulegraph X` in the README is a command."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    known = {each.name for group in app.registered_groups for each in group.typer_instance.registered_commands}
    known |= {each.name for group in app.registered_groups for each in group.typer_instance.registered_groups}
    used = {line.split()[1] for line in text.replace("`", "\n").splitlines() if line.startswith("mulegraph ")}
    assert used <= known


def test_the_readme_shows_what_the_command_prints(here):
    """Each `$ mulegraph …` in the README, run on the sample data, gives the lines under it."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.findall(r"^\$ mulegraph (.*?) --workspace demo/workspace\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    assert shown
    for command, expected in shown:
        assert answered(*command.split(), *here) == expected
