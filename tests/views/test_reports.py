"""Reports of cases and runs: what stands in them is what the workspace answers, masked, and the same every time."""

from __future__ import annotations

import html
import re
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pypdf import PdfReader

from mulegraph.cases.score import expected_false
from mulegraph.casework.case_money import case_trace
from mulegraph.casework.requests import case_plans
from mulegraph.errors import UsageError
from mulegraph.ingest.load import load
from mulegraph.journal.journal import Journal
from mulegraph.schema.language import speaking
from mulegraph.signs.base import all_signs
from mulegraph.views.case_report import case_document
from mulegraph.views.case_report_content import case_report
from mulegraph.views.notebook import NotebookWorkspace
from mulegraph.views.reports import write_report
from mulegraph.views.request import write_request
from mulegraph.views.run_report import run_document
from mulegraph.views.tables import shown
from mulegraph.workspace.run import Run, Runs
from mulegraph.workspace.workspace import Workspace
from tests.casework.test_recall_messages import RETURN
from tests.conftest import SAMPLE
from tests.views.english import english_left

CUT = "2026-01-24"
SECTIONS = "summary network timeline balances transfers signs journey money requests journal proof".split()


@pytest.fixture(scope="module")
def space(tmp_path_factory) -> NotebookWorkspace:
    """Two nights: half the sample with two broken rows and no lists, then all of it; and a case worked on."""
    folder = tmp_path_factory.mktemp("reports")
    half = folder / "half"
    half.mkdir()
    for name in ("accounts", "holders"):
        shutil.copy(SAMPLE / f"{name}.csv", half)
    head, *rows = (SAMPLE / "transfers.csv").read_text(encoding="utf-8").splitlines()
    rows = [row for row in rows if row.split(",")[5].strip('"') < CUT]
    rows[3], rows[7] = rows[3].replace(",EUR", ",XXX").replace('"EUR"', '"XXX"'), rows[7].replace("2026-", "26-")
    (half / "transfers.csv").write_text("\n".join([head, *rows]), encoding="utf-8")
    load(half, folder / "workspace")
    made = NotebookWorkspace(folder / "workspace", reveal="tests of reports")
    made.scan()
    load(SAMPLE, folder / "workspace")
    made.forget_ledger()
    made.scan()
    case = made.cases()["case"][0]
    made.assign(case, "ann")
    made.note(case, "called <i>back</i>")
    stop = case_plans(Workspace(made.folder), case)[0].stops[0]
    sender = "NORD" if stop.bank != "NORD" else "SUED"
    (request,) = made.requests(case, stop.bank, country="DE", sender=sender, kinds=["hold"])
    write_request(made, request, folder / "requests")
    answer = RETURN.replace("T1", request.payments[0].transfer).replace("870.10", "8.70")
    (folder / "reply.xml").write_text(answer, encoding="utf-8")
    made.reply(case, folder / "reply.xml")
    made.close(made.cases()["case"][1], "innocent", "a club")
    return NotebookWorkspace(made.folder)


@pytest.fixture(scope="module")
def case(space) -> str:
    return str(space.cases()["case"][0])


@pytest.fixture(scope="module")
def written(space, case, tmp_path_factory) -> list[Path]:
    return write_report(space, tmp_path_factory.mktemp("case"), case)


def words(text: str) -> str:
    """What a reader reads of a page, without blanks: they differ between HTML and PDF."""
    text = re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL)
    return "".join(html.unescape(re.sub(r"<[^>]+>", "", text)).split())


def pdf_words(path: Path) -> str:
    pages = PdfReader(path).pages
    return "".join("".join(page.extract_text() for page in pages).replace("\u200b", "").split())


def page_of(space: NotebookWorkspace, run: Run) -> str:
    return run_document(space.at(run.name).run_file(), {}, {}, revealed=False).page


def section(text: str, name: str) -> str:
    return words(re.search(rf'<section aria-labelledby="{name}">.*?</section>', text, re.DOTALL)[0])


