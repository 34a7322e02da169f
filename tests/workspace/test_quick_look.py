"""A quick look: under the chance of the whole look before, it tells what the whole ledger says and was not told yet."""

from __future__ import annotations

import random
import shutil
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from mulegraph.cases.benign import apply_benign_tests
from mulegraph.cases.evidence import read_evidence
from mulegraph.cases.roles import earned_roles
from mulegraph.cases.set_aside import set_aside
from mulegraph.flow.by_account import TransfersByAccount
from mulegraph.flow.chains import MICRONATS
from mulegraph.flow.naming import name_chains
from mulegraph.flow.peers import beside_peers
from mulegraph.flow.read_transfers import read_transfers
from mulegraph.ingest.load import load
from mulegraph.ledger.ledger import Ledger
from mulegraph.settings import Settings
from mulegraph.signs.found import run_sign
from mulegraph.signs.inputs import SignInputs
from mulegraph.signs.own import signs_of
from mulegraph.workspace.ledger_tables import forget_load
from mulegraph.workspace.look import FOLDER
from mulegraph.workspace.money_left import LARGEST_FIRST, left_by_chains
from mulegraph.workspace.quick_look import SIGN, Seen, Standing, quick_look
from mulegraph.workspace.quick_takeover import SIGN as TAKEOVER
from mulegraph.workspace.scan_steps import SignRun, Timed
from mulegraph.workspace.workspace import Workspace
from tests.drawing import draw, transfers_of, write_csv
from tests.flow.test_flow_on import anew
from tests.signs.test_device_takeover import BEFORE, TAKEN

SIGNS = signs_of(Path())


def whole(workspace: Path) -> Standing:
    """What a whole look of the one sign leaves."""
    standing = Standing.of(SignRun(workspace, workspace / FOLDER / "runs", lambda _: None, only=(SIGN,)))
    assert standing is not None
    return standing


def quick(workspace: Path, before: Standing, told: set[str]) -> Seen | None:
    ledger = Ledger(workspace / "ledger")
    return quick_look(ledger, before, SIGNS, Settings(), told, Timed(lambda _: None))


def from_all(ledger: Ledger, before: Standing) -> dict[str, pa.Table]:
    """Slow and clear: everything of the ledger as it is, and what chance makes as it was known."""
    inputs = SignInputs(ledger, Settings())
    inputs.transfers = read_transfers(ledger)
    flow = inputs.flow = anew(inputs.transfers, before.flow, before.chance)
    inputs.chains = name_chains(ledger, flow)
    inputs.peers = beside_peers(ledger, inputs.sides)
    found = {code: run_sign(SIGNS[code], inputs, {}) for code in (SIGN, TAKEOVER)}
    findings = pa.concat_tables([each.findings for each in found.values()]).combine_chunks()
    evidence = read_evidence(findings, ledger, TransfersByAccount(inputs.transfers))
    lowered, benign = apply_benign_tests(findings, evidence, SIGNS)
    ids = inputs.chains.table["chain"]
    money = left_by_chains(ledger, flow, lambda places: ids.take(pa.array(places))).sort_by(LARGEST_FIRST)
    tested = {"findings": earned_roles(lowered, evidence), "benign": benign}
    facts = {f"facts/{code}": each.facts for code, each in found.items()}
    return {**tested, **facts, "chains": inputs.chains.table, "money": money}


def assert_tells_what_is_new(seen: Seen, every: dict[str, pa.Table], told: set[str]) -> None:
    # All of the chains; of take-overs those that follow a device event of the last hours.
    chains = {each for each in every[f"facts/{SIGN}"]["finding"].to_pylist() if each not in told}
    takeovers = seen.parts[f"facts/{TAKEOVER}"]["finding"].to_pylist()
    aside = every["findings"].filter(pa.array(set_aside(every["findings"], every["benign"]).chosen))["finding"]
    new = pa.array(sorted(chains.union(takeovers).difference(aside.to_pylist())), pa.string())
    for part in ("findings", "benign", f"facts/{SIGN}", f"facts/{TAKEOVER}"):
        table = every[part]
        assert seen.parts[part].equals(table.filter(pc.is_in(table["finding"], value_set=new))), part
    assert seen.parts["money"].equals(every["money"])
    ours, theirs = seen.parts["chains"], every["chains"]
    threshold = seen.standing.flow.threshold
    assert strong(theirs, threshold) - told == strong(ours, threshold) - told
    mine = theirs.filter(pc.is_in(theirs["chain"], value_set=ours["chain"].combine_chunks()))
    assert mine.equals(ours)


def strong(chains: pa.Table, threshold: float) -> set[str]:
    return set(chains.filter(pc.greater_equal(chains["surprise"], threshold))["chain"].to_pylist())


