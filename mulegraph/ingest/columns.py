"""Which columns of a file make which columns of a table: the mapping, resolved against one file's header."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from mulegraph.errors import DataError
from mulegraph.ingest import amounts
from mulegraph.ingest.mapping import Columns, Direction, IdForm, Joined, Place, TableMapping, ZoneOf
from mulegraph.ingest.sql import quoted, text_in_sql
from mulegraph.schema.tables import Column, Kind, Mask, Table

OUT_WORDS = tuple(
    "out|d|dr|dt|debit|debet|af|s|soll|uit|sortie|débito|débit|dbit|ghi nợ|nợ|cargo|dare|obciążenie|wn|borç".split("|")
)
IN_WORDS = tuple("in|c|cr|ct|credit|bij|h|haben|crédito|crédit|crdt|ghi có|có|abono|avere|uznanie|ma|alacak".split("|"))
"""Words for the two ways in banks' files, where the mapping names the column only. Case does not count."""

NOTHING = ("-", "–", "0", "0,00", "0.00", "0,0", "0.0")
"""What stands in the empty one of two columns for money out and money in."""

BOTH = " | "
"""Between debit and credit, in the amount of a row that has both."""

WRITTEN = "amount as written"
"""Beside the columns that a direction makes: the amount before its sign and currency are taken off."""

ID_MASKS = {
    Mask.ACCOUNT: "account",
    Mask.HOLDER: "holder",
    Mask.DEVICE: "device",
    Mask.CARD: "card",
    Mask.MERCHANT: "merchant",
    Mask.NATIONAL_ID: "national_id",
}

Header = Sequence[str]


def _bare(name: str) -> str:
    return " ".join(name.split()).casefold()


@dataclass(frozen=True)
class FileColumns:
    """How one file's columns become a table's.

    `texts` is SQL for each column of the table that the file gives, over its raw columns (c1, c2, … by their place);
    `raw` names the raw columns that each is made of, `used` all of them. `left_out` is SQL, true for rows that the
    mapping leaves out, and `zone` SQL for the zone of naive times ('': the load's).
    """

    texts: Mapping[str, str]
    raw: Mapping[str, tuple[str, ...]]
    used: tuple[str, ...]
    ignored: tuple[str, ...] = ()
    left_out: str = ""
    zone: str = ""


def plain_columns(table: Table) -> FileColumns:
    """Of a source whose raw columns are the table's."""
    names = tuple(table.column_names)
    return FileColumns({name: quoted(name) for name in names}, {name: (name,) for name in names}, names)


@dataclass
class _Header:
    """The header of a file as the mapping asks for its columns; notes which places are used."""

    name: str
    names: Header
    known: Mapping[str, str]
    table: Table
    used: set[int] = field(default_factory=set)

    def place(self, wanted: Place, ours: str) -> int:
        """The place of a column, from 1. DataError where there is none, or two."""
        if isinstance(wanted, int):
            if not 1 <= wanted <= len(self.names):
                raise DataError(
                    f"{self.name}: there is no column {wanted}: rows have {len(self.names)}",
                    hint=f"Correct the place of {self.table.name}.{ours} in the mapping; the first column is 1.",
                )
            return wanted
        found = [place for place, name in enumerate(self.names, 1) if name == wanted]
        # Exports of one bank differ in capitals and blanks from year to year; where one name only is meant, it is that.
        found = found or [place for place, name in enumerate(self.names, 1) if _bare(name) == _bare(wanted)]
        if len(found) > 1:
            raise DataError(
                f"{self.name}:1: column '{wanted}' stands twice in the header",
                hint=f"Remove or rename one of the two, or give its place in the mapping: columns.{ours} = {found[1]}.",
            )
        if not found:
            raise self.missing(wanted, ours)
        return found[0]

    def has(self, name: str) -> bool:
        """Whether a column is called so, whatever its case."""
        return _bare(name) in map(_bare, self.names)

    def sql(self, wanted: Place, ours: str) -> tuple[str, tuple[int, ...]]:
        """SQL for a column of the file, or for what its name or preamble told."""
        if isinstance(wanted, str) and wanted in self.known and wanted not in self.names:
            return text_in_sql(self.known[wanted]), ()
        place = self.place(wanted, ours)
        self.used.add(place)
        return f"c{place}", (place,)

    def missing(self, wanted: str, ours: str) -> DataError:
        """What is missing; the header is shown only where it is surely one, and no customer's row."""
        ours_or_theirs = {column.name for column in self.table.columns} | {wanted}
        surely = [name for name in self.names if name in ours_or_theirs or name in self.expected]
        above = self.header_below(wanted)
        if above:
            seen = f"the header has: {', '.join(filter(None, self.names))[:200]}"
            hint = f"Line {above + 1} holds it: say skip_lines = {above} in the mapping if that is the header."
        elif surely:
            seen = f"the header has: {', '.join(self.names)[:200]}"
            hint = f"Add it, or say with --mapping which column holds {self.table.name}.{ours}."
        else:
            seen = f"the first line has {len(self.names)} values, and none is a name that was looked for"
            hint = (
                "If the file has no header line, say header = false in the mapping and give columns by place;"
                " 'mulegraph map FILE' proposes one."
            )
        return DataError(f"{self.name}:1: column '{wanted}' is missing ({seen})", hint=hint)

    expected: frozenset[str] = frozenset()
    header_below: Callable[[str], int] = lambda _: 0


