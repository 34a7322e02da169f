"""Tables and rows that a workspace answers with: every column, and what it says of a person."""

from __future__ import annotations

import re

from mulegraph.schema import findings
from mulegraph.schema.choices import LISTS
from mulegraph.schema.disclosure import (
    ACCOUNT,
    AMOUNT,
    CURRENCY,
    DAY,
    DEVICE,
    FLAG,
    HIDDEN,
    HOLDER,
    MOMENT,
    NAME,
    NUMBER,
    OURS,
    TEXT,
    ByKey,
    Code,
    Each,
    Facts,
    Network,
    Prefixed,
    Record,
    Sentence,
    Vocabulary,
    Words,
    ledger_record,
    schema_record,
)
from mulegraph.schema.nodes import BANK, CASH, KINDS, PREFIX
from mulegraph.schema.nodes import DEVICE as DEVICE_NODE
from mulegraph.schema.nodes import HOLDER as HOLDER_NODE
from mulegraph.schema.tables import CASH_IN, CASH_OUT, CHANNELS

CASE = Code(re.compile(r"CASE-[0-9a-f]{8}|"))
CHAIN = Code(re.compile(r"CH-[0-9a-f]{12}"))
NETWORK_ID = Code(re.compile(r"LN-[0-9a-f]{12}|"))
FINDING_ID = Code(re.compile(r"[A-Z]\d{1,2}-[0-9a-f]{12}"))
SIGN = Code(re.compile(r"[A-Z]\d{1,2}"))
PATTERN = Code(re.compile(r"[A-Z]{2}-[0-9a-f]{12}"))
RUN = Code(re.compile(r"\d{8}T\d{6}(\.\d{6})?Z-[0-9a-f]{6}"))
DIGEST = Code(re.compile(r"[0-9a-f]{16,128}|"))
TRANSFER = TEXT
"""Ids of transfers stay open: a bank that is asked about one must know which."""
PHASE = Words(tuple(findings.Phase))
ROLE = Words((*findings.Role, "subject", "party", "reached", "joined", ""))
STATUS = Words(("open", "snoozed", "closed"))
DISPOSITION = Words(("confirmed", "innocent", "unclear"))
BENIGN_TEST = Vocabulary("benign test")
OUTCOME = Words(("passed", "failed"))
PARTS = ByKey(Code(re.compile(r"[A-Z]\d{1,2}|base|listed|other|traffic|neighbours")), NUMBER)
METHODS = ("fifo", "haircut", "poison", "libr")
METHOD = Words(METHODS)
CHANGE = Words(("new", "grown", "shrunk", "same", "merged", "split", "quiet"))

TRANSFERS = ledger_record("transfers")
CARD_EVENTS = ledger_record("card_events")
LISTINGS = ledger_record("listings").plus("lists", expired=FLAG)
HOLDERS = ledger_record("holders")
EVIDENCE = TRANSFERS.plus("evidence", signs=Each(SIGN))

