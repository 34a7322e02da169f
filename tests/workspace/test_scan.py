"""The scan on the sample data: what it writes, that it repeats, and what it finds."""

from __future__ import annotations

import hashlib
import json
import shutil

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mulegraph.errors import EngineError, UsageError
from mulegraph.ingest.load import load
from mulegraph.signs.base import all_signs
from mulegraph.workspace.run import PARTS, Runs
from mulegraph.workspace.scan import scan
from mulegraph.workspace.workspace import Workspace
from tests.conftest import SAMPLE
from tests.drawing import draw


def hashes(run) -> dict[str, str]:
    """SHA-256 of each part, the facts of every sign and what is set aside among them."""
    parts = [*PARTS, *(f"facts/{code}" for code in run.manifest["findings"])]
    parts += sorted(
        str(path.relative_to(run.folder).with_suffix("")) for path in run.folder.glob("set_aside/**/*.parquet")
    )
    return {part: hashlib.sha256((run.folder / f"{part}.parquet").read_bytes()).hexdigest() for part in parts}


def test_the_sample_has_every_sign(plain):
    """The small fixed set shows each sign at work."""
    assert set(plain.run.manifest["findings"]) == set(all_signs())
    assert len(all_signs()) == 24
    assert all(plain.run.manifest["findings"].values())


def test_planted_networks_of_the_sample_are_found(workspace):
    """Most planted transfers stand in chains above the threshold, and little else does (how well: benchmarks/)."""
    told = pd.read_csv(SAMPLE / "labels" / "labelled_transfers.csv")
    planted = set(told[told["label"] == "planted"]["transfer_id"])
    alike = set(told[told["label"] != "planted"]["transfer_id"])
    found = {each for path in workspace.chains()["transfers"] for each in path}

    assert len(found & planted) >= 0.8 * len(planted)
    assert len(found & planted) >= 0.8 * len(found - alike)


def test_findings_that_are_explained_are_set_aside_counted_and_shown_to_who_asks(workspace, plain):
    """Scored as before, in no case, and not in the list; an account's own list, and an explanation, have them."""
    run, aside = plain.run, plain.run.set_aside
    rows = aside.table("findings")
    counted = sum(sum(by_reason.values()) for by_reason in run.manifest["set_aside"].values())
    assert len(rows) == counted > 0
    assert max(rows["score"].to_pylist()) < 0.05
    held = {each for members in run.table("cases")["findings"].to_pylist() for each in members}
    assert not held & set(rows["finding"].to_pylist())
    assert not set(run.table("findings")["finding"].to_pylist()) & set(rows["finding"].to_pylist())
    space = Workspace(workspace.folder)
    assert sorted(space.findings(set_aside=True)["finding"]) == sorted(rows["finding"].to_pylist())
    assert not set(space.findings()["finding"]) & set(rows["finding"].to_pylist())
    first = rows.slice(0, 1).to_pylist()[0]
    assert first["finding"] in set(space.findings(account=first["accounts"][0])["finding"])
    assert "passed" in {each["result"] for each in space.explain(first["finding"])["tests"]}


def test_the_same_ledger_gives_the_same_bytes(workspace, plain):
    """Findings, chains and cases of a second scan are the same files."""
    again = scan(workspace.folder, graph=False).run

    try:
        assert again.name != plain.run.name
        assert hashes(again) == hashes(plain.run)
        assert again.manifest["files"] == plain.run.manifest["files"] == hashes(again)
    finally:
        shutil.rmtree(again.folder)


def test_the_manifest_says_how_it_was_made(plain):
    """Settings, versions, hashes of ledger and code, counts and times."""
    manifest = plain.run.manifest

    assert manifest["ledger"]["hash"] == plain.ledger.hash
    assert manifest["ledger"]["rows"]["transfers"] == plain.ledger.rows("transfers")
    assert len(manifest["code"]) == 64
    assert {"mulegraph", "python", "duckdb", "numba", "ladybug"} <= set(manifest["versions"])
    assert manifest["settings"]["flow"]["window_hours"] == 6.0
    assert {"read", "flow", "cases", *all_signs()} <= set(manifest["seconds"])
    assert manifest["started_at"].endswith("+00:00")


def test_a_sign_whose_table_is_missing_is_not_testable(tmp_path):
    """A ledger of accounts and transfers only: most signs say what they need, nine run."""
    draw(tmp_path, "a b 500 9:00\nb c 490 9:10\nc d 480 9:20")

    result = scan(tmp_path / "workspace")

    assert set(result.findings) == {"A3", "A6", "N1", "N2", "N3", "N6", "N7", "N8", "N9", "N10"}
    assert set(result.not_testable) == set(all_signs()) - set(result.findings)
    assert result.not_testable["A4"] == ["listings"]
    assert result.not_testable["A1"] == ["holders.national_id", "population_register"]
    assert result.run.manifest["not_testable"] == result.not_testable


