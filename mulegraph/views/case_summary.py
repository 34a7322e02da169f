"""A case in plain words: what happened, who does what, how sure that is, why perhaps not, and what to do next."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from mulegraph.casework.case_file import CaseFile, TracedMoney
from mulegraph.casework.hold_results import HoldsIn
from mulegraph.journal.state import CLOSED, SNOOZED
from mulegraph.schema.findings import Role
from mulegraph.schema.language import later, tr, word
from mulegraph.views.local_times import local_text, timed
from mulegraph.views.tables import case_money, collapse_patterns, made_of, shown

ROLES = (Role.VICTIM, Role.COLLECTOR, Role.RELAY, Role.CONSOLIDATOR, Role.CASH_OUT, Role.BENEFICIARY)
"""In the order of the money. A role is a place in chains, circles and bursts; it does not say what an account kept."""
MANY = {
    Role.VICTIM: later("{n:victim|victims}"),
    Role.COLLECTOR: later("{n:collector|collectors}"),
    Role.RELAY: later("{n:relay|relays}"),
    Role.CONSOLIDATOR: later("{n:consolidator|consolidators}"),
    Role.CASH_OUT: later("{n:cash-out|cash-outs}"),
    Role.BENEFICIARY: later("{n:beneficiary|beneficiaries}"),
}
MAX_NAMED = 6
Content = CaseFile


def summary(content: Content) -> list[tuple[str, str]]:
    """Paragraphs as (what it is about, text)."""
    return [
        (tr("What happened."), _happened(content)),
        *([(tr("Which sum contains which."), sums_related(content))] if content.transfers else []),
        (tr("Who did what."), _who(content)),
        (tr("How sure."), _sure(content)),
        (tr("Why perhaps not."), _doubt(content)),
        (tr("Next step."), next_step(content)),
    ]


def _happened(content: Content) -> str:
    row, moved = content.row, content.transfers
    banks = sorted({str(each["bank"]) for each in content.accounts if each["bank"]})
    when = tr("at a time not known")
    if row["first_at"]:
        when = timed("from {first} to {last} UTC", first=shown(row["first_at"]), last=shown(row["last_at"]))
    linked = later("{n:account|accounts} at {m:bank|banks} ({banks}) are linked by findings {when}.")
    single = later("{n:account|accounts} at {m:bank|banks} ({banks}) is named by findings {when}.")
    who = {"n": len(content.accounts), "m": len(banks), "banks": ", ".join(banks), "when": when}
    told = [tr(linked if len(content.accounts) > 1 else single, **who)]
    if moved:
        told.append(_evidence(len(moved), sums(moved)))
    if row["amount"] is not None:
        told.append(
            tr(
                "{money} entered {n:chain|chains} of accounts that passed it on within hours.",
                money=case_money(row),
                n=len(content.chains),
            )
        )
    cash = [each for each in moved if each["target"] is None]
    if cash:
        at = shown(cash[0]["at"])
        told.append(tr("{sum} was taken out in cash, the first on {at}.", sum=sums(cash), at=at))
    if content.devices:
        users = {account for each in content.devices for account in each["accounts"]}
        text = later("{n:account is|accounts are} run from {m:shared device|shared devices}.")
        told.append(tr(text, n=len(users), m=len(content.devices)))
    reports = content.reports
    if reports:
        at = shown(reports[0]["reported_at"])
        text = later("{n:payment of it was|payments of it were} reported as fraud, the first on {at} UTC.")
        told.append(timed(text, n=len(reports), at=at))
    else:
        told.append(tr("The ledger holds no victim's report about it."))
    return " ".join(told)


def _evidence(count: int, total: str) -> str:
    if count == 1:
        return tr("1 transfer of {sum} in all is the evidence.", sum=total)
    return tr("{n} transfers of {sum} in all are the evidence.", n=count, sum=total)


def sums_related(content: Content) -> str:
    """The sums of evidence, chains, cash and trace, and which of them are parts of which."""
    moved = {each["transfer_id"]: each for each in content.transfers}
    first = {chain["transfers"][0] for chain in content.chains}
    entered = [moved[each] for each in sorted(first & moved.keys())]
    cash = [each for each in content.transfers if each["target"] is None]
    evidence = later("The evidence, {sum}, counts money again at every step that it takes.")
    told = [tr(evidence, sum=sums(content.transfers))]
    parts = [tr("what entered chains, their first payments ({sum})", sum=sums(entered))] if entered else []
    parts += [tr("what was taken out in cash ({sum})", sum=sums(cash))] if cash else []
    if len(parts) > 1:
        both = later("It contains {one} and {other}; both may be the same money, so they are not added up.")
        told.append(tr(both, one=parts[0], other=parts[1]))
    elif parts:
        told.append(tr("It contains {one}.", one=parts[0]))
    if outside := len(first - moved.keys()):
        told.append(tr("{n:first payment|first payments} of chains are not in it.", n=outside))
    if content.trace is not None:
        told.append(_traced(content.trace, first, moved))
    return " ".join(told)


def _traced(trace: TracedMoney, first: set[str], moved: Mapping[str, Mapping[str, Any]]) -> str:
    """What the trace follows, beside what entered chains and beside the evidence."""
    chosen = set(trace.chosen)
    if chosen == first:
        which = tr("just what entered chains")
    elif chosen & first:
        which = tr("{n} of them are among what entered chains", n=len(chosen & first))
    else:
        which = tr("none of it is among what entered chains") if first else tr("no chain was found")
    outside = len(chosen - moved.keys())
    of = tr("{n} of them are not in the evidence", n=outside) if outside else tr("all of it is in the evidence")
    return tr(
        "The trace follows {amount} {currency} of {n:payment|payments}: {which}, and {of}. "
        "What it finds in cash, on accounts and out of sight are parts of this sum only.",
        amount=shown(trace.traced),
        currency=trace.currency,
        n=len(chosen),
        which=which,
        of=of,
    )


def _who(content: Content) -> str:
    by_role: dict[str, list[str]] = defaultdict(list)
    for each in content.accounts:
        by_role[each["role"]].append(each["account_id"])
    parts = [f"{tr(MANY[role], n=len(by_role[role]))} ({named(by_role[role])})" for role in ROLES if by_role[role]]
    place = later("By their place in its chains, circles and bursts: {parts}.")
    told = [tr(place, parts=", ".join(parts))] if parts else []
    if beside := len(by_role["named"]):
        text = later("{n:account is|accounts are} named beside them, without such a place.")
        told.append(tr(text, n=beside))
    return " ".join(told) or tr("No account of it has a part that the money shows.")


def _sure(content: Content) -> str:
    row = content.row
    told = [
        tr(
            "Score {score}, which is the probability that it is a mule network: of a hundred cases with this "
            "score {false} are expected to be false alarms (fitted on simulated ledgers). "
            "It is made of {parts}.",
            score=f"{row['score']:.2f}",
            false=_hundredths(1 - row["score"]),
            parts=made_of(row["made_of"]),
        )
    ]
    if content.chains:
        best = max(content.chains, key=lambda chain: chain["surprise"])
        told.append(
            tr(
                "Its most surprising chain has {nats} nats; of chains in this ledger that reach "
                "so many {share} are expected to be coincidence.",
                nats=f"{best['surprise']:.1f}",
                share=f"{best['expected_false_share']:.1%}",
            )
        )
    return " ".join(told)


def _doubt(content: Content) -> str:
    fits: dict[str, int] = defaultdict(int)
    findings = stories(content)
    for story in findings:
        for name, result in story["benign"].items():
            fits[name] += result == "passed"
    fitting = [f"{word(name.replace('_', ' '))} ({count})" for name, count in sorted(fits.items()) if count]
    told = [
        tr(
            "Innocent explanations that fit some of its {n:finding|findings}: {fitting}; they have lowered the score.",
            n=len(findings),
            fitting=", ".join(fitting),
        )
        if fitting
        else tr(
            "None of the innocent explanations that were tried fits any of its {n:finding|findings}.", n=len(findings)
        )
    ]
    lacking = content.not_testable
    if lacking:
        needs = sorted({need for each in lacking.values() for need in each})
        told.append(
            tr(
                "{n:sign|signs} could not be tested, because these tables are missing: {tables}.",
                n=len(lacking),
                tables=", ".join(needs),
            )
        )
    blind = [word(each["phase"].replace("_", " ")) for each in content.journey if each["seen"] == "blind"]
    told.append(
        tr(
            "Bank data cannot show how victims were reached (phase {phases}). A score says how sure the "
            "signs are, not that anybody is guilty.",
            phases=", ".join(blind),
        )
    )
    return " ".join(told)


def next_step(content: Content) -> str:
    """What is to be done next, from what people did so far and what the trace still sees."""
    state, trace = content.state, content.trace
    if state["status"] == CLOSED:
        closed = later("The case is closed as {how}; no action is open unless it is reopened.")
        return tr(closed, how=word(str(state["disposition"])))
    snoozed = state["status"] == SNOOZED
    told = [tr("The case is snoozed until {day}.", day=str(state["snoozed_until"]))] if snoozed else []
    if state["assignee"] is None:
        told.append(tr("Assign it (mulegraph case assign {case} WHO).", case=content.case))
    told += _awaited(content)
    done = {each.bank for each in content.requests} | {content.sender}
    banks = [each for each in (trace.banks if trace else []) if each["maximum"] > 0 and each["bank"] not in done]
    if trace and banks:
        most = ", ".join(f"{each['bank']} ({between(each)} {trace.currency})" for each in banks[:3])
        # `request` finds nothing to ask of a bank that only mixed payments reached, or where next to nothing stopped.
        first = next((each["bank"] for each in banks if each["bank"] in content.askable), None)
        text = later("ask {bank} (mulegraph request {case} --to {bank})")
        ask = tr(text, bank=first, case=content.case) if first else tr("no request can ask for it")
        told.append(tr("Money is probably still there at {banks}: {ask}.", banks=most, ask=ask))
    if content.holding is not None:
        told += [hold_sentence(each) for each in content.holding.in_currencies]
        inside = {each["account_id"] for each in content.accounts}
        holds = [each for part in content.holding.in_currencies for each in part.holds]
        reached = " " + tr("(reached by the trace, not of the case)")
        first = [each.account + ("" if each.account in inside else reached) for each in holds]
        if first:
            told.append(tr("Call about {accounts}.", accounts=named(first)))
    if not trace:
        strongest = max(content.accounts, key=lambda each: (each["score"], each["account_id"]))["account_id"]
        told.append(
            tr(
                "It has no chain and no reported payment to trace; look at the account with the highest score "
                "(mulegraph account {account}).",
                account=strongest,
            )
        )
    return " ".join(told)


def hold_sentence(plan: HoldsIn) -> str:
    """What was asked for and what holds reach, both in the first line that anybody reads."""
    kept = (plan.kept_least, plan.kept_most)
    low, high = (f"{float(each / plan.stolen):.0%}" if plan.stolen else "0%" for each in kept)
    reached = low if low == high else tr("{low} to {high}", low=low, high=high)
    amounts = between({"minimum": plan.kept_least, "maximum": plan.kept_most})
    return timed(
        "Asked for {share} of {stolen} {currency} stolen; holds at {at} UTC keep {reached} ({amounts}): {says}.",
        share=f"{plan.asked:.0%}",
        stolen=shown(plan.stolen),
        currency=plan.currency,
        at=local_text(plan.at),
        reached=reached,
        amounts=amounts,
        says=plan.says,
    )


def _awaited(content: Content) -> list[str]:
    """What is to be done about requests: send them, await or urge their answers."""
    told = []
    for each in content.requests:
        if each.state == "draft" and not each.masked:
            text = later("Send {number} to {bank} (mulegraph request sent {number}).")
        elif each.state == "sent":
            text = later("Await {bank}'s reply to {number}, due {day}.")
        elif each.state == "overdue":
            text = later("{bank}'s reply to {number} was due {day}: call them.")
        else:
            continue
        told.append(tr(text, number=each.number, bank=each.bank, day=str(each.reply_by)))
    return told


def sums(moved: Iterable[Mapping[str, Any]]) -> str:
    """Amounts added up by currency, as text."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    for each in moved:
        found[each["currency"]] += each["amount"]
    return " + ".join(f"{shown(amount)} {currency}" for currency, amount in sorted(found.items()))


def between(amounts: Mapping[str, Any]) -> str:
    """`5.00`, or `5.00–9.00` where the rules of tracing differ."""
    low, high = shown(amounts["minimum"]), shown(amounts["maximum"])
    return low if low == high else f"{low}–{high}"


def stories(content: CaseFile) -> list[dict[str, Any]]:
    """Findings, one a story, with the thresholds that the case's own run had."""
    rows = collapse_patterns(content.findings).to_dict("records")
    return [{**row, "thresholds": content.thresholds[row["sign"]]} for row in rows]


def named(accounts: Sequence[str]) -> str:
    """Accounts in a sentence; of many the first, and how many more."""
    listed = [shown(each) for each in accounts[:MAX_NAMED]]
    more = len(accounts) - len(listed)
    return ", ".join(listed) + (" " + tr("and {n} more", n=more) if more else "")


def title_of(sign: str, content: CaseFile) -> str:
    """A sign's code and what it is."""
    return f"{sign} · {word(content.signs[sign]['title'])}"


def _hundredths(share: float) -> str:
    hundredths = round(100 * share)
    return tr("about {n}", n=hundredths) if hundredths else tr("about none")