def test_a_cases_report_agrees_with_the_workspace(space, case, written):
    """Every section holds what the workspace answers when it is asked for the same."""
    text = written[0].read_text(encoding="utf-8")
    found, state = space.case(case), space.case(case).state
    part = {name: section(text, name) for name in SECTIONS}
    row, moved = found.row, found.transfers

    assert f"{len(row['accounts'])}accounts" in part["summary"] and shown(row["amount"]) in part["summary"]
    assert "Askedfor90%" in part["summary"] and f"Score{row['score']:.2f}" in part["summary"]
    # The picture draws partners that are alike as one; the table of accounts has each of them.
    assert all(account in words(text) for account in row["accounts"])
    assert all(each in part["transfers"] for each in moved["transfer_id"])
    assert f"{len(moved)}transfers" in part["transfers"]
    assert moved["transfer_id"].iloc[0] in part["timeline"] and moved["transfer_id"].iloc[-1] in part["timeline"]
    told = found.findings
    for story in told.drop_duplicates(["sign", "pattern"]).itertuples():
        assert words(html.escape(all_signs()[story.sign].title)) in part["signs"]
    best = told.iloc[0]
    assert words(best["finding"]) in part["signs"] and words(html.escape(best["reason"])) in part["signs"]
    for name, why in best["benign_why"].items():
        fits = "fits" if best["benign"][name] == "passed" else "doesnotfit"
        explained = f"{name.replace('_', '')}{fits}:{words(html.escape(why))}"
        assert explained in part["signs"] or why == "does not explain this sign"
    for step in found.journey.to_dict("records"):
        assert step["phase"].replace("_", "") + words(step["seen"]) in part["journey"]
        assert words(html.escape(step["barriers"])) in part["journey"]
    assert "blind" in part["journey"]
    request, reply = state["requests"][0], state["replies"][0]
    assert request["number"] in part["requests"] and request["bank"] in part["requests"]
    assert reply["answers"][0]["transfer"] in part["requests"] and "8.70" in part["requests"]
    assert "back" not in part["journal"] and "text:***" in part["journal"]
    entries = [each for each in space.journal_entries() if each["about"] == case]
    assert len(entries) >= 4 and all(each["hash"][:12] in part["journal"] for each in entries)
    for known in (space.run.name, space.ledger_facts().hash, space.run.manifest["code"], space.verify_journal().last):
        assert known in part["proof"]
    assert all(digest in part["proof"] for digest in space.run.manifest["files"].values())


def test_a_note_is_shown_to_who_may_read_it_and_is_no_markup(space, case, tmp_path):
    """What somebody wrote is hidden whole without a reason; with one it stands there as text."""
    shutil.copytree(space.folder, tmp_path / "ws")
    clear = NotebookWorkspace(tmp_path / "ws", reveal="to read the note")
    assert "called<i>back</i>" in html.unescape(section(case_report(clear, case).page, "journal"))


def test_money_still_there_is_the_traces(space, case, written):
    """By bank, with both ends of the range, and its bar no longer than what was traced."""
    text = section(written[0].read_text(encoding="utf-8"), "money")
    found = space.trace(case_trace(Workspace(space.folder), case).chosen)
    for bank in found.banks.itertuples():
        low, high = shown(bank.minimum), shown(bank.maximum)
        assert bank.bank + (low if low == high else f"{low}–{high}") in text
    assert found.accounts.sort_values("maximum")["account"].iloc[-1] in text
    assert shown(max(found.traced.values())) in text


def stands_in(word: str, pdf: str) -> bool:
    """Whether a PDF holds a word. The foot of a page may part a long one, as any hash."""
    return word in pdf or any(word[:cut] in pdf and word[cut:] in pdf for cut in range(8, len(word) - 8))


def test_the_pdf_holds_what_the_page_holds(written):
    """The same summary, transfers, hashes and heads, as text that can be selected."""
    text, pdf = written[0].read_text(encoding="utf-8"), pdf_words(written[1])
    assert section(text, "summary") in pdf
    for cell in re.findall(r"<td[^>]*>([^<]*)</td>", text):
        for part in cell.split():
            assert stands_in(words(part).replace("-", ""), pdf.replace("-", "")), part
    for head in re.findall(r"<h2[^>]*>([^<]*)</h2>", text):
        assert words(head) in pdf


def test_nothing_on_paper_is_under_eight_points(written):
    """Letters of text and of pictures, as large as they stand on the page after every scaling."""
    sizes: list[tuple[float, str]] = []

    def seen(text, around, own, font, size):
        shrunk = abs((own[0] * own[3] - own[1] * own[2]) * (around[0] * around[3] - around[1] * around[2])) ** 0.5
        if text.strip():
            sizes.append((size * shrunk, text))

    for page in PdfReader(written[1]).pages:
        page.extract_text(visitor_text=seen)
    assert min(sizes)[0] > 7.99, min(sizes)
    read = "".join("".join(text for _, text in sizes).split())
    assert "widerformore" in read and "remains(inlessout)" in read  # of the network, and of a plot


