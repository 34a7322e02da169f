"""A5: the holder is on an authority's warning list."""

from __future__ import annotations

import ibis
from ibis import _

from mulegraph.ledger.ledger import Ledger
from mulegraph.signs import facts
from mulegraph.signs.base import Phase, sign


@sign(
    code="A5",
    source="Handbook of the Vietnam Banks Association, account sign 5",
    phase=Phase.PREPARE,
    weight=7.0,
    needs=("listings",),
    renamed={"least_confidence_percent": "min_confidence_percent"},
    facts=(
        facts.word("listed", "what is on the list", ("account", "holder")),
        facts.count("confidence_percent", "how sure the list is", unit="percent"),
    ),
    reason={
        "en": "the {listed} is on an authority's warning list, with {confidence_percent}% confidence",
        "vi": "{listed} nằm trong danh sách cảnh báo của cơ quan chức năng, độ tin cậy {confidence_percent}%",
        "nl": "de {listed} staat op een waarschuwingslijst van een autoriteit, met {confidence_percent}% zekerheid",
    },
)
def authority_warning(ledger: Ledger, *, min_confidence_percent: float = 30.0) -> ibis.Table:
    """The holder, or the account itself, is on an authority's warning list.

    Entries that had expired by the last transfer of the ledger do not count.

    Innocent when: the holder has the name of the one who is warned of, or was cleared and the list lags.
    """
    accounts = ledger.table("accounts").select("account_id", "holder_id")
    holders = ledger.listed("holder", on="authority_warning").join(accounts, [("subject_id", "holder_id")])
    direct = ledger.listed("account", on="authority_warning").semi_join(accounts, [("subject_id", "account_id")])
    columns = {"listed_at": _.listed_at, "confidence": _.confidence}
    both = holders.select(subject=_.account_id, listed=ibis.literal("holder"), **columns).union(
        direct.select(subject=_.subject_id, listed=ibis.literal("account"), **columns)
    )
    both = both.filter(100 * _.confidence >= min_confidence_percent)
    found = both.group_by(subject_id=_.subject).agg(
        score=_.confidence.max(), first_at=_.listed_at.min(), last_at=_.listed_at.max(), listed=_.listed.max()
    )
    return found.mutate(confidence_percent=(100 * _.score).round(0).cast("int64"))
