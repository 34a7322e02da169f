"""A night's alerts: what a scan hands to the rule of `cases.alerts`, and what it keeps of earlier nights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mulegraph.cases.alerts import tonight
from mulegraph.journal.case_states import states
from mulegraph.ledger.ledger import Ledger
from mulegraph.ledger.statistics import covered
from mulegraph.schema.findings import ALERTS, Role
from mulegraph.schema.versions import FORMER, given_on, number_of
from mulegraph.workspace.run import Run
from mulegraph.workspace.scan_steps import SignRun

CLEARED = ("innocent", "victim")


def alerts_of(
    workspace: Path, of: SignRun, parts: Mapping[str, pa.Table], earlier: Sequence[Run]
) -> tuple[pa.Table, dict[str, Any]]:
    """All alerts up to this night, and their numbers; a scan that says the same as the one before is the same night.

    Nobody is alerted who was decided to be innocent or a victim, or who is a victim in all his cases.
    """
    settings, ledger, scores = of.settings, of.ledger, parts["scores"]
    days = covered_days(ledger)
    share = settings.alerts.false_share if days >= settings.alerts.min_days else 0.0
    last = earlier[-1] if earlier else None
    before = last.manifest.get("alerts", {}) if last else {}
    if last and before.get("false_share") == share and last.table("scores").equals(scores):
        return last.table("alerts"), before
    known = as_named_now(ledger, last.table("alerts") if last else ALERTS.empty())
    night = int(before.get("night", 0)) + 1
    left_out = pa.array(sorted(_cleared(workspace) | _only_victims(parts["cases"])), pa.string())
    asked = scores.filter(pc.invert(pc.is_in(scores["account"], value_set=left_out)))
    found = tonight(asked, known, night, len(ledger.account_ids), share, settings.score.base_rate)
    new = found.slice(len(known))
    new = ALERTS.table({**{name: new[name] for name in new.column_names}, "until": [ledger.until] * len(new)})
    # Alerts of nights with a larger budget, or none, say nothing of this one.
    so_far = len(new) + int(np.sum(known["share"].to_numpy() <= share))
    counts = {"night": night, "tonight": len(new), "so_far": so_far}
    return pa.concat_tables([known, new]).combine_chunks(), {**counts, "false_share": share, "days": days}


def covered_days(ledger: Ledger) -> int:
    """Days that have about as many transfers as others."""
    rows = np.array([file.rows for file in ledger.snapshot.of("transfers")])
    return int(np.sum(covered(rows)))


def as_named_now(ledger: Ledger, known: pa.Table) -> pa.Table:
    """Earlier alerts under the names that their accounts have now; those that are no longer in the ledger are left out.

    A number that was given to another holder since is another account: he is not the one who was alerted.
    """
    ids = ledger.account_ids
    former = ids.filter(pc.match_substring_regex(ids, FORMER)).to_pylist()
    names = []
    for row in known.to_pylist():
        lives = [each for each in former if number_of(each) == row["account"]]
        after = sorted(each for each in lives if (given_on(each) or "") > f"{row['until']:%Y-%m-%d}")
        names.append(after[0] if after else row["account"])
    named = ALERTS.table({**{name: known[name] for name in known.column_names}, "account": names})
    return named.filter(pa.array(ledger.account_numbers_of(named["account"].combine_chunks()) >= 0))


def _cleared(workspace: Path) -> set[str]:
    """Accounts that somebody decided to be innocent or a victim."""
    found = states(workspace).values()
    return {account for state in found for account, how in state.disposed.items() if how in CLEARED}


def _only_victims(cases: pa.Table) -> set[str]:
    """Accounts that are victims in every case that names them."""
    victims, others = set[str](), set[str]()
    for row in cases.select(["accounts", "roles"]).to_pylist():
        for account, role in zip(row["accounts"], row["roles"], strict=True):
            (victims if role == Role.VICTIM else others).add(account)
    return victims - others
