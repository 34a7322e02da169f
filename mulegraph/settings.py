"""Every threshold that is not a sign's own: defaults here, changed in the workspace's `mulegraph.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mulegraph.errors import UsageError

FILE = "mulegraph.toml"
MICROSECONDS_AN_HOUR = 3_600_000_000
MAX_SHUFFLES = 20
NO_ZONE = 'Expected a time zone such as "Europe/Amsterdam" or "Asia/Ho_Chi_Minh".'


@dataclass(frozen=True)
class FlowSettings:
    """How money is matched, and what share of false alarms is accepted.

    `window_hours` is how long money counts as passed on, `share_percent` how much of it. Ledgers are shuffled
    until chance was seen on `chance_transfers` transfers, at least once and at most twenty times.
    """

    window_hours: float = 6.0
    share_percent: int = 60
    chance_transfers: int = 3_000_000
    seed: int = 1
    false_share: float = 0.05

    @property
    def window(self) -> int:
        """The window in microseconds."""
        return round(self.window_hours * MICROSECONDS_AN_HOUR)

    def shuffles(self, transfers: int) -> int:
        """How many ledgers to shuffle: small ones say too little about chance to be asked once."""
        return min(MAX_SHUFFLES, max(1, -(-self.chance_transfers // max(transfers, 1))))


@dataclass(frozen=True)
class DeviceSettings:
    """A device of more than `hub_holders` distinct holders is a hub (a branch terminal), and joins nobody."""

    hub_holders: int = 40
    least_holders: int = 2


@dataclass(frozen=True)
class HopSettings:
    """Paths to flagged accounts: at most `hops` transfers, not through accounts with more counterparties than this."""

    hops: int = 2
    hub_counterparties: int = 20


@dataclass(frozen=True)
class CaseSettings:
    """Findings from `least_score` up make cases; connected parts of more than `split_above` accounts are split
    by Louvain, which `seed` makes repeatable; accounts under `least_link_nats` join nobody."""

    least_score: float = 0.3
    split_above: int = 30
    seed: int = 1
    least_link_nats: float = 1.0


@dataclass(frozen=True)
class TraceSettings:
    """`own_banks` are those whose payments the ledger holds; none: those whose accounts pay anything in it."""

    own_banks: tuple[str, ...] = ()


@dataclass(frozen=True)
class RequestSettings:
    """`sender` is how our bank names itself in support requests; `country` is a bank's where none is said."""

    sender: str = ""
    country: str = ""


@dataclass(frozen=True)
class ViewSettings:
    """`zone` is the time zone of pictures and reports, as the IANA database names it; tables and files stay in UTC."""

    zone: str = "UTC"


@dataclass(frozen=True)
class Settings:
    """All settings of a workspace; `signs` holds changed thresholds by sign code."""

    flow: FlowSettings = FlowSettings()
    devices: DeviceSettings = DeviceSettings()
    hops: HopSettings = HopSettings()
    cases: CaseSettings = CaseSettings()
    trace: TraceSettings = TraceSettings()
    requests: RequestSettings = RequestSettings()
    views: ViewSettings = ViewSettings()
    signs: dict[str, dict[str, Any]] = field(default_factory=dict)


LIMITS: dict[str, tuple[float, float]] = {
    "flow.window_hours": (0.01, 24 * 31),
    "flow.share_percent": (1, 100),
    "flow.chance_transfers": (1, 10**9),
    "flow.seed": (0, 2**31),
    "flow.false_share": (0.0, 1.0),
    "devices.hub_holders": (2, 10**9),
    "devices.least_holders": (2, 10**6),
    "hops.hops": (1, 4),
    "hops.hub_counterparties": (1, 10**9),
    "cases.least_score": (0.0, 1.0),
    "cases.split_above": (3, 10**9),
    "cases.seed": (0, 2**31),
    "cases.least_link_nats": (0.0, 100.0),
}
"""Smallest and largest value of every setting."""


def read_settings(workspace: Path) -> Settings:
    """Settings of a workspace. UsageError names the key when `mulegraph.toml` holds one that does not fit."""
    path = workspace / FILE
    if not path.is_file():
        return Settings()
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(
            f"{path}: cannot be read ({error})", hint="Mend the file, or delete it for the defaults."
        ) from error
    parts: dict[str, Any] = {}
    known = {each.name: each.default for each in fields(Settings) if each.name != "signs"}
    for section, values in raw.items():
        if section == "signs" and isinstance(values, dict) and all(isinstance(part, dict) for part in values.values()):
            parts["signs"] = values
        elif section in known and isinstance(values, dict):
            parts[section] = _section(path, section, values, type(known[section]))
        else:
            expected = ", ".join([*known, "signs.CODE"])
            raise UsageError(f"{path}: section [{section}] is unknown", hint=f"Expected one of {expected}.")
    return Settings(**parts)


def known_zone(name: str) -> bool:
    """Whether the IANA database has a time zone of this name."""
    try:
        return bool(ZoneInfo(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False


def _section(path: Path, section: str, values: dict[str, Any], kind: Any) -> Any:
    expected = {each.name: type(each.default) for each in fields(kind)}
    for name, value in values.items():
        where = f"{path}: {section}.{name}"
        if name not in expected:
            raise UsageError(f"{where} is unknown", hint="Expected one of " + ", ".join(expected) + ".")
        if expected[name] is tuple:
            if not isinstance(value, list) or not all(isinstance(each, str) and each for each in value):
                raise UsageError(f"{where} is {value!r}", hint='Expected a list of texts such as ["NORD"].')
            continue
        if expected[name] is str:
            if not isinstance(value, str):
                raise UsageError(f"{where} is {value!r}", hint="Expected a text in quotes.")
            if name == "zone" and not known_zone(value):
                raise UsageError(f"{where} is {value!r}", hint=NO_ZONE)
            continue
        low, high = LIMITS[f"{section}.{name}"]
        whole = expected[name] is int
        fits = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool)
        if not fits or not low <= value <= high:
            number = "a whole number" if whole else "a number"
            raise UsageError(f"{where} is {value!r}", hint=f"Expected {number} from {low:g} to {high:g}.")
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in values.items()})
