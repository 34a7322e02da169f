"""T1: somebody else's device takes the account over and empties it."""

from __future__ import annotations

import ibis
from ibis import _
from ibis.expr import types as ir

from mulegraph.ledger.ledger import Ledger
from mulegraph.signs import facts
from mulegraph.signs.base import Phase, grown, sign


@sign(
    code="T1",
    source="malware and deepfake nota: new device, raised limit or new payee, drained within hours",
    phase=Phase.TAKE_CONTROL,
    party_weight=4.0,
    harms=True,
    needs=("device_use",),
    renamed={
        "known_days_more_than": "max_new_days",
        "drained_percent": "min_drained_percent",
        "times_more_than": "max_times",
        "raised_times_more_than": "max_raised_times",
    },
    speaks_for_holder="the account shows signs of a take-over (T1): somebody else may have paid",
    facts=(
        facts.word("trigger", "what began it", ("a device never seen before", "new biometrics")),
        facts.word("then", "what followed", ("a raised limit and a new payee", "a raised limit", "a new payee")),
        facts.count("hours", "the time", unit="hours"),
        facts.count("drained_percent", "what left, of the least that was there; cut off at 1,000", unit="percent"),
        facts.number("times", "what left against a usual payment", unit="times"),
    ),
    reason={
        "en": "{trigger}, then {then}, and {amount} {currency} left within {hours:hour|hours}:"
        " {drained_percent:≤1000}% of the least that was there, {times} times a usual payment",
        "vi": "{trigger}, sau đó {then}, và {amount} {currency} rời tài khoản trong {hours} giờ:"
        " {drained_percent:≤1000}% số dư tối thiểu, gấp {times} lần thanh toán thường",
        "nl": "{trigger}, dan {then}, en {amount} {currency} ging binnen {hours} uur weg: {drained_percent:≤1000}%"
        " van wat er minstens stond, {times} maal een gewone betaling",
    },
)
def device_takeover(
    ledger: Ledger,
    *,
    within_hours: float = 12.0,
    max_new_days: float = 3.0,
    min_drained_percent: float = 60.0,
    max_times: float = 8.0,
    max_raised_times: float = 3.0,
) -> ibis.Table:
    """A device never seen before or new biometrics, then a raised limit or a new payee, then most money gone.

    The account must have been used from other devices for days. Its balance is not in the data, so the least that it
    can have been is taken: what came in and out before, from its lowest point on. With a raised limit, less is enough;
    without one, something must have come in before.

    Innocent when: the holder bought a new phone and then paid for something large.
    """
    triggers = _triggers(ledger, max_new_days)
    payments = ledger.transfers.filter(_.source.notnull() & (_.source != _.target).fill_null(True))
    mine = payments.semi_join(triggers, [("source", "account_id")]).select(
        "transfer_id", "source", "target", "amount", "currency", at=_["at"]
    )
    limit = int(within_hours * 3_600)
    joined = triggers.join(mine, [("account_id", "source")])
    apart = joined["at"].epoch_seconds() - joined.started.epoch_seconds()
    # Each step is asked only of what the one before has left: payees are looked up, amounts compared and balances
    # added up for few of the accounts that have a trigger.
    after = joined.filter((apart >= 0) & (apart <= limit))
    payees = mine.semi_join(after, ["source", "target"])
    pairs = payees.group_by("source", "target").agg(known_since=payees["at"].min())
    after = after.left_join(pairs, ["source", "target"]).drop("source_right", "target_right")
    fresh = (after.known_since == after["at"]).fill_null(False)
    spent = after.group_by("account_id", "started", "trigger", "raised").agg(
        amount=_.amount.sum(),
        currency=_.currency.min(),
        fresh=fresh.cast("int64").sum(),
        payees=_.target.collect(where=fresh, distinct=True),
        last_at=after["at"].max(),
        evidence=_.transfer_id.collect(),
    )
    spent = spent.filter((_.raised > 0) | (_.fresh > 0))
    usual = mine.semi_join(spent, [("source", "account_id")])
    usual = usual.group_by("source").agg(usual=_.amount.cast("float64").median())
    large = spent.join(usual, [("account_id", "source")])
    large = large.mutate(times=(_.amount.cast("float64") / _.usual).round(1))
    large = large.filter((_.times > max_times) | ((_.raised > 0) & (_.times > max_raised_times)))
    found = large.join(_balances(ledger, large), ["account_id", "started"])
    found = found.mutate(drained_percent=(100 * _.amount.cast("float64") / ibis.greatest(_.balance, 1.0)).round(0))
    found = found.filter(
        # Where nothing was seen coming in, anything drains it: then only a raised limit tells.
        (((_.times > max_times) & (_.balance > 0)) | ((_.raised > 0) & (_.times > max_raised_times)))
        & (_.drained_percent >= min_drained_percent)
    )
    best = ibis.row_number().over(
        ibis.window(group_by="account_id", order_by=[ibis.desc("amount"), "started", "trigger"])
    )
    found = found.mutate(place=best).filter(_.place == 0)
    then = ibis.ifelse(
        _.raised > 0, ibis.ifelse(_.fresh > 0, "a raised limit and a new payee", "a raised limit"), "a new payee"
    )
    return found.select(
        "trigger",
        "amount",
        "currency",
        "last_at",
        "evidence",
        "times",
        accounts=_.payees.concat(ibis.array([_.account_id])),
        subject_id=_.account_id,
        first_at=_.started,
        then=then,
        hours=ibis.literal(int(within_hours)),
        drained_percent=ibis.least(_.drained_percent, 1_000.0),
        score=grown(0.5, (1 + (_.raised > 0).cast("int64") + (_.fresh > 0).cast("int64"))),
    )


