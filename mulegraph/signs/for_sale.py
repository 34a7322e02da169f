"""A2: the account is offered for sale."""

from __future__ import annotations

import ibis
from ibis import _

from mulegraph.ledger.ledger import Ledger
from mulegraph.signs import facts
from mulegraph.signs.base import Phase, sign


@sign(
    code="A2",
    source="Handbook of the Vietnam Banks Association, account sign 2",
    phase=Phase.PREPARE,
    weight=8.0,
    needs=("listings",),
    renamed={"least_confidence_percent": "min_confidence_percent"},
    facts=(facts.count("confidence_percent", "how sure the list is", unit="percent"),),
    reason={
        "en": "the account is on a for-sale list, with {confidence_percent}% confidence",
        "vi": "tài khoản nằm trong danh sách rao bán, độ tin cậy {confidence_percent}%",
        "nl": "de rekening staat op een te-koop-lijst, met {confidence_percent}% zekerheid",
    },
)
def for_sale(ledger: Ledger, *, min_confidence_percent: float = 30.0) -> ibis.Table:
    """The account is on a list of accounts that are for sale.

    Entries that had expired by the last transfer of the ledger do not count.

    Innocent when: the number was made up by a swindler who sells accounts that he does not have.
    """
    percent = (100 * _.confidence).round(0).cast("int64")
    listed = ledger.listed("account", on="for_sale").filter(100 * _.confidence >= min_confidence_percent)
    known = listed.semi_join(ledger.table("accounts"), [("subject_id", "account_id")])
    return known.select(
        "subject_id", score=_.confidence, first_at=_.listed_at, last_at=_.listed_at, confidence_percent=percent
    )
