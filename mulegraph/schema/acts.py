"""What people do with cases and lists, as the journal keeps it: each act's facts, and what they say of a person."""

from __future__ import annotations

from mulegraph.schema.choices import ACCOUNT_DISPOSITIONS, LISTS, REPLY_KINDS, RequestKind
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
    NUMBER,
    OURS,
    SUBJECT_KIND,
    TEXT,
    ByKey,
    Chosen,
    Each,
    Record,
    Words,
    ledger_record,
)
from mulegraph.schema.results import CASE, CHAIN, DIGEST, DISPOSITION, FINDING_ID, RUN, SIGN, STATUS, TRANSFER
from mulegraph.schema.tables import TABLES

PAGE_KEPT = "page kept"
SERVED, LOOKED = "served", "looked"
PAGES = ("cases", "case", "report", "run", "subject", "expand", "trace", "back", "path")
"""What is looked at through a server."""
_ANSWER = Record(
    "answers",
    {
        "transfer": TRANSFER,
        "answer": TEXT,
        "amount": AMOUNT,
        "currency": CURRENCY,
        "reason": HIDDEN,
        "request": OURS,
    },
)
_ASKED = Record("lines", {"transfer": TRANSFER, "asked": AMOUNT, "traced_most": AMOUNT, "victim": ACCOUNT})
_NOTE = Record("note", {"account": ACCOUNT, "device": DEVICE, "holder": HOLDER, "transfer": TRANSFER, "text": HIDDEN})
_BY_SIGN = ByKey(SIGN, Each(FINDING_ID))
_WATCHED = Record(
    "watched",
    {"payments": Each(TRANSFER), "accounts": Each(ACCOUNT), "transfers": Each(TRANSFER), "rows": NUMBER},
)
_LISTED = TABLES["listings"].column_names
_ACT = {
    "revealed": Record("revealed", {"reason": HIDDEN}),
    SERVED: Record(SERVED, {"port": NUMBER, "revealed": FLAG}),
    LOOKED: Record(
        LOOKED, {"page": Words(PAGES), "case": CASE, "account": ACCOUNT, "other": ACCOUNT, "transfer": TRANSFER}
    ),
    "noted": Record("noted", {"text": HIDDEN}),
    PAGE_KEPT: Record(
        PAGE_KEPT,
        {
            "file": DIGEST,
            "notes": Each(_NOTE),
            "marked": Each(TRANSFER),
        },
    ),
    "assigned": Record("assigned", {"to": TEXT}),
    "closed": Record(
        "closed",
        {
            "disposition": DISPOSITION,
            "reason": HIDDEN,
            "findings": _BY_SIGN,
            "proposed_by": TEXT,
            "watched": _WATCHED,
        },
    ),
    "reopened": Record("reopened", {"reason": HIDDEN, "findings": _BY_SIGN}),
    "snoozed": Record("snoozed", {"until": DAY, "reason": HIDDEN, "findings": _BY_SIGN, "watched": _WATCHED}),
    "requested": Record(
        "requested",
        {
            "number": OURS,
            "kind": Words(tuple(RequestKind)),
            "sender": TEXT,
            "bank": TEXT,
            "reply_by": DAY,
            "rule": OURS,
            "draft": FLAG,
            "currency": CURRENCY,
            "stolen": AMOUNT,
            "transfers": Each(TRANSFER),
            "lines": Each(_ASKED),
            "held": Each(Record("held", {"account": ACCOUNT, "most": AMOUNT})),
            "files": ByKey(OURS, DIGEST),
        },
    ),
    "opened": Record("opened", {"payments": Each(TRANSFER), "report": TEXT, "account": ACCOUNT, "split_from": CASE}),
    "added": Record("added", {"accounts": Each(ACCOUNT), "payments": Each(TRANSFER), "reason": HIDDEN}),
    "removed": Record("removed", {"accounts": Each(ACCOUNT), "reason": HIDDEN}),
    "merged": Record("merged", {"into": CASE, "reason": HIDDEN}),
    "split": Record("split", {"payments": Each(TRANSFER), "into": CASE, "reason": HIDDEN}),
    "woken": Record(
        "woken", {"findings": _BY_SIGN, "run": RUN, "left": ByKey(CURRENCY, AMOUNT), "payments": Each(TRANSFER)}
    ),
    "disposed": Record("disposed", {"account": ACCOUNT, "disposition": Words(ACCOUNT_DISPOSITIONS), "reason": HIDDEN}),
    "held": Record("held", {"account": ACCOUNT, "until": DAY, "reason": HIDDEN, "proposed_by": TEXT, "amount": AMOUNT}),
    "lifted": Record("lifted", {"account": ACCOUNT, "reason": HIDDEN, "released_to": HIDDEN}),
    "proposed": Record(
        "proposed",
        {
            "act": Words(("hold", "close", "reveal")),
            "account": ACCOUNT,
            "until": DAY,
            "amount": AMOUNT,
            "disposition": DISPOSITION,
            "with_open_requests": FLAG,
            "reason": HIDDEN,
        },
    ),
    "confirmed": Record("confirmed", {"proposal": NUMBER}),
    "sent": Record("sent", {"number": OURS}),
    "withdrawn": Record("withdrawn", {"number": OURS, "reason": HIDDEN}),
    "replied": Record(
        "replied",
        {
            "kind": Words(REPLY_KINDS),
            "message": TEXT,
            "sender": TEXT,
            "answers": Each(_ANSWER),
        },
    ),
    "model used": Record("model used", {"model": DIGEST, "guilty": NUMBER, "innocent": NUMBER}),
    "model forgotten": Record("model forgotten", {"model": DIGEST}),
    "load forgotten": Record("load forgotten", {"load": OURS, "rows": ByKey(OURS, NUMBER)}),
    "watched": Record(
        "watched",
        {
            "batch": NUMBER,
            "ledger": DIGEST,
            "findings": _BY_SIGN,
            "chains": Each(CHAIN),
            "withdrawn": Each(OURS),
            "refused": NUMBER,
        },
    ),
    "list imported": Record(
        "list imported",
        {
            "file": HIDDEN,
            **dict.fromkeys(("read", "taken", "known", "expired", "unmatched", "conflicts", "rejected"), NUMBER),
        },
    ),
    "list exported": Record("list exported", {"entries": NUMBER, "pseudonymous": FLAG, "list": Words(LISTS)}),
    "list entry removed": Record(
        "list entry removed",
        {"subject_kind": SUBJECT_KIND, "list": Words(LISTS), "source": TEXT, "reason": HIDDEN},
    ),
    "list conflict": Record(
        "list conflict",
        {
            **ledger_record("listings").only("subject_kind", "subject_id", "list", "source").fields,
            "file": HIDDEN,
            "said": Record("said", dict.fromkeys(_LISTED, HIDDEN)),
        },
    ),
}
"""Facts of a journal's entry, by what was done. A command is hidden: whoever typed it may have named anybody."""
ACTS = {what: Record(what, {"command": HIDDEN, **record.fields}, lenient=True) for what, record in _ACT.items()}
JOURNAL = Record(
    "journal",
    {
        "number": NUMBER,
        "at": MOMENT,
        "who": TEXT,
        "what": Words(tuple(ACTS)),
        "about": Chosen("what", {what: ACCOUNT if what == "list entry removed" else CASE for what in ACTS}),
        "facts": Chosen("what", ACTS),
        "before": DIGEST,
        "hash": DIGEST,
    },
)
_SAID = {"at": MOMENT, "who": TEXT}
CASE_STATE = Record(
    "state of a case",
    {
        "status": STATUS,
        "assignee": TEXT,
        "disposition": DISPOSITION,
        "snoozed_until": DAY,
        "notes": Each(Record("notes", {**_SAID, **_ACT["noted"].fields}, lenient=True)),
        "requests": Each(Record("requests", {**_SAID, **_ACT["requested"].fields}, lenient=True)),
        "replies": Each(Record("replies", {**_SAID, **_ACT["replied"].fields}, lenient=True)),
        "opened_with": Each(TRANSFER),
        "known_findings": Each(FINDING_ID),
        "watched": _WATCHED,
        "added": Each(ACCOUNT),
        "removed": Each(ACCOUNT),
        "left_out": Each(TRANSFER),
        "merged_into": CASE,
        "woken": Each(Record("woken", {**_SAID, **_ACT["woken"].fields}, lenient=True)),
        "disposed": ByKey(ACCOUNT, Words(ACCOUNT_DISPOSITIONS)),
    },
)
PROPOSAL = Record("proposal", {"who": TEXT, "about": CASE, **_ACT["proposed"].fields, "reason": TEXT}, lenient=True)
"""A proposal as who may confirm it reads it: with the reason, since nobody can answer for what he does not know."""
ENTRY = JOURNAL
"""What an act gives back: the entry that it made."""
