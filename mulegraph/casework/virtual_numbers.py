"""Virtual numbers of an account: money for them is on the account behind, which is held, and pays it on."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mulegraph.errors import UsageError
from mulegraph.lazy import pandas as pd
from mulegraph.workspace.workspace import Workspace


def check_not_virtual(space: Workspace, account: str) -> None:
    """Raise UsageError for a number that another account is behind."""
    ledger = space.ledger
    behind = ledger.settled(ledger.account_numbers([account]))
    name = ledger.account_ids[int(behind[0])].as_py()
    if name != account:
        raise UsageError(
            "'{account}' is a virtual number: what is paid to it is on '{name}'",
            hint="Hold the account behind it: mulegraph case hold CASE {name}",
            account=account,
            name=name,
        )


def transfers_on(
    space: Workspace, account: str, *, since: pd.Timestamp | None = None, until: pd.Timestamp | None = None
) -> pd.DataFrame:
    """An account's transfers in time order, with those of its virtual numbers told as its own."""
    names = _virtual_numbers(space, account)
    own = space.transfers_of(account, since=since, until=until)
    if not names:
        return own
    theirs = [space.transfers_of(name, since=since, until=until) for name in names]
    rows = pd.concat([own, *theirs]).drop_duplicates("transfer_id")
    for end in ("source", "target"):
        rows[end] = rows[end].where(~rows[end].isin(names), account)
    return rows.sort_values(["at", "transfer_id"], kind="stable").reset_index(drop=True)


def _virtual_numbers(space: Workspace, account: str) -> list[str]:
    ledger = space.ledger
    rows = ledger.arrow("accounts", ["account_id", "settles_on"])
    names = rows.filter(pc.is_valid(rows["settles_on"]))["account_id"]
    mine = np.asarray(ledger.settling_numbers_of(names) == ledger.account_numbers([account])[0])
    return sorted(set(names.filter(pa.array(mine)).to_pylist()) - {account})
