"""What a load has to say of files that loaded: counts of what may mean something else than it seems."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class About(StrEnum):
    """What a remark is about."""

    ENCODING = "encoding"
    TWICE = "times that the clock showed twice"
    NEVER = "times that the clock never showed"
    LEFT_OUT = "rows left out by the mapping"
    EMPTY_FILE = "no rows"
    EMPTY_COLUMN = "empty column"
    DATES = "unlikely dates"
    CHECK_DIGITS = "wrong check digits"
    SPELLING = "ids spelled in another way"
    REPORTS = "reports that count nowhere"
    TOTALS = "the file's own totals"
    WORKBOOK = "sheets and rows of a workbook"
    BALANCES = "balances after a line"
    SIGNS = "which way money went"
    SUMS = "rows that are sums of others"
    SELF = "transfers from an account to itself"
    FEES = "fees beside payments"
    NOT_BOOKED = "lines that are not booked"
    VERSIONS = "changed records"
    OWN_BANKS = "whose payments the ledger holds"
    ACCOUNTS_MADE = "accounts made of the ends of transfers"


@dataclass(frozen=True)
class Remark:
    """One thing to know of a table's files; `text` names no person, `rows` says how many rows it is about."""

    about: About
    table: str
    text: str
    rows: int = 0
    file: str = ""

    def __str__(self) -> str:
        return f"{self.file or self.table}: {self.text}"
