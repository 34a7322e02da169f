"""N5: hops to flagged accounts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mulegraph.flow.bursts import poisson_nats
from mulegraph.flow.hops import BACKWARD, FORWARD, Neighbours, Path
from mulegraph.lazy import stats
from mulegraph.ledger.ledger import Ledger
from mulegraph.signs import facts
from mulegraph.signs.base import Phase, Topic, score_of, sign

TURNING = "all by paths that turn"
PATHS = (TURNING, *(f"nearest {hops}" for hops in range(1, 5)))
"""How far the nearest listed account is; `hops` of the settings is at most four."""


@dataclass(frozen=True)
class Near:
    """Accounts by number with the listed accounts in their reach, ways to them, how many by chance, and surprise."""

    account: np.ndarray
    flagged: np.ndarray
    ways: np.ndarray
    expected: np.ndarray
    nats: np.ndarray


@sign(
    code="N5",
    source="counts of listed counterparties against a Poisson mean (docs/method.md)",
    needs=("listings",),
    phase=Phase.DISPERSE,
    weight=7.0,
    renamed={"least_flagged": "min_flagged", "false_share": "max_false_share"},
    topic=Topic.MONEY,
    facts=(
        facts.count("flagged", "listed accounts within reach"),
        facts.count("ways", "counterparties that are listed or lead to listed accounts"),
        facts.number("expected", "so many by chance"),
        facts.count("hops", "transfers that were looked at"),
        facts.word("path", "how far the nearest is", PATHS),
    ),
    reason={
        "en": "{flagged:account|accounts} on a suspicion list within {hops:transfer|transfers} by {ways:way|ways};"
        " {path}",
        "vi": "{flagged} tài khoản trong danh sách nghi ngờ trong vòng {hops} giao dịch qua {ways} đường; {path}",
        "nl": "{flagged:rekening|rekeningen} op een verdachtenlijst binnen {hops:overboeking|overboekingen} langs"
        " {ways:weg|wegen}; {path}",
    },
)
def near_flagged(
    ledger: Ledger, neighbours: Neighbours, *, min_flagged: int = 2, max_false_share: float = 0.05
) -> pd.DataFrame:
    """More suspicion-listed accounts are within a few transfers than chance would put there.

    Counted are the counterparties that are listed, or lead to listed accounts, against a Poisson mean, within one
    transfer, two, and so on; the most surprising of these counts. Who is listed himself is known, and no subject.

    Innocent when: it is a popular shop or agency, or the neighbour of an account that was listed by mistake.
    """
    listed = ledger.listed("account", on="suspicion").subject_id.to_pandas().tolist()
    flagged = np.unique(ledger.account_numbers(sorted(listed)))
    flagged = flagged[flagged >= 0]
    if not len(flagged):
        return pd.DataFrame()
    reach = neighbours.reach(flagged)
    known = np.zeros(len(reach.flagged), bool)
    known[flagged] = True
    dealt = np.flatnonzero((neighbours.counterparties > 0) & ~known)
    by_hops = [poisson_nats(ways, expected) for ways, expected in zip(reach.ways, reach.expected, strict=True)]
    # The best of so many tests is taken.
    nats = np.maximum(np.max(by_hops, axis=0) - np.log(len(by_hops)), 0.0)
    found = dealt[_surer_than(nats[dealt], max_false_share)]
    found = found[reach.flagged[found] >= min_flagged]
    if not len(found):
        return pd.DataFrame()
    surprise = np.maximum(nats - np.log(len(dealt)), 0.0)
    best = np.argmax(by_hops, axis=0)
    ways, expected = (np.choose(best, columns)[found] for columns in (reach.ways, reach.expected))
    near = Near(found, reach.flagged[found], ways, expected, surprise[found])
    # What passed the test for the whole ledger is scored by what it says of the one account.
    return _rows(ledger, neighbours, set(flagged.tolist()), near).assign(score=score_of(nats[found]))


def _surer_than(nats: np.ndarray, max_false_share: float) -> np.ndarray:
    """Places of the tests that hold at this false discovery rate (Benjamini & Hochberg, JRSS B 57, 1995)."""
    if not len(nats):
        return np.empty(0, np.int64)
    return np.flatnonzero(stats.false_discovery_control(np.exp(-nats)) <= max_false_share)


def _rows(ledger: Ledger, neighbours: Neighbours, flagged: set[int], near: Near) -> pd.DataFrame:
    """The accounts in the ledger's words, each with its shortest path to a listed one."""
    listed = np.array(sorted(flagged), np.int64)
    nearest = {direction: neighbours.nearest(listed, direction) for direction in (FORWARD, BACKWARD)}
    paths = {account: _shortest(neighbours, account, flagged, nearest) for account in near.account.tolist()}
    used = sorted({position for path in paths.values() if path for position in path.transfers})
    known = ledger.transfer_rows(
        neighbours.transfers.row[np.array(used, np.int64)], ["transfer_id", "at", "amount", "currency"]
    )
    of = dict(zip(used, known.to_dict("records"), strict=True))
    rows = []
    for place, (account, path) in enumerate(paths.items()):
        steps = [of[position] for position in path.transfers] if path else []
        names = [ledger.account_ids[number].as_py() for number in path.accounts] if path else []
        rows.append(
            {
                "subject_id": ledger.account_ids[account].as_py(),
                "surprise": float(near.nats[place]),
                "flagged": int(near.flagged[place]),
                "ways": int(near.ways[place]),
                "expected": float(near.expected[place]),
                "hops": neighbours.settings.hops,
                "path": f"nearest {len(steps)}" if path else TURNING,
                "amount": sum(step["amount"] for step in steps) or None,
                "currency": steps[0]["currency"] if steps else None,
                "first_at": steps[0]["at"] if steps else None,
                "last_at": steps[-1]["at"] if steps else None,
                "accounts": names or [ledger.account_ids[account].as_py()],
                "evidence": [step["transfer_id"] for step in steps],
            }
        )
    return pd.DataFrame(rows)


def _shortest(
    neighbours: Neighbours, account: int, flagged: set[int], nearest: Mapping[str, np.ndarray]
) -> Path | None:
    """The shortest path along the money, else against it; None where every path turns on its way.

    `nearest` spares the search where it would find nothing: it walks over all that is near.
    """
    for hops in range(1, neighbours.settings.hops + 1):
        for direction in (FORWARD, BACKWARD):
            if nearest[direction][account] > hops:
                continue
            found = neighbours.paths(account, flagged, hops=hops, direction=direction, time_respecting=False)
            path = next(found, None)
            if path is not None:
                return path
    return None
