"""N1: layered pass-through chains."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from mulegraph.flow.calibration import measured_by_account
from mulegraph.flow.chains import by_relay
from mulegraph.flow.layering import Flow
from mulegraph.flow.naming import NamedChains
from mulegraph.flow.peers import Peers
from mulegraph.ledger.ledger import Ledger
from mulegraph.schema.tables import CASH_IN, CASH_OUT, minor_exponents
from mulegraph.signs import facts
from mulegraph.signs.base import WEAK_FROM, WEAK_SCORE, Phase, Topic, score_of, sign


@sign(
    code="N1",
    source="flow links and surprise (docs/method.md); layering in FATF, Professional Money Laundering (2018)",
    phase=Phase.DISPERSE,
    weight=8.0,
    party_weight=1.0,
    measured=True,
    topic=Topic.MONEY,
    counts_from_threshold=True,
    facts=(
        facts.count("place", "which of the accounts that passed it on"),
        facts.count("accounts_passed", "accounts that passed it on"),
        facts.amount("out", "what came out at the end"),
        facts.word("out_currency", "the currency that it came out in", tuple(sorted(minor_exponents()))),
        facts.count("minutes", "from the first transfer to the last", unit="minutes"),
        facts.number(
            "expected_false_percent",
            "chains as surprising that are coincidence",
            unit="percent",
        ),
    ),
    reason={
        "en": "number {place} of {accounts_passed:account|accounts} that passed money on: {amount} {currency} went"
        " in and {out} {out_currency} came out {minutes:minute|minutes} later",
        "vi": "tài khoản thứ {place} trong {accounts_passed} tài khoản chuyển tiếp tiền: {amount} {currency} vào và"
        " {out} {out_currency} ra sau {minutes} phút",
        "nl": "nummer {place} van {accounts_passed:rekening|rekeningen} die geld doorgaven: {amount} {currency}"
        " ging erin en {out} {out_currency} kwam er {minutes:minuut|minuten} later uit",
    },
)
def layered_chain(ledger: Ledger, flow: Flow, chains: NamedChains, peers: Peers) -> pd.DataFrame:
    """Money passed on from account to account within hours, in a way their own traffic does not explain.

    One finding for each account that passes money on, with its most surprising chain; who only pays first or only
    receives last is named, and not the subject. Chains below the default threshold are weak. What one is worth is read
    off the best chains of accounts of the same kind in a ledger with shuffled times.

    Innocent when: the accounts belong to one owner who sweeps them, or the same path recurs every week or month.
    """
    found: dict[str, dict[str, Any]] = {}
    table = chains.table.filter(pc.less_equal(chains.table["expected_false_share"], WEAK_FROM))
    scores = np.asarray(score_of(table["surprise"].to_numpy()))
    scores = np.where(table["surprise"].to_numpy() >= chains.threshold, scores, np.minimum(scores, WEAK_SCORE))
    for chain, score in zip(table.to_pylist(), scores.tolist(), strict=True):
        inner = [name for name in chain["accounts"][1:-1] if name not in (CASH_IN, CASH_OUT)]
        for place, account in enumerate(inner, 1):
            if account in found:
                continue
            cash_next = chain["accounts"][-1] == CASH_OUT and account == chain["accounts"][-2]
            found[account] = {
                "subject_id": account,
                "score": score,
                "surprise": chain["surprise"],
                "pattern": chain["chain"],
                "phase": Phase.CASH_OUT if cash_next else Phase.DISPERSE,
                "amount": chain["amount_in"],
                "currency": chain["currency"],
                "first_at": chain["first_at"],
                "last_at": chain["last_at"],
                "place": place,
                "accounts_passed": len(inner),
                "out": chain["amount_out"],
                "out_currency": chain["currency_out"],
                "minutes": round((chain["last_at"] - chain["first_at"]).total_seconds() / 60),
                "expected_false_percent": round(100 * chain["expected_false_share"], 1),
                "accounts": chain["accounts"],
                "evidence": chain["transfers"],
            }
    rows = pd.DataFrame(list(found.values()))
    if len(rows):
        known = measured_by_account(peers.group, by_relay(flow.transfers, flow.chains), flow.relays_by_chance)
        numbers = ledger.account_numbers_of(pa.array(rows["subject_id"], pa.string()))
        rows["worth"] = known[numbers]
    return rows