def _triggers(ledger: Ledger, known_days: float) -> ir.Table:
    """account_id, started, trigger, raised: first use of a further device, or new biometrics, on a known account."""
    use = ledger.table("device_use").filter(_.outcome == "ok")
    use = use.select("account_id", "device_id", "action", at=use["at"])
    known = use.group_by("account_id").agg(known_since=_["at"].min())
    first = use.group_by("account_id", "device_id").agg(started=_["at"].min())
    fresh = first.select("account_id", "started", trigger=ibis.literal("a device never seen before"))
    enrolled = use.filter(_.action == "biometrics_enrolled").select(
        "account_id", started=_["at"], trigger=ibis.literal("new biometrics")
    )
    both = fresh.union(enrolled).join(known, "account_id")
    both = both.filter((_.started.epoch_seconds() - _.known_since.epoch_seconds()) > known_days * 86_400)
    both = both.group_by("account_id", "started").agg(trigger=_.trigger.min())
    limits = use.filter(_.action == "limit_raised").select("account_id", raised_at=_["at"])
    with_limits = both.left_join(limits, "account_id").drop("account_id_right")
    soon = with_limits.raised_at.epoch_seconds() - with_limits.started.epoch_seconds()
    soon = ((soon >= 0) & (soon <= 86_400)).fill_null(False)
    return with_limits.group_by("account_id", "started", "trigger").agg(raised=soon.cast("int64").sum())


def _balances(ledger: Ledger, triggers: ir.Table) -> ir.Table:
    """balance: the least that an account can have held when each trigger began, from what the ledger saw before."""
    transfers, accounts = ledger.transfers, triggers.select("account_id").distinct()
    moves = []
    for end, sign_of in (("target", 1), ("source", -1)):
        moves.append(
            transfers.filter(_[end].notnull()).select(
                account_id=_[end],
                at=transfers["at"],
                transfer_id=_.transfer_id,
                change=_.amount.cast("float64") * sign_of,
            )
        )
    both = moves[0].union(moves[1]).semi_join(accounts, "account_id")
    order = {"group_by": "account_id", "order_by": ["at", "transfer_id", "change"]}
    both = both.mutate(run=_.change.sum().over(ibis.cumulative_window(**order)))
    both = both.mutate(low=ibis.least(_.run.min().over(ibis.cumulative_window(**order)), 0.0))
    both = both.mutate(held=_.run - _.low, place=ibis.row_number().over(ibis.window(**order)))
    starts = triggers.select("account_id", "started").distinct()
    joined = starts.left_join(both, "account_id")
    before = (joined["at"] < joined.started).fill_null(False)
    return joined.group_by("account_id", "started").agg(balance=_.held.argmax(_.place, where=before).fill_null(0.0))