@dataclass(frozen=True)
class FileFacts:
    """What is known of a file before its rows: its name, its header, and what its name and preamble told."""

    name: str
    header: Header
    told: Mapping[str, str] = field(default_factory=dict)
    header_below: Callable[[str], int] = lambda _: 0
    """How many lines stand above the row that holds a name; 0 where none of the first does."""


def resolve(file: FileFacts, table: Table, mapping: TableMapping, ids: Mapping[str, IdForm]) -> FileColumns:
    """The file's columns by the mapping; `ids` says how ids are written, by kind.

    Raises DataError where a column that is needed, or that the mapping names, is missing or stands twice.
    """
    expected = frozenset(_names_in(mapping))
    head = _Header(file.name, file.header, file.told, table, expected=expected, header_below=file.header_below)
    texts: dict[str, str] = {}
    places: dict[str, tuple[int, ...]] = {}
    directed = _directed(head, mapping)
    for column in table.columns:
        made = directed.get(column.name) or _own(head, column, mapping)
        if made is None:
            continue
        text, places[column.name] = made
        text = _spelled(text, column, mapping)
        if column.signed:
            text = amounts.with_minus(amounts.bare(text, mapping))
        texts[column.name] = _formed(text, column, ids)
    if "subject_id" in texts and "subject_kind" in texts:
        texts["subject_id"] = _formed_subject(texts["subject_id"], texts["subject_kind"], ids)
    if mapping.currency_beside:
        _beside(texts, places, directed.pop(WRITTEN, ("", ()))[0], table)
    for column in table.columns:
        if column.required and column.name not in texts and not _filled(column, table, mapping):
            raise head.missing(_wanted_name(column, mapping), column.name)
    left_out = _left_out(head, mapping)
    zone = _zone(head, mapping)
    ignored = tuple(each for place, each in enumerate(file.header, 1) if each and place not in head.used)
    ignored = ignored if mapping.header else ()
    raw = {name: tuple(f"c{place}" for place in its) for name, its in places.items()}
    return FileColumns(texts, raw, tuple(f"c{place}" for place in sorted(head.used)), ignored, left_out, zone)


def _wanted_name(column: Column, mapping: TableMapping) -> str:
    wanted = mapping.columns.get(column.name, column.name)
    return wanted if isinstance(wanted, str) else column.name


def _filled(column: Column, table: Table, mapping: TableMapping) -> bool:
    """Whether a required column that the file does not have is worked out by the load."""
    return column.filled or (mapping.make_ids and column.name == table.key[-1])


def _names_in(mapping: TableMapping) -> Iterator[str]:
    for each in mapping.columns.values():
        parts = (each.join or (each.column,)) if isinstance(each, Joined) else (each,)
        yield from (part for part in parts if isinstance(part, str))


def _own(head: _Header, column: Column, mapping: TableMapping) -> tuple[str, tuple[int, ...]] | None:
    """SQL and places of a column that the mapping names, the header has, or a constant gives."""
    wanted: Columns | None = mapping.columns.get(column.name)
    if wanted is None:
        in_header = mapping.header and head.has(column.name)
        if in_header or column.name in head.known:
            wanted = column.name
        elif column.name in mapping.constants:
            return text_in_sql(mapping.constants[column.name]), ()
        else:
            return None
    if isinstance(wanted, Joined) and wanted.pattern:
        text, its = head.sql(wanted.column, column.name)
        return f"nullif(trim(regexp_extract({text}, {text_in_sql(wanted.pattern)}, 1)), '')", its
    if isinstance(wanted, Joined):
        parts = [head.sql(each, column.name) for each in wanted.join]
        # A joined value is empty only where all its parts are.
        joined = f"nullif(concat_ws({text_in_sql(wanted.between)}, {', '.join(sql for sql, _ in parts)}), '')"
        return joined, tuple(place for _, its in parts for place in its)
    return head.sql(wanted, column.name)


