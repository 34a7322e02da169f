"""What a table says of itself: rows that are sums of the others, and balances above and below its rows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from mulegraph.errors import DataError
from mulegraph.ingest.column_words import plain
from mulegraph.ingest.judge import stated_totals
from mulegraph.ingest.readers.base import Balance, StatementFile
from mulegraph.ingest.remarks import About, Remark
from mulegraph.ingest.sources import Source, SourceFile
from mulegraph.lazy import duckdb
from mulegraph.schema.amounts import exact
from mulegraph.schema.bookings import BOOKINGS

TOTAL_WORDS = re.compile(
    r"(?:grand |sub)?(?:total|totals|totaal|totale|totali|totais|totales|summe|summen|gesamt|gesamtsumme|endsumme"
    r"|zwischensumme|som|suma|soma|sum|tong|tong cong|tong so|cong(?! ty)|cong phat sinh|celkem|razem|yhteensa|toplam"
    r"|итого|всего|合计|总计|合計|總計)\b"
)
"""How a row begins that is the sum of others; compared without accents, in lower case."""

_BOOKING = (
    "[concat_ws(' ', counterparty_name, remittance, booking_id), account_id, counterparty_id]",
    "CASE WHEN direction = 'in' THEN 1 ELSE -1 END",
    "balance_after",
)
_TRANSFER = ("[concat_ws(' ', transfer_id, reference), source, target]", "1", "CAST(NULL AS DECIMAL(18,3))")
"""SQL for the texts of a row, any of which may call it a total, for the way its money went, and the balance after."""


@dataclass(frozen=True)
class _Row:
    """A row of a file: what it says, its amount below zero where it went out, and the balance after it."""

    line: int
    texts: list[str | None]
    signed: Decimal
    currency: str
    balance: Decimal | None

    def follows(self, neighbour: _Row) -> bool:
        """Whether the balances of two rows beside each other show that this one is a payment, either way up."""
        if self.balance is None or neighbour.balance is None:
            return False
        return neighbour.balance + self.signed == self.balance or self.balance + neighbour.signed == neighbour.balance


def _edges(db: duckdb.DuckDBPyConnection, file: int, of: tuple[str, str, str]) -> list[tuple[_Row, _Row]]:
    """The first and the last row of a file in `staged`, each with its neighbour; none where it has less than three."""
    text, way, balance = of
    pairs = []
    for order in ("ASC", "DESC"):
        rows = db.execute(
            f"SELECT line, {text}, {way} * amount, currency, {balance} FROM staged WHERE file = ?"
            f" ORDER BY line {order} LIMIT 3",
            [file],
        ).fetchall()
        if len(rows) == 3:
            pairs.append((_Row(*rows[0]), _Row(*rows[1])))
    return pairs


def _is_sum(db: duckdb.DuckDBPyConnection, file: int, row: _Row, way: str) -> bool:
    """Whether an amount is what two rows or more of its way come to, or all others of the file."""
    sign = 1 if row.signed > 0 else -1
    ((same, count, net),) = db.execute(
        f"SELECT coalesce(sum(amount) FILTER ({way} = ?), 0), count(*) FILTER ({way} = ?),"
        f" coalesce(sum({way} * amount), 0) FROM staged WHERE file = ? AND currency = ? AND line <> ?",
        [sign, sign, file, row.currency, row.line],
    ).fetchall()
    return (count >= 2 and same == abs(row.signed)) or net == row.signed


def rows_that_are_sums(db: duckdb.DuckDBPyConnection, sources: Sequence[Source | StatementFile]) -> list[Remark]:
    """Look whether the first or last row of a table in `staged` is the sum of its others.

    Raises DataError for one that is and says so; gives what is to be told of one that only is, or only says so.
    """
    remarks = []
    for number, source in enumerate(sources):
        if not isinstance(source, SourceFile):
            continue
        of = _BOOKING if source.table.name == BOOKINGS.name else _TRANSFER
        for row, neighbour in _edges(db, number, of):
            name, bare = source.path.name, [plain(text or "").strip(" :.") for text in row.texts]
            said = [match for text in bare if (match := TOTAL_WORDS.match(text))]
            is_sum = not row.follows(neighbour) and _is_sum(db, number, row, of[1])
            if said and is_sum:
                raise DataError(
                    f"{name}:{row.line}: is no payment: it is called a total, and {exact(abs(row.signed))} is the sum"
                    " of other rows",
                    hint="Leave it out in the mapping: footer_lines = 1 for the last line, or drop = { their column ="
                    ' ["Total"] } with what stands in it.',
                )
            if is_sum or (any(match[0] == match.string for match in said) and not row.follows(neighbour)):
                why = f"{exact(abs(row.signed))} is the sum of other rows" if is_sum else "it is called a total"
                text = f"line {row.line} may be no payment: {why}; if so, leave it out with footer_lines or drop"
                remarks.append(Remark(About.SUMS, source.table.name, text, 1, name))
    return remarks


def stated_balances(
    db: duckdb.DuckDBPyConnection, sources: Sequence[SourceFile | StatementFile]
) -> dict[int, list[Balance]]:
    """Opening and closing balances that stand above and below the rows of tables, by number of file.

    Raises DataError where the rows are of several accounts or currencies: the balances are of one.
    """
    found: dict[int, list[Balance]] = {}
    for number, source in enumerate(sources):
        totals = source.mapping.totals
        if not isinstance(source, SourceFile) or totals is None or not (totals.opening and totals.closing):
            continue
        pages = db.execute(
            "SELECT DISTINCT account_id, currency, coalesce(statement, '') FROM staged WHERE file = ? LIMIT 2", [number]
        ).fetchall()
        if len(pages) > 1:
            raise DataError(
                f"{source.path.name}: totals.opening and totals.closing are of one account, and its rows of several"
                " accounts, currencies or statements",
                hint="Take the two out of the mapping's totals, or give each account a file of its own.",
            )
        said = stated_totals(source)
        for account, currency, statement in pages:
            of = (account, currency, statement, "")
            found[number] = [Balance(*of, said[role], role) for role in ("opening", "closing")]
    return found
