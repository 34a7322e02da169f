"""The rules that a row must keep, each as one SQL condition that is true when the row breaks it.

`parsed_sql` turns text into typed columns; `checks` lists, in order, what may be wrong with them. The first
broken check names the row's reject: column, value, rule.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from mulegraph.ingest import amounts
from mulegraph.ingest.columns import BOTH, ID_MASKS, FileColumns
from mulegraph.ingest.mapping import Direction, TableMapping, ZoneOf
from mulegraph.ingest.sql import quoted, text_in_sql
from mulegraph.ingest.times import TimeSql, date_sql, odd_sql, time_sql
from mulegraph.ingest.usual import USUAL_DECIMALS
from mulegraph.schema.bookings import BOOKINGS
from mulegraph.schema.tables import AMOUNT_MINOR_LIMIT, AMOUNT_PLACES, Column, Kind, Table


class Rule(StrEnum):
    """Why a row was not taken into the ledger."""

    TOO_MANY_COLUMNS = "too many columns"
    TOO_FEW_COLUMNS = "too few columns"
    UNDECODABLE = "undecodable text"
    MISSING = "missing value"
    TOO_LONG = "text too long"
    NOT_IN_LIST = "not in the list of values"
    BAD_TIME = "not a time"
    FAR_YEAR = "year out of range"
    AMBIGUOUS_TIME = "fits two of the time formats"
    NO_ZONE = "time without a zone"
    BAD_DATE = "not a date"
    BAD_AMOUNT = "not an amount"
    BOTH_WAYS = "both a debit and a credit"
    NEITHER_WAY = "neither a debit nor a credit"
    NEGATIVE_DEBIT = "a debit with a minus"
    NOT_POSITIVE = "not above zero"
    TOO_PRECISE = "more decimals than the currency has"
    TOO_LARGE = "amount too large"
    BAD_FRACTION = "not between 0 and 1"
    UNKNOWN_CURRENCY = "unknown currency"
    BAD_ZONE = "not a time zone"
    SCIENTIFIC = "number in scientific notation"
    WRONG_CURRENCY = "not the account's currency"
    UNKNOWN_ACCOUNT = "unknown account"
    NO_PARTY = "neither source nor target"
    DUPLICATE = "duplicate key"
    CONFLICT = "key is in the ledger with other content"


@dataclass(frozen=True)
class Check:
    """`broken` is SQL over the parsed columns; `column` is where the blame goes.

    `fits` is SQL too: true for rows in the usual form (`UsualForm`) that keep the rule. '' where all of them do, None
    where the usual form says nothing about it.
    """

    rule: Rule
    column: str
    broken: str
    fits: str | None = None

    @property
    def kept(self) -> str:
        """SQL: whether a row in the usual form keeps the rule; '' where all of them do."""
        return f"({self.broken}) IS NOT TRUE" if self.fits is None else self.fits


@dataclass(frozen=True)
class Reading:
    """How one file of a table is read: its mapping, its columns, and SQL for the zone of naive times ('': none)."""

    table: Table
    mapping: TableMapping
    columns: FileColumns
    zone: str = ""
    several_currencies: bool = False
    """Whether some account has more than one."""
    usual: bool = False
    """Whether the source says which rows are written in the usual form."""

    @property
    def given(self) -> list[Column]:
        """The columns that the file has, in the table's order."""
        return [column for column in self.table.columns if column.name in self.columns.texts]

    def has(self, name: str) -> bool:
        """Whether the file gives this column."""
        return name in self.columns.texts


def currency_of(table: Table, column: Column) -> str:
    """The parsed column that says which currency a row's amounts are in, or '' where nothing does."""
    names = {each.name for each in table.columns}
    if column.name == "original_amount" and "original_currency" in names:
        return "original_currency__typed"
    if "currency" in names:
        return "currency__typed"
    references = [each for each in table.columns if each.references]
    return f"{references[0].name}__currency" if references else ""


def exponents(reading: Reading) -> dict[str, str]:
    """Alias of the currency table by the parsed column that it is joined on."""
    wanted = [currency_of(reading.table, column) for column in reading.given if column.kind is Kind.AMOUNT]
    wanted += [f"{column.name}__typed" for column in reading.given if column.kind is Kind.CURRENCY]
    have = {f"{column.name}__typed" for column in reading.given}
    places = [name for name in dict.fromkeys(wanted) if name and (name in have or name.endswith("__currency"))]
    return {name: f"exponent_{number}" for number, name in enumerate(places)}


def parsed_sql(reading: Reading) -> list[str]:
    """Select items that add to the texts what later steps need of them.

    `NAME__typed` for each column that is not plain text, `NAME__plain` for amounts, `NAME__precision` and `NAME__odd`
    for times, `NAME__fits` for how many of its formats a time fits.
    """
    items: list[str] = []
    for column in reading.given:
        items += _parsed(column, reading)
    return items


