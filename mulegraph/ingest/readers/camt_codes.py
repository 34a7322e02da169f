"""What the codes and paths of camt messages mean for a booking."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

WAYS = {"CRDT": "in", "DBIT": "out"}
STATES = {"BOOK": "booked", "PDNG": "pending", "INFO": "pending", "FUTR": "pending"}
_FAMILIES = {
    "RDDT": "direct_debit",
    "IDDT": "direct_debit",
    "CCRD": "card",
    "MCRD": "card",
    "CNTR": "cash",
    "RCHQ": "cheque",
    "ICHQ": "cheque",
}
_SUBFAMILIES = {
    "CWDL": "cash",
    "CDPT": "cash",
    "CHRG": "fee",
    "COMM": "fee",
    "FEES": "fee",
    "INTR": "interest",
    "POSD": "card",
    "POSC": "card",
}
"""Family and sub-family of the bank transaction code (external code list, ISO 20022)."""

RETURNS = ("RRTN", "RPCR", "UPDD", "UPCT", "ARET")
"""Sub-families that give a payment back."""

PLACEHOLDERS = ("NONREF", "NOTPROVIDED", "NOT PROVIDED", None)
"""What stands where there is no reference."""

NUMBERS = {role: (f"RltdPties/{role}Acct/Id/IBAN", f"RltdPties/{role}Acct/Id/Othr/Id") for role in ("Dbtr", "Cdtr")}
NAMES = {role: (f"RltdPties/{role}/Nm", f"RltdPties/{role}/Pty/Nm") for role in ("Dbtr", "Cdtr")}
"""Paths of a party's account number and name, the first that says something counts."""


@dataclass(frozen=True)
class OwnAccount:
    """What all entries of a statement share."""

    account: str
    bank: str | None
    currency: str | None
    statement: str


def kind_of(family: str, sub: str) -> str | None:
    """The kind of a payment by the family and sub-family of its bank transaction code."""
    return _SUBFAMILIES.get(sub) or _FAMILIES.get(family) or ("transfer" if family[1:] == "CDT" else None)


@cache
def agent_paths(path: str) -> tuple[str, ...]:
    """Paths of what names a bank, the best first."""
    return tuple(f"{path}/FinInstnId/{name}" for name in ("BICFI", "BIC", "ClrSysMmbId/MmbId", "Nm"))
