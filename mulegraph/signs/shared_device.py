"""A7: one device used for more than one account."""

from __future__ import annotations

import pandas as pd

from mulegraph.ledger.device_clusters import DeviceClusters
from mulegraph.signs import facts
from mulegraph.signs.base import Phase, Topic, sign


@sign(
    code="A7",
    source="Handbook of the Vietnam Banks Association, account sign 7",
    subject="device",
    needs=("device_use",),
    phase=Phase.TAKE_CONTROL,
    weight=5.0,
    party_weight=5.0,
    renamed={"more_than_holders": "min_holders"},
    topic=Topic.DEVICES,
    facts=(
        facts.count("accounts_used", "accounts that it was used for"),
        facts.count("holders", "their holders"),
        facts.count("addresses", "where the holders live"),
        facts.word("household", "whether they live together", ("", "(one household)")),
    ),
    reason={
        "en": "one device used for {accounts_used:account|accounts} of {holders:holder|holders} at"
        " {addresses:address|addresses} {household}",
        "vi": "một thiết bị dùng cho {accounts_used} tài khoản của {holders} chủ ở {addresses} địa chỉ {household}",
        "nl": "één apparaat gebruikt voor {accounts_used:rekening|rekeningen} van {holders:houder|houders} op"
        " {addresses:adres|adressen} {household}",
    },
)
def shared_device(clusters: DeviceClusters, *, min_holders: int = 2) -> pd.DataFrame:
    """One device is used for accounts of more than one holder.

    Innocent when: the holders are a household (noted), or the device stands in a branch (a hub, set aside).
    """
    found = clusters.shared[clusters.shared["holders"] >= min_holders]
    same_home = found["addresses"] == 1
    others = found["holders"] - 1
    score = (1 - 1 / (1 + others / 2)).where(~same_home, 0.1)
    return pd.DataFrame(
        {
            "subject_id": found["device_id"],
            "score": score.astype(float),
            "first_at": found["first_at"],
            "last_at": found["last_at"],
            "accounts_used": found["accounts"],
            "holders": found["holders"],
            "addresses": found["addresses"],
            "household": same_home.map({True: "(one household)", False: ""}),
            "accounts": found["account_ids"],
            "evidence": [[] for _ in range(len(found))],
        }
    )
