"""Every threshold that is not a sign's own: defaults here, changed in the workspace's `mulegraph.toml`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Meta

from mulegraph.errors import UsageError
from mulegraph.toml import read_toml

FILE = "mulegraph.toml"
MICROSECONDS_AN_HOUR = 3_600_000_000
MAX_SHUFFLES = 20
BASE_RATE = 0.0055
"""Between the one in a thousand of a bank's accounts and the few in a hundred of published ledgers."""
Bic = Annotated[str, Meta(pattern="^[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?$")]
"""As ISO 20022 has it (BICFIDec2014Identifier)."""
NO_ZONE = 'Expected a time zone such as "Europe/Amsterdam" or "Asia/Ho_Chi_Minh".'


@dataclass(frozen=True)
class ScanSettings:
    """A night reports what reaches the last `window_days` days of the ledger, or all of it (0)."""

    window_days: Annotated[int, Meta(ge=0, le=36_500)] = 0


@dataclass(frozen=True)
class FlowSettings:
    """How money is matched, and what share of false alarms is accepted.

    `window_hours` is how long money counts as passed on, `share_percent` how much of it. Ledgers are shuffled
    until chance was seen on `chance_transfers` transfers, at least once and at most twenty times.
    """

    window_hours: Annotated[float, Meta(ge=0.01, le=24 * 31)] = 6.0
    share_percent: Annotated[int, Meta(ge=1, le=100)] = 60
    chance_transfers: Annotated[int, Meta(ge=1, le=10**9)] = 3_000_000
    seed: Annotated[int, Meta(ge=0, le=2**31)] = 1
    false_share: Annotated[float, Meta(ge=0, le=1)] = 0.05

    @property
    def window(self) -> int:
        """The window in microseconds."""
        return round(self.window_hours * MICROSECONDS_AN_HOUR)

    def shuffles(self, transfers: int) -> int:
        """How many ledgers to shuffle: small ones say too little about chance to be asked once."""
        return min(MAX_SHUFFLES, max(1, -(-self.chance_transfers // max(transfers, 1))))


@dataclass(frozen=True)
class DeviceSettings:
    """A device of more than `hub_holders` distinct holders is a hub (a branch terminal), and joins nobody.

    One of fewer than `min_holders` is not shared.
    """

    hub_holders: Annotated[int, Meta(ge=2, le=10**9)] = 40
    min_holders: Annotated[int, Meta(ge=2, le=10**6)] = 2


@dataclass(frozen=True)
class HopSettings:
    """Paths to flagged accounts: at most `hops` transfers, not through accounts with more counterparties than this."""

    hops: Annotated[int, Meta(ge=1, le=4)] = 2
    hub_counterparties: Annotated[int, Meta(ge=1, le=10**9)] = 20


@dataclass(frozen=True)
class CaseSettings:
    """Findings from `min_score` up make cases; stories of more than `split_above` accounts are split
    by Louvain, which `seed` makes repeatable; accounts under `min_link_nats` join nobody."""

    min_score: Annotated[float, Meta(ge=0, le=1)] = 0.3
    split_above: Annotated[int, Meta(ge=3, le=10**9)] = 100
    seed: Annotated[int, Meta(ge=0, le=2**31)] = 1
    min_link_nats: Annotated[float, Meta(ge=0, le=100)] = 1.0


@dataclass(frozen=True)
class ScoreSettings:
    """`base_rate` is the share of accounts that launder: what a score says where nothing is held against an account."""

    base_rate: Annotated[float, Meta(ge=0.0001, le=0.5)] = BASE_RATE


@dataclass(frozen=True)
class AlertSettings:
    """`false_share` is the accepted share of false ones among the alerts of all nights; 0: nobody is alerted.

    Nobody is, either, before the ledger covers `min_days`: what comes once a month looks like a burst until it has
    come twice (on five ledgers of a month a fifth to nearly all of what scored highest were wages and the like).
    """

    false_share: Annotated[float, Meta(ge=0, le=1)] = 0.2
    min_days: Annotated[int, Meta(ge=0, le=3_660)] = 60


@dataclass(frozen=True)
class BankSettings:
    """`own` are the banks whose payments the ledger holds, all of them; it goes before the column accounts.own."""

    own: tuple[Annotated[str, Meta(min_length=1)], ...] = ()


@dataclass(frozen=True)
class TraceSettings:
    """A trace follows money for so many `days` after the last payment that it was asked for (0: without end), and
    no transfer that carries less than `min_share` of what is traced."""

    days: Annotated[int, Meta(ge=0, le=36_500)] = 30
    min_share: Annotated[float, Meta(ge=0, le=1)] = 0.001


@dataclass(frozen=True)
class RequestSettings:
    """How support requests are written.

    `sender` is the bank of ours that writes, as accounts.csv names it; `name`, `contact` and `legal_ground` stand in
    its letters; `bics` are BICs of banks by their name in accounts.csv. `country` is a bank's where none is said. A
    payment of which less than `min_share_percent` is traced is never recalled. `recall_in_part`: the scheme knows
    recalls of a part of a payment; SEPA's do not. `language` is that of letters, where it is another than that of
    pages and reports (`[views] language`).
    """

    sender: str = ""
    name: str = ""
    contact: str = ""
    legal_ground: str = ""
    bics: dict[str, Bic] = field(default_factory=dict)
    country: str = ""
    language: Literal["", "en", "vi", "nl"] = ""
    min_share_percent: Annotated[int, Meta(ge=1, le=100)] = 50
    recall_in_part: bool = False


@dataclass(frozen=True)
class CaseworkSettings:
    """`two_people` are acts that a second person confirms (mulegraph journal confirm) before anything is done."""

    two_people: tuple[Literal["hold", "close", "reveal"], ...] = ()


@dataclass(frozen=True)
class ViewSettings:
    """`zone` is that of times in pages and reports, as the IANA database names it; JSON, CSV and terminal stay in UTC.

    `language` is that of pages, reports and letters; JSON, CSV and the terminal stay English.
    """

    zone: str = "UTC"
    language: Literal["en", "vi", "nl"] = "en"


@dataclass(frozen=True)
class WatchSettings:
    """When a watch looks at the whole ledger, and not only at what the new transfers have changed.

    Always where it has fewer than `quick_from` transfers: that takes seconds. Else when no file has come for
    `idle_seconds`; when the ledger has grown by `grown_percent`, since what chance makes moves with it; and so often
    that whole looks take `whole_percent` of the time where files come without end.
    """

    quick_from: Annotated[int, Meta(ge=0, le=10**9)] = 300_000
    idle_seconds: Annotated[int, Meta(ge=1, le=86_400)] = 120
    grown_percent: Annotated[float, Meta(ge=0.01, le=100)] = 2.0
    whole_percent: Annotated[int, Meta(ge=1, le=100)] = 10


@dataclass(frozen=True)
class Settings:
    """All settings of a workspace; `signs` holds changed thresholds by sign code."""

    scan: ScanSettings = ScanSettings()
    flow: FlowSettings = FlowSettings()
    devices: DeviceSettings = DeviceSettings()
    hops: HopSettings = HopSettings()
    cases: CaseSettings = CaseSettings()
    banks: BankSettings = BankSettings()
    score: ScoreSettings = ScoreSettings()
    alerts: AlertSettings = AlertSettings()
    trace: TraceSettings = TraceSettings()
    requests: RequestSettings = RequestSettings()
    casework: CaseworkSettings = CaseworkSettings()
    views: ViewSettings = ViewSettings()
    watch: WatchSettings = WatchSettings()
    signs: dict[str, dict[str, Any]] = field(default_factory=dict)


RENAMED = {
    "devices.least_holders": "devices.min_holders",
    "cases.least_score": "cases.min_score",
    "cases.least_link_nats": "cases.min_link_nats",
    "trace.own_banks": "banks.own",
}
"""Names that settings had before, so that an old file is told the new ones."""


def read_settings(workspace: Path) -> Settings:
    """Settings of a workspace. UsageError names the key when `mulegraph.toml` holds one that does not fit."""
    path = workspace / FILE
    if not path.is_file():
        return Settings()
    hint = "Fix the file, or delete it to use the defaults."
    found = read_toml(path, Settings, renamed=RENAMED, hint=hint)
    if not known_zone(found.views.zone):
        raise UsageError(f"{path}: views.zone is {found.views.zone!r}", hint=NO_ZONE)
    return found


def known_zone(name: str) -> bool:
    """Whether the IANA database has a time zone of this name."""
    try:
        return bool(ZoneInfo(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