def _parsed(column: Column, reading: Reading) -> list[str]:
    name, mapping = quoted(column.name), reading.mapping
    match column.kind:
        case Kind.TIME:
            return _parsed_time(column, reading)
        case Kind.DATE:
            dates = [date for date, _ in date_sql(name, mapping.date_format)]
            return [f"{_or_usual(f'try_cast({name} AS DATE)', _first(dates), reading)} AS {column.name}__typed"]
        case Kind.AMOUNT:
            return [f"{_or_usual(name, amounts.plain(name, mapping), reading)} AS {column.name}__plain"]
        case Kind.FRACTION:
            return [f"try_cast({name} AS DOUBLE) AS {column.name}__typed"]
        case Kind.CURRENCY:
            return [f"upper(trim({name})) AS {column.name}__typed"]
        case Kind.ZONE:
            return [f"trim({name}) AS {column.name}__typed"]
        case Kind.CHOICE:
            typed = f"CASE WHEN {name} IN ({_listed(column)}) THEN {name} ELSE lower(trim({name})) END"
            return [f"{typed} AS {column.name}__typed"]
    return []


def _or_usual(usual: str, other: str, reading: Reading) -> str:
    """SQL for a value that needs less of an effort where it is written in the usual form."""
    return f"CASE WHEN usual THEN {usual} ELSE {other} END" if reading.usual else other


def _first(values: list[str]) -> str:
    return values[0] if len(values) == 1 else f"coalesce({', '.join(values)})"


def _times(column: Column, reading: Reading) -> list[TimeSql]:
    return time_sql(quoted(column.name), reading.mapping.time_format, reading.mapping.steps, reading.zone)


def _parsed_time(column: Column, reading: Reading) -> list[str]:
    """The instant, and for the table's main time its precision and whether the clock showed it once."""
    ways = _times(column, reading)
    instant = f"try_cast({quoted(column.name)} AS TIMESTAMP)"
    items = [f"{_or_usual(instant, _first([way.utc for way in ways]), reading)} AS {column.name}__typed"]
    if len(ways) > 1:
        fits = " + ".join(f"coalesce(CAST({way.utc} <> {ways[0].utc} AS INTEGER), 0)" for way in ways[1:])
        items.append(f"{fits} AS {column.name}__others")
    if column.name == main_time(reading.table):
        if len(ways) == 1:
            precision = ways[0].precision
            wall = ways[0].wall
            naive = ways[0].naive
        else:
            precision, wall, naive = (_by_shape(ways, part) for part in ("precision", "wall", "naive"))
        precision = _or_usual("'second'", precision, reading)
        items.append(f"{precision} AS {column.name}__precision")
        odd = _odd(wall, naive, reading)
        if odd:
            items += [f"{odd} AS {column.name}__odd", f"{wall} AS {column.name}__wall"]
    return items


def _by_shape(ways: list[TimeSql], part: str) -> str:
    return "CASE " + " ".join(f"WHEN {way.shape} THEN {getattr(way, part)}" for way in ways) + " END"


def _odd(wall: str, naive: str, reading: Reading) -> str:
    """SQL: whether a naive time was shown twice or never; '' where no zone of the file has such hours."""
    if wall == "NULL" or not reading.zone:
        return ""
    if reading.zone.startswith("'"):
        zones = {reading.zone: odd_sql(wall, reading.zone.strip("'"))}
    else:
        of = reading.mapping.zone
        names = sorted(set(of.values.values())) if isinstance(of, ZoneOf) else []
        zones = {text_in_sql(name): odd_sql(wall, name) for name in names}
    zones = {zone: sql for zone, sql in zones.items() if sql != "NULL"}
    if not zones:
        return ""
    cases = " ".join(f"WHEN {reading.zone} = {zone} THEN {sql}" for zone, sql in zones.items())
    return f"CASE WHEN {naive} THEN CASE {cases} END END"


def main_time(table: Table) -> str:
    """The column that says when a row's event was; '' where a table has none."""
    return next((column.name for column in table.columns if column.kind is Kind.TIME and column.required), "")


def amounts_sql(reading: Reading) -> list[str]:
    """Select items that add `NAME__typed` for amounts; they need the currency's exponent."""
    made = []
    for column in reading.given:
        if column.kind is Kind.AMOUNT:
            made.append(f"{_amount(column, reading)} AS {column.name}__typed")
    return made


def exponent_of(column: Column, reading: Reading) -> str:
    """SQL for the decimal places of an amount's currency; an unknown one gets a reject of its own."""
    alias = exponents(reading).get(currency_of(reading.table, column))
    return f"coalesce({alias}, {AMOUNT_PLACES})" if alias else str(AMOUNT_PLACES)


