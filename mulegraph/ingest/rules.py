"""The rules that a row must keep, each as one SQL condition that is true when the row breaks it.

`parsed_sql` turns text into typed columns; `checks` lists, in order, what may be wrong with them. The first
broken check names the row's reject: column, value, rule.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from mulegraph.ingest.mapping import TableMapping
from mulegraph.schema.tables import AMOUNT_MINOR_LIMIT, AMOUNT_PLACES, Column, Kind, Table, expectation


class Rule(StrEnum):
    """Why a row was not taken into the ledger."""

    TOO_MANY_COLUMNS = "too many columns"
    TOO_FEW_COLUMNS = "too few columns"
    UNDECODABLE = "undecodable text"
    MISSING = "missing value"
    TOO_LONG = "text too long"
    NOT_IN_LIST = "not in the list of values"
    BAD_TIME = "not a time"
    NO_ZONE = "time without a zone"
    BAD_DATE = "not a date"
    BAD_AMOUNT = "not an amount"
    NOT_POSITIVE = "not above zero"
    TOO_PRECISE = "more decimals than the currency has"
    TOO_LARGE = "amount too large"
    BAD_FRACTION = "not between 0 and 1"
    UNKNOWN_CURRENCY = "unknown currency"
    WRONG_CURRENCY = "not the account's currency"
    UNKNOWN_ACCOUNT = "unknown account"
    NO_PARTY = "neither source nor target"
    DUPLICATE = "duplicate key"
    CONFLICT = "key is in the ledger with other content"


@dataclass(frozen=True)
class Check:
    """`broken` is SQL over the parsed columns; `column` is where the blame goes."""

    rule: Rule
    column: str
    broken: str


_CLOCK = r"[T ]\d{1,2}:\d\d(:\d\d([.]\d{1,9})?)?"
_OFFSET = r"[+-]\d\d(:?\d\d)?"
DATE_SHAPE = rf"\d{{4}}-\d\d-\d\d({_CLOCK}(Z|{_OFFSET})?)?"
"""What a date or a time may look like when the mapping gives no format of its own."""

_HOURS = ("%H", "%-H", "%I", "%-I", "%X", "%c")
_WITH_ZONE = ("%z", "%Z")


def quoted(name: str) -> str:
    """A column name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def text_in_sql(text: str) -> str:
    """A text as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def currency_of(table: Table) -> str:
    """The parsed column that says which currency a row's amounts are in, or '' where nothing does."""
    if any(column.kind is Kind.CURRENCY for column in table.columns):
        return "currency__typed"
    references = [column for column in table.columns if column.references]
    return f"{references[0].name}__currency" if references else ""


def parsed_sql(table: Table, *, zone: str, mapping: TableMapping) -> list[str]:
    """Select items that add `NAME__typed` for each column that is not plain text."""
    return [f"{sql} AS {column.name}__typed" for column in table.columns if (sql := _typed_sql(column, zone, mapping))]


def _typed_sql(column: Column, zone: str, mapping: TableMapping) -> str:
    name = quoted(column.name)
    match column.kind:
        case Kind.TIME:
            return _formatted_time(name, zone, mapping.time_format) or _time(name, zone)
        case Kind.DATE if mapping.date_format:
            return f"CAST(try_strptime({name}, {text_in_sql(mapping.date_format)}) AS DATE)"
        case Kind.DATE:
            return f"try_cast(left({name}, 10) AS DATE)"
        case Kind.AMOUNT:
            return f"try_cast({_plain_amount(name, mapping.decimal)} AS DECIMAL(18,{AMOUNT_PLACES}))"
        case Kind.FRACTION:
            return f"try_cast({name} AS DOUBLE)"
        case Kind.CURRENCY:
            return f"upper({name})"
        case Kind.CHOICE:
            return f"CASE WHEN {name} IN ({_listed(column)}) THEN {name} ELSE lower(trim({name})) END"
    return ""


