"""What is held against an account, and why: the page of an account, and a finding explained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

import pyarrow as pa
import pyarrow.compute as pc

from mulegraph.cases.benign import all_benign_tests
from mulegraph.cases.journey import journey
from mulegraph.errors import UsageError
from mulegraph.lazy import pandas as pd
from mulegraph.schema import results
from mulegraph.schema.choices import LANGUAGES
from mulegraph.schema.disclosure import ACCOUNT, AMOUNT, CURRENCY, HOLDER, OURS, TEXT, Each, Words, declared, record_of
from mulegraph.schema.tables import ACCOUNT_KINDS, OWN
from mulegraph.signs.own import signs_of
from mulegraph.workspace import listings
from mulegraph.workspace.base import WorkspaceBase
from mulegraph.workspace.listing import frame_of, near
from mulegraph.workspace.questions import AccountId, Word, question

NEIGHBOURS_SHOWN, EVIDENCE_SHOWN = 10, 20


@declared
@dataclass(frozen=True)
class Moved:
    """Some transfers: how many, their sum, and when."""

    transfers: int
    amount: Annotated[Decimal | int, AMOUNT]
    first_at: datetime | None
    last_at: datetime | None

    @classmethod
    def of(cls, transfers: pd.DataFrame) -> Moved:
        """Number, sum and times of some transfers."""
        if transfers.empty:
            return cls(0, 0, None, None)
        at = transfers["at"]
        return cls(len(transfers), transfers["amount"].sum(), at.min(), at.max())


@declared
@dataclass(frozen=True)
class AccountPage:
    """Everything known of one account. `thresholds` are by sign; `not_testable` tables that signs lack, by sign."""

    account_id: Annotated[str, ACCOUNT]
    bank: Annotated[str, TEXT]
    holder_id: Annotated[str | None, HOLDER]
    kind: Annotated[str, Words(ACCOUNT_KINDS)]
    opened_on: date | None
    closed_on: date | None
    currency: Annotated[str, CURRENCY]
    settles_on: Annotated[str | None, ACCOUNT]
    zone: Annotated[str | None, TEXT]
    own: Annotated[str | None, Words(OWN)]
    other_holders: Annotated[list[str], Each(HOLDER)]
    holder: Annotated[dict[str, Any], results.HOLDERS]
    score: float
    parts: Annotated[dict[str, float], results.PARTS]
    received: Moved
    paid: Moved
    active_from: datetime | None
    active_until: datetime | None
    counterparties: int
    neighbours: Annotated[pd.DataFrame, results.NEIGHBOURS]
    devices: Annotated[pd.DataFrame, results.ACCOUNT_DEVICES]
    listed_on: Annotated[list[str], Each(TEXT)]
    findings: Annotated[pd.DataFrame, results.FINDINGS]
    thresholds: Annotated[dict[str, Mapping[str, Any]], OURS]
    evidence: Annotated[pd.DataFrame, results.EVIDENCE]
    journey: Annotated[pd.DataFrame, results.JOURNEY]
    not_testable: Annotated[dict[str, list[str]], OURS]
    chains: Annotated[pd.DataFrame, results.CHAINS]
    cases: Annotated[pd.DataFrame, results.CASES]


ACCOUNT_PAGE = record_of(AccountPage)


@question(ACCOUNT_PAGE)
def account_page(space: WorkspaceBase, account: AccountId, *, language: Word = LANGUAGES[0]) -> AccountPage:
    """Everything known of one account: who, since when, traffic, devices, signs with reasons, score and parts."""
    row = space.row("accounts", "account_id", space.check_account(account))
    transfers = listings.transfers_of(space, account)
    findings = listings.findings(space, account=account, language=language)
    mine = findings[(findings["subject_id"] == account) | findings["subject_kind"].isin(["device", "cluster"])]
    scored = listings.ranking(space, account=account).to_dict("records")
    times = mine.dropna(subset=["first_at"])
    return AccountPage(
        **row,
        other_holders=_other_holders(space, row),
        holder=space.row("holders", "holder_id", row["holder_id"]),
        score=scored[0]["score"] if scored else 0.0,
        parts=scored[0]["parts"] if scored else {},
        received=Moved.of(transfers[transfers["target"] == account]),
        paid=Moved.of(transfers[transfers["source"] == account]),
        active_from=times["first_at"].min() if len(times) else None,
        active_until=times["last_at"].max() if len(times) else None,
        counterparties=int(pd.concat([transfers["source"], transfers["target"]]).nunique()) - 1,
        neighbours=_neighbours(transfers, account),
        devices=_devices(space, account),
        listed_on=_lists_of(space, account),
        findings=findings,
        thresholds=thresholds(space, mine["sign"]),
        evidence=_evidence(transfers, mine),
        journey=pd.DataFrame(journey(mine["phase"])),
        not_testable=space.run.manifest["not_testable"],
        chains=listings.chains(space, account=account),
        cases=listings.cases(space, account=account),
    )


def _other_holders(space: WorkspaceBase, row: dict[str, Any]) -> list[str]:
    """Holders beside the first, of an account that several people hold."""
    beside = [each for each in space.ledger.accounts_side_by_side() if each["account_id"] == row["account_id"]]
    return sorted({str(each["holder_id"]) for each in beside if each["holder_id"]} - {row["holder_id"]})


@question(results.EXPLANATION)
def explain(space: WorkspaceBase, finding: Word, *, language: Word = LANGUAGES[0]) -> dict[str, Any]:
    """One finding: the rule, its settings, the exact rows, the benign tests. UsageError when unknown."""
    rows = space.run.findings(ids=[finding])
    if not len(rows):
        hint = near(finding, space.run.every_finding["finding"], "mulegraph signs --format json")
        raise UsageError("finding '{finding}' is unknown", hint=hint, finding=finding)
    found = listings.with_sentences(space.run, frame_of(rows), language).to_dict("records")[0]
    sign = signs_of(space.folder).get(found["sign"])
    if sign is None:
        raise UsageError(
            "sign {sign} is no longer in {folder}",
            hint="Restore its file, or scan again.",
            sign=found["sign"],
            folder=space.folder / "signs",
        )
    events = found["facts"].get("events") or []
    cards = space.ledger.arrow("card_events")
    tests = []
    for name, result in found["benign"].items():
        taken_off = f"{all_benign_tests()[name].reduction:.0%}"
        tests.append({"test": name, "result": result, "takes off": taken_off, "why": found["benign_why"][name]})
    return {
        **found,
        "title": sign.title,
        "meaning": sign.meaning,
        "innocent_when": sign.innocent_when,
        "source": sign.source,
        "thresholds": thresholds(space, [sign.code])[sign.code],
        "tests": tests,
        "transfers": listings.transfers(space, found["evidence"]),
        "card_events": cards.filter(pc.is_in(cards["event_id"], value_set=pa.array(events, pa.string()))).to_pandas(),
    }


def thresholds(space: WorkspaceBase, codes: Any) -> dict[str, Mapping[str, Any]]:
    """Thresholds of these signs as the run had them."""
    known = space.run.manifest["thresholds"]
    return {code: known[code] for code in sorted(set(codes))}


def _lists_of(space: WorkspaceBase, account: str) -> list[str]:
    """The lists that an account stands on, with who put it there."""
    rows = space.ledger.arrow("listings")
    mine = pc.and_(pc.equal(rows["subject_kind"], "account"), pc.equal(rows["subject_id"], account))
    return sorted(f"{row['list']} ({row['source']})" for row in rows.filter(mine).to_pylist())


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


def _devices(space: WorkspaceBase, account: str) -> pd.DataFrame:
    """Devices it was used from: device_id, uses, first_at, last_at, accounts that share it."""
    used = space.ledger.arrow("device_use", ["account_id", "device_id", "at"])
    its = pc.unique(used["device_id"].filter(pc.equal(used["account_id"], account)))
    use = used.filter(pc.is_in(used["device_id"], value_set=its)).to_pandas()
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