def _amount(column: Column, reading: Reading) -> str:
    plain = f"{column.name}__plain"
    if not reading.mapping.minor_units:
        return f"try_cast({plain} AS DECIMAL(18,{AMOUNT_PLACES}))"
    coins = f"try_cast({plain} AS DECIMAL(15,0))"
    sizes = " ".join(f"WHEN {places} THEN {coins} * {10**-places:.{places}f}" for places in range(1, AMOUNT_PLACES + 1))
    scaled = f"CASE {exponent_of(column, reading)} WHEN 0 THEN CAST({coins} AS DECIMAL(20,3)) {sizes} END"
    return f"try_cast({scaled} AS DECIMAL(18,{AMOUNT_PLACES}))"


def _listed(column: Column) -> str:
    return ", ".join(text_in_sql(choice) for choice in column.choices)


def checks(reading: Reading) -> Iterator[Check]:
    """All checks of a file's rows in the order in which they are reported."""
    for column in reading.given:
        name = quoted(column.name)
        if raw := reading.columns.raw[column.name]:
            yield Check(
                Rule.UNDECODABLE, column.name, f"unreadable IN ({', '.join(text_in_sql(each) for each in raw)})", ""
            )
        if column.name == "direction":
            yield from _two_column_checks(reading)
        if column.required:
            blank = f"starts_with({name}, ' ') AND trim({name}) = ''"
            yield Check(Rule.MISSING, column.name, f"{name} IS NULL OR {blank}", "")
        # Bytes first, which are counted already: no text has more characters than bytes.
        too_long = f"strlen({name}) > {column.limit} AND length({name}) > {column.limit}"
        yield Check(Rule.TOO_LONG, column.name, too_long, "")
        yield from _value_checks(column, reading)
    yield from _reference_checks(reading)


IBAN_SHAPE = "[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}"
"""What an IBAN looks like as it is stored: in capitals, without blanks (ISO 13616)."""


def _reference_checks(reading: Reading) -> Iterator[Check]:
    references = [column for column in reading.table.columns if column.references and reading.has(column.name)]
    if {"source", "target"} <= set(reading.table.column_names):
        empty = [f"{quoted(name)} IS NULL" for name in ("source", "target") if reading.has(name)]
        yield Check(Rule.NO_PARTY, "source", " AND ".join(empty) or "true")
    for column in references:
        given = f"{quoted(column.name)} IS NOT NULL"
        unknown = f"{given} AND {column.name}__currency IS NULL"
        if reading.table.name == "transfers":
            # The number of an account at another bank; whether it is one is looked at once all rows are read.
            unknown += f" AND NOT regexp_full_match({quoted(column.name)}, '{IBAN_SHAPE}')"
        yield Check(Rule.UNKNOWN_ACCOUNT, column.name, unknown)
    if reading.has("currency"):
        for column in references:
            held = f"[{column.name}__currency]"
            if reading.several_currencies:
                held = f"coalesce({column.name}__currencies, {held})"
            fits = f"list_contains({held}, currency__typed)"
            if column.name == "target" and reading.has("original_currency"):
                # What arrives is in the other currency where a payment was exchanged on its way.
                fits += f" OR coalesce(list_contains({held}, original_currency__typed), false)"
            # Nearly all accounts hold one currency, so it is compared before any list is made.
            other = f"{column.name}__currency <> currency__typed"
            yield Check(Rule.WRONG_CURRENCY, "currency", f"{other} AND NOT ({fits})")


def _value_checks(column: Column, reading: Reading) -> Iterator[Check]:
    name, typed = quoted(column.name), f"{column.name}__typed"
    given = f"{name} IS NOT NULL AND "
    match column.kind:
        case Kind.TEXT if column.masked in ID_MASKS or column.name in reading.table.key:
            # The plus sign comes first: looking for it is a tenth of the price of the pattern.
            yield Check(
                Rule.SCIENTIFIC,
                column.name,
                f"(contains({name}, 'E+') OR contains({name}, 'e+')) AND regexp_full_match({name}, '{_SCIENTIFIC}')",
                "",
            )
        case Kind.CHOICE:
            yield Check(Rule.NOT_IN_LIST, column.name, f"{typed} NOT IN ({_listed(column)})")
        case Kind.TIME:
            yield from _time_checks(column, reading)
        case Kind.DATE:
            shapes = [shape for _, shape in date_sql(name, reading.mapping.date_format)]
            plausible = f"{typed} BETWEEN DATE '1800-01-01' AND DATE '2199-12-31'"
            shaped = " OR ".join(f"coalesce({shape}, false)" for shape in shapes)
            fits = f"({name} IS NULL OR {plausible})"
            yield Check(Rule.BAD_DATE, column.name, f"{given}({typed} IS NULL OR NOT ({shaped}))", fits)
            yield Check(Rule.FAR_YEAR, column.name, f"NOT {plausible}", fits)
        case Kind.AMOUNT:
            yield from _amount_checks(column, reading)
        case Kind.FRACTION:
            yield Check(Rule.BAD_FRACTION, column.name, f"{given}({typed} IS NULL OR NOT {typed} BETWEEN 0 AND 1)")
        case Kind.CURRENCY:
            yield Check(Rule.UNKNOWN_CURRENCY, column.name, f"{given}{exponents(reading)[typed]} IS NULL")
        case Kind.ZONE:
            yield Check(Rule.BAD_ZONE, column.name, f"{given}{typed} NOT IN (SELECT name FROM pg_timezone_names())")


