"""N9: an account that is only unlike its peers."""

from __future__ import annotations

import ibis
from ibis import _
from ibis.expr import types as ir

from mulegraph.ledger.ledger import Ledger
from mulegraph.signs import facts
from mulegraph.signs.base import WEAK_SCORE, Phase, Topic, sign

MEASURES = ("receipts", "payments", "payers", "payees", "received", "paid")


@sign(
    code="N9",
    source="rank among accounts of the same kind, the most unusual of six measures (Bonferroni): docs/method.md",
    phase=Phase.DISPERSE,
    weight=6.0,
    topic=Topic.MONEY,
    facts=(
        facts.word("measure", "what is most unusual", MEASURES),
        facts.number("value", "its value; of received and paid in the account's currency"),
        facts.number("median", "the median of the peers"),
        facts.count("peers", "accounts of the same kind and currency that move money"),
    ),
    reason={
        "en": "{measure}: {value}, where the median of {peers:peer|peers} is {median}",
        "vi": "{measure}: {value}, trong khi trung vị của {peers} tài khoản cùng loại là {median}",
        "nl": "{measure}: {value}, waar de mediaan van {peers} soortgenoten {median} is",
    },
)
def unlike_peers(ledger: Ledger, *, max_share_percent: float = 5.0, min_peers: int = 100) -> ibis.Table:
    """It receives or pays more often, to more others, or more money than nearly all accounts of its kind.

    Counted are receipts, payments, distinct payers and payees, and the sums, among accounts of the same kind and
    currency; the most unusual is told. This is weak by design: it makes no case, and says nothing of crime. It is here
    so that an account that only moves more than its peers does not stand behind one that does not.

    Innocent when: somebody is busy, which is no sign of anything.
    """
    transfers = ledger.transfers.filter((_.source != _.target).fill_null(True))
    received = _measures(transfers, "target", "source", ("receipts", "payers", "received"))
    paid = _measures(transfers, "source", "target", ("payments", "payees", "paid"))
    kinds = ledger.table("accounts").select(member="account_id", kind="kind")
    measured = received.union(paid)
    known = measured.inner_join(kinds, measured.account_id == kinds.member).drop("member")
    peers = ["kind", "currency", "measure"]
    among = ibis.window(group_by=peers)
    ranked = known.mutate(
        peers=_.account_id.count().over(among),
        median=_.value.median().over(among),
        above=ibis.rank().over(ibis.window(group_by=peers, order_by=ibis.desc("value"))) + 1,
    )
    # The share of peers that measure as much or more, times the measures looked at.
    told = ranked.mutate(share=_.above * len(MEASURES) / _.peers)
    told = told.filter((_.peers >= min_peers) & (_.share * 100 <= max_share_percent) & (_.value > _.median))
    first = ibis.window(group_by=["account_id"], order_by=["share", "measure", "currency"])
    best = told.mutate(place=ibis.row_number().over(first)).filter(_.place == 0)
    return best.select(
        "first_at",
        "last_at",
        "amount",
        "currency",
        "measure",
        "value",
        "median",
        "peers",
        subject_id=_.account_id,
        surprise=-_.share.log(),
        score=WEAK_SCORE * (1 - 1 / (1 - _.share.log())),
    )


def _measures(transfers: ir.Table, mine: str, other: str, names: tuple[str, str, str]) -> ir.Table:
    """Of each account, on one side of its transfers and by currency: how many, with how many others, what sum."""
    rows = transfers.filter(transfers[mine].notnull())
    sides = rows.group_by(account_id=rows[mine], currency=rows.currency).agg(
        many=rows.count(),
        others=rows[other].nunique(),
        amount=rows.amount.sum(),
        first_at=rows["at"].min(),
        last_at=rows["at"].max(),
    )
    values = (sides.many, sides.others, sides.amount)
    parts = [
        sides.select(
            "account_id",
            "currency",
            "amount",
            "first_at",
            "last_at",
            measure=ibis.literal(name),
            value=value.cast("float64"),
        )
        for name, value in zip(names, values, strict=True)
    ]
    return parts[0].union(parts[1], parts[2])