def test_a_ledger_with_no_transfer_in_any_chain_scans_too(tmp_path):
    """Nothing found is an answer: no chain, no case, and no error."""
    draw(tmp_path, "a b 500 9:00")

    result = scan(tmp_path / "workspace")

    assert result.cases == 0
    assert Workspace(tmp_path / "workspace").chains().empty


def test_settings_change_what_is_found(tmp_path):
    """A window of three minutes does not join payments ten minutes apart."""
    draw(tmp_path, "a b 500 9:00\nb c 490 9:10\nc d 480 9:20")
    (tmp_path / "workspace" / "mulegraph.toml").write_text("[flow]\nwindow_hours = 0.05\n")

    scan(tmp_path / "workspace")

    assert Workspace(tmp_path / "workspace").chains(min_surprise=0).empty


def test_a_run_is_of_its_ledger(tmp_path):
    """After more files are loaded the old run is not asked any more; listings scan first and say so."""
    draw(tmp_path, "a b 500 9:00\nb c 490 9:10\nc d 480 9:20")
    scan(tmp_path / "workspace")
    more = tmp_path / "more"
    more.mkdir()
    (more / "transfers.csv").write_text(
        "transfer_id,source,target,amount,currency,at,channel\nt900,d,a,470,EUR,2026-01-05T09:30:00Z,instant\n"
    )
    load(more, tmp_path / "workspace")
    told: list[str] = []

    space = Workspace(tmp_path / "workspace", notify=told.append)

    assert len(space.chains(min_surprise=0)["transfers"][0]) == 4
    assert told == ["no scan of this ledger yet; scanning first"]
    assert len(Runs(space.folder).all()) == 2


def test_the_graphs_sentences_are_those_of_the_findings(plain):
    """They are made of the facts by place, and must be the facts of the same finding."""
    run = plain.run
    told = run.told_findings()
    known = {each.finding: run.reason(each) for each in run.records(run.findings())}
    assert dict(zip(told["finding"].to_pylist(), told["reason"].to_pylist(), strict=True)) == known


def test_a_half_written_run_is_not_a_run(tmp_path):
    """A scan killed while writing leaves a folder that no listing reads."""
    draw(tmp_path, "a b 500 9:00\nb c 490 9:10\nc d 480 9:20")
    run = scan(tmp_path / "workspace").run
    half = run.folder.parent / ".20990101T000000Z-aaaaaa.new"
    shutil.copytree(run.folder, half)

    assert [each.name for each in Runs(tmp_path / "workspace").all()] == [run.name]


def test_a_run_of_an_earlier_version_is_scanned_again_and_its_cases_are_still_read(tmp_path):
    """Its findings are not read wrongly: the ledger is scanned anew; cases keep their ids and scores their parts."""
    draw(tmp_path, "a b 500 9:00\nb c 490 9:10\nc d 480 9:20")
    old = scan(tmp_path / "workspace").run
    manifest = json.loads((old.folder / "manifest.json").read_text(encoding="utf-8"))
    (old.folder / "manifest.json").write_text(json.dumps({**manifest, "format": 1}), encoding="utf-8")
    scores = old.table("scores").to_pylist()
    as_json = pa.table({"account": ["a"], "score": [0.5], "parts": [json.dumps({"base": 0.4, "N1": 0.1})]})
    pq.write_table(as_json, old.folder / "scores.parquet")
    told: list[str] = []

    space = Workspace(tmp_path / "workspace", notify=told.append)

    assert space.run.table("scores").to_pylist() == scores
    assert told == ["no scan of this ledger yet; scanning first"]
    again = Runs(space.folder).named(old.name)
    assert dict(again.table("scores")["parts"][0].as_py()) == {"base": 0.4, "N1": 0.1}
    with pytest.raises(EngineError, match="earlier version"):
        again.findings()


def test_an_unknown_run_is_named(workspace, plain):
    """The message lists those there are."""
    with pytest.raises(UsageError) as error:
        Runs(workspace.folder).named("yesterday")
    assert plain.run.name in error.value.hint
    assert json.loads((plain.run.folder / "manifest.json").read_text())["run"] == plain.run.name


def test_a_damaged_graph_is_made_again(tmp_path):
    """The graph is an index: what cannot be read is rebuilt from the ledger, and the question answered."""
    draw(tmp_path, "a b 500 9:00\nb c 490 9:10\nc d 480 9:20")
    scan(tmp_path / "workspace")
    (tmp_path / "workspace" / "graph.lbug").write_bytes(b"not a graph")
    told: list[str] = []

    answer = Workspace(tmp_path / "workspace", notify=told.append).query("account_neighbourhood", {"account": "b"})

    assert {row["counterparty"] for row in answer.rows} == {"a", "c"}
    assert told == ["the graph is not of this ledger; rebuilding it first"]