CHAINS = Record(
    "chains",
    {
        "chain": CHAIN,
        "surprise": NUMBER,
        "expected_false_share": NUMBER,
        "network": NETWORK_ID,
        "transfers": Each(TRANSFER),
        "accounts": Each(ACCOUNT),
        "amount_in": AMOUNT,
        "amount_out": AMOUNT,
        "currency": CURRENCY,
        "currency_out": CURRENCY,
        "first_at": MOMENT,
        "last_at": MOMENT,
    },
)
FINDINGS = schema_record(
    findings.FINDINGS,
    finding=FINDING_ID,
    sign=SIGN,
    currency=CURRENCY,
    pattern=PATTERN,
).plus(
    "findings",
    reason=Sentence("reason"),
    facts=Facts(),
    benign=ByKey(BENIGN_TEST, OUTCOME),
    benign_why=ByKey(BENIGN_TEST, Sentence("benign")),
)
CASES = schema_record(
    findings.CASES,
    case=CASE,
    made_of=PARTS,
    amounts=ByKey(CURRENCY, AMOUNT),
    findings=Each(FINDING_ID),
    chains=Each(CHAIN),
    currency=CURRENCY,
).plus("cases", status=STATUS, assignee=TEXT, disposition=DISPOSITION, snoozed_until=DAY)
CASE_ACCOUNTS = Record("accounts of a case", {"account_id": ACCOUNT, "role": ROLE})
DEVICES = Record(
    "devices",
    {
        "cluster": DEVICE,
        "devices": NUMBER,
        "account_count": NUMBER,
        "holders": NUMBER,
        "addresses": NUMBER,
        "first_at": MOMENT,
        "last_at": MOMENT,
        "device_ids": Each(DEVICE),
        "accounts": Each(ACCOUNT),
    },
)
HUBS = Record(
    "hub devices",
    {
        "device_id": DEVICE,
        "accounts": NUMBER,
        "holders": NUMBER,
        "addresses": NUMBER,
        "uses": NUMBER,
        "first_at": MOMENT,
        "last_at": MOMENT,
    },
)
DEVICE_PAIRS = Record("shared devices", {"account_id": ACCOUNT, "device_id": DEVICE})
ACCOUNT_DEVICES = Record(
    "devices of an account",
    {"device_id": DEVICE, "uses": NUMBER, "first_at": MOMENT, "last_at": MOMENT, "accounts": NUMBER},
)
LINKS = Record(
    "links",
    {
        "flagged": ACCOUNT,
        "direction": Words(("to", "from")),
        "hops": NUMBER,
        "accounts": Each(ACCOUNT),
        "transfers": Each(TRANSFER),
        "amount": AMOUNT,
        "currency": CURRENCY,
        "first_at": MOMENT,
        "last_at": MOMENT,
    },
)
SCORES = schema_record(findings.SCORES, parts=PARTS)
ALERTS = schema_record(findings.ALERTS).plus("alerts", cases=Each(CASE))
NEIGHBOURS = Record(
    "neighbours",
    {"account": ACCOUNT, "direction": Words(("paid", "received")), "transfers": NUMBER, "amount": AMOUNT},
)
JOURNEY = Record(
    "journey", {"phase": PHASE, "seen": Words(("found", "not found", "blind")), "what": OURS, "barriers": OURS}
)
CHANGES = Record(
    "changes",
    {
        "case": CASE,
        "change": CHANGE,
        "accounts": Each(ACCOUNT),
        "joined": Each(ACCOUNT),
        "left": Each(ACCOUNT),
        "others": Each(CASE),
    },
)
ALARMS = Record(
    "alarms",
    {
        "sign": SIGN,
        "confirmed": NUMBER,
        "innocent": NUMBER,
        "unclear": NUMBER,
        "snoozed": NUMBER,
        "false_share": NUMBER,
    },
)
EXPLANATION = FINDINGS.plus(
    "explanation",
    title=OURS,
    meaning=OURS,
    innocent_when=OURS,
    source=OURS,
    thresholds=OURS,
    tests=Each(
        Record(
            "benign tests",
            {"test": BENIGN_TEST, "result": OUTCOME, "takes off": OURS, "why": Sentence("benign")},
        )
    ),
    transfers=TRANSFERS,
    card_events=CARD_EVENTS,
)

ENDS = (
    *("inside", "bank", "cash", "no account", "unbooked", "overdraft", "returned"),
    *("shop", "wages", "own sweep", "victim", "small", "late", "exchanged"),
)
"""Where a transfer's traced money leads to; the six before the last are why a trace stopped there."""

