"""A4: receipts from suspicion-listed accounts."""

from __future__ import annotations

import ibis
from ibis import _

from mulegraph.feed.ledger import Ledger
from mulegraph.signs.base import Phase, sign


@sign(
    code="A4",
    source="Handbook of the Vietnam Banks Association, account sign 4",
    needs=("listings",),
    phase=Phase.DISPERSE,
    weight=8.0,
    reason={
        "en": "{receipts} receipts from {senders} accounts on a suspicion list, {amount} {currency} in all",
        "vi": "{receipts} lần nhận tiền từ {senders} tài khoản trong danh sách nghi ngờ, tổng {amount} {currency}",
        "nl": "{receipts} ontvangsten van {senders} rekeningen op een verdachtenlijst, samen {amount} {currency}",
    },
)
def receives_from_suspects(ledger: Ledger, *, more_than: int = 3) -> ibis.Table:
    """Money came in more than three times from accounts on a suspicion list.

    Surprising is how many listed accounts are among those that pay it: one friend who is listed and pays often is one.

    Innocent when: the account is a shop, a court deposit, or the victim of test payments.
    """
    suspects = ledger.listed("account", on="suspicion")
    receipts = ledger.transfers.filter(_.target.notnull() & _.source.notnull() & (_.source != _.target))
    receipts = receipts.left_join(suspects.select(suspect="subject_id"), [("source", "suspect")])
    senders = receipts.group_by("source").agg(suspect=_.suspect.count() > 0)
    share = senders.suspect.cast("int64").sum() / senders.count().cast("float64")
    found = (
        receipts.group_by(subject_id=_.target)
        .agg(
            receipts=_.suspect.count(),
            all_senders=_.source.nunique(),
            senders=_.suspect.nunique(),
            amount=_.amount.sum(where=_.suspect.notnull()),
            currency=_.currency.min(),
            first_at=receipts["at"].min(where=_.suspect.notnull()),
            last_at=receipts["at"].max(where=_.suspect.notnull()),
            evidence=_.transfer_id.collect(where=_.suspect.notnull()),
        )
        .filter(_.receipts > more_than)
        .mutate(expected=_.all_senders * share.as_scalar())
    )
    # Chernoff's bound on a Poisson tail: exact to a constant, and every engine can compute it.
    tail = _.senders * (_.senders / _.expected).ln() - _.senders + _.expected
    return found.mutate(surprise=(_.senders > _.expected).ifelse(tail, 0.0))
