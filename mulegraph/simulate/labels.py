"""What is planted in a simulated ledger, as it is told to `labels/`: which sign is about whom, and who is who."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pyarrow as pa

MULE = "mule"
VICTIM = "victim"
INNOCENT = "look_alike"
ACCOUNT = "account"
DEVICE = "device"
CLUSTER = "cluster"
MERCHANT = "merchant"
PLANTS, ACCOUNTS_FOR_ALL = 20, 2_000
"""Each sign, and each innocent look-alike, is planted at least so often in a ledger of so many accounts."""
ACCOUNTS_A_PLANT = 4_000


def plants_for(accounts: int) -> int:
    """How often each sign is planted in a ledger of so many accounts."""
    if accounts < ACCOUNTS_FOR_ALL:
        return max(1, accounts * PLANTS // ACCOUNTS_FOR_ALL)
    return max(PLANTS, accounts // ACCOUNTS_A_PLANT)


@dataclass
class Labels:
    """Signs by subject, and roles by account number; subjects are numbers too, and become ids when written."""

    signs: dict[tuple[str, int, str], str] = field(default_factory=dict)
    roles: dict[int, str] = field(default_factory=dict)

    def sign(self, code: str, number: int, *, kind: str = ACCOUNT, planted: str = MULE) -> None:
        """Say that a sign is planted about a subject; what was planted for real stays so."""
        key = (kind, int(number), code)
        if self.signs.get(key) != MULE:
            self.signs[key] = planted

    def role(self, number: int, role: str) -> None:
        """Say who an account is; a mule stays one, whatever else happens to him."""
        if self.roles.get(int(number)) != MULE:
            self.roles[int(number)] = role

    def count(self, role: str) -> int:
        """How many accounts have this role."""
        return sum(each == role for each in self.roles.values())

    def sign_rows(self, ids: pa.Array) -> pa.Table:
        """subject_kind, subject_id, sign, planted (mule or look_alike)."""
        rows = []
        for (kind, number, code), planted in self.signs.items():
            rows.append((kind, subject_id(kind, number, ids), code, planted))
        return _table(sorted(rows), ("subject_kind", "subject_id", "sign", "planted"))

    def account_rows(self, ids: pa.Array) -> pa.Table:
        """account_id and role (mule, victim or look_alike) of every account that is no bystander."""
        rows = sorted((ids[number].as_py(), role) for number, role in self.roles.items())
        return _table(rows, ("account_id", "role"))


def subject_id(kind: str, number: int, account_ids: pa.Array) -> str:
    """A subject as the tables name it."""
    if kind == ACCOUNT:
        return str(account_ids[number].as_py())
    return f"M{number:08d}" if kind == MERCHANT else f"DEV{number:09d}"


def _table(rows: Sequence[tuple[str, ...]], names: tuple[str, ...]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    return pa.table({name: pa.array(column, pa.string()) for name, column in zip(names, columns, strict=True)})
