"""What is held against an account, and why: the page of an account, the ranking, and a finding explained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from mulegraph.cases.benign import RESULTS, all_benign_tests, explain
from mulegraph.cases.journey import journey
from mulegraph.errors import UsageError
from mulegraph.signs.own import signs_of
from mulegraph.signs.wording import LANGUAGES, shown_fact
from mulegraph.workspace.listing import near, sums
from mulegraph.workspace.run import Run

if TYPE_CHECKING:
    from mulegraph.workspace.workspace import Workspace

NEIGHBOURS_SHOWN, EVIDENCE_SHOWN = 10, 20


def told(run: Run, findings: pd.DataFrame, language: str) -> pd.DataFrame:
    """Findings with facts as dictionaries, benign tests as name → result and name → why, reasons in a language."""
    if language not in LANGUAGES:
        raise UsageError(f"--lang is '{language}'", hint="Expected one of " + ", ".join(LANGUAGES) + ".")
    known = run.records(run.findings(ids=findings["finding"].tolist()))
    of = {each.finding: each for each in known}
    records = [of[each] for each in findings["finding"]]
    return findings.assign(
        facts=[{name: shown_fact(value) for name, value in each.facts.items()} for each in records],
        benign=[{name: RESULTS[one.result] for name, one in each.benign.items()} for each in records],
        benign_why=[
            {name: explain(name, one.result, one.values) for name, one in each.benign.items()} for each in records
        ],
        reason=[run.reason(each, language) for each in records],
    )


def ranking(space: Workspace, top: int | None) -> pd.DataFrame:
    """Every account that anything is known of, best first: account, score, parts (name → value, adding up to it)."""
    table = space.run.table("scores")
    frame: pd.DataFrame = (table if top is None else table.slice(0, top)).to_pandas()
    return frame.assign(parts=[dict(each) for each in frame["parts"]])


def _other_holders(space: Workspace, row: dict[str, Any]) -> list[str]:
    """Holders beside the first, of an account that several people hold."""
    beside = space.ledger.rows_beside("accounts", row["account_id"])
    return sorted({str(each["holder_id"]) for each in beside if each["holder_id"]} - {row["holder_id"]})


def account_page(space: Workspace, account: str, language: str) -> dict[str, Any]:
    """Everything known of one account: who, since when, traffic, lists, devices, neighbours, signs, score, phases."""
    row = space._row("accounts", "account_id", account)
    transfers = space.transfers_of(account)
    findings = space.findings(account=account, language=language)
    mine = findings[(findings["subject_id"] == account) | findings["subject_kind"].isin(["device", "cluster"])]
    scored = space.run.table("scores")
    scored = scored.filter(pc.equal(scored["account"], account)).to_pylist()
    times = mine.dropna(subset=["first_at"])
    return {
        **row,
        "holder": space._row("holders", "holder_id", row["holder_id"]),
        "other_holders": _other_holders(space, row),
        "score": scored[0]["score"] if scored else 0.0,
        "parts": dict(scored[0]["parts"]) if scored else {},
        "received": sums(transfers[transfers["target"] == account]),
        "paid": sums(transfers[transfers["source"] == account]),
        "active_from": times["first_at"].min() if len(times) else None,
        "active_until": times["last_at"].max() if len(times) else None,
        "counterparties": int(pd.concat([transfers["source"], transfers["target"]]).nunique()) - 1,
        "neighbours": _neighbours(transfers, account),
        "devices": _devices(space, account),
        "listed_on": space._listings(account),
        "findings": findings,
        "thresholds": thresholds(space, mine["sign"]),
        "evidence": _evidence(transfers, mine),
        "journey": pd.DataFrame(journey(mine["phase"])),
        "not_testable": space.run.manifest["not_testable"],
        "chains": space.chains(account=account),
        "cases": space.cases(account=account),
    }


def explained(space: Workspace, finding: str, language: str) -> dict[str, Any]:
    """A finding with the rule, its settings, the exact rows, and each benign test. UsageError if unknown."""
    rows = space.run.findings(ids=[finding])
    if not len(rows):
        known = space.run.table("findings")["finding"]
        raise UsageError(f"finding '{finding}' is unknown", hint=near(finding, known, "mulegraph signs --format json"))
    found = told(space.run, space.frame(rows), language).to_dict("records")[0]
    sign = signs_of(space.folder).get(found["sign"])
    if sign is None:
        raise UsageError(
            f"sign {found['sign']} is no longer in {space.folder / 'signs'}", hint="Put its file back, or scan."
        )
    events = found["facts"].get("events") or []
    cards = space.ledger.arrow("card_events")
    tests = all_benign_tests()
    return {
        **found,
        "title": sign.title,
        "meaning": sign.meaning,
        "innocent_when": sign.innocent_when,
        "source": sign.source,
        "thresholds": thresholds(space, [sign.code])[sign.code],
        "tests": [
            {
                "test": name,
                "result": result,
                "takes off": f"{tests[name].reduction:.0%}",
                "why": found["benign_why"][name],
            }
            for name, result in found["benign"].items()
        ],
        "transfers": space.transfers(found["evidence"]),
        "card_events": cards.filter(pc.is_in(cards["event_id"], value_set=pa.array(events, pa.string()))).to_pandas(),
    }


def thresholds(space: Workspace, codes: Any) -> dict[str, Mapping[str, Any]]:
    """Thresholds of these signs as the run had them."""
    known = space.run.manifest["thresholds"]
    return {code: known[code] for code in sorted(set(codes))}


def _neighbours(transfers: pd.DataFrame, account: str) -> pd.DataFrame:
    """Whom it deals with most: account, direction, transfers, amount."""
    paid = transfers[transfers["source"] == account].assign(direction="paid", with_whom=lambda rows: rows["target"])
    got = transfers[transfers["target"] == account].assign(direction="received", with_whom=lambda rows: rows["source"])
    both = pd.concat([paid, got]).dropna(subset=["with_whom"])
    grouped = both.groupby(["with_whom", "direction"])["amount"].agg(["size", "sum"]).reset_index()
    grouped.columns = pd.Index(["account", "direction", "transfers", "amount"])
    grouped["amount"] = grouped["amount"].astype(object)
    grouped = grouped.sort_values(["amount", "account"], ascending=[False, True], key=_sortable)
    return grouped.head(NEIGHBOURS_SHOWN).reset_index(drop=True)


def _sortable(column: pd.Series) -> pd.Series:
    return column.astype(float) if column.name == "amount" else column


def _devices(space: Workspace, account: str) -> pd.DataFrame:
    """Devices it was used from: device_id, uses, first_at, last_at, accounts that share it."""
    use = space.ledger.arrow("device_use", ["account_id", "device_id", "at"]).to_pandas()
    mine = use[use["account_id"] == account].groupby("device_id")["at"].agg(["size", "min", "max"]).reset_index()
    mine.columns = pd.Index(["device_id", "uses", "first_at", "last_at"])
    shared = use[use["device_id"].isin(mine["device_id"])].groupby("device_id")["account_id"].nunique()
    mine["accounts"] = mine["device_id"].map(shared).astype(int) if len(mine) else pd.Series(dtype=int)
    return mine


def _evidence(transfers: pd.DataFrame, findings: pd.DataFrame) -> pd.DataFrame:
    """The account's transfers that findings rest on, with the signs that do."""
    signs: dict[str, list[str]] = {}
    for row in findings.itertuples():
        for each in row.evidence:
            signs.setdefault(each, []).append(row.sign)
    mine = transfers[transfers["transfer_id"].isin(signs)].copy()
    mine["signs"] = [sorted(set(signs[each])) for each in mine["transfer_id"]]
    return mine.tail(EVIDENCE_SHOWN)