def _spelled(text: str, column: Column, mapping: TableMapping) -> str:
    """Their spellings in ours; one that stands for nothing ("") becomes an empty value."""
    spellings = mapping.values.get(column.name)
    if not spellings:
        return text
    any_case = column.kind is Kind.CHOICE
    compared = f"lower(trim({text}))" if any_case else text
    cases = []
    for theirs, ours in spellings.items():
        key = theirs.strip().lower() if any_case else theirs
        cases.append(f"WHEN {text_in_sql(key)} THEN {text_in_sql(ours) if ours else 'NULL'}")
    return f"CASE {compared} {' '.join(cases)} ELSE {text} END"


def _formed(text: str, column: Column, ids: Mapping[str, IdForm]) -> str:
    """SQL for an id in the form that the mapping gives to ids of its kind."""
    form = ids.get(ID_MASKS.get(column.masked, "")) if column.masked else None
    return formed(text, form) if form else text


def _formed_subject(text: str, subject_kind: str, ids: Mapping[str, IdForm]) -> str:
    cases = " ".join(f"WHEN {text_in_sql(kind)} THEN {formed(text, form)}" for kind, form in ids.items())
    return f"CASE lower(trim({subject_kind})) {cases} ELSE {text} END" if ids else text


def formed(text: str, form: IdForm) -> str:
    """SQL for an id written in a form."""
    if form.blanks == "remove":
        text = f"regexp_replace({text}, '[\\s\u00a0\u200b\u202f\ufeff]', '', 'g')"
    if form.marks == "remove":
        text = f"regexp_replace({text}, '[-./_]', '', 'g')"
    if form.case != "keep":
        text = f"{form.case}({text})"
    if form.zeros == "strip":
        text = f"regexp_replace({text}, '^0+(.)', '\\1')"
    if form.pad:
        text = f"CASE WHEN length({text}) < {form.pad} THEN lpad({text}, {form.pad}, '0') ELSE {text} END"
    return text


def _directed(head: _Header, mapping: TableMapping) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Amount and direction of bookings, as the mapping says the direction."""
    if mapping.direction == "":
        return {}
    if isinstance(mapping.direction, Direction) and mapping.direction.debit:
        return _two_columns(head, mapping.direction, mapping)
    if isinstance(mapping.direction, Direction) and mapping.direction.payer:
        return _two_parties(head, mapping.direction, mapping)
    written, places = head.sql(_amount_column(mapping), "amount")
    amount = amounts.bare(written, mapping)
    if isinstance(mapping.direction, str):
        minus, plus = ("out", "in") if mapping.direction == "sign" else ("in", "out")
        # Dr and Cr are words, and mean the same in both.
        words = f"WHEN {amounts.credited(amount)} THEN 'in' WHEN {amounts.debited(amount)} THEN 'out'"
        signs = f"WHEN {amounts.negative(amount)} THEN '{minus}' WHEN {amount} IS NOT NULL THEN '{plus}'"
        way = f"CASE {words} {signs} END"
        made = {"amount": (amounts.unsigned(amount), places), "direction": (way, places)}
        return made | {WRITTEN: (written, places)}
    word, its = head.sql(mapping.direction.column, "direction")
    out, into = mapping.direction.out or OUT_WORDS, mapping.direction.into or IN_WORDS
    said = f"lower(trim({word}))"
    cases = f"WHEN {said} IN ({_listed(out)}) THEN 'out' WHEN {said} IN ({_listed(into)}) THEN 'in'"
    made = {"amount": (amount, places), "direction": (f"CASE {cases} ELSE {word} END", its)}
    return made | {WRITTEN: (written, places)}


def _listed(words: Sequence[str]) -> str:
    return ", ".join(text_in_sql(word.strip().lower()) for word in words)


def _amount_column(mapping: TableMapping) -> Place:
    wanted = mapping.columns.get("amount", "amount")
    return "amount" if isinstance(wanted, Joined) else wanted


def _two_parties(head: _Header, way: Direction, mapping: TableMapping) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Columns of the payer and of the payee: the one that is the statement's account says the way."""
    wanted = mapping.columns.get("account_id", "account_id")
    if isinstance(wanted, Joined):
        raise DataError(
            f"{head.name}: account_id is made of several columns, and payer and payee are not",
            hint="Give account_id one column in the mapping.",
        )
    own, its = head.sql(wanted, "account_id")
    (payer, left), (payee, right) = head.sql(way.payer, "direction"), head.sql(way.payee, "direction")
    direction = f"CASE WHEN {own} = {payer} THEN 'out' WHEN {own} = {payee} THEN 'in' END"
    other = f"CASE WHEN {own} = {payer} THEN {payee} WHEN {own} = {payee} THEN {payer} END"
    places = (*its, *left, *right)
    return {"direction": (direction, places), "counterparty_id": (other, (*left, *right))}


