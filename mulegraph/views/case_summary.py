"""A case in plain words: what happened, who does what, how sure that is, why perhaps not, and what to do next."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from mulegraph.casework.case_file import CaseFile, TracedMoney
from mulegraph.casework.holds import HoldPlan
from mulegraph.journal.state import CLOSED, SNOOZED
from mulegraph.schema.findings import Role
from mulegraph.views.tables import case_money, collapse_patterns, made_of, shown

ROLES = (Role.VICTIM, Role.COLLECTOR, Role.RELAY, Role.CONSOLIDATOR, Role.CASH_OUT, Role.BENEFICIARY)
"""In the order of the money. A role is a place in chains, circles and bursts; it does not say what an account kept."""
MAX_NAMED = 6
Content = CaseFile


def summary(content: Content) -> list[tuple[str, str]]:
    """Paragraphs as (what it is about, text)."""
    return [
        ("What happened.", _happened(content)),
        *([("Which sum contains which.", sums_related(content))] if content.transfers else []),
        ("Who did what.", _who(content)),
        ("How sure.", _sure(content)),
        ("Why perhaps not.", _doubt(content)),
        ("Next step.", next_step(content)),
    ]


def _happened(content: Content) -> str:
    row, moved = content.row, content.transfers
    banks = sorted({str(each["bank"]) for each in content.accounts if each["bank"]})
    who = f"{_many(len(content.accounts), 'account')} at {_many(len(banks), 'bank')} ({', '.join(banks)})"
    when = f"from {shown(row['first_at'])} to {shown(row['last_at'])} UTC" if row["first_at"] else "at a time not known"
    linked = "are linked" if len(content.accounts) > 1 else "is named"
    told = [f"{who} {linked} by findings {when}."]
    if moved:
        told.append(f"{_many(len(moved), 'transfer')} of {sums(moved)} in all {_be(len(moved))} the evidence.")
    if row["amount"] is not None:
        told.append(
            f"{case_money(row)} entered {_many(len(content.chains), 'chain')} of "
            "accounts that passed it on within hours."
        )
    cash = [each for each in moved if each["target"] is None]
    if cash:
        told.append(f"{sums(cash)} was taken out in cash, the first on {shown(cash[0]['at'])}.")
    if content.devices:
        users = {account for each in content.devices for account in each["accounts"]}
        told.append(f"{_many(len(users), 'account')} are run from {_many(len(content.devices), 'shared device')}.")
    reports = content.reports
    if reports:
        told.append(
            f"{_many(len(reports), 'payment')} of it {'was' if len(reports) == 1 else 'were'} reported as "
            f"fraud, the first on {shown(reports[0]['reported_at'])} UTC."
        )
    else:
        told.append("The ledger holds no victim's report about it.")
    return " ".join(told)


def sums_related(content: Content) -> str:
    """The sums of evidence, chains, cash and trace, and which of them are parts of which."""
    moved = {each["transfer_id"]: each for each in content.transfers}
    first = {chain["transfers"][0] for chain in content.chains}
    entered = [moved[each] for each in sorted(first & moved.keys())]
    cash = [each for each in content.transfers if each["target"] is None]
    told = [f"The evidence, {sums(content.transfers)}, counts money again at every step that it takes."]
    parts = [f"what entered chains, their first payments ({sums(entered)})"] if entered else []
    parts += [f"what was taken out in cash ({sums(cash)})"] if cash else []
    if parts:
        same = "; both may be the same money, so they are not added up" if len(parts) > 1 else ""
        told.append(f"It contains {' and '.join(parts)}{same}.")
    if first - moved.keys():
        told.append(f"{_many(len(first - moved.keys()), 'first payment')} of chains are not in it.")
    if content.trace is not None:
        told.append(_traced(content.trace, first, moved))
    return " ".join(told)


def _traced(trace: TracedMoney, first: set[str], moved: Mapping[str, Mapping[str, Any]]) -> str:
    """What the trace follows, beside what entered chains and beside the evidence."""
    chosen = set(trace.chosen)
    if chosen == first:
        which = "just what entered chains"
    elif chosen & first:
        which = f"{len(chosen & first)} of them are among what entered chains"
    else:
        which = "none of it is among what entered chains" if first else "no chain was found"
    outside = len(chosen - moved.keys())
    of = f", and {outside} of them are not in the evidence" if outside else ", and all of it is in the evidence"
    return (
        f"The trace follows {shown(trace.traced)} {trace.currency} of {_many(len(chosen), 'payment')}: {which}{of}. "
        "What it finds in cash, on accounts and out of sight are parts of this sum only."
    )


def _who(content: Content) -> str:
    by_role: dict[str, list[str]] = defaultdict(list)
    for each in content.accounts:
        by_role[each["role"]].append(each["account_id"])
    told = [f"{_many(len(by_role[role]), role)} ({named(by_role[role])})" for role in ROLES if by_role[role]]
    told = [f"By their place in its chains, circles and bursts: {', '.join(told)}."] if told else []
    if by_role["named"]:
        told.append(
            f"{_many(len(by_role['named']), 'account')} {_be(len(by_role['named']))} named "
            "beside them, without such a place."
        )
    return " ".join(told) or "No account of it has a part that the money shows."


def _sure(content: Content) -> str:
    row = content.row
    told = [
        f"Score {row['score']:.2f}, which is the probability that it is a mule network: of a hundred cases with this "
        f"score about {_hundredths(1 - row['score'])} are expected to be false alarms (fitted on simulated ledgers). "
        f"It is made of {made_of(row['made_of'])}."
    ]
    if content.chains:
        best = max(content.chains, key=lambda chain: chain["surprise"])
        told.append(
            f"Its most surprising chain has {best['surprise']:.1f} nats; of chains in this ledger that reach "
            f"so many {best['expected_false_share']:.1%} are expected to be coincidence."
        )
    return " ".join(told)


def _doubt(content: Content) -> str:
    fits: dict[str, int] = defaultdict(int)
    findings = stories(content)
    for story in findings:
        for name, result in story["benign"].items():
            fits[name] += result == "passed"
    fitting = [f"{name.replace('_', ' ')} ({count})" for name, count in sorted(fits.items()) if count]
    told = [
        f"Innocent explanations that fit some of its {len(findings)} findings: {', '.join(fitting)}; they "
        "have lowered the score."
        if fitting
        else f"None of the innocent explanations that were tried fits any of its {len(findings)} findings."
    ]
    lacking = content.not_testable
    if lacking:
        needs = sorted({need for each in lacking.values() for need in each})
        told.append(
            f"{_many(len(lacking), 'sign')} could not be tested, because these tables are missing: {', '.join(needs)}."
        )
    blind = [each["phase"].replace("_", " ") for each in content.journey if each["seen"] == "blind"]
    told.append(
        f"Bank data cannot show how victims were reached (phase {', '.join(blind)}). A score says how sure the "
        "signs are, not that anybody is guilty."
    )
    return " ".join(told)


def next_step(content: Content) -> str:
    """What is to be done next, from what people did so far and what the trace still sees."""
    state, trace = content.state, content.trace
    if state["status"] == CLOSED:
        return f"The case is closed as {state['disposition']}; no action is open unless it is reopened."
    told = [f"The case is snoozed until {state['snoozed_until']}."] if state["status"] == SNOOZED else []
    if state["assignee"] is None:
        told.append(f"Assign it (mulegraph case assign {content.case} WHO).")
    told += _awaited(content)
    done = {each.bank for each in content.requests} | {content.sender}
    banks = [each for each in (trace.banks if trace else []) if each["maximum"] > 0 and each["bank"] not in done]
    if trace and banks:
        most = ", ".join(f"{each['bank']} ({between(each)} {trace.currency})" for each in banks[:3])
        # `request` finds nothing to ask of a bank that only mixed payments reached, or where next to nothing stopped.
        first = next((each["bank"] for each in banks if each["bank"] in content.askable), None)
        ask = f"ask {first} (mulegraph request {content.case} --to {first})" if first else "no request can ask for it"
        told.append(f"Money is probably still there at {most}: {ask}.")
    if content.holding is not None:
        told.append(hold_sentence(content.holding))
        inside = {each["account_id"] for each in content.accounts}
        reached = " (reached by the trace, not of the case)"
        first = [each.account + ("" if each.account in inside else reached) for each in content.holding.holds]
        if first:
            told.append(f"Call about {named(first)}.")
    if not trace:
        strongest = max(content.accounts, key=lambda each: (each["score"], each["account_id"]))["account_id"]
        told.append(
            "It has no chain and no reported payment to trace; look at the account with the highest score "
            f"(mulegraph account {strongest})."
        )
    return " ".join(told)


def hold_sentence(plan: HoldPlan) -> str:
    """What was asked for and what holds reach, both in the first line that anybody reads."""
    kept = (plan.kept_least, plan.kept_most)
    low, high = (f"{float(each / plan.stolen):.0%}" if plan.stolen else "0%" for each in kept)
    reached = low if low == high else f"{low} to {high}"
    amounts = between({"minimum": plan.kept_least, "maximum": plan.kept_most})
    return (
        f"Asked for {plan.asked:.0%} of {shown(plan.stolen)} {plan.currency} stolen; holds at {plan.at} UTC keep"
        f" {reached} ({amounts}): {plan.says}."
    )


def _awaited(content: Content) -> list[str]:
    """What is to be done about requests: send them, await or urge their answers."""
    told = []
    for each in content.requests:
        if each.state == "draft" and not each.masked:
            told.append(f"Send {each.number} to {each.bank} (mulegraph request sent {each.number}).")
        elif each.state == "sent":
            told.append(f"Await {each.bank}'s reply to {each.number}, due {each.reply_by}.")
        elif each.state == "overdue":
            told.append(f"{each.bank}'s reply to {each.number} was due {each.reply_by}: call them.")
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
    return ", ".join(listed) + (f" and {more} more" if more else "")


def title_of(sign: str, content: CaseFile) -> str:
    """A sign's code and what it is."""
    return f"{sign} · {content.signs[sign]['title']}"


def _hundredths(share: float) -> str:
    hundredths = round(100 * share)
    return str(hundredths) if hundredths else "none"


def _many(count: int, what: str) -> str:
    plural = what[:-1] + "ies" if what.endswith("ry") else what + "s"  # beneficiaries, and relays
    return f"{count:,} {what if count == 1 else plural}"


def _be(count: int) -> str:
    return "is" if count == 1 else "are"
