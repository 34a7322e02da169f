"""N7: one sum cut into pieces."""

from __future__ import annotations

import ibis
from ibis import _
from ibis.expr import types as ir

from mulegraph.ledger.ledger import Ledger
from mulegraph.schema.tables import CASH_IN, CASH_OUT
from mulegraph.signs import facts
from mulegraph.signs.base import Phase, Role, Topic, grown, sign

REPORTING_LIMITS = {
    "EUR": 10_000,
    "USD": 10_000,
    "GBP": 10_000,
    "CHF": 10_000,
    "AUD": 10_000,
    "CAD": 10_000,
    "VND": 400_000_000,
    "JPY": 2_000_000,
    "INR": 1_000_000,
}
"""Amounts from which banks must report, by currency (EU 2015/849, 31 CFR 1010.311, Decision 11/2023/QD-TTg)."""


@sign(
    code="N7",
    source="31 USC 5324; FATF, Money Laundering through Money Remittance (2010)",
    phase=Phase.DISPERSE,
    weight=8.0,
    party_weight=6.0,
    renamed={
        "repeats_more_than": "min_repeats",
        "near_more_than": "min_near",
        "under_percent": "max_under_percent",
        "least_amount_percent": "min_amount_percent",
    },
    topic=Topic.MONEY,
    role=Role.RELAY,
    facts=(
        facts.count("repeats", "the same amount to the same party in a day"),
        facts.count("near", "amounts just under the reporting limit"),
        facts.count("days", "the time", unit="days"),
    ),
    reason={
        "en": "{repeats:time|times} the same amount to the same party in a day, and {near:amount|amounts} just"
        " under the reporting limit within {days:day|days}",
        "vi": "{repeats} lần cùng số tiền cho cùng một bên trong ngày, và {near} số tiền ngay dưới hạn mức báo cáo"
        " trong {days} ngày",
        "nl": "{repeats} maal hetzelfde bedrag aan dezelfde partij op een dag, en {near:bedrag|bedragen} net onder"
        " de meldgrens binnen {days:dag|dagen}",
    },
)
def structuring(
    ledger: Ledger,
    *,
    min_repeats: int = 3,
    min_near: int = 3,
    max_under_percent: float = 10.0,
    within_days: float = 7.0,
    min_amount_percent: float = 0.1,
) -> ibis.Table:
    """The same amount is repeated between the same parties in a day, or amounts stay just under the reporting limit.

    The subject is who pays (for cash paid in: who receives it). Repeated amounts count from `min_amount_percent` of
    the reporting limit of their currency up, where it is known: four coffees are no structuring.

    Innocent when: it is rent for several flats, a payroll of equal wages, or a shop that banks its takings in parcels.
    """
    transfers = ledger.transfers.filter((_.source != _.target).fill_null(True))
    limits = [(transfers.currency == code, limit) for code, limit in REPORTING_LIMITS.items()]
    moves = transfers.mutate(
        subject=_.source.coalesce(_.target),
        party=ibis.ifelse(_.source.isnull(), ibis.literal(CASH_IN), _.target.fill_null(CASH_OUT)),
        ceiling=ibis.cases(*limits, else_=0).cast("float64"),
        value=_.amount.cast("float64"),
        second=transfers["at"].epoch_seconds(),
    )
    moves = moves.mutate(day=(_.second / 86_400).floor().cast("int64"))
    repeated = _repeated(moves.filter(_.value >= _.ceiling * min_amount_percent / 100), min_repeats)
    under = _just_under(moves.filter(_.ceiling > 0), max_under_percent, int(within_days * 86_400), min_near)
    columns = ["subject", "currency", "amount", "first_at", "last_at", "evidence", "parties", "repeats", "near"]
    both = repeated.select(*columns).union(under.select(*columns))
    best = ibis.row_number().over(
        ibis.window(group_by="subject", order_by=[ibis.desc(_.repeats + _.near), "first_at", "currency"])
    )
    most = both.group_by("subject").agg(most_repeats=_.repeats.max(), most_near=_.near.max())
    found = both.mutate(place=best).filter(_.place == 0).join(most, "subject")
    return found.select(
        "currency",
        "amount",
        "first_at",
        "last_at",
        "evidence",
        accounts=_.parties.concat(ibis.array([_.subject])),
        subject_id=_.subject,
        repeats=_.most_repeats,
        near=_.most_near,
        days=ibis.literal(int(within_days)),
        score=grown(0.7, (_.most_repeats + _.most_near)),
    )


def _repeated(moves: ir.Table, min_repeats: int) -> ir.Table:
    """The most repeated amount of each payer to one party in a day."""
    key = ["subject", "party", "value", "day"]
    # Counted first: lists are gathered for the few groups that repeat.
    often = moves.group_by(*key).agg(repeats=_.count()).filter(_.repeats >= min_repeats).select(*key)
    groups = (
        moves.semi_join(often, key)
        .group_by(*key)
        .agg(
            repeats=_.count(),
            amount=_.amount.sum(),
            currency=_.currency.min(),
            first_at=_["at"].min(),
            last_at=_["at"].max(),
            evidence=_.transfer_id.collect(),
            parties=_.party.collect(distinct=True),
        )
    )
    best = ibis.row_number().over(
        ibis.window(group_by="subject", order_by=[ibis.desc("repeats"), ibis.desc("value"), "day", "party"])
    )
    return groups.mutate(place=best).filter(_.place == 0).mutate(near=ibis.literal(0).cast("int64"))


def _just_under(moves: ir.Table, percent: float, seconds: int, min_near: int) -> ir.Table:
    """Each payer's densest stretch of amounts just under the limit of their currency."""
    near = moves.filter((_.value < _.ceiling) & (_.value >= _.ceiling * (100 - percent) / 100))
    within = ibis.range_window(group_by=["subject", "currency"], order_by="second", preceding=seconds, following=0)
    near = near.mutate(seen=_.transfer_id.count().over(within))
    best = ibis.row_number().over(
        ibis.window(group_by="subject", order_by=[ibis.desc("seen"), "second", "transfer_id"])
    )
    ends = (
        near.mutate(place=best)
        .filter((_.place == 0) & (_.seen >= min_near))
        .select("subject", "currency", ended=_.second)
    )
    joined = near.join(ends, ["subject", "currency"])
    inside = joined.filter((_.second <= _.ended) & (_.second >= _.ended - seconds))
    return (
        inside.group_by("subject", "currency")
        .agg(
            near=_.count(),
            amount=_.amount.sum(),
            first_at=inside["at"].min(),
            last_at=inside["at"].max(),
            evidence=_.transfer_id.collect(),
            parties=_.party.collect(distinct=True),
        )
        .mutate(repeats=ibis.literal(0).cast("int64"))
    )