def test_findings_are_told_once_by_kind(space, case, written):
    """A sign's strongest finding has the whole story, all others a row with what differs."""
    text = written[0].read_text(encoding="utf-8")
    signs = space.case(case).findings
    told = signs[~(signs["sign"] + signs["pattern"].fillna(signs["finding"])).duplicated()]
    assert text.count('<article class="finding">') == told["sign"].nunique() < len(told)
    assert all(words(each) in section(text, "signs") for each in told["finding"])
    sign, many = next((sign, len(part)) for sign, part in told.groupby("sign") if len(part) > 1)
    scores = sorted(map(shown, told["score"][told["sign"] == sign]))
    assert words(f"{many} findings, scores {scores[0]} to {scores[-1]}; the strongest:") in section(text, "signs")


def test_the_summary_says_which_sum_contains_which(space, case, written):
    """Of the evidence, of the first payments of chains, and of what is traced, each as the workspace has it."""
    found, summary = space.case(case), section(written[0].read_text(encoding="utf-8"), "summary")
    moved, first = found.transfers, {path[0] for path in found.chains["transfers"]}
    inside = moved[moved["transfer_id"].isin(first)]
    assert words(f"The evidence, {shown(moved['amount'].sum())} EUR, counts money again") in summary
    assert words(f"what entered chains, their first payments ({shown(inside['amount'].sum())} EUR)") in summary
    traced = space.trace(case_trace(Workspace(space.folder), case).chosen)
    assert words(f"The trace follows {shown(max(traced.traced.values()))} {traced.currency} of") in summary


def test_the_same_case_gives_the_same_bytes(space, case, written, tmp_path):
    """Page and PDF: no time of making, nothing by chance."""
    again = write_report(NotebookWorkspace(space.folder), tmp_path, case)
    assert [each.read_bytes() for each in again] == [each.read_bytes() for each in written]


def test_a_case_without_money_says_so(space):
    """No chain and no report: nothing to trace, nothing plotted, and the next step is to look."""
    cases = space.cases()
    quiet = next(
        case for case in cases["case"] if not len(space.case(case).chains) and not len(space.case(case).transfers)
    )
    text = case_report(space, quiet).page
    assert "Nothing can be traced" in text and "no payment to trace" in text
    assert "no reported payment to trace" in text and "No transfer is evidence" in text


def test_a_case_that_has_gone_quiet_has_a_report(few_cases, tmp_path):
    """It is of the last run that had it, and says which."""
    shutil.copytree(few_cases, tmp_path / "ws")
    (tmp_path / "ws" / "mulegraph.toml").write_text("[cases]\nmin_score = 0.97\n", encoding="utf-8")
    later = NotebookWorkspace(tmp_path / "ws", reveal="a test of quiet cases")
    later.scan()
    gone = next(row["case"] for row in later.difference() if row["change"] == "quiet")
    assert later.case_file(gone).run == Runs(later.folder).all()[-2].name != later.run.name
    assert gone in case_report(later, gone).page


def test_reports_are_in_the_language_asked_for(space, case):
    """Reasons as `case show` gives them, and no English between them but names, steps and the journal's own."""
    reason = space.case(case).findings_in("vi")["reason"].iloc[0]
    with speaking("vi"):
        of_case, of_run = case_report(space, case), run_document(space.run_file(), {}, {}, revealed=False)
    assert html.escape(reason) in html.unescape(of_case.page)
    for made in (of_case, of_run):
        spoken = replace(made, sections=[each for each in made.sections if each.name not in ("journal", "timings")])
        assert '<html lang="vi">' in spoken.page
        assert english_left(spoken.page) == []
    with pytest.raises(UsageError, match="--lang"):
        write_report(space, Path("nowhere"), case, language="xx")


def test_masked_unless_a_reason_is_given(space, case, tmp_path):
    """The same report with a reason names accounts, says so, and the reason is in the journal."""
    shutil.copytree(space.folder, tmp_path / "ws")
    clear = NotebookWorkspace(tmp_path / "ws", reveal="for the file")
    real = clear.case(case).accounts["account_id"].tolist()
    masked = case_report(NotebookWorkspace(tmp_path / "ws"), case).page
    page = case_report(clear, case).page
    assert all(account in page for account in real) and not any(account in masked for account in real)
    assert "shown as tokens" in masked and "shown as they are" in page
    clear.at().run_file()
    reasons = [entry.facts["reason"] for entry in Journal(clear.folder).entries() if entry.what == "revealed"]
    assert reasons.count("for the file") == 1


