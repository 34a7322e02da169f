"""N1: layered pass-through chains."""

from __future__ import annotations

import pandas as pd

from mulegraph.flow.naming import NamedChains
from mulegraph.signs.base import sign


@sign(
    code="N1",
    source="design §5: flow links and surprise; layering in FATF, Professional Money Laundering (2018)",
    subject="chain",
    reason=(
        "{amount} {currency} went in and {out} came out {hops} accounts and {minutes} minutes later;"
        " {false_percent}% of chains so surprising are expected to be coincidence"
    ),
)
def layered_chain(chains: NamedChains) -> pd.DataFrame:
    """Money passed on from account to account within hours, in a way their own traffic does not explain.

    Innocent when: the accounts belong to one owner who sweeps them, or the same path recurs every week or month.
    """
    frame = chains.above.to_pandas()
    seconds = (frame["last_at"] - frame["first_at"]).dt.total_seconds()
    frame["hops"] = frame["transfers"].map(len) - 1
    frame["minutes"] = (seconds / 60).round().astype("int64")
    frame["out"] = [f"{amount:,.2f}" for amount in frame["amount_out"]]
    frame["false_percent"] = (100 * frame["expected_false_share"]).round(1)
    frame["amount"] = frame["amount_in"]
    names = {"chain": "subject_id", "transfers": "evidence"}
    return frame.rename(columns=names).drop(columns=["expected_false_share"])
