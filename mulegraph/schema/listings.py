"""Listings that people read, in commands, in the terminal and in notebooks: each column with its header, once.

A listing is the columns that it shows, in order. Columns stand here by what they hold: two listings whose rows call
different things `amount` name two columns. Help and completion load this module, so it needs no library.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """A field of a row, and what stands above it; times are in UTC."""

    name: str
    header: str


Listing = Mapping[str, str]
"""Headers by the name of their column, in the order in which they stand."""


def listing(*columns: Column) -> Listing:
    """The listing of these columns."""
    return {each.name: each.header for each in columns}


def same(*names: str) -> Listing:
    """A listing whose headers are the names of its columns."""
    return listing(*(Column(name, name) for name in names))


ABOUT = Column("about", "about")
ACCOUNT = Column("account", "account")
ACCOUNTS = Column("accounts", "accounts")
ACCOUNT_ID = Column("account_id", "account")
AMOUNT = Column("amount", "amount")
RULE = Column("method", "rule")
CASH, BACK = Column("cash", "cash"), Column("returned", "back")
STOPPED = Column("stopped", "stopped")
EXCHANGED = Column("exchanged", "exchanged")
AT = Column("at", "at (UTC)")
AT_LEAST = Column("minimum", "at least")
AT_MOST = Column("maximum", "at most")
AT_MOST_KEPT = Column("kept_most", "at most")
BANK = Column("bank", "bank")
CASE = Column("case", "case")
CHANNEL = Column("channel", "channel")
CURRENCY_BESIDE = Column("currency", "")
"""Right of an amount, which says what the column is."""
DEVICE = Column("device_id", "device")
DIRECTION = Column("direction", "direction")
FACTS = Column("facts", "facts")
FINDING = Column("finding", "finding")
FIRST_AT = Column("first_at", "from (UTC)")
GENERATION = Column("generation", "gen")
HOLDERS = Column("holders", "holders")
LAST_AT = Column("last_at", "last (UTC)")
MADE_OF = Column("made_of", "made of")
MONEY_IN = Column("amount_in", "in")
MONEY_OUT = Column("amount_out", "out")
NATS = Column("surprise", "nats")
ON_DEVICE = Column("accounts", "accounts on it")
PAID_BY = Column("source", "from")
PAID_TO = Column("target", "to")
REASON = Column("reason", "why")
ROLE = Column("role", "role")
SCORE = Column("score", "score")
IN_CASES = Column("cases", "cases")
SIGN = Column("sign", "sign")
SIGNS = Column("signs", "signs")
SIZE = Column("size", "accounts")
STATE = Column("state", "state")
STILL_THERE = Column("minimum", "still there")
TRANSFER = Column("transfer_id", "transfer")
TRANSFERS = Column("transfers", "transfers")
UNTIL = Column("last_at", "to")
USES = Column("uses", "uses")
WHAT = Column("what", "what")
WHO = Column("who", "who")

CASES = listing(CASE, SCORE, SIZE, AMOUNT, LAST_AT, SIGNS, STATE)
CASES_TO_BROWSE = listing(CASE, SCORE, SIZE, AMOUNT, LAST_AT, STATE, SIGNS)
"""The last column is cut where the terminal is narrow, and the state must not be."""
CASE_ACCOUNTS = listing(ACCOUNT_ID, ROLE, SCORE, MADE_OF)
CHANGES = listing(
    CASE,
    Column("change", "change"),
    SIZE,
    Column("joined", "joined"),
    Column("left", "left"),
    Column("others", "with"),
)
JOURNEY = listing(
    Column("phase", "phase"),
    Column("seen", "seen here"),
    Column("barriers", "who could raise which barrier"),
)
ALARMS = listing(
    SIGN,
    Column("confirmed", "confirmed"),
    Column("innocent", "innocent"),
    Column("unclear", "unclear"),
    Column("snoozed", "snoozed"),
    Column("false_share", "false"),
)
HOLDS = listing(
    ACCOUNT,
    Column("way", "hold"),
    STILL_THERE,
    AT_MOST,
    Column("on_its_way", "may come"),
    Column("dwell", "dwell"),
    Column("innocent_payments", "innocent"),
    Column("innocent_amount", "sum"),
    Column("account_days", "days"),
)
NOT_HELD = listing(ACCOUNT, BANK, STILL_THERE, AT_MOST, Column("why", "why no hold"), Column("instead", "instead"))
HOLD_SUMS = listing(
    RULE,
    Column("traced", "stolen"),
    Column("kept", "held"),
    Column("not_held", "not held"),
    CASH,
    Column("left_our_sight", "unseen"),
    BACK,
    STOPPED,
)
HOLD_SUMS_EXCHANGED = listing(EXCHANGED)
HOLDER_ACCOUNTS = listing(ACCOUNT, BANK, Column("ours", "ours"), Column("joint", "joint with"), SCORE, IN_CASES)
HOLDER_MONEY = listing(CASE, ACCOUNT, STILL_THERE, AT_MOST, CURRENCY_BESIDE)
HOLDER_DEVICES = listing(Column("device", "device"), ACCOUNTS, Column("others", "of others"))
HELD = listing(
    CASE,
    ACCOUNT,
    STATE,
    WHO,
    Column("until", "until"),
    AMOUNT,
    CURRENCY_BESIDE,
    Column("lifted_by", "lifted by"),
    Column("released_to", "released to"),
)
CLOCK = listing(
    AT,
    Column("after", "after"),
    Column("kept_least", "keeps at least"),
    AT_MOST_KEPT,
    Column("share", "share"),
)
IN_CURRENCY = listing(CURRENCY_BESIDE)
REQUESTS = listing(
    Column("number", "request"),
    CASE,
    Column("kind", "kind"),
    Column("bank", "to"),
    STATE,
    Column("reply_by", "due"),
    Column("asked", "asks"),
    BACK,
)

FINDINGS = listing(FINDING, SCORE, ABOUT, REASON)
FINDINGS_TO_BROWSE = listing(SCORE, SIGN, ABOUT, REASON)
FINDINGS_WITH_BENIGN = listing(FINDING, SCORE, ABOUT, REASON, Column("innocent", "innocent?"))
NEAR_FLAGGED = listing(Column("subject_id", "account"), NATS, REASON)
BENIGN_TESTS = listing(
    Column("test", "benign test"),
    Column("result", "result"),
    Column("takes off", "takes off"),
    Column("why", "why"),
)
SIGN_CATALOGUE = listing(
    Column("code", "sign"),
    Column("title", "what it is"),
    Column("innocent_when", "innocent when"),
)

CHAINS = listing(NATS, Column("expected_false_share", "false"), MONEY_IN, MONEY_OUT, FIRST_AT, UNTIL, ACCOUNTS)
CHAINS_IN_SHORT = listing(Column("chain", "chain"), NATS, MONEY_IN, MONEY_OUT, ACCOUNTS)
PATHS = listing(
    Column("hops", "hops"),
    DIRECTION,
    Column("amount", "least"),
    FIRST_AT,
    UNTIL,
    Column("accounts", "path"),
)

RANKING = listing(ACCOUNT, SCORE, MADE_OF)
ALERTS = listing(ACCOUNT, SCORE, Column("night", "night"), IN_CASES)
EVIDENCE = listing(TRANSFER, AT, PAID_BY, PAID_TO, AMOUNT, SIGNS)
FINDING_TRANSFERS = listing(TRANSFER, AT, PAID_BY, PAID_TO, AMOUNT, CHANNEL)
TRANSFERS_TO_BROWSE = listing(AT, AMOUNT, CURRENCY_BESIDE, PAID_BY, PAID_TO, TRANSFER, CHANNEL)
CARD_EVENTS = listing(
    Column("event_id", "event"),
    AT,
    AMOUNT,
    Column("place", "place"),
    Column("outcome", "outcome"),
)
NEIGHBOURS = listing(Column("account", "deals with"), DIRECTION, TRANSFERS, AMOUNT)
DEVICES = listing(DEVICE, USES, LAST_AT, ON_DEVICE)
DEVICE_CLUSTERS = listing(
    HOLDERS,
    Column("addresses", "addresses"),
    Column("devices", "devices"),
    Column("device_ids", "device ids"),
    ACCOUNTS,
)
HUBS = listing(Column("device_id", "device id"), HOLDERS, ACCOUNTS, USES, Column("last_at", "last used"))

TRACED = listing(
    GENERATION,
    ACCOUNT,
    BANK,
    Column("in", "came in"),
    Column("there", "still there"),
    Column("between", "whatever it held before"),
)
TRACED_TRANSFER = Column("transfer", "transfer")
TRACED_TRANSFERS = listing(
    AT,
    TRACED_TRANSFER,
    PAID_BY,
    PAID_TO,
    Column("leads_to", "leads to"),
)
TRACED_BACK = listing(GENERATION, ACCOUNT, BANK, Column("in", "paid on"), Column("there", "its own"))
TRACED_IN_SHORT = listing(GENERATION, ACCOUNT, BANK, Column("minimum", "still there, at least"), AT_MOST)
AT_MOST_OF_IT = Column("most", "at most of it")
TRACED_ENDS = listing(Column("whom", "whom to ask"), TRANSFERS, AMOUNT, LAST_AT)
TRACED_AGAIN = listing(AT, TRACED_TRANSFER, PAID_BY, PAID_TO, AMOUNT, AT_MOST_OF_IT)
TRACED_BANKS = listing(BANK, AT_LEAST, AT_MOST)
TRACED_EXCHANGES = listing(AT, TRACED_TRANSFER, PAID_BY, PAID_TO, AMOUNT, Column("came", "came of it"))
TRACED_EXCHANGED_SUM = listing(EXCHANGED)
TRACED_RULE = (RULE, Column("traced", "traced ="))
TRACED_PARTS = (CASH, BACK, STOPPED)
TRACED_SUMS = listing(
    *TRACED_RULE, Column("still_there", "still there +"), Column("left_our_sight", "left our sight +"), *TRACED_PARTS
)
TRACED_BACK_SUMS = listing(
    *TRACED_RULE, Column("still_there", "their own +"), Column("left_our_sight", "from beyond +"), *TRACED_PARTS
)

JOURNAL = listing(Column("number", "no"), AT, WHO, WHAT, ABOUT, FACTS)
CASE_JOURNAL = listing(AT, WHO, WHAT, FACTS)
LISTS = listing(
    Column("subject_kind", "kind"),
    Column("subject_id", "subject"),
    Column("list", "list"),
    Column("source", "source"),
    Column("expires_at", "expires"),
)
LISTS_TAKEN = same("read", "taken", "known", "expired", "unmatched", "conflicts", "rejected")
GRAPH_COUNTS = listing(WHAT, Column("number", "number"))
GRAPH_LOAD = same("graph", "new", "changed", "vanished", "deleted")
