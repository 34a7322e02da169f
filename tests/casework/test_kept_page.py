"""What somebody did on a page is kept by ids, its hash in the journal; masked and revealed pages hold the same."""

from __future__ import annotations

import json
import shutil

import pytest

from mulegraph.casework.kept_page import path_of
from mulegraph.errors import DataError, UsageError
from mulegraph.privacy.door import MaskedWorkspace
from mulegraph.views.case_report_content import case_report
from mulegraph.views.document import Table
from mulegraph.views.pictures import case_picture

REASON = "court order 17"


@pytest.fixture
def folder(few_cases, tmp_path):
    """A workspace of its own, since pages are kept in it."""
    return shutil.copytree(few_cases, tmp_path / "workspace")


def state(case: str, **more) -> str:
    return json.dumps({"format": "mulegraph page 1", "subject": case, **more})


def test_a_page_is_kept_by_ids_and_opened_by_tokens(folder):
    """Kept from a masked page, it opens on a revealed one with ids and texts, and on a masked one without texts."""
    masked, clear = MaskedWorkspace(folder), MaskedWorkspace(folder, reveal=REASON)
    case = masked.cases()["case"][0]
    token, real = masked.case(case).accounts["account_id"][0], clear.case(case).accounts["account_id"][0]
    transfer = masked.case(case).transfers["transfer_id"][0]
    moved = {"flow": {token: [1, 2], f"CASH-OUT of {token}": [3, 4]}}
    made = state(case, hidden=[token], moved=moved, notes={token: "ask him", transfer: "why"}, marked=[transfer])

    entry = masked.keep_page(case, made)

    kept = clear.kept_page(case)
    assert kept["hidden"] == [real] and kept["notes"] == {real: "ask him", transfer: "why"}
    assert set(kept["moved"]["flow"]) == {real, f"CASH-OUT of {real}"}
    hidden = masked.kept_page(case)
    assert hidden["hidden"] == [token] and hidden["notes"] == {token: "***", transfer: "***"}
    assert real not in json.dumps(hidden) + json.dumps(entry.facts)

    masked.keep_page(case, json.dumps(hidden))  # worked on by somebody who may not read the notes

    assert clear.kept_page(case)["notes"] == {real: "ask him", transfer: "why"}


def test_notes_and_marks_stand_in_the_report(folder):
    """With their texts where the report is revealed, without them where it is masked."""
    clear = MaskedWorkspace(folder, reveal=REASON)
    case = clear.cases()["case"][0]
    account, transfer = clear.case(case).accounts["account_id"][0], clear.case(case).transfers["transfer_id"][0]
    clear.keep_page(case, state(case, notes={account: "called on Monday"}, marked=[transfer]))

    assert "called on Monday" in case_report(clear, case).page
    masked = case_report(MaskedWorkspace(folder), case)
    (section,) = [each for each in masked.sections if each.name == "notes"]
    (table,) = section.blocks
    assert isinstance(table, Table) and len(table.rows) == 2
    assert "called on Monday" not in masked.page and account not in masked.page


def test_what_is_not_of_the_case_is_refused(folder):
    """Another case's page, a strange name, a strange transfer, no page at all: nothing is written."""
    space = MaskedWorkspace(folder)
    case, other = space.cases()["case"][:2]
    for text, why in (
        (state(other), other),
        (state(case, hidden=["nobody"]), "nobody"),
        (state(case, marked=["T-none"]), "T-none"),
        (state(case, notes={"T-none": "x"}), "not in the case"),
    ):
        with pytest.raises(UsageError, match=why):
            space.keep_page(case, text)
    for text in ("{", "[]", state(case, more=1), json.dumps({"format": "other", "subject": case})):
        with pytest.raises(DataError, match="no state of a page"):
            space.keep_page(case, text)
    assert space.kept_page(case) is None and not (folder / "pages").exists()


def test_a_file_that_was_changed_since_is_refused(folder):
    """The journal has its hash: what is opened is what was kept."""
    space = MaskedWorkspace(folder)
    case = space.cases()["case"][0]
    digest = space.keep_page(case, state(case)).facts["file"]
    for other in (state(case, layout="time").encode(), b"\xff"):
        path_of(folder, case, digest).write_bytes(other)
        with pytest.raises(DataError, match="not the page that was kept"):
            space.kept_page(case)


def test_a_page_that_is_half_kept_or_gone_leaves_the_case_to_be_seen(folder):
    """A file that the journal does not name is not opened; without the file the picture opens, and a note says so."""
    told = []
    space = MaskedWorkspace(folder, notify=told.append)
    case = space.cases()["case"][0]
    account = space.case(case).accounts["account_id"][0]
    digests = [space.keep_page(case, state(case, layout=each)).facts["file"] for each in ("time", "bank")]
    assert [path_of(folder, case, each).exists() for each in digests] == [False, True]
    path_of(folder, case, digests[0]).write_text("a keeper was killed here", encoding="utf-8")
    assert space.kept_page(case)["layout"] == "bank" and not told

    shutil.rmtree(folder / "pages")

    assert space.kept_page(case) is None and "is missing" in told[0]
    assert case in case_picture(space, case).page()
    with pytest.raises(UsageError, match="not kept any more"):
        space.keep_page(case, state(case, notes={account: "***"}))
