"""Accounts that are closed: nothing on them can be held, and what they had left has gone somewhere."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from mulegraph.errors import UsageError
from mulegraph.schema.versions import given_on
from mulegraph.workspace.workspace import Workspace


def closed_before(space: Workspace, accounts: Collection[str], at: datetime) -> dict[str, date]:
    """Those of these accounts that were closed on a day before the one of this moment (UTC), and on which day.

    A former account whose closing no file tells was closed before the day on which another holder got its number.
    """
    today = at.replace(tzinfo=UTC).astimezone(ZoneInfo(space.ledger.zone)).date()
    known = space.ledger.arrow("accounts", ["account_id", "closed_on"])
    known = known.filter(pc.is_in(known["account_id"], value_set=pa.array(sorted(accounts), pa.string())))
    days = dict(zip(known["account_id"].to_pylist(), known["closed_on"].to_pylist(), strict=True))
    for name in days:
        if days[name] is None and (given := given_on(name)) is not None:
            days[name] = date.fromisoformat(given) - timedelta(days=1)
    return {name: day for name, day in days.items() if day is not None and day < today}


def check_open(space: Workspace, account: str) -> None:
    """Raise UsageError for an account that is closed by now."""
    now = datetime.now(UTC).replace(tzinfo=None)
    closed = closed_before(space, [account], now)
    if account in closed:
        raise UsageError(
            "account '{account}' was closed on {day}: nothing on it can be held",
            hint="Ask its bank what became of its balance.",
            account=account,
            day=str(closed[account]),
        )
