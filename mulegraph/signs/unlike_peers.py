"""N9: an account unlike those of its kind."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from mulegraph.flow.peers import AGGREGATES, Peers
from mulegraph.ledger.ledger import Ledger
from mulegraph.schema.tables import ACCOUNT_KINDS
from mulegraph.signs import facts
from mulegraph.signs.base import WEAK_SCORE, Phase, Topic, sign


@sign(
    code="N9",
    source="ranks of aggregates among peers; cf. Bolton & Hand, peer group analysis (2001)",
    phase=Phase.DISPERSE,
    topic=Topic.OTHER,
    facts=(
        facts.words("unusual", "what is unusual of it", AGGREGATES),
        facts.word("kind", "kind of the accounts that it is compared with", ACCOUNT_KINDS),
        facts.count("peers", "accounts that it is compared with"),
        facts.number("top_percent", "peers with at least as much of what is most unusual", unit="percent"),
    ),
    reason={
        "en": "among the top {top_percent}% of {peers:account|accounts} of its kind ({kind}): {unusual}",
        "vi": "thuộc {top_percent}% cao nhất trong {peers} tài khoản cùng loại ({kind}): {unusual}",
        "nl": "bij de hoogste {top_percent}% van {peers:rekening|rekeningen} van zijn soort ({kind}): {unusual}",
    },
)
def unlike_peers(
    ledger: Ledger,
    peers: Peers,
    *,
    max_peers_percent: float = 0.5,
    max_unusual_percent: float = 1.0,
    min_peers: int = 50,
) -> pa.Table:
    """The account receives or pays more, more often, or with more others than nearly all accounts of its kind.

    It is among the first `max_peers_percent` of accounts of its kind and currency in the mean of nine ranks, half of
    which is how many transfers it has; named is what at most `max_unusual_percent` of them have as much of. It is weak:
    it makes no case, and only adds to what else is known, as much as the accounts that other signs hold are unlike
    their peers.

    Innocent when: it is a busy person, a shop or a firm that the bank does not know as one, or a club's account.
    """
    accounts = np.flatnonzero(peers.size >= min_peers)
    # The lowest rank of ties: where many are alike, none of them is unusual.
    order = np.lexsort((-peers.nats[accounts], peers.group[accounts]))
    accounts = accounts[order]
    group, nats = peers.group[accounts], peers.nats[accounts]
    first = np.searchsorted(group, group)
    run = np.flatnonzero(np.concatenate([(np.diff(group) != 0) | (np.diff(nats) != 0), [True]]))
    last = run[np.searchsorted(run, np.arange(len(accounts)))] if len(accounts) else run[:0]
    rank = last - first + 1
    share = peers.share[accounts]
    unusual = share * 100 <= max_unusual_percent
    kept = (rank * 100 <= max_peers_percent * peers.size[accounts]) & unusual.any(axis=1)
    found = accounts[kept]
    share = share[kept]
    unusual = unusual[kept]
    words = pa.array(AGGREGATES).take(pa.array(np.nonzero(unusual)[1]))
    starts = np.concatenate([[0], np.cumsum(unusual.sum(axis=1))])
    return pa.table(
        {
            "subject_id": ledger.account_ids.take(pa.array(found)),
            "score": np.full(len(found), WEAK_SCORE),
            "surprise": peers.nats[found],
            "unusual": pa.ListArray.from_arrays(pa.array(starts, pa.int32()), words),
            "kind": ledger.arrow("accounts", ["kind"]).column(0).combine_chunks().take(pa.array(found)),
            "peers": peers.size[found],
            "top_percent": 100 * share.min(axis=1, initial=1.0),
        }
    )