_SCIENTIFIC = r"\d([.,]\d+)?[eE][+]\d+"


def _time_checks(column: Column, reading: Reading) -> Iterator[Check]:
    name = quoted(column.name)
    typed = f"{column.name}__typed"
    ways = _times(column, reading)
    given = f"{name} IS NOT NULL AND "
    naive = " OR ".join(f"{way.naive} AND {way.wall} IS NOT NULL" for way in ways if way.naive != "false")
    if naive and not reading.zone.startswith("'"):
        yield Check(Rule.NO_ZONE, column.name, f"{typed} IS NULL AND ({naive})", "")
    if len(ways) > 1:
        yield Check(Rule.AMBIGUOUS_TIME, column.name, f"{column.name}__others > 0")
    shaped = " OR ".join(f"coalesce({way.shape}, false)" for way in ways)
    plausible = f"{typed} BETWEEN TIMESTAMP '1970-01-01' AND TIMESTAMP '2199-12-31'"
    bad = f"{given}({typed} IS NULL OR NOT ({shaped}))"
    fits = f"({name} IS NULL OR {plausible})"
    yield Check(Rule.BAD_TIME, column.name, bad, fits)
    yield Check(Rule.FAR_YEAR, column.name, f"NOT {plausible}", fits)


def _amount_checks(column: Column, reading: Reading) -> Iterator[Check]:
    name = quoted(column.name)
    typed = f"{column.name}__typed"
    plain = f"{column.name}__plain"
    exponent = exponent_of(column, reading)
    places = f"strlen(split_part({plain}, '.', 2))"
    yield Check(Rule.BAD_AMOUNT, column.name, f"{name} IS NOT NULL AND {plain} IS NULL", "")
    # What a sum of digits cannot be told from is asked about: 500.000 is five hundred, or half a million.
    # Yen and dong are the exception, as databases write every currency with two places: 5000.00.
    zeros = f"({exponent} = 0 AND ends_with({plain}, '.00') AND {places} = 2)"
    if reading.mapping.minor_units:
        yield Check(Rule.BAD_AMOUNT, column.name, f"contains({plain}, '.')")
    else:
        # The usual form has two decimals at most.
        too_precise = f"{places} > {exponent} AND NOT {zeros}"
        yield Check(Rule.TOO_PRECISE, column.name, too_precise, f"{exponent} >= {USUAL_DECIMALS}")
    zero = "" if column.may_be_zero else f" OR {typed} = 0"
    if not column.signed:
        fits = "" if column.may_be_zero else f"({name} IS NULL OR {typed} > 0)"
        yield Check(Rule.NOT_POSITIVE, column.name, f"starts_with({plain}, '-'){zero}", fits)
    limit = f"{AMOUNT_MINOR_LIMIT} / power(10, {exponent})"
    yield Check(Rule.TOO_LARGE, column.name, f"{name} IS NOT NULL AND ({typed} IS NULL OR {typed} >= {limit})", "")


def _two_column_checks(reading: Reading) -> Iterator[Check]:
    """What may be wrong with a row that has a column for each way; the two together stand in the amount then."""
    way = reading.mapping.direction
    if not isinstance(way, Direction) or not way.debit:
        return
    yield Check(Rule.NEITHER_WAY, "amount", "amount IS NULL", "")
    yield Check(Rule.BOTH_WAYS, "amount", f"contains(amount, '{BOTH}')", "")
    if not way.debits_are_negative:
        yield Check(Rule.NEGATIVE_DEBIT, "amount", "direction = 'out' AND starts_with(amount__plain, '-')", "")


def not_booked(reading: Reading) -> str:
    """SQL: whether a line is only announced, or was refused, and so has no day on which it was booked."""
    if reading.table.name != BOOKINGS.name or not (reading.has("status") and reading.has("booked_at")):
        return "false"
    return "status__typed IN ('pending', 'rejected') AND trim(coalesce(booked_at, '')) = ''"