def _listed(column: Column) -> str:
    return ", ".join(text_in_sql(choice) for choice in column.choices)


def _plain_amount(name: str, decimal: str) -> str:
    return name if decimal == "." else f"replace(replace({name}, '.', ''), {text_in_sql(decimal)}, '.')"


def _is_naive(name: str) -> str:
    return f"({_is_clock(name)} AND NOT {_has_offset(name)})"


def _is_clock(name: str) -> str:
    return f"length({name}) > 10 AND NOT ends_with({name}, 'Z')"


def _has_offset(name: str) -> str:
    return f"regexp_matches({name}, '{_OFFSET}$')"


def _time(name: str, zone: str) -> str:
    """SQL for a UTC timestamp. Text with an offset is an instant; a bare date stays that date."""
    text = f"try_cast({name} AS TIMESTAMP)"
    instant = f"timezone('UTC', try_cast({name} AS TIMESTAMPTZ))"
    naive = f"timezone('UTC', timezone('{zone}', {text}))" if zone else "NULL"
    if zone == "UTC":
        naive = text
    return f"CASE WHEN NOT ({_is_clock(name)}) THEN {text} WHEN {_has_offset(name)} THEN {instant} ELSE {naive} END"


def _formatted_time(name: str, zone: str, time_format: str) -> str:
    """The same for text in the mapping's own format, or '' when it gives none."""
    if not time_format:
        return ""
    parsed = f"try_strptime({name}, {text_in_sql(time_format)})"
    if any(code in time_format for code in _WITH_ZONE):
        return f"timezone('UTC', {parsed})"
    if not any(code in time_format for code in _HOURS):
        return parsed
    return f"timezone('UTC', timezone('{zone}', {parsed}))" if zone else "CAST(NULL AS TIMESTAMP)"


def checks(table: Table, *, zone: str, mapping: TableMapping) -> Iterator[Check]:
    """All checks of a table in the order in which they are reported."""
    for column in table.columns:
        name = quoted(column.name)
        yield Check(Rule.UNDECODABLE, column.name, f"unreadable = '{column.name}'")
        if column.required:
            blank = f"starts_with({name}, ' ') AND trim({name}) = ''"
            yield Check(Rule.MISSING, column.name, f"{name} IS NULL OR {blank}")
        yield Check(Rule.TOO_LONG, column.name, f"length({name}) > {column.limit}")
        yield from _value_checks(column, table, zone, mapping)
    yield from _reference_checks(table)


def _reference_checks(table: Table) -> Iterator[Check]:
    references = [column for column in table.columns if column.references]
    if {"source", "target"} <= {column.name for column in references}:
        yield Check(Rule.NO_PARTY, "source", '"source" IS NULL AND "target" IS NULL')
    for column in references:
        given = f"{quoted(column.name)} IS NOT NULL"
        yield Check(Rule.UNKNOWN_ACCOUNT, column.name, f"{given} AND {column.name}__currency IS NULL")
    if any(column.kind is Kind.CURRENCY for column in table.columns):
        for column in references:
            yield Check(Rule.WRONG_CURRENCY, "currency", f"{column.name}__currency <> currency__typed")


