"""A3: money from many accounts passed on at once."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from mulegraph.flow.chains import MICRONATS
from mulegraph.flow.layering import Flow
from mulegraph.flow.matching import HOUR
from mulegraph.ledger.ledger import Ledger
from mulegraph.signs import facts
from mulegraph.signs.base import Phase, Role, Topic, sign


@sign(
    code="A3",
    source="Handbook of the Vietnam Banks Association, account sign 3",
    phase=Phase.DISPERSE,
    weight=7.0,
    renamed={
        "least_senders": "min_senders",
        "least_nats": "min_nats",
        "least_link_nats": "min_link_nats",
    },
    topic=Topic.MONEY,
    role=Role.COLLECTOR,
    facts=(
        facts.count("senders", "accounts that paid it"),
        facts.count("dwell_minutes", "how long half of the money stayed", unit="minutes"),
        facts.count("dwell_90_minutes", "how long nine tenths of the money stayed at most", unit="minutes"),
        facts.count("passed_percent", "share that was passed on", unit="percent"),
        facts.count("kept_percent", "share that was kept", unit="percent"),
    ),
    reason={
        "en": "{amount} {currency} from {senders:account|accounts}, {passed_percent}% passed on after"
        " {dwell_minutes:minute|minutes} (median; nine tenths within {dwell_90_minutes}), {kept_percent}% kept",
        "vi": "{amount} {currency} từ {senders} tài khoản, {passed_percent}% chuyển đi sau {dwell_minutes} phút"
        " (trung vị; chín phần mười trong {dwell_90_minutes}), giữ lại {kept_percent}%",
        "nl": "{amount} {currency} van {senders:rekening|rekeningen}, {passed_percent}% doorgegeven na"
        " {dwell_minutes:minuut|minuten} (mediaan; negen tiende binnen {dwell_90_minutes}), {kept_percent}%"
        " gehouden",
    },
)
def pass_through(
    ledger: Ledger,
    flow: Flow,
    *,
    min_senders: int = 3,
    within_hours: float = 24.0,
    min_nats: float = 7.0,
    min_link_nats: float = 2.0,
) -> pd.DataFrame:
    """Money came from many accounts and was passed on or withdrawn within hours, little of it kept.

    Surprising is that so many pay it within the time (a Poisson tail around its own daily traffic), and that the
    money fits what it pays out; accounts that pass money on all day (`min_link_nats`) are left out.

    Innocent when: it is a treasurer, a till swept to head office, or a landlord's agent.
    """
    links = _strong_links(flow)
    rare = flow.account_score[links["account"]] >= min_link_nats * MICRONATS
    links = links[rare & (links.groupby("account")["sender"].transform("nunique") >= min_senders)]
    windows = max(flow.transfers.span / (within_hours * HOUR), 1.0)
    rows = []
    for account, part in links.groupby("account", sort=True):
        burst = _best_burst(part, within_hours, min_senders)
        if burst is None:
            continue
        events = min(burst["receipt"].nunique(), burst["payment"].nunique())
        usual = flow.traffic.received[account] / windows
        nats = events * flow.account_score[account] / MICRONATS
        nats -= stats.poisson.logsf(burst["sender"].nunique() - 1, usual)
        if nats >= min_nats:
            rows.append((int(account), float(nats), burst))
    return _rows(ledger, flow, rows)


def _strong_links(flow: Flow) -> pd.DataFrame:
    """Strong links with the account they run through; cash paid in has no sender and counts as one."""
    moved, strong = flow.transfers, flow.strong
    return pd.DataFrame(
        {
            "account": moved.source[strong.payment],
            "sender": moved.source[strong.receipt],
            "receipt": strong.receipt,
            "payment": strong.payment,
            "amount": strong.amount,
            "at": moved.at[strong.receipt],
            "dwell": moved.at[strong.payment] - moved.at[strong.receipt],
        }
    )


def _best_burst(part: pd.DataFrame, within_hours: float, min_senders: int) -> pd.DataFrame | None:
    """The links received within the window that has most distinct senders; None when too few."""
    part = part.sort_values(["at", "receipt", "payment"], ignore_index=True)
    at, sender = part["at"].to_numpy(), part["sender"].to_numpy()
    ends = np.searchsorted(at, at + int(within_hours * HOUR), side="right")
    counts = [len(set(sender[start:end])) for start, end in enumerate(ends)]
    best = int(np.argmax(counts))
    return part.iloc[best : ends[best]] if counts[best] >= min_senders else None


def _rows(ledger: Ledger, flow: Flow, found: list[tuple[int, float, pd.DataFrame]]) -> pd.DataFrame:
    """The bursts in the ledger's words."""
    moved, rows = flow.transfers, []
    chosen = [np.unique(burst[["receipt", "payment"]].to_numpy()) for *_, burst in found]
    every = np.concatenate([*chosen, np.empty(0, np.int64)]).astype(np.int64)
    known = ledger.transfer_rows(moved.row[every], ["transfer_id", "amount", "currency", "at"])
    of = dict(zip(every.tolist(), known.to_dict("records"), strict=True))
    ids = ledger.account_ids
    for (account, nats, burst), positions in zip(found, chosen, strict=True):
        receipts = [of[each] for each in sorted(set(burst["receipt"]))]
        total = int(moved.amount[burst["receipt"].unique()].sum())
        evidence = [of[each] for each in positions.tolist()]
        rows.append(
            {
                "subject_id": ids[account].as_py(),
                "surprise": nats,
                "senders": burst["sender"].nunique(),
                "dwell_minutes": round(_dwell(burst, 0.5) / 60e6),
                "dwell_90_minutes": round(_dwell(burst, 0.9) / 60e6),
                "passed_percent": round(100 * int(burst["amount"].sum()) / total),
                "kept_percent": round(100 * (1 - int(burst["amount"].sum()) / total)),
                "amount": sum(each["amount"] for each in receipts),
                "currency": receipts[0]["currency"],
                "first_at": min(each["at"] for each in evidence),
                "last_at": max(each["at"] for each in evidence),
                "evidence": [each["transfer_id"] for each in evidence],
            }
        )
    return pd.DataFrame(rows)


def _dwell(burst: pd.DataFrame, share: float) -> int:
    """How long money stayed until this share of it was gone, in microseconds."""
    part = burst.sort_values(["dwell", "receipt", "payment"])
    gone = part["amount"].cumsum().to_numpy()
    return int(part["dwell"].iloc[int(np.searchsorted(gone, share * gone[-1]))])