def test_a_runs_report_agrees_with_the_workspace(space, tmp_path):
    """Cases with their state and links, changes, scores with expected false alarms, rejects, timings, trend, chains."""
    paths = write_report(space, tmp_path, case_reports=1, pictures=3)
    text = paths[0].read_text(encoding="utf-8")
    run, cases = space.run, space.cases()
    part = {name: section(text, name) for name in re.findall(r'<section aria-labelledby="(\w+)"', text)}
    best = f"{cases['case'][0]}-report"
    assert [path.name for path in paths[:3]] == ["report.html", f"{best}.html", f"{best}.pdf"]
    for link in re.findall(r'href="([^#"]+)"', text):
        assert (tmp_path / link).is_file()
    assert f'href="{cases["case"][0]}-report.html"' in text and f'href="{cases["case"][1]}.html"' in text
    assert "openann" in part["cases"] and "closedinnocent" in part["cases"]
    differences = [row for row in space.difference() if row["change"] != "same"]
    before = Runs(space.folder).all()[0].name
    assert before in part["changes"]
    for change in {row["change"] for row in differences}:
        assert f"{sum(row['change'] == change for row in differences)}{change}" in part["changes"]
    scores, chains = space.ranking()["score"].tolist(), space.chains(min_surprise=0)
    assert f"0.9{sum(each >= 0.9 for each in scores)}{expected_false(scores, 0.9):.1%}" in part["scores"]
    assert f"0.5{sum(each >= 0.5 for each in scores)}{expected_false(scores, 0.5):.1%}" in part["scores"]
    above = chains[chains["surprise"] >= run.threshold]
    assert f"{run.threshold:.1f}{len(above)}{above['expected_false_share'].max():.1%}" in part["scores"]
    for code, count in run.manifest["findings"].items():
        assert f"{code}{count}{words(html.escape(all_signs()[code].title))}" in part["signs"]
    assert "unknowncurrency" in part["rejects"] and "notatime" in part["rejects"]
    for load_folder in (space.folder / "rejects").iterdir():
        assert f"rejects/{load_folder.name}/transfers.csv" in part["rejects"]
    for step, seconds in run.manifest["seconds"].items():
        assert step in part["timings"] and f"{seconds:.2f}" in part["timings"]
    assert all(each.name in part["trend"] for each in Runs(space.folder).all())
    assert space.chains(top=1)["accounts"][0][0] in part["chains"]


def test_any_run_by_its_name(space):
    """The first run says that it is the first, what it could not test, and that it is not the latest."""
    first = Runs(space.folder).all()[0]
    text = page_of(space, first)
    assert "first run" in text and "not the latest run" in text
    rows = first.table("cases").sort_by([("score", "descending")]).to_pylist()
    assert f"{len(rows):,}casesarenew;" in section(text, "changes")
    total = sum(dict(each["amounts"]).get("EUR", 0) for each in rows)
    assert f"{total:,.2f}EUR" in section(text, "changes") and "LookfirstatCASE-" in section(text, "changes")
    assert f"all of its {first.manifest['cases']:,} cases are new" in text
    signs = section(text, "signs")
    for code, needs in first.manifest["not_testable"].items():
        assert code in signs and needs[0] in signs
    assert "2 rows of the files" in text
    assert page_of(space, first) == text
    assert space.run.name != first.name


@pytest.mark.parametrize("subject", ["CASE-00000000", "20200101T000000Z-000000", "NORD~aaaaaaaa"])
def test_what_is_unknown_is_named(space, tmp_path, subject):
    """And nothing is written."""
    with pytest.raises(UsageError, match=re.escape(subject)):
        write_report(space, tmp_path / "out", subject)
    assert not (tmp_path / "out").exists()


def test_a_near_name_is_offered(space, case, tmp_path):
    """Of cases and of runs."""
    with pytest.raises(UsageError) as error:
        write_report(space, tmp_path, case[:-1] + ("0" if case[-1] != "0" else "1"))
    assert case in error.value.hint
    with pytest.raises(UsageError) as error:
        write_report(space, tmp_path, space.run.name[:-2])
    assert space.run.name in error.value.hint


def test_a_folder_that_cannot_be_is_an_error(space, case):
    """With what to do, for a case and for a run."""
    for subject in (case, None):
        with pytest.raises(UsageError, match="cannot be written") as error:
            write_report(space, Path("/proc/no"), subject)
        assert "-o" in error.value.hint