def _value_checks(column: Column, table: Table, zone: str, mapping: TableMapping) -> Iterator[Check]:
    name, typed = quoted(column.name), f"{column.name}__typed"
    given = f"{name} IS NOT NULL AND "
    match column.kind:
        case Kind.CHOICE:
            yield Check(Rule.NOT_IN_LIST, column.name, f"{typed} NOT IN ({_listed(column)})")
        case Kind.TIME:
            if not zone:
                yield Check(Rule.NO_ZONE, column.name, f"{typed} IS NULL AND {_lacks_zone(name, mapping)}")
            shapeless = "" if mapping.time_format else _shapeless(name)
            plausible = f"{typed} BETWEEN TIMESTAMP '1970-01-01' AND TIMESTAMP '2199-12-31'"
            yield Check(Rule.BAD_TIME, column.name, f"{given}({typed} IS NULL OR NOT {plausible}{shapeless})")
        case Kind.DATE:
            shapeless = "" if mapping.date_format else _shapeless(name)
            plausible = f"{typed} BETWEEN DATE '1800-01-01' AND DATE '2199-12-31'"
            yield Check(Rule.BAD_DATE, column.name, f"{given}({typed} IS NULL OR NOT {plausible}{shapeless})")
        case Kind.AMOUNT:
            yield from _amount_checks(column, table, mapping.decimal)
        case Kind.FRACTION:
            yield Check(Rule.BAD_FRACTION, column.name, f"{given}({typed} IS NULL OR NOT {typed} BETWEEN 0 AND 1)")
        case Kind.CURRENCY:
            yield Check(Rule.UNKNOWN_CURRENCY, column.name, f"{given}exponent IS NULL")


def _shapeless(name: str) -> str:
    return f" OR NOT regexp_full_match({name}, '{DATE_SHAPE}')"


def _lacks_zone(name: str, mapping: TableMapping) -> str:
    if mapping.time_format:
        return f"try_strptime({name}, {text_in_sql(mapping.time_format)}) IS NOT NULL"
    return f"try_cast({name} AS TIMESTAMP) IS NOT NULL AND {_is_naive(name)}"


def _amount_checks(column: Column, table: Table, decimal: str) -> Iterator[Check]:
    name, typed = quoted(column.name), f"{column.name}__typed"
    # An unknown currency gets a reject of its own further on; until then any number of decimals may pass.
    exponent = f"coalesce(exponent, {AMOUNT_PLACES})" if currency_of(table) else str(AMOUNT_PLACES)
    decimals = f"length(rtrim(split_part({name}, '{decimal}', 2), '0'))"
    grouped = "" if decimal == "." else r"|\d{1,3}([.]\d{3})+"
    shape = rf"[+-]?(\d+{grouped})([{decimal}]\d+)?"
    yield Check(Rule.BAD_AMOUNT, column.name, f"NOT regexp_full_match({name}, '{shape}')")
    zero = "" if column.may_be_zero else f" OR {typed} = 0 AND {decimals} = 0"
    if not column.signed:
        yield Check(Rule.NOT_POSITIVE, column.name, f"starts_with({name}, '-'){zero}")
    yield Check(Rule.TOO_PRECISE, column.name, f"{decimals} > {exponent}")
    limit = f"{AMOUNT_MINOR_LIMIT} / power(10, {exponent})"
    yield Check(Rule.TOO_LARGE, column.name, f"{name} IS NOT NULL AND ({typed} IS NULL OR {typed} >= {limit})")


@cache
def what_was_expected(rule: Rule, column: Column) -> str:
    """The right-hand side of a reject: what a good value looks like."""
    special = {
        Rule.UNDECODABLE: "text in UTF-8 without NUL bytes",
        Rule.TOO_LONG: f"at most {column.limit} characters",
        Rule.NO_ZONE: "a zone in the value, or --zone",
        Rule.TOO_PRECISE: "no more decimals than the currency's smallest coin",
        Rule.TOO_LARGE: f"fewer than {AMOUNT_MINOR_LIMIT:,} of the currency's smallest unit",
        Rule.WRONG_CURRENCY: "the currency of the accounts it names",
        Rule.UNKNOWN_ACCOUNT: "an account_id that stands in accounts",
        Rule.NO_PARTY: "an account in source, target or both",
        Rule.DUPLICATE: "a key that stands once",
        Rule.CONFLICT: "the same content as in the ledger, or a new key",
        Rule.TOO_MANY_COLUMNS: "as many values as the header has",
        Rule.TOO_FEW_COLUMNS: "as many values as the header has",
    }
    return special.get(rule, expectation(column))