def _two_columns(head: _Header, way: Direction, mapping: TableMapping) -> dict[str, tuple[str, tuple[int, ...]]]:
    """A column for money out and one for money in. A row with both, or with neither, has no amount."""
    (debit, left), (credit, right) = head.sql(way.debit, "amount"), head.sql(way.credit, "amount")
    nothing = ", ".join(text_in_sql(each) for each in NOTHING)

    def given(side: str) -> str:
        return f"CASE WHEN trim({side}) NOT IN ('', {nothing}) THEN {amounts.bare(side, mapping)} END"

    out, into = given(debit), given(credit)
    if way.debits_are_negative:
        # Cr in the column of debits contradicts it: with its word left it is no amount.
        out = f"CASE WHEN {amounts.credited(f'({out})')} THEN ({out}) ELSE {amounts.unsigned(f'({out})')} END"
    # Both filled is neither way: the two values together are no amount, and so a reject that shows them.
    both = f"CASE WHEN ({out}) IS NOT NULL AND ({into}) IS NOT NULL THEN concat({debit}, '{BOTH}', {credit})"
    amount = f"{both} ELSE coalesce({out}, {into}) END"
    direction = f"CASE WHEN ({out}) IS NOT NULL THEN 'out' WHEN ({into}) IS NOT NULL THEN 'in' END"
    both_places = (*left, *right)
    made = {"amount": (amount, both_places), "direction": (direction, both_places)}
    return made | {WRITTEN: (f"CASE WHEN ({out}) IS NOT NULL THEN {debit} ELSE {credit} END", both_places)}


def _beside(texts: dict[str, str], places: dict[str, tuple[int, ...]], written: str, table: Table) -> None:
    """Take codes and signs off amounts; they give the currency where no column does, and must agree where one does.

    `written` is SQL for the amount as the file has it, where the mapping says a direction.
    """
    given = {"amount": "currency", "original_amount": "original_currency"}
    for name in [each.name for each in table.columns if each.kind is Kind.AMOUNT and each.name in texts]:
        other = given.get(name, "") if given.get(name) in table.column_names else ""
        shown = written if written and name == "amount" else texts[name]
        text = amounts.without_beside(texts[name])
        if other and other not in texts:
            texts[other], places[other] = amounts.code_of(shown), places[name]
        elif other:
            # An amount with another currency beside it stays as it is, and so is no amount.
            agrees = (
                f"{amounts.beside(shown)} IS NULL OR {amounts.code_of(shown, texts[other])} = upper({texts[other]})"
            )
            text = f"CASE WHEN {agrees} THEN {text} ELSE {shown} END"
        texts[name] = text


def _left_out(head: _Header, mapping: TableMapping) -> str:
    """SQL: rows that `keep` does not name, or that `drop` does."""
    tests = []
    for column, values in mapping.keep.items():
        text, _ = head.sql(column, column)
        tests.append(f"trim(coalesce({text}, '')) NOT IN ({', '.join(text_in_sql(each) for each in values)})")
    for column, values in mapping.drop.items():
        text, _ = head.sql(column, column)
        tests.append(f"trim(coalesce({text}, '')) IN ({', '.join(text_in_sql(each) for each in values)})")
    return " OR ".join(tests)


def _zone(head: _Header, mapping: TableMapping) -> str:
    """SQL for the zone of naive times; '' where the mapping's own counts."""
    if not isinstance(mapping.zone, ZoneOf):
        return text_in_sql(mapping.zone) if mapping.zone else ""
    text, _ = head.sql(mapping.zone.column, "zone")
    cases = " ".join(f"WHEN {text_in_sql(key)} THEN {text_in_sql(zone)}" for key, zone in mapping.zone.values.items())
    return f"CASE trim({text}) {cases} END"