def test_a_run_of_accounts_that_the_ledger_lost_is_masked_all_the_same(space, tmp_path):
    """What identifies somebody is known from its field, and not from the ledger."""
    shutil.copytree(space.folder, tmp_path / "ws")
    shutil.rmtree(tmp_path / "ws" / "ledger")
    files = tmp_path / "files"
    files.mkdir()
    (files / "accounts.csv").write_text("account_id,bank,kind,currency\nX1,NORD,personal,EUR\nX2,NORD,personal,EUR\n")
    (files / "transfers.csv").write_text(
        "transfer_id,source,target,amount,currency,at,channel\nT1,X1,X2,5.00,EUR,2026-01-05T09:00:00Z,instant\n"
    )
    load(files, tmp_path / "ws")
    old = Runs(tmp_path / "ws").all()[0]
    lost = set(old.table("scores")["account"].to_pylist())
    masked = NotebookWorkspace(tmp_path / "ws").at(old.name)
    pages = [page_of(masked, old), case_report(masked, old.table("cases")["case"][0].as_py()).page]
    assert not any(account in page for page in pages for account in lost)
    assert lost & {account for row in masked_off(tmp_path / "ws", old) for account in row}


def masked_off(folder: Path, run: Run) -> list[list[str]]:
    clear = NotebookWorkspace(folder, reveal="why").at(run.name)
    return [row["accounts"] for row in clear.run_file().cases]


def test_expected_false_alarms_are_the_mean_of_what_is_missing():
    """Of scores 0.9 and 0.7 a fifth is expected to be false; of none there is no share."""
    assert expected_false([0.9, 0.7, 0.1], 0.5) == pytest.approx(0.2)
    assert expected_false([0.1], 0.5) is None


def test_an_empty_scan_has_a_report(tmp_path):
    """No case, no chain, one run: every section says so."""
    files = tmp_path / "files"
    files.mkdir()
    (files / "accounts.csv").write_text("account_id,bank,kind,currency\nX1,NORD,personal,EUR\nX2,NORD,personal,EUR\n")
    rows = [
        f"T{day},X1,X2,5.00,EUR,{datetime(2026, 1, 5, tzinfo=UTC) + timedelta(days=day):%Y-%m-%dT%H:%M:%SZ},instant"
        for day in range(3)
    ]
    (files / "transfers.csv").write_text(
        "\n".join(["transfer_id,source,target,amount,currency,at,channel", *rows]), encoding="utf-8"
    )
    load(files, tmp_path / "ws")
    text = write_report(NotebookWorkspace(tmp_path / "ws"), tmp_path / "out")[0].read_text(encoding="utf-8")
    assert "No case was found." in text and "No chain reached the threshold." in text
    assert "a trend needs two" in text and "first run" in text


def test_a_report_tells_times_in_the_zone_of_the_settings_and_names_it(space, case):
    """Heads, facts, sentences, the journal and the timeline alike: the page of the case and its report say one time."""
    content = space.case_file(case)
    network = space.case(case).network()
    there = replace(content, zone="Asia/Ho_Chi_Minh")
    utc, local = (case_document(each, network, revealed=False).page for each in (content, there))
    first = content.transfers[0]["at"]
    assert f"{first:%Y-%m-%d %H:%M:%S}" in utc and "at (UTC)" in utc
    assert f"{first + timedelta(hours=7):%Y-%m-%d %H:%M:%S}" in local and "at (Asia/Ho_Chi_Minh)" in local
    said = re.sub(r"<(script|style|svg)\b.*?</\1>", "", local, flags=re.DOTALL)
    assert [each for each in re.findall(r"[^<>]*\bUTC\b[^<>]*", said) if "views.zone" not in each] == []
    assert f"{first:%Y-%m-%d %H:%M:%S}" not in said


def test_a_day_stays_that_day_in_a_report_of_a_ledger_of_days(space, case):
    """It is nobody's midnight: west of Greenwich it would become the day before."""
    content, network = space.case_file(case), space.case(case).network()
    network.graph["tick_seconds"] = 86_400.0
    page = case_document(replace(content, zone="America/New_York"), network, revealed=False).page
    assert f"{content.transfers[0]['at']:%Y-%m-%d %H:%M:%S}" in page
    assert "America/New_York" not in page


def test_the_report_of_a_run_tells_times_in_the_zone_too(space):
    """When it was scanned, and from when to when its cases and chains go."""
    content = space.run_file()
    page = run_document(replace(content, zone="Asia/Ho_Chi_Minh"), {}, {}, revealed=False).page
    begun = datetime.fromisoformat(content.manifest["started_at"]).astimezone(ZoneInfo("Asia/Ho_Chi_Minh"))
    assert f"{begun:%Y-%m-%d %H:%M} Asia/Ho_Chi_Minh" in page
    assert "from (Asia/Ho_Chi_Minh)" in page
