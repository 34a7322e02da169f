"""Ids of the nodes of a network: an account's is its number, others have a word before theirs. Made here only."""

from __future__ import annotations

from mulegraph.schema.tables import CASH_IN, CASH_OUT

ACCOUNT = "account"
CASH = "cash"
DEVICE = "device"
HOLDER = "holder"
BANK = "bank"
KINDS = (ACCOUNT, CASH, DEVICE, HOLDER, BANK)
PREFIX = {DEVICE: "device ", HOLDER: "holder ", BANK: "ask "}
"""A bank is asked: it stands where money leaves our sight."""
CASH_NODES = frozenset((CASH_IN, CASH_OUT))


def node_id(kind: str, of: str) -> str:
    """The id of the node of an account, a device, a holder or a bank."""
    return PREFIX.get(kind, "") + of


def subject_of(kind: str, node: str) -> str:
    """What a node stands for: the id without the word before it."""
    return node.removeprefix(PREFIX.get(kind, ""))
