"""Words that both the schema and options name, apart from the schema so that options load no Arrow."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

SUBJECT_KINDS = ("account", "holder", "device", "merchant")
KNOWN_GOOD = "known_good"
LISTS = ("suspicion", "for_sale", "authority_warning", KNOWN_GOOD)
LANGUAGES = ("en", "vi", "nl")
"""Languages of sentences; English first."""
ACCOUNT_DISPOSITIONS = ("guilty", "innocent", "victim")
"""How one account of a case is decided."""
REPLY_KINDS = ("pacs.004", "camt.029", "telephone")
KEY_VARIABLE = "MULEGRAPH_LIST_KEY"
"""Environment variable with the key that banks share for pseudonymous lists."""


class Engine(StrEnum):
    """What runs the ledger's Ibis expressions."""

    DUCKDB = "duckdb"
    SPARK = "spark"


ENGINE_MEMORY = "3GB"
"""What DuckDB holds in a scan before it spills to disk, where nothing else is said."""


@dataclass(frozen=True)
class EngineChoice:
    """What runs a ledger's Ibis expressions: DuckDB within `memory`, or Spark on `master`.

    `master` is a URL as Spark has them; None is the session of this process, the one of Spark's own settings, or this
    machine. Of ledgers of `match_from` transfers and more, Spark's workers match the flow, too; fewer are matched by
    the driver in less time than a job of Spark takes to begin.
    """

    kind: Engine = Engine.DUCKDB
    memory: str = ENGINE_MEMORY
    master: str | None = None
    match_from: int = 1_000_000


DUCKDB = EngineChoice()


class RequestKind(StrEnum):
    """What a support request asks for; casework/claims.py says what each is."""

    RECALL = "recall"
    PART = "part"
    HOLD = "hold"


class MessageForm(StrEnum):
    """How a request's message is written: ISO 20022 XML, or the plain text of an MT message."""

    XML = "xml"
    MT = "mt"


CASH_CHANNELS = ("atm", "branch", "cash")
"""Channels by which money without another account is cash; a card payment in a shop is none."""
