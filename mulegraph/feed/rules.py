"""The rules that a row must keep, each as one SQL condition that is true when the row breaks it.

`parsed_sql` turns text into typed columns; `checks` lists, in order, what may be wrong with them. The first
broken check names the row's reject: column, value, rule.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from mulegraph.model import AMOUNT_MINOR_LIMIT, AMOUNT_PLACES, Column, Kind, Table, expectation


class Rule(StrEnum):
    """Why a row was not taken into the ledger."""

    TOO_MANY_COLUMNS = "too many columns"
    TOO_FEW_COLUMNS = "too few columns"
    UNDECODABLE = "not UTF-8"
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


def quoted(name: str) -> str:
    """A column name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def currency_of(table: Table) -> str:
    """SQL for the currency that a row's amounts are in, or '' where nothing says."""
    if any(column.kind is Kind.CURRENCY for column in table.columns):
        return quoted("currency")
    references = [column for column in table.columns if column.references]
    return f"{references[0].name}__currency" if references else ""


def parsed_sql(table: Table, *, zone: str, time_format: str) -> list[str]:
    """Select items that add `NAME__typed` for each column that is not plain text."""
    items = []
    for column in table.columns:
        name = quoted(column.name)
        if column.kind is Kind.TIME:
            items.append(f"{_time_sql(name, zone, time_format)} AS {column.name}__typed")
        elif column.kind is Kind.DATE:
            items.append(f"try_cast(left({name}, 10) AS DATE) AS {column.name}__typed")
        elif column.kind is Kind.AMOUNT:
            items.append(f"try_cast({name} AS DECIMAL(18,{AMOUNT_PLACES})) AS {column.name}__typed")
        elif column.kind is Kind.FRACTION:
            items.append(f"try_cast({name} AS DOUBLE) AS {column.name}__typed")
        elif column.kind is Kind.CURRENCY:
            items.append(f"upper({name}) AS {column.name}__typed")
    return items


_OFFSET = r"'[+-]\d\d(:?\d\d)?$'"


def _is_naive(name: str) -> str:
    return f"(length({name}) > 10 AND right(upper({name}), 1) <> 'Z' AND NOT regexp_matches({name}, {_OFFSET}))"


def _time_sql(name: str, zone: str, time_format: str) -> str:
    """SQL for a UTC timestamp. Text with an offset is an instant; a bare date stays that date."""
    instant = f"timezone('UTC', try_cast({name} AS TIMESTAMPTZ))"
    text = f"try_strptime({name}, '{time_format.replace(chr(39), chr(39) * 2)}')" if time_format else ""
    local = text or f"try_cast({name} AS TIMESTAMP)"
    naive = f"timezone('UTC', timezone('{zone}', {local}))" if zone else "NULL"
    if time_format:
        return naive if zone else text
    return (
        f"CASE WHEN right({name}, 1) = 'Z' THEN {instant} WHEN {_is_naive(name)} THEN {naive} ELSE {instant} END"
    )


def checks(table: Table, *, zone: str, time_format: str) -> Iterator[Check]:
    """All checks of a table in the order in which they are reported."""
    for column in table.columns:
        name = quoted(column.name)
        yield Check(Rule.UNDECODABLE, column.name, f"undecodable = '{column.name}'")
        if column.required:
            yield Check(Rule.MISSING, column.name, f"{name} IS NULL")
        yield Check(Rule.TOO_LONG, column.name, f"length({name}) > {column.limit}")
        yield from _value_checks(column, table, naive_is_bad=not zone and not time_format)
    parties = [column.name for column in table.columns if column.name in ("source", "target") and column.references]
    if len(parties) == 2:
        yield Check(Rule.NO_PARTY, "source", '"source" IS NULL AND "target" IS NULL')
    for column in table.columns:
        if column.references:
            name = quoted(column.name)
            yield Check(
                Rule.UNKNOWN_ACCOUNT, column.name, f"{name} IS NOT NULL AND {column.name}__currency IS NULL"
            )
    if any(column.kind is Kind.CURRENCY for column in table.columns):
        for column in table.columns:
            if column.references:
                yield Check(
                    Rule.WRONG_CURRENCY, "currency", f"{column.name}__currency <> currency__typed"
                )


def _value_checks(column: Column, table: Table, *, naive_is_bad: bool) -> Iterator[Check]:
    name, typed = quoted(column.name), f"{column.name}__typed"
    given = f"{name} IS NOT NULL AND "
    if column.kind is Kind.CHOICE:
        listed = ", ".join(f"'{choice}'" for choice in column.choices)
        yield Check(Rule.NOT_IN_LIST, column.name, f"{name} NOT IN ({listed})")
    elif column.kind is Kind.TIME:
        if naive_is_bad:
            naive = f"{_is_naive(name)} AND try_cast({name} AS TIMESTAMP) IS NOT NULL"
            yield Check(Rule.NO_ZONE, column.name, f"{given}{typed} IS NULL AND {naive}")
        yield Check(Rule.BAD_TIME, column.name, f"{given}({typed} IS NULL OR NOT {_plausible(typed)})")
    elif column.kind is Kind.DATE:
        yield Check(
            Rule.BAD_DATE, column.name, f"{given}({typed} IS NULL OR {typed} > DATE '2199-12-31')"
        )
    elif column.kind is Kind.AMOUNT:
        yield from _amount_checks(column, table)
    elif column.kind is Kind.FRACTION:
        yield Check(
            Rule.BAD_FRACTION, column.name, f"{given}({typed} IS NULL OR NOT {typed} BETWEEN 0 AND 1)"
        )
    elif column.kind is Kind.CURRENCY:
        yield Check(Rule.UNKNOWN_CURRENCY, column.name, f"{given}exponent IS NULL")


def _plausible(time: str) -> str:
    return f"{time} BETWEEN TIMESTAMP '1970-01-01' AND TIMESTAMP '2199-12-31'"


def _amount_checks(column: Column, table: Table) -> Iterator[Check]:
    name, typed = quoted(column.name), f"{column.name}__typed"
    exponent = "coalesce(exponent, 0)" if currency_of(table) else str(AMOUNT_PLACES)
    decimals = f"length(rtrim(split_part({name}, '.', 2), '0'))"
    yield Check(Rule.BAD_AMOUNT, column.name, rf"NOT regexp_full_match({name}, '[+-]?\d+([.]\d+)?')")
    zero = "" if column.may_be_zero else f" OR {typed} = 0 AND {decimals} = 0"
    yield Check(Rule.NOT_POSITIVE, column.name, f"left({name}, 1) = '-'{zero}")
    yield Check(Rule.TOO_PRECISE, column.name, f"{decimals} > {exponent}")
    yield Check(
        Rule.TOO_LARGE,
        column.name,
        f"{name} IS NOT NULL AND ({typed} IS NULL OR {typed} >= {AMOUNT_MINOR_LIMIT} / power(10, {exponent}))",
    )


def what_was_expected(rule: Rule, column: Column) -> str:
    """The right-hand side of a reject: what a good value looks like."""
    special = {
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
