"""V1: the same victim again, or several victims of one beneficiary."""

from __future__ import annotations

import ibis
from ibis import _

from mulegraph.ledger.ledger import Ledger
from mulegraph.signs import facts
from mulegraph.signs.base import Phase, Role, grown, sign


@sign(
    code="V1",
    source="helpdesk-fraud plan: repeat victims, and several victims to one beneficiary",
    phase=Phase.TAKE,
    weight=8.0,
    party_weight=7.0,
    needs=("reports",),
    renamed={
        "victims_more_than": "min_victims",
        "suspects_more_than": "min_suspects",
        "apart_hours": "min_apart_hours",
        "usual_times_more_than": "max_usual_times",
    },
    role=Role.COLLECTOR,
    facts=(
        facts.word("role", "what it is", ("beneficiary of several victims", "repeat victim")),
        facts.count("victims", "reported victims that paid it"),
        facts.count("suspects", "suspects that it paid"),
    ),
    reason={
        "en": "{role}: {victims:reported victim|reported victims} paid it, and it paid {suspects:suspect|suspects};"
        " {amount} {currency} in all",
        "vi": "{role}: {victims} nạn nhân đã báo cáo chuyển tiền cho tài khoản này, và nó đã chuyển cho {suspects}"
        " nghi phạm; tổng {amount} {currency}",
        "nl": "{role}: {victims:slachtoffer|slachtoffers} met aangifte betaalden eraan, en het betaalde"
        " {suspects:verdachte|verdachten}; samen {amount} {currency}",
    },
)
def repeat_victim(
    ledger: Ledger,
    *,
    min_victims: int = 2,
    min_suspects: int = 2,
    min_apart_hours: float = 24.0,
    max_usual_times: float = 5.0,
) -> ibis.Table:
    """Several reported victims paid one beneficiary, or one victim paid several suspects over time.

    Suspects are beneficiaries of reported payments and accounts on a suspicion list. A repeat victim has reported a
    payment himself, paid each suspect several times a usual payment in all, and the payments lie at least a day apart.

    Innocent when: it is a shop that was reported by mistake, or a victim who was paid back.
    """
    reports, transfers = ledger.table("reports"), ledger.transfers
    stolen = reports.join(transfers, "transfer_id").select(
        "transfer_id", "victim_account", "target", "amount", "currency", at=transfers["at"]
    )
    stolen = stolen.filter(_.target.notnull())
    paid = stolen.group_by("target").agg(
        victims=_.victim_account.nunique(),
        amount=_.amount.sum(),
        currency=_.currency.min(),
        first_at=_["at"].min(),
        last_at=_["at"].max(),
        evidence=_.transfer_id.collect(distinct=True),
    )
    beneficiaries = paid.filter(_.victims >= min_victims).select(
        "victims",
        "amount",
        "currency",
        "first_at",
        "last_at",
        "evidence",
        accounts=ibis.array([_.target]),
        subject_id=_.target,
        suspects=ibis.literal(0).cast("int64"),
        role=ibis.literal("beneficiary of several victims"),
        victim=ibis.literal(False),
        score=grown(0.5, _.victims),
    )
    listed = ledger.listed("account", on="suspicion").select(suspect=_.subject_id)
    suspects = listed.union(stolen.select(suspect=_.target)).distinct()
    told = stolen.select(victim=_.victim_account).distinct()
    out = transfers.semi_join(told, [("source", "victim")]).anti_join(suspects, [("source", "suspect")])
    usual = out.group_by("source").agg(usual=_.amount.cast("float64").median())
    out = out.semi_join(suspects, [("target", "suspect")])
    large = out.group_by("source", "target").agg(paid=_.amount.sum().cast("float64")).join(usual, "source")
    out = out.semi_join(large.filter(_.paid > max_usual_times * _.usual), ["source", "target"])
    again = out.group_by(subject_id=_.source).agg(
        suspects=_.target.nunique(),
        amount=_.amount.sum(),
        currency=_.currency.min(),
        first_at=_["at"].min(),
        last_at=_["at"].max(),
        evidence=_.transfer_id.collect(),
        accounts=_.target.collect(distinct=True),
    )
    apart = again.last_at.epoch_seconds() - again.first_at.epoch_seconds()
    again = again.filter((_.suspects >= min_suspects) & (apart >= min_apart_hours * 3_600))
    victims = again.select(
        victims=ibis.literal(0).cast("int64"),
        amount=_.amount,
        currency=_.currency,
        first_at=_.first_at,
        last_at=_.last_at,
        evidence=_.evidence,
        subject_id=_.subject_id,
        accounts=_.accounts.concat(ibis.array([_.subject_id])),
        suspects=_.suspects,
        role=ibis.literal("repeat victim"),
        victim=ibis.literal(True),
        score=grown(0.5, _.suspects),
    )
    return beneficiaries.union(victims)
