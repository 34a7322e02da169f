"""N4: shared-device clusters."""

from __future__ import annotations

import pandas as pd

from mulegraph.ledger.device_clusters import DeviceClusters
from mulegraph.schema.tables import Mask
from mulegraph.signs import facts
from mulegraph.signs.base import Phase, Topic, sign


@sign(
    code="N4",
    source="device clusters in Europol, European Money Mule Action (2023)",
    subject="cluster",
    needs=("device_use",),
    phase=Phase.TAKE_CONTROL,
    weight=4.0,
    party_weight=4.0,
    renamed={"least_holders": "min_holders", "least_addresses": "min_addresses"},
    topic=Topic.DEVICES,
    facts=(
        facts.count("accounts_joined", "accounts that are joined"),
        facts.count("devices", "devices that join them"),
        facts.count("holders", "their holders"),
        facts.count("addresses", "where the holders live"),
        facts.ids("device_ids", "the devices", Mask.DEVICE),
    ),
    reason={
        "en": "{accounts_joined:account|accounts} of {holders:holder|holders} at {addresses:address|addresses} are"
        " joined by {devices:device|devices}",
        "vi": "{accounts_joined} tài khoản của {holders} chủ ở {addresses} địa chỉ được nối bởi {devices} thiết bị",
        "nl": "{accounts_joined:rekening|rekeningen} van {holders:houder|houders} op {addresses:adres|adressen}"
        " zijn verbonden door {devices:apparaat|apparaten}",
    },
)
def device_cluster(clusters: DeviceClusters, *, min_holders: int = 3, min_addresses: int = 3) -> pd.DataFrame:
    """Accounts of several holders who do not live together are joined by the devices they are used from.

    Innocent when: it is a student house, a family at two addresses, or a carer's phone.
    """
    table = clusters.clusters
    found = table[(table["holders"] >= min_holders) & (table["addresses"] >= min_addresses)]
    return pd.DataFrame(
        {
            "subject_id": found["cluster"],
            "score": (1 - 1 / (1 + (found["holders"] - 1) / 3)).astype(float),
            "first_at": found["first_at"],
            "last_at": found["last_at"],
            "accounts_joined": found["accounts"],
            "devices": found["devices"],
            "holders": found["holders"],
            "addresses": found["addresses"],
            "device_ids": found["device_ids"],
            "accounts": found["account_ids"],
            "evidence": [[] for _ in range(len(found))],
        }
    )
