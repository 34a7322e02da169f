"""C3: wrong PIN or one-time code again and again, then the right one."""

from __future__ import annotations

import ibis
from ibis import _

from mulegraph.ledger.ledger import Ledger
from mulegraph.signs import facts
from mulegraph.signs.base import Phase, grown, sign

WRONG = ("wrong_pin", "wrong_otp")


@sign(
    code="C3",
    source="Handbook of the Vietnam Banks Association, debit cards, sign 3",
    phase=Phase.TAKE_CONTROL,
    harms=True,
    needs=("card_events",),
    renamed={"wrong_more_than": "min_wrong_codes", "alone_more_than": "min_wrong_codes_alone"},
    facts=(
        facts.count("wrong", "wrong PINs and codes within the time"),
        facts.count("successes", "uses that worked afterwards"),
        facts.count("minutes", "the time", unit="minutes"),
        facts.word("then", "how it ended", ("then it worked", "and it never worked")),
        facts.card_events(),
    ),
    reason={
        "en": "{wrong:wrong PIN or code|wrong PINs or codes} within {minutes:minute|minutes}, {then}",
        "vi": "{wrong} lần sai PIN hoặc mã OTP trong {minutes} phút, {then}",
        "nl": "{wrong:foute pincode of code|foute pincodes of codes} binnen {minutes:minuut|minuten}, {then}",
    },
)
def wrong_pins(
    ledger: Ledger, *, min_wrong_codes: int = 3, within_minutes: float = 30.0, min_wrong_codes_alone: int = 5
) -> ibis.Table:
    """A card is tried with wrong PINs or one-time codes several times within minutes, and then it is used.

    Without a success afterwards more are needed (`min_wrong_codes_alone`).

    Innocent when: the holder has a new card and remembers the old PIN.
    """
    events = ledger.table("card_events")
    window = int(within_minutes * 60)
    events = events.mutate(second=events["at"].epoch_seconds(), bad=_.outcome.isin(WRONG).cast("int64"))
    before = ibis.range_window(group_by="card_id", order_by="second", preceding=window, following=0)
    counted = events.mutate(wrong=_.bad.sum().over(before), begun=_.second.min().over(before))
    used = (_.outcome == "approved") & (_.wrong >= min_wrong_codes)
    tried = counted.mutate(
        used=used.cast("int64"), alone=((_.bad == 1) & (_.wrong >= min_wrong_codes_alone)).cast("int64")
    )
    tried = tried.filter((_.used == 1) | (_.alone == 1))
    found = tried.group_by(subject_id=_.account_id).agg(
        wrong=_.wrong.max(),
        successes=_.used.sum(),
        first_at=tried["at"].min(),
        last_at=tried["at"].max(),
        amount=_.amount.sum(where=_.used == 1),
        events=_.event_id.collect(),
    )
    then = ibis.ifelse(_.successes > 0, "then it worked", "and it never worked")
    score = ibis.ifelse(_.successes > 0, grown(0.75, _.wrong), 0.45)
    return found.mutate(minutes=int(within_minutes), then=then, score=score)