_BY_METHOD = {f"{method}_{part}": AMOUNT for method in METHODS for part in ("in", "out", "remaining", "amount")}
TRACED_ACCOUNTS = Record(
    "traced accounts",
    {
        "account": ACCOUNT,
        "bank": TEXT,
        "generation": NUMBER,
        "minimum": AMOUNT,
        "maximum": AMOUNT,
        "lowest": AMOUNT,
        "highest": AMOUNT,
        "balance_known": FLAG,
        "dead_end": FLAG,
        **_BY_METHOD,
    },
)
MONEY_NOW = Record(
    "money now",
    {
        "account": ACCOUNT,
        "amount": AMOUNT,
        "currency": CURRENCY,
        "since": MOMENT,
        "why": Words(("chain", "reports")),
        "chain": CHAIN,
    },
)
TRACED_STEPS = Record(
    "traced transfers",
    {
        "transfer": TRANSFER,
        "bank": TEXT,
        "end": Words(ENDS),
        "at": MOMENT,
        "generation": NUMBER,
        "source": ACCOUNT,
        "target": ACCOUNT,
        "channel": Words(CHANNELS),
        "place": TEXT,
        "whole": AMOUNT,
        "minimum": AMOUNT,
        "maximum": AMOUNT,
        **_BY_METHOD,
    },
)
TRACED_EXCHANGES = Record(
    "traced exchanges",
    {
        "transfer": TRANSFER,
        "at": MOMENT,
        "source": ACCOUNT,
        "target": ACCOUNT,
        "minimum": AMOUNT,
        "maximum": AMOUNT,
        "into": CURRENCY,
        "arrived_minimum": AMOUNT,
        "arrived_maximum": AMOUNT,
    },
)
TRACED_AGAIN = Record(
    "payments from beyond our sight",
    {
        "transfer": TRANSFER,
        "source": ACCOUNT,
        "payer_bank": TEXT,
        "target": ACCOUNT,
        "bank": TEXT,
        "at": MOMENT,
        "amount": AMOUNT,
        "most": AMOUNT,
    },
)
TRACED_SUMS = Record(
    "sums of a trace",
    {
        "method": METHOD,
        **dict.fromkeys(
            ("traced", "still_there", "cash", "left_our_sight", "returned", "stopped", "exchanged"), AMOUNT
        ),
    },
)
TRACED_BANKS = Record("banks of a trace", {"bank": TEXT, "minimum": AMOUNT, "maximum": AMOUNT})

CASH_ID = Words((CASH_IN, CASH_OUT))
PICTURED_FINDING = FINDINGS.only(
    *("finding", "sign", "score", "reason", "phase", "surprise", "facts", "subject_kind", "subject_id"),
    *("accounts", "evidence", "amount", "currency"),
).plus(
    "findings of a picture",
    title=OURS,
    thresholds=OURS,
    benign=Each(
        Record("benign tests", {"test": BENIGN_TEST, "result": OUTCOME, "why": Sentence("benign")}),
    ),
)
GRAPH = Network(
    node_ids={
        "account": ACCOUNT,
        CASH: CASH_ID,
        DEVICE_NODE: Prefixed(PREFIX[DEVICE_NODE], DEVICE),
        HOLDER_NODE: Prefixed(PREFIX[HOLDER_NODE], HOLDER),
        BANK: TEXT,
    },
    nodes=Record(
        "nodes",
        {
            "kind": Words(KINDS),
            "role": ROLE,
            "bank": TEXT,
            "own": FLAG,
            "holder": NAME,
            "holder_id": HOLDER,
            "lists": Each(Words(LISTS)),
            "score": NUMBER,
            "cases": Each(CASE),
            "opened_on": DAY,
            "generation": NUMBER,
            "minimum": AMOUNT,
            "maximum": AMOUNT,
            "roles": Each(Record("role in a case", {"role": ROLE, "case": CASE})),
        },
    ),
    edges=Record(
        "edges",
        {
            "kind": Words(("transfer", "used", "owns")),
            "amount": AMOUNT,
            "currency": CURRENCY,
            "at": MOMENT,
            "channel": Words(CHANNELS),
            "reference": HIDDEN,
            "carried": Each(AMOUNT),
        },
    ),
    graph=Record(
        "network",
        {
            "case": CASE,
            "score": NUMBER,
            "account": ACCOUNT,
            "payer": ACCOUNT,
            "payee": ACCOUNT,
            "hops": NUMBER,
            "ways": NUMBER,
            "accounts": Each(ACCOUNT),
            "currency": CURRENCY,
            "cut": NUMBER,
            "cut_why": OURS,
            "amount_name": OURS,
            "traced": Each(AMOUNT),
            "back": FLAG,
            "path": Each(ACCOUNT),
            "surprise": NUMBER,
            "chains": NUMBER,
            "zone": OURS,
            "tick_seconds": NUMBER,
            "least_nats": NUMBER,
            "findings": Each(PICTURED_FINDING),
            "findings_cut": NUMBER,
        },
    ),
)
