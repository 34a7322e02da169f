"""Which bookings are the same payment: the payer's bank, the payee's and the message between them each tell of it.

Pairs are looked for in three rounds: by UETR; by end-to-end reference and amount; by ends, amount and day alone. In
each round the k-th on one side goes with the k-th on the other among those that agree in everything that is known,
first within a day, then within some days. So n equal payments of a day stay n, and none is joined with two.
"""

from __future__ import annotations

from dataclasses import dataclass

from mulegraph.lazy import duckdb


@dataclass(frozen=True)
class Joined:
    """How many bookings were found to be another side of a payment, and how surely."""

    sides: int
    without_reference: int
    ambiguous: int
    near: int


_MONEY = "CAST(amount AS VARCHAR) || currency"
_ROUNDS = (
    ("uetr", "uetr", "true"),
    ("e2e", f"e2e || '|' || {_MONEY}", "true"),
    ("ends", _MONEY, "(o.e2e IS NULL OR i.e2e IS NULL) AND (o.uetr IS NULL OR i.uetr IS NULL)"),
)
"""Name, what both sides have in common, and what may not contradict."""

_COMPATIBLE = "(o.other IS NULL OR o.other = i.account) AND (i.other IS NULL OR i.other = o.account)"


def join_sides(db: duckdb.DuckDBPyConnection, max_days: int) -> Joined:
    """Make `sides` (n, t): booking n is another side of the payment that booking t tells of first."""
    db.execute("CREATE OR REPLACE TABLE sides (n BIGINT, t BIGINT, round VARCHAR, equals BIGINT)")
    for _, key, agrees in _ROUNDS:
        _absorb(db, key, agrees)
    for name, key, agrees in _ROUNDS:
        _pair(db, name, key, agrees, 0)
        _pair(db, name, key, agrees, max_days if name != "ends" else 1)
        if name != "ends":
            _pair_open(db, name, key, max_days)
    near = _near(db, max_days)
    ((sides, loose, ambiguous),) = db.execute(
        "SELECT count(*), count(*) FILTER (round = 'ends'), count(*) FILTER (round = 'ends' AND equals > 1) FROM sides"
    ).fetchall()
    return Joined(int(sides), int(loose), int(ambiguous), near)


def _left(direction: str) -> str:
    """Statement lines of one direction that have no other side yet."""
    return (
        f"SELECT * FROM settled WHERE NOT whole AND direction = '{direction}'"
        " AND n NOT IN (SELECT n FROM sides) AND n NOT IN (SELECT t FROM sides)"
    )


def _apart(days: int) -> str:
    """SQL: at most so many days apart, where Saturdays and Sundays between do not count: banks book on bank days."""
    first, last = "least(o.day, i.day)", "greatest(o.day, i.day)"
    weekend = f"isodow({first}) >= 5 AND isodow({last}) IN (1, 7) AND date_diff('day', {first}, {last}) <= 3"
    return f"(date_diff('day', {first}, {last}) <= {days} OR {weekend})"


def _near(db: duckdb.DuckDBPyConnection, max_days: int) -> int:
    """How many pairs are left that would be one payment, were their days not too far apart."""
    ends = "CASE WHEN direction = 'out' THEN account || '>' || other ELSE other || '>' || account END"

    def side(way: str) -> str:
        return (
            f'SELECT *, {ends} AS ends, row_number() OVER (PARTITION BY {_MONEY}, {ends} ORDER BY "at", n) AS k'
            f" FROM ({_left(way)}) WHERE other IS NOT NULL"
        )

    agrees = next(agrees for name, _, agrees in _ROUNDS if name == "ends")
    ((pairs,),) = db.execute(
        f"SELECT count(*) FROM ({side('out')}) o JOIN ({side('in')}) i ON o.ends = i.ends AND o.k = i.k"
        f" AND o.amount = i.amount AND o.currency = i.currency AND {agrees} AND o.account <> i.account"
        f" AND abs(date_diff('day', o.day, i.day)) <= {max_days} AND (o.n > 0 OR i.n > 0)"
    ).fetchall()
    return int(pairs)


