"""Shared-device clusters: accounts of different holders that are joined by the devices they are used from."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from mulegraph.lazy import deferred as _
from mulegraph.lazy import ibis
from mulegraph.lazy import networkx as nx
from mulegraph.ledger.ledger import Ledger
from mulegraph.settings import DeviceSettings


@dataclass(frozen=True)
class DeviceClusters:
    """`shared`: one row a device of several holders; `clusters`: one row a connected part; `hubs`: set aside.

    Columns of shared and hubs: device_id, accounts, holders, addresses, uses, first_at, last_at, account_ids.
    """

    shared: pd.DataFrame
    clusters: pd.DataFrame
    hubs: pd.DataFrame


def device_clusters(ledger: Ledger, settings: DeviceSettings) -> DeviceClusters:
    """Devices of at least `min_holders` holders, hubs apart, and the clusters that the others make.

    A holder counts once however many accounts he has; an account with no known holder counts as its own.
    """
    found = _devices(ledger, settings.min_holders).to_pandas()
    found["account_ids"] = [sorted(ids) for ids in found["account_ids"]]
    found = found.sort_values(["holders", "device_id"], ascending=[False, True], ignore_index=True)
    is_hub = found["holders"] > settings.hub_holders
    shared = found[~is_hub].reset_index(drop=True)
    return DeviceClusters(shared, _clusters(ledger, shared), found[is_hub].reset_index(drop=True))


def _devices(ledger: Ledger, min_holders: int) -> ibis.Table:
    return (
        _use_with_holders(ledger)
        .group_by("device_id")
        .agg(
            accounts=_.account_id.nunique(),
            holders=_.owner.nunique(),
            addresses=_.address.nunique(),
            uses=_.uses.sum(),
            first_at=_.first_at.min(),
            last_at=_.last_at.max(),
            account_ids=_.account_id.collect(distinct=True),
        )
        .filter(_.holders >= min_holders)
    )


def _use_with_holders(ledger: Ledger) -> ibis.Table:
    """One row an account and device: owner (the holder, else the account itself) and address (else the owner)."""
    use = ledger.table("device_use")
    pairs = use.group_by("account_id", "device_id").agg(
        uses=_.count(), first_at=use["at"].min(), last_at=use["at"].max()
    )
    # Only devices of two accounts or more matter, and they are few: the joins below then stay small.
    many = pairs.group_by("device_id").agg(users=_.count()).filter(_.users > 1)
    pairs = pairs.semi_join(many, "device_id")
    owners = ledger.table("accounts").select("account_id", "holder_id")
    homes = ledger.table("holders").select("holder_id", "address")
    joined = pairs.left_join(owners, "account_id").drop("account_id_right").left_join(homes, "holder_id")
    owner = _.holder_id.coalesce(_.account_id)
    return joined.mutate(owner=owner).mutate(address=_.address.coalesce(_.owner))


def _clusters(ledger: Ledger, shared: pd.DataFrame) -> pd.DataFrame:
    """Connected parts of accounts and devices, each named by its device of most holders."""
    graph: nx.Graph[tuple[str, str]] = nx.Graph()
    for row in shared.itertuples():
        graph.add_edges_from((("device", row.device_id), ("account", account)) for account in row.account_ids)
    holders_of = dict(zip(shared["device_id"], shared["holders"], strict=True))
    owner_of, address_of = _owners(ledger, sorted(name for kind, name in graph if kind == "account"))
    first, last = (dict(zip(shared["device_id"], shared[name], strict=True)) for name in ("first_at", "last_at"))
    rows = []
    for part in nx.connected_components(graph):
        devices = sorted(name for kind, name in part if kind == "device")
        accounts = sorted(name for kind, name in part if kind == "account")
        owners = {owner_of[account] for account in accounts}
        homes = {address_of[account] for account in accounts}
        rows.append(
            {
                "cluster": min(devices, key=lambda device: (-holders_of[device], device)),
                "devices": len(devices),
                "accounts": len(accounts),
                "holders": len(owners),
                "addresses": len(homes),
                "first_at": min(first[device] for device in devices),
                "last_at": max(last[device] for device in devices),
                "device_ids": devices,
                "account_ids": accounts,
            }
        )
    columns = "cluster devices accounts holders addresses first_at last_at device_ids account_ids".split()
    table = pd.DataFrame(rows, columns=columns)
    return table.sort_values(["holders", "cluster"], ascending=[False, True], ignore_index=True)


def _owners(ledger: Ledger, account_ids: list[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Owner, and address, of accounts by account id."""
    accounts = ledger.table("accounts").select("account_id", "holder_id")
    wanted = accounts.semi_join(
        ibis.memtable({"account_id": account_ids}, schema={"account_id": "string"}), "account_id"
    )
    homes = ledger.table("holders").select("holder_id", "address")
    frame = wanted.left_join(homes, "holder_id").mutate(owner=_.holder_id.coalesce(_.account_id))
    found = frame.mutate(address=_.address.coalesce(_.owner)).to_pandas()
    ids, owners, homes = (found[name].tolist() for name in ("account_id", "owner", "address"))
    return dict(zip(ids, owners, strict=True)), dict(zip(ids, homes, strict=True))