def told_by(seen: dict[str, pa.Table], threshold: float) -> set[str]:
    return strong(seen["chains"], threshold) | set(seen["findings"]["finding"].to_pylist())


@pytest.fixture(scope="module")
def day(few_cases: Path, tmp_path_factory) -> tuple[Path, list[str], str]:
    """A workspace with most of a ledger, the transfers that are to come, in order of time, and their heading."""
    folder = tmp_path_factory.mktemp("quick")
    files = folder / "files"
    files.mkdir()
    for path in few_cases.with_name("few_files").glob("*.csv"):
        (files / path.name).write_text(path.read_text())
    head, *rows = (files / "transfers.csv").read_text().splitlines()
    at = head.split(",").index('"at"')
    rows.sort(key=lambda row: row.split(",")[at])
    (files / "transfers.csv").write_text("\n".join([head, *rows[: len(rows) * 2 // 3]]) + "\n")
    load(files, folder / "workspace")
    return folder / "workspace", rows[len(rows) * 2 // 3 :], head


def test_batch_after_batch_a_quick_look_tells_what_the_whole_ledger_says(day, tmp_path: Path):
    """Findings, benign tests, facts, chains and money are those found anew, to the last digit; some rows come late."""
    workspace, rows, head = day
    number = random.SystemRandom().randrange(10**6)
    chance = random.Random(number)  # noqa: S311 (cuts batches)
    cuts = sorted(chance.sample(range(len(rows)), 3))
    # A batch may bring what others should have brought: up to as late as money is passed on.
    times = [datetime.fromisoformat(row.split(",")[5].strip('"')).timestamp() for row in rows]
    late = sorted(range(len(rows)), key=lambda place: times[place] + chance.random() * 6 * 3_600)
    before = whole(workspace)
    # So small a ledger has no threshold: half of its chains are told.
    half = float(np.median(before.chance.score)) / MICRONATS
    flow, calibration = replace(before.flow, threshold=half), replace(before.chance, threshold=half)
    before = replace(before, flow=flow, chance=calibration)
    every = from_all(Ledger(workspace / "ledger"), before)
    told = told_by(every, before.flow.threshold)
    new = 0

    for count, (low, high) in enumerate(zip([0, *cuts], [*cuts, len(rows)], strict=True)):
        batch = tmp_path / str(count)
        batch.mkdir()
        (batch / "transfers.csv").write_text("\n".join([head, *(rows[place] for place in late[low:high])]) + "\n")
        load(batch, workspace)
        seen = quick(workspace, before, told)
        assert seen is not None, number
        every = from_all(Ledger(workspace / "ledger"), before)
        assert_tells_what_is_new(seen, every, told)
        told |= set(every[f"facts/{SIGN}"]["finding"].to_pylist())
        new += seen.counted["findings"][SIGN]
        told |= told_by(seen.parts, before.flow.threshold)
        before = seen.standing
    assert new, number


BASE = "a b 500 9:00\nb c 490 9:10\nc d 480 9:20\nk l 70 9:05\nl m 69 9:15\nm n 68 9:25"
AT = "2026-01-05T10:00:00Z"
"""After all that is drawn."""
ROW = {"transfer_id": "x1", "source": "d", "target": "k", "amount": "470", "currency": "EUR", "channel": "instant"}
NEW = {**ROW, "at": AT}
ACCOUNT = {"account_id": "aa", "bank": "NORD", "kind": "personal", "currency": "EUR", "holder_id": ""}


def came(folder: Path, **tables: dict[str, Any] | list[dict[str, Any]]) -> None:
    """A row of each table, or some, come after the look."""
    files = folder.with_name("later")
    files.mkdir()
    for name, rows in tables.items():
        write_csv(files / f"{name}.csv", rows if isinstance(rows, list) else [rows])
    load(files, folder)


def told_all(before: Standing) -> Standing:
    """The same where every chain is sure enough to be told."""
    flow = replace(before.flow, threshold=0.0)
    sure = np.zeros(len(before.chance.score))
    return replace(before, flow=flow, chance=replace(before.chance, threshold=0.0, false_share=sure))


LISTED = {"subject_kind": "account", "subject_id": "b", "list": "suspicion", "source": "bank", "listed_at": AT}
BEYOND = {
    "a report": {"reports": {"report_id": "r1", "transfer_id": "t001", "victim_account": "a", "reported_at": AT}},
    "a listing": {"listings": {**LISTED, "confidence": "0.9"}},
    "a holder": {"holders": {"holder_id": "h_a", "name": "A. Holder"}},
    "a row from before the window": {"transfers": {**ROW, "at": "2026-01-03T01:00:00Z"}},
    "another currency": {
        "accounts": {**ACCOUNT, "currency": "USD"},
        "transfers": {**NEW, "currency": "USD", "target": "aa", "source": ""},
    },
    "a finer clock": {"transfers": {**ROW, "at": "2026-01-05T10:00:07Z"}},
    "a virtual account": {"accounts": {**ACCOUNT, "settles_on": "a"}, "transfers": {**NEW, "target": "aa"}},
}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory) -> tuple[Path, Standing]:
    """The drawn ledger, looked at whole."""
    folder = tmp_path_factory.mktemp("drawn")
    draw(folder, BASE)
    return folder / "workspace", whole(folder / "workspace")


@pytest.mark.parametrize("what", BEYOND)
def test_what_new_transfers_do_not_say_is_looked_at_whole(drawn, tmp_path: Path, what: str):
    """A report, a list, an old row, another clock or currency: a quick look says nothing rather than half of it."""
    folder = shutil.copytree(drawn[0], tmp_path / "workspace")
    came(folder, **BEYOND[what])

    assert quick(folder, drawn[1], set()) is None


def test_a_load_that_was_taken_back_is_looked_at_whole(drawn, tmp_path: Path):
    """Its rows may have been found in."""
    folder = shutil.copytree(drawn[0], tmp_path / "workspace")
    came(folder, transfers=NEW)
    seen = quick(folder, drawn[1], set())
    space = Workspace(folder)
    forget_load(space, list(space.ledger.snapshot.loads)[-1])

    assert quick(folder, seen.standing, set()) is None


def test_money_that_goes_on_to_a_new_account_is_told(drawn, tmp_path: Path):
    """The account's number moves all others; the chain is as long as it is by now, and its money where it went."""
    folder = shutil.copytree(drawn[0], tmp_path / "workspace")
    before = told_all(drawn[1])
    came(folder, accounts=ACCOUNT, transfers={**NEW, "target": "aa"})
    seen = quick(folder, before, set())

    (chain,) = seen.parts["chains"].to_pylist()
    assert chain["accounts"] == ["a", "b", "c", "d", "aa"]
    assert seen.parts["money"].to_pylist()[0]["account"] == "aa"
    assert set(seen.parts["findings"]["subject_id"].to_pylist()) == {"d"}
    again = quick(folder, seen.standing, set(seen.parts["findings"]["finding"].to_pylist()))
    assert (again.counted["findings"][SIGN], len(again.parts["chains"])) == (0, 0)


def test_a_chain_that_comes_late_is_told_where_another_stood(tmp_path: Path):
    """Its transfers have the positions that those of a known chain had: a position is no name."""
    draw(tmp_path, "a b 500 9:00\nb c 490 9:10\nc d 480 9:20")
    before = told_all(whole(tmp_path / "workspace"))
    late = transfers_of("d c 70 8:00\nc b 69 8:10\nb a 68 8:20")
    came(tmp_path / "workspace", transfers=[{**row, "transfer_id": f"late{row['transfer_id']}"} for row in late])
    seen = quick(tmp_path / "workspace", before, set())

    assert ["d", "c", "b", "a"] in seen.parts["chains"]["accounts"].to_pylist()


def test_an_account_that_is_drained_after_a_new_device_is_told(tmp_path: Path):
    """The device came before the look, the payment after it; what is told is what the whole ledger says."""
    draw(tmp_path, f"{BEFORE}a cash 1 9+9:00\nthief cash 1 0+9:00", device_use=TAKEN)
    folder = tmp_path / "workspace"
    before = whole(folder)
    drained = {**ROW, "source": "a", "target": "thief", "amount": "2500", "at": "2026-01-14T11:00:00Z"}
    came(folder, transfers=drained)
    seen = quick(folder, before, set())
    every = run_sign(SIGNS[TAKEOVER], SignInputs(Ledger(folder / "ledger"), Settings()), {})

    assert seen.counted["findings"][TAKEOVER] == 1
    assert seen.parts[f"facts/{TAKEOVER}"].equals(every.facts)
    assert (
        seen.parts["findings"]
        .select(["finding", "evidence", "amount"])
        .equals(every.findings.select(["finding", "evidence", "amount"]))
    )
    assert quick(folder, seen.standing, set()).counted["findings"][TAKEOVER] == 0


def test_devices_and_cards_wait_for_the_next_whole_look(drawn, tmp_path: Path):
    """They change nothing of what a quick look tells."""
    folder = shutil.copytree(drawn[0], tmp_path / "workspace")
    used = {"account_id": "a", "device_id": "dev1", "at": AT, "action": "login", "outcome": "ok"}
    came(folder, devices={"device_id": "dev1", "kind": "mobile"}, device_use=used)

    assert quick(folder, drawn[1], set()).counted["findings"] == {"N1": 0, "T1": 0}
