"""Shared-device clusters: accounts of different holders that are joined by the devices they are used from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from mulegraph.lazy import csgraph, ibis, sparse
from mulegraph.lazy import deferred as _
from mulegraph.lazy import pandas as pd
from mulegraph.ledger.ledger import Ledger
from mulegraph.schema.tables import ARROW_TYPE, Kind
from mulegraph.settings import DeviceSettings

_COUNTS = [(name, pa.int64()) for name in "devices accounts holders addresses".split()]
_TIMES = [(name, ARROW_TYPE[Kind.TIME]) for name in ("first_at", "last_at")]
CLUSTERS = pa.schema(
    [
        ("cluster", pa.string()),
        *_COUNTS,
        *_TIMES,
        ("device_ids", pa.list_(pa.string())),
        ("account_ids", pa.list_(pa.string())),
    ]
)
"""Clusters as a run keeps them: the same bytes, whichever engine and version of pandas made the frame."""
HUBS = pa.schema(
    [
        ("device_id", pa.string()),
        *_COUNTS[1:],
        ("uses", pa.int64()),
        *_TIMES,
    ]
)
CLUSTER_COLUMNS = "cluster devices accounts holders addresses first_at last_at device_ids account_ids".split()


@dataclass(frozen=True)
class DeviceClusters:
    """`shared`: one row a device of several holders; `clusters`: one row a connected part; `hubs`: set aside.

    Columns of shared and hubs: device_id, accounts, holders, addresses, uses, first_at, last_at, account_ids.
    """

    shared: pd.DataFrame
    clusters: pd.DataFrame
    hubs: pd.DataFrame


def kept_tables(clusters: DeviceClusters) -> dict[str, pa.Table]:
    """Clusters, and the hub devices that were set aside, as a run keeps them."""
    return {"devices": _kept(clusters.clusters, CLUSTERS), "hubs": _kept(clusters.hubs, HUBS)}


def _kept(frame: pd.DataFrame, schema: pa.Schema) -> pa.Table:
    return pa.Table.from_pandas(frame, schema, preserve_index=False).replace_schema_metadata()


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
    if shared.empty:
        return pd.DataFrame(columns=CLUSTER_COLUMNS)
    use = shared[["device_id", "holders", "first_at", "last_at", "account_ids"]].explode("account_ids")
    use = use.rename(columns={"account_ids": "account_id"})
    # A device's and an account's number, so that the two kinds make one graph of devices first, then accounts.
    device, devices = pd.factorize(use["device_id"])
    account, accounts = pd.factorize(use["account_id"])
    size = len(devices) + len(accounts)
    edges = (np.ones(len(use), np.int8), (device, len(devices) + account))
    use["part"] = csgraph.connected_components(sparse.coo_array(edges, shape=(size, size)), directed=False)[1][device]
    owned = use[["part", "account_id"]].drop_duplicates().merge(_owners(ledger, accounts), on="account_id")
    by_name = use.sort_values(["holders", "device_id"], ascending=[False, True])
    parts = use.groupby("part")
    found = pd.DataFrame(
        {
            "cluster": by_name.groupby("part")["device_id"].first(),
            "devices": parts["device_id"].nunique(),
            "accounts": owned.groupby("part").size(),
            "holders": owned.groupby("part")["owner"].nunique(),
            "addresses": owned.groupby("part")["address"].nunique(),
            "first_at": parts["first_at"].min(),
            "last_at": parts["last_at"].max(),
            "device_ids": _sorted_lists(use, "device_id"),
            "account_ids": _sorted_lists(use, "account_id"),
        }
    )
    return found.sort_values(["holders", "cluster"], ascending=[False, True], ignore_index=True)


def _sorted_lists(use: pd.DataFrame, name: str) -> pd.Series[Any]:
    """The distinct values of each part, sorted."""
    pairs = use[["part", name]].drop_duplicates().sort_values(["part", name])
    begins = np.flatnonzero(np.diff(pairs["part"], prepend=-1))
    # Cut from one list: pandas makes a series of each group first, which took most of the time of all clusters.
    values, ends = pairs[name].tolist(), [*begins[1:], len(pairs)]
    return pd.Series([values[low:high] for low, high in zip(begins, ends, strict=True)], pairs["part"].iloc[begins])


def _owners(ledger: Ledger, account_ids: pd.Index[Any]) -> pd.DataFrame:
    """account_id, owner and address of the accounts."""
    wanted = ibis.memtable({"account_id": account_ids.tolist()}, schema={"account_id": "string"})
    owned = ledger.table("accounts").select("account_id", "holder_id").semi_join(wanted, "account_id")
    homes = ledger.table("holders").select("holder_id", "address")
    frame = owned.left_join(homes, "holder_id").mutate(owner=_.holder_id.coalesce(_.account_id))
    return frame.mutate(address=_.address.coalesce(_.owner)).select("account_id", "owner", "address").to_pandas()
