"""C4: a merchant whose takings look made up."""

from __future__ import annotations

import ibis
from ibis import _
from ibis.expr import types as ir

from mulegraph.ledger.ledger import Ledger
from mulegraph.signs import facts
from mulegraph.signs.base import Phase, grown, sign


@sign(
    code="C4",
    source="Handbook of the Vietnam Banks Association, debit cards, sign 4",
    subject="merchant",
    phase=Phase.CASH_OUT,
    weight=7.0,
    party_weight=7.0,
    needs=("card_events", "card_events.merchant_id"),
    renamed={
        "least_payments_more_than": "min_payments",
        "payments_a_card_more_than": "max_payments_a_card",
        "round_percent": "min_round_percent",
        "repeated_percent": "min_repeated_percent",
        "drained_percent": "min_drained_percent",
        "least_tests_more_than": "min_failed_tests",
    },
    facts=(
        facts.count("payments", "card payments"),
        facts.count("cards", "cards that paid"),
        facts.count("round_percent", "payments of round amounts", unit="percent"),
        facts.count("repeated_percent", "payments of an amount seen before", unit="percent"),
        facts.count("drained_percent", "takings that were gone within a day", unit="percent"),
        facts.count("tests_count", "tests that failed"),
    ),
    reason={
        "en": "{payments:card payment|card payments} by {cards:card|cards}, {round_percent}% of round amounts,"
        " {repeated_percent}% of an amount seen before[, {drained_percent}% drained within a day]",
        "vi": "{payments} giao dịch thẻ từ {cards} thẻ, {round_percent}% số tiền tròn, {repeated_percent}% lặp"
        " lại[, {drained_percent}% bị rút trong một ngày]",
        "nl": "{payments:kaartbetaling|kaartbetalingen} van {cards:kaart|kaarten}, {round_percent}% ronde bedragen,"
        " {repeated_percent}% van een eerder bedrag[, {drained_percent}% binnen een dag weggesluisd]",
    },
)
def fictitious_merchant(
    ledger: Ledger,
    *,
    min_payments: int = 10,
    max_payments_a_card: float = 3.0,
    min_round_percent: float = 70.0,
    min_repeated_percent: float = 60.0,
    min_drained_percent: float = 80.0,
    min_failed_tests: int = 3,
) -> ibis.Table:
    """A merchant's takings are round, repeated, from few cards, or drained at once: at least three of these four.

    Amounts are round when they are whole tens (of the currency's unit). Drained is tested where the merchant's account
    can be told from card payments that stand in the transfers too, with the same payer and amount on the same day.

    Innocent when: it is a canteen, a car park or a club with one price, or a shop with few customers.
    """
    events = ledger.table("card_events").filter((_.outcome == "approved") & _.merchant_id.notnull())
    events = events.mutate(day=(events["at"].epoch_seconds() / 86_400).floor().cast("int64"))
    found = events.group_by("merchant_id").agg(
        payments=_.count(),
        cards=_.card_id.nunique(),
        amounts=_.amount.nunique(),
        round=(_.amount % 10 == 0).cast("int64").sum(),
        amount=_.amount.sum(),
        first_at=events["at"].min(),
        last_at=events["at"].max(),
        accounts=_.account_id.collect(distinct=True),
    )
    found = found.filter(_.payments >= min_payments)
    drained = _drained(ledger, events.semi_join(found, "merchant_id"))
    found = found.left_join(drained, "merchant_id").drop("merchant_id_right")
    found = found.mutate(
        round_percent=(100 * _["round"] / _.payments).round(0),
        repeated_percent=(100 * (_.payments - _.amounts) / _.payments).round(0),
        per_card=_.payments / _.cards,
    )
    tests = (
        (_.per_card > max_payments_a_card),
        (_.round_percent >= min_round_percent),
        (_.repeated_percent >= min_repeated_percent),
        (_.drained_percent >= min_drained_percent).fill_null(False),
    )
    found = found.mutate(tests_count=sum((test.cast("int64") for test in tests[1:]), tests[0].cast("int64")))
    found = found.filter(_.tests_count >= min_failed_tests).drop("round", "per_card", "amounts")
    return found.mutate(score=grown(0.6, _.tests_count)).rename(subject_id="merchant_id")


def _drained(ledger: Ledger, events: ir.Table) -> ir.Table:
    """drained_percent: what the merchant's account paid out on the days of its card takings and the day after."""
    day = (_["at"].epoch_seconds() / 86_400).floor().cast("int64")
    transfers = ledger.transfers.filter(_.source.notnull() & _.target.notnull())
    by_card = transfers.filter(_.channel == "card").semi_join(events, [("source", "account_id")])
    by_card = by_card.select("amount", "target", day=day, account_id="source")
    met = events.join(by_card, ["account_id", "amount", "day"]).group_by("merchant_id", "target").agg(met=_.count())
    best = ibis.row_number().over(ibis.window(group_by="merchant_id", order_by=[ibis.desc("met"), "target"]))
    account = met.mutate(place=best).filter(_.place == 0).select("merchant_id", account="target")
    taken = transfers.join(account, [("target", "account")]).mutate(day=day)
    taken = taken.group_by("merchant_id", "account", "day").agg(taken=_.amount.sum())
    out = ledger.transfers.semi_join(account, [("source", "account")]).mutate(day=day)
    paid = out.group_by("source", "day").agg(paid=_.amount.sum())
    late = paid.select(account="source", day=_.day - 1, late="paid")
    paid = paid.select("paid", "day", account="source")
    both = taken.left_join(paid, ["account", "day"]).drop("account_right", "day_right")
    both = both.left_join(late, ["account", "day"])
    gone = ibis.least((_.paid.fill_null(0) + _.late.fill_null(0)).cast("float64"), _.taken.cast("float64"))
    sums = both.mutate(gone=gone).group_by("merchant_id").agg(gone=_.gone.sum(), taken=_.taken.sum().cast("float64"))
    return sums.select("merchant_id", drained_percent=(100 * _.gone / _.taken).round(0))
