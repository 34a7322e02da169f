"""What a good value looks like, by the rule that a bad one breaks."""

from __future__ import annotations

from functools import cache

from mulegraph.ingest.rules import Rule
from mulegraph.schema.tables import AMOUNT_MINOR_LIMIT, Column, expectation


@cache
def what_was_expected(rule: Rule, column: Column) -> str:
    """The right-hand side of a reject: what a good value looks like."""
    special = {
        Rule.UNDECODABLE: "text in UTF-8 without NUL bytes",
        Rule.TOO_LONG: f"at most {column.limit} characters",
        Rule.NO_ZONE: "a zone in the value, or --zone",
        Rule.BAD_AMOUNT: f"{expectation(column)}; grouping marks and a decimal comma are said in the mapping",
        Rule.AMBIGUOUS_TIME: "a time that fits one format: day and month, or month and day",
        Rule.SCIENTIFIC: "all digits: a spreadsheet has rounded this number, so export it again as text",
        Rule.TOO_PRECISE: "no more decimals than the currency's smallest coin; if the mark groups thousands, say so"
        " in the mapping (grouping)",
        Rule.FAR_YEAR: "a year from 1970 on (a day: 1800) to 2199, of the common era: Thailand's is 543 more; look at"
        " the time format",
        Rule.BOTH_WAYS: "an amount in one of the two columns, and nothing or 0 in the other",
        Rule.NEITHER_WAY: "an amount in one of the two columns",
        Rule.NEGATIVE_DEBIT: "debits without a minus; if all debits carry one, say debits_are_negative = true in the"
        " mapping's direction",
        Rule.TOO_LARGE: f"fewer than {AMOUNT_MINOR_LIMIT:,} of the currency's smallest unit",
        Rule.WRONG_CURRENCY: "the currency of the accounts it names",
        Rule.UNKNOWN_ACCOUNT: "an account_id that stands in accounts; a transfer may name an IBAN, too",
        Rule.NO_PARTY: "an account in source, target or both",
        Rule.DUPLICATE: "a key that stands once",
        Rule.CONFLICT: "the same content as in the ledger, or a new key",
        Rule.TOO_MANY_COLUMNS: "as many values as the header has",
        Rule.TOO_FEW_COLUMNS: "as many values as the header has",
    }
    return special.get(rule, expectation(column))
