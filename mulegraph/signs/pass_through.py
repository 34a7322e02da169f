"""A3: money from many accounts passed on at once."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from mulegraph.flow.bursts import poisson_nats
from mulegraph.flow.by_account import TransfersByAccount, lists_of
from mulegraph.flow.calibration import measured_by_account
from mulegraph.flow.chains import MICRONATS
from mulegraph.flow.layering import Flow
from mulegraph.flow.matching import Links
from mulegraph.flow.passing_on import PassedOn, find_passed_on, passed_on_links
from mulegraph.flow.peers import Peers
from mulegraph.flow.transfers import HOUR, MINUTE, Transfers
from mulegraph.ledger.ledger import Ledger, amounts
from mulegraph.signs import facts
from mulegraph.signs.base import Phase, Role, Topic, sign


@sign(
    code="A3",
    source="Handbook of the Vietnam Banks Association, account sign 3",
    phase=Phase.DISPERSE,
    weight=7.0,
    measured=True,
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
    shuffled: TransfersByAccount,
    peers: Peers,
    *,
    min_senders: int = 3,
    within_hours: float = 24.0,
    min_nats: float = 7.0,
    min_link_nats: float = 2.0,
) -> pa.Table:
    """Money came from many accounts and was passed on or withdrawn within hours, little of it kept.

    Surprising is that so many pay it within the time (a Poisson tail around its own daily traffic), and that the
    money fits what it pays out; accounts that pass money on all day (`min_link_nats`) are left out. What it is worth
    is read off accounts of the same kind in a ledger with shuffled times.

    Innocent when: it is a treasurer, a till swept to head office, or a landlord's agent.
    """
    chosen = flow.account_score >= min_link_nats * MICRONATS
    within = int(within_hours * HOUR)
    windows = max(flow.transfers.span / (within_hours * HOUR), 1.0)

    def search(transfers: Transfers, divided: Transfers, links: Links) -> tuple[PassedOn, np.ndarray]:
        found = find_passed_on(transfers, links, chosen, divided.came, within=within, min_senders=min_senders)
        usual = flow.traffic.received[found.account] / windows
        nats = np.minimum(found.receipts, found.payments) * (flow.account_score[found.account] / MICRONATS)
        return found, nats + poisson_nats(found.senders, usual)

    found, nats = search(flow.transfers, flow.divided, flow.passed_on)
    dealt = shuffled.transfers
    apart = dealt if flow.divided is flow.transfers else flow.divided.dealt(dealt)
    links = passed_on_links(apart, flow.dealt_links, flow.share_percent)
    chance, chance_nats = search(dealt, apart, links)
    known = measured_by_account(peers.group, (found.account, nats), (chance.account, chance_nats))
    kept = np.flatnonzero(nats >= min_nats)
    position, start = lists_of(found.position, found.start, kept)
    columns = {name: getattr(found, name)[kept] for name in PassedOn._fields[:-2]}
    table = _table(ledger, flow.transfers, PassedOn(**columns, position=position, start=start), nats[kept])
    return table.append_column("worth", pa.array(known[found.account[kept]]))


def _table(ledger: Ledger, transfers: Transfers, found: PassedOn, nats: np.ndarray) -> pa.Table:
    """The bursts in the ledger's words."""
    rows = ledger.rows_of(transfers.row[found.position], ["transfer_id", "currency", "at"])
    first = pa.array(found.start[:-1])
    # A burst's transfers stand in order of time; the first is a receipt.
    currency, at = rows["currency"].combine_chunks().take(first), rows["at"].combine_chunks()
    offsets, ids = pa.array(found.start, pa.int32()), rows["transfer_id"].combine_chunks()
    return pa.table(
        {
            "subject_id": ledger.account_ids.take(pa.array(found.account)),
            "surprise": nats,
            "senders": found.senders,
            "dwell_minutes": np.rint(found.dwell / MINUTE).astype(np.int64),
            "dwell_90_minutes": np.rint(found.dwell_90 / MINUTE).astype(np.int64),
            "passed_percent": np.rint(100 * found.amount / found.received).astype(np.int64),
            "kept_percent": np.rint(100 * (1 - found.amount / found.received)).astype(np.int64),
            "amount": amounts(found.received, currency),
            "currency": currency,
            "first_at": at.take(first),
            "last_at": at.take(pa.array(found.start[1:] - 1)),
            "evidence": pa.ListArray.from_arrays(offsets, ids),
        }
    )
