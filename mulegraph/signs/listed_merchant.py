"""C5: the card was used at a merchant on a list."""

from __future__ import annotations

import ibis
from ibis import _

from mulegraph.ledger.ledger import Ledger
from mulegraph.signs import facts
from mulegraph.signs.base import Phase, grown, sign


@sign(
    code="C5",
    source="Handbook of the Vietnam Banks Association, debit cards, sign 5",
    phase=Phase.CASH_OUT,
    harms=True,
    needs=("card_events", "card_events.merchant_id", "listings"),
    renamed={"payments_more_than": "min_payments"},
    facts=(
        facts.count("payments", "card payments at listed merchants"),
        facts.count("merchants", "listed merchants"),
        facts.card_events(),
    ),
    reason={
        "en": "{payments:card payment|card payments}, {amount} {currency} in all, at {merchants:merchant|merchants}"
        " on a suspicion or warning list",
        "vi": "{payments} giao dịch thẻ, tổng {amount} {currency}, tại {merchants} đơn vị trong danh sách nghi ngờ"
        " hoặc cảnh báo",
        "nl": "{payments:kaartbetaling|kaartbetalingen}, samen {amount} {currency}, bij"
        " {merchants:handelaar|handelaren} op een verdachten- of waarschuwingslijst",
    },
)
def listed_merchant(ledger: Ledger, *, min_payments: int = 1) -> ibis.Table:
    """The card was used at a merchant on a suspicion or warning list.

    Entries that had expired by the last transfer of the ledger do not count.

    Innocent when: the holder is an ordinary customer of the merchant, or was cheated by it.
    """
    listed = ledger.listed("merchant", on="suspicion").union(ledger.listed("merchant", on="authority_warning"))
    listed = listed.group_by("subject_id").agg(confidence=_.confidence.max())
    used = ledger.table("card_events").filter(_.outcome == "approved")
    used = used.join(listed, [("merchant_id", "subject_id")])
    found = used.group_by("account_id").agg(
        payments=_.count(),
        merchants=_.merchant_id.nunique(),
        amount=_.amount.sum(),
        confidence=_.confidence.max(),
        first_at=used["at"].min(),
        last_at=used["at"].max(),
        events=_.event_id.collect(),
    )
    found = found.filter(_.payments >= min_payments)
    owned = ledger.table("accounts").select("account_id", "currency")
    score = _.confidence * (grown(0.4, _.payments))
    return found.join(owned, "account_id").mutate(score=score).drop("confidence").rename(subject_id="account_id")
