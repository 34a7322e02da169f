"""A4: receipts from suspicion-listed accounts."""

from __future__ import annotations

import ibis
from ibis import _

from mulegraph.ledger.ledger import Ledger
from mulegraph.signs import facts
from mulegraph.signs.base import Phase, Topic, sign


@sign(
    code="A4",
    source="Handbook of the Vietnam Banks Association, account sign 4",
    needs=("listings",),
    phase=Phase.DISPERSE,
    weight=8.0,
    renamed={"more_than": "min_receipts"},
    topic=Topic.MONEY,
    facts=(
        facts.count("receipts", "receipts from listed accounts"),
        facts.count("senders", "listed accounts that paid it"),
        facts.count("all_senders", "all accounts that paid it"),
        facts.number("expected", "listed accounts among so many payers by chance"),
    ),
    reason={
        "en": "{receipts:receipt|receipts} from {senders:account|accounts} on a suspicion list, {amount} {currency}"
        " in all",
        "vi": "{receipts} lần nhận tiền từ {senders} tài khoản trong danh sách nghi ngờ, tổng {amount} {currency}",
        "nl": "{receipts:ontvangst|ontvangsten} van {senders:rekening|rekeningen} op een verdachtenlijst, samen"
        " {amount} {currency}",
    },
)
def receives_from_suspects(ledger: Ledger, *, min_receipts: int = 4) -> ibis.Table:
    """Money came in more than three times from accounts on a suspicion list.

    Surprising is how many listed accounts are among those that pay it: one friend who is listed and pays often is one.

    Innocent when: the account is a shop, a court deposit, or the victim of test payments.
    """
    suspects = ledger.listed("account", on="suspicion").select(suspect="subject_id")
    receipts = ledger.transfers.filter(_.target.notnull() & _.source.notnull() & (_.source != _.target))
    payers = receipts.select("source").distinct()
    listed = payers.semi_join(suspects, [("source", "suspect")])
    share = listed.count().as_scalar() / payers.count().as_scalar().cast("float64")
    told = receipts.semi_join(suspects, [("source", "suspect")])
    found = told.group_by("target").agg(
        receipts=_.count(),
        senders=_.source.nunique(),
        amount=_.amount.sum(),
        currency=_.currency.min(),
        first_at=told["at"].min(),
        last_at=told["at"].max(),
        evidence=_.transfer_id.collect(),
    )
    found = found.filter(_.receipts >= min_receipts)
    # Only theirs: all payers of all accounts would be most of the work.
    all_senders = receipts.semi_join(found, "target").group_by("target").agg(all_senders=_.source.nunique())
    found = found.join(all_senders, "target").mutate(expected=_.all_senders * share).rename(subject_id="target")
    # Chernoff's bound on a Poisson tail: exact to a constant, and every engine can compute it.
    tail = _.senders * (_.senders / _.expected).ln() - _.senders + _.expected
    return found.mutate(surprise=(_.senders > _.expected).ifelse(tail, 0.0))