def _pair(db: duckdb.DuckDBPyConnection, name: str, key: str, agrees: str, days: int) -> None:
    """Join where both lines name both ends. `days` 0: of one day; else the k-th with the k-th at most so far apart."""
    ends = "CASE WHEN direction = 'out' THEN account || '>' || other ELSE other || '>' || account END"
    per_day = ", day" if days == 0 else ""
    same_day = f"AND {'o.day = i.day' if days == 0 else _apart(days)}"

    def side(direction: str) -> str:
        window = f"PARTITION BY {key}, {ends}{per_day}"
        return (
            f'SELECT *, {key} AS pair_key, {ends} AS ends, row_number() OVER ({window} ORDER BY "at", n) AS k,'
            f" count(*) OVER ({window}) AS equals FROM ({_left(direction)})"
            f" WHERE {key} IS NOT NULL AND other IS NOT NULL"
        )

    db.execute(
        f"INSERT INTO sides SELECT {_second}, {_first}, '{name}', greatest(o.equals, i.equals)"
        f" FROM ({side('out')}) o JOIN ({side('in')}) i"
        f" ON o.pair_key = i.pair_key AND o.ends = i.ends AND o.k = i.k {same_day}"
        f" WHERE o.account <> i.account AND {agrees} AND (o.n > 0 OR i.n > 0)"
    )


# A line that the ledger has already (its number is negative) keeps its transfer, whatever side it is.
_first = "CASE WHEN i.n < 0 AND o.n > 0 THEN i.n ELSE o.n END"
_second = "CASE WHEN i.n < 0 AND o.n > 0 THEN o.n ELSE i.n END"


def _pair_open(db: duckdb.DuckDBPyConnection, name: str, key: str, days: int) -> None:
    """Join by a reference where a line does not name its other end: only one with one, never by order."""
    outs, ins = (f"SELECT *, {key} AS pair_key FROM ({_left(way)}) WHERE {key} IS NOT NULL" for way in ("out", "in"))
    db.execute(
        f"INSERT INTO sides SELECT {_second}, {_first}, '{name}', 1 FROM ({outs}) o JOIN ({ins}) i"
        f" ON o.pair_key = i.pair_key WHERE o.account <> i.account AND {_COMPATIBLE}"
        f" AND abs(date_diff('day', o.day, i.day)) <= {days} AND (o.n > 0 OR i.n > 0)"
        " QUALIFY count(*) OVER (PARTITION BY o.n) = 1 AND count(*) OVER (PARTITION BY i.n) = 1"
    )


def _absorb(db: duckdb.DuckDBPyConnection, key: str, agrees: str) -> None:
    """Statement lines that tell of a payment between banks which a message (pacs.008, MT103) tells of as well."""
    for direction in ("out", "in"):
        mine = "account" if direction == "out" else "other"
        lines = (
            f"SELECT *, {key} AS pair_key FROM settled WHERE NOT whole AND direction = '{direction}'"
            " AND n NOT IN (SELECT n FROM sides)"
        )
        # Of one message one line a side: it is counted by side.
        taken = f"SELECT t FROM sides JOIN settled USING (n) WHERE direction = '{direction}' AND NOT whole"
        payments = f"SELECT *, {key} AS pair_key FROM settled WHERE whole AND n NOT IN ({taken})"
        window = f"o.pair_key, o.{mine}"
        db.execute(
            f"INSERT INTO sides SELECT n, t, 'whole', 1 FROM (SELECT i.n AS n, o.n AS t,"
            f" dense_rank() OVER (PARTITION BY {window} ORDER BY o.at, o.n) AS of_payment,"
            f" dense_rank() OVER (PARTITION BY {window} ORDER BY i.at, i.n) AS of_line"
            f" FROM ({payments}) o JOIN ({lines}) i ON o.pair_key = i.pair_key AND o.{mine} = i.account"
            f" WHERE (i.other IS NULL OR i.other = o.{'other' if direction == 'out' else 'account'}) AND {agrees}"
            f" AND abs(date_diff('day', o.day, i.day)) <= 5 AND (o.returns IS NULL) = (i.returns IS NULL))"
            " WHERE of_payment = of_line"
        )
