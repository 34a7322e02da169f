"""Fill a Neo4j graph from a ledger, again and again: what hashes say is unchanged is left alone, the rest is compared.

Each portion has a `Load` node in the graph itself. A portion that the graph holds nothing of is *created* in batches;
a batch is one transaction, which takes the node's lock, looks whether it is the next, writes, and moves on. So a batch
is written once, whoever writes it, and however often a load is killed. A portion that changed is *compared* row by row
with what the graph holds, and what is new or different is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from neo4j import ManagedTransaction, Session
from neo4j.exceptions import ConstraintError

from mulegraph.errors import EngineError
from mulegraph.graph.base import (
    NODES,
    RELATIONSHIPS,
    GraphInput,
    Known,
    ledger_nodes,
    ledger_relationships,
)
from mulegraph.graph.neo4j.difference import Difference, difference
from mulegraph.graph.neo4j.portions import TRANSFERS, Portion, combined, transfers_of
from mulegraph.graph.neo4j.rows import Shape, node_shape, received, relationship_shape, wire

BATCH_ROWS = 10_000
TRIES = 10
"""How often a part is compared anew when another load wrote the same rows meanwhile."""

MADE_FROM: Mapping[str, tuple[str, ...]] = {
    "Account": ("accounts", "transfers"),
    "Holder": ("holders", "accounts"),
    "Device": ("devices", "device_use"),
    "Listing": ("listings",),
    "OWNS": ("accounts",),
    "USED": ("device_use",),
    "LISTED Listing Account": ("listings", "accounts"),
    "LISTED Listing Holder": ("listings", "holders", "accounts"),
    "LISTED Listing Device": ("listings", "devices", "device_use"),
}
"""The tables that decide what a part of the graph holds; transfers go by day."""

TRANSFER = relationship_shape("TRANSFER", "Account", "Account")

STATES = (
    "MATCH (l:Load) RETURN l.part AS part, l.hash AS hash, l.next AS next, l.batches AS batches, l.rows AS rows,"
    " l.creating AS creating, l.done AS done, l.vanished AS vanished"
)
BEGIN = (
    "MERGE (l:Load {part: $part}) ON CREATE SET l.hash = $hash, l.next = 0, l.batches = $batches, l.rows = $rows,"
    " l.creating = true, l.done = $batches = 0, l.vanished = 0"
)
NEXT = "MATCH (l:Load {part: $part, hash: $hash}) RETURN l.next AS next"
CLAIM = (
    "MATCH (l:Load {part: $part}) SET l.at = localdatetime() WITH l WHERE l.hash = $hash AND l.next = $batch"
    " SET l.next = $batch + 1, l.done = $batch + 1 >= l.batches RETURN l.next"
)
"""Setting `at` takes the lock before `next` is read."""
MARK = (
    "UNWIND $states AS s MERGE (l:Load {part: s.part}) SET l.hash = s.hash, l.rows = s.rows, l.vanished = s.vanished,"
    " l.done = $done, l.creating = false, l.next = 0, l.batches = 0, l.at = localdatetime()"
)
FORGET = "MATCH (l:Load) WHERE l.part IN $parts DELETE l"
GONE = "gone"
"""In place of the hash of a day that the ledger no longer holds, while its transfers still stand in the graph."""


@dataclass(frozen=True)
class State:
    """What a `Load` node says of its part."""

    part: str
    hash: str
    rows: int
    vanished: int
    creating: bool
    done: bool


@dataclass
class Tally:
    """Rows of one part of the graph: written, and held by the graph though the ledger no longer has them."""

    new: int = 0
    changed: int = 0
    vanished: int = 0
    deleted: int = 0


@dataclass
class GraphLoad:
    """What a load did, by label and relationship."""

    tallies: dict[str, Tally] = field(default_factory=dict)

    def of(self, name: str) -> Tally:
        """The tally under this name."""
        return self.tallies.setdefault(name.split()[0], Tally())

    @property
    def changed(self) -> bool:
        """Whether anything was written."""
        return any(each.new or each.changed or each.deleted for each in self.tallies.values())

    @property
    def vanished(self) -> int:
        """Rows that the graph holds and the ledger does not."""
        return sum(each.vanished for each in self.tallies.values())


@dataclass
class Loader:
    """One load over one session; `told` hears each part's name and how many of its rows are written."""

    session: Session
    source: GraphInput
    portions: Sequence[Portion]
    every_row: bool = False
    prune: bool = False
    batch_rows: int = BATCH_ROWS
    told: Callable[[str, int], None] = lambda _name, _rows: None
    result: GraphLoad = field(default_factory=GraphLoad)

    def run(self) -> GraphLoad:
        """Bring the graph up to the source; raises the driver's errors, and EngineError where ends are missing."""
        self._states = self._read_states()
        plan = {name: combined(self.portions, *tables) for name, tables in MADE_FROM.items()}
        if not all(self._is_done(name, wanted) for name, wanted in plan.items()):
            for shape, rows in self._parts():
                self._put(shape, rows, plan[shape.name])
        else:
            for name in plan:
                self.result.of(name).vanished += self._states[name].vanished
        self._transfers()
        return self.result

    def _parts(self) -> Iterator[tuple[Shape, pa.Table]]:
        """Nodes, then the relationships between them, transfers left out."""
        known: dict[str, pa.Array] = {}
        for nodes in ledger_nodes(self.source):
            known[nodes.label] = nodes.rows[NODES[nodes.label].key].combine_chunks()
            yield node_shape(nodes.label), nodes.rows
        without = GraphInput({name: read for name, read in self.source.tables.items() if name != TRANSFERS})
        for part in ledger_relationships(without, Known(known)):
            yield relationship_shape(part.type, part.source, part.target), part.rows

    def _is_done(self, part: str, wanted: str) -> bool:
        """Whether the graph holds this part as it is wanted, by its hash and by counts."""
        state = self._states.get(part)
        if self.every_row or state is None or not state.done or state.hash != wanted:
            return False
        if self.prune and state.vanished:
            return False
        return self._held(_shape(part)) >= state.rows

    def _put(self, shape: Shape, rows: pa.Table, wanted: str) -> None:
        self.told(shape.name, 0)
        self._states = self._read_states()  # another load may have begun this part meanwhile
        if self._is_done(shape.name, wanted):
            self.result.of(shape.name).vanished += self._states[shape.name].vanished
        elif self._may_create(shape.name, wanted) and (shape.name in self._states or not self._held(shape)):
            self._create(shape, shape.name, wanted, rows)
        else:
            self._again(lambda: self._compare(shape, wanted, rows))

    def _may_create(self, part: str, wanted: str) -> bool:
        """Whether nothing was ever written of the part, or a creation of just this was cut short."""
        state = self._states.get(part)
        return not self.every_row and (state is None or (state.creating and not state.done and state.hash == wanted))

    def _create(self, shape: Shape, part: str, wanted: str, rows: pa.Table) -> None:
        batches = -(-len(rows) // self.batch_rows)
        self._write(BEGIN, part=part, hash=wanted, batches=batches, rows=len(rows))
        while True:
            (state,) = self.session.execute_read(_rows, NEXT, {"part": part, "hash": wanted}) or ({"next": batches},)
            if (batch := state["next"]) >= batches:
                return
            chosen = _in_lock_order(rows.slice(batch * self.batch_rows, self.batch_rows), shape)
            claim = {"part": part, "hash": wanted, "batch": batch}
            if self.session.execute_write(_claimed, claim, shape.create, wire(chosen)):
                self.result.of(shape.name).new += len(chosen)
            self.told(shape.name, len(chosen))

    def _compare(self, shape: Shape, wanted: str, rows: pa.Table) -> None:
        """Compare a part with what the graph holds of it, and write what differs."""
        state = {"part": shape.name, "hash": wanted, "rows": len(rows), "vanished": 0}
        self._write(MARK, states=[state], done=False)
        found = difference(rows, self._read(shape, shape.read), shape.key)
        for part in (found.new, found.changed):
            self._in_batches(shape, part, shape.merge)
        self._tally(shape, found)
        state["vanished"] = 0 if self.prune else len(found.vanished)
        self._write(MARK, states=[state], done=True)

    def _tally(self, shape: Shape, found: Difference) -> None:
        tally = self.result.of(shape.name)
        tally.new += len(found.new)
        tally.changed += len(found.changed)
        if self.prune:
            self._in_batches(shape, found.vanished, shape.delete)
            tally.deleted += len(found.vanished)
        else:
            tally.vanished += len(found.vanished)

    def _again(self, work: Callable[[], None]) -> None:
        """Do it again when another load has written the same rows between comparing and writing."""
        for left in reversed(range(TRIES)):
            try:
                return work()
            except ConstraintError:
                if not left:
                    raise
        return None

    # Transfers go by day

    def _transfers(self) -> None:
        self._states = self._read_states()
        days = {f"{TRANSFERS} {each.day}": each for each in self.portions if each.table == TRANSFERS}
        known = {part: state for part, state in self._states.items() if part.split()[0] == TRANSFERS}
        self.told(TRANSFER.name, 0)
        done = {p for p, day in days.items() if p in known and known[p].done and known[p].hash == day.sha256}
        held = self._held(TRANSFER)
        fresh = [part for part, day in days.items() if part not in done and self._may_create(part, day.sha256)]
        other = (days.keys() | known.keys()) - done - set(fresh)
        other -= {part for part in other if part not in days and known[part].hash == GONE and not self.prune}
        if self.prune:
            other |= {part for part in done if known[part].vanished}
        short = held < sum(known[part].rows for part in done) or (held > 0 and not known)
        if self.every_row or short:
            self._again(lambda: self._compare_days(days, None))
            return
        try:
            for part in fresh:
                self._create(TRANSFER, part, days[part].sha256, transfers_of(days[part]))
            if other:
                self._compare_days(days, other)
            same = [state for part, state in known.items() if part not in other]
            self.result.of(TRANSFER.name).vanished += sum(state.vanished for state in same)
        except ConstraintError:  # a transfer stands in the graph under another time, or another load wrote it
            self._again(lambda: self._compare_days(days, None))

    def _compare_days(self, days: Mapping[str, Portion], parts: set[str] | None) -> None:
        """Compare some days' transfers, or all that ledger and graph hold, and write what differs."""
        self.result.tallies[TRANSFER.name] = Tally(self.result.of(TRANSFER.name).new)
        chosen = {part: day for part, day in days.items() if parts is None or part in parts}
        self._write(MARK, states=[_state(part, day.sha256, 0, 0) for part, day in chosen.items()], done=False)
        read = [transfers_of(day) for day in chosen.values()]
        rows = pa.concat_tables([TRANSFER.columns.empty_table(), *read])
        held = self._read(TRANSFER, TRANSFER.read) if parts is None else self._read_days(parts)
        found = difference(rows, held, TRANSFER.key)
        self._in_batches(TRANSFER, found.changed, TRANSFER.delete, TRANSFER.create)
        self._in_batches(TRANSFER, found.new, TRANSFER.create)
        self._tally(TRANSFER, found)
        left = {} if self.prune else _by_day(found.vanished)
        sizes = dict(zip(chosen, map(len, read), strict=True))
        states = [_state(part, day.sha256, sizes[part], left.pop(part, 0)) for part, day in chosen.items()]
        self._write(MARK, states=[*states, *(_state(part, GONE, 0, n) for part, n in left.items())], done=True)
        gone = (parts or self._states.keys()) - days.keys() - left.keys()
        self._write(FORGET, parts=[part for part in gone if part.split()[0] == TRANSFERS])

    def _read_days(self, parts: set[str]) -> pa.Table:
        """What the graph holds of some days."""
        days = sorted(date.fromisoformat(part.split()[1]) for part in parts)
        statement = TRANSFER.read.replace(" RETURN", " WHERE r.at >= $since AND r.at < $until RETURN")
        held = self._read(TRANSFER, statement, since=_midnight(days[0]), until=_midnight(days[-1] + timedelta(days=1)))
        return held.filter(pc.is_in(_day_parts(held), value_set=pa.array(sorted(parts), pa.string())))

    # What reaches the server

    def _read_states(self) -> dict[str, State]:
        names = State.__dataclass_fields__
        rows = self.session.execute_read(_rows, STATES, {})
        return {row["part"]: State(**{name: row[name] for name in names}) for row in rows}

    def _held(self, shape: Shape) -> int:
        return int(self.session.execute_read(_rows, shape.count, {})[0]["count(*)"])

    def _read(self, shape: Shape, statement: str, **parameters: Any) -> pa.Table:
        return self.session.execute_read(read_table, statement, parameters, shape.columns)

    def _write(self, statement: str, **parameters: Any) -> None:
        self.session.execute_write(_rows, statement, parameters)

    def _in_batches(self, shape: Shape, rows: pa.Table, *statements: str) -> None:
        """Run the statements on each batch, each batch in one transaction."""
        for start in range(0, len(rows), self.batch_rows):
            chosen = wire(_in_lock_order(rows.slice(start, self.batch_rows), shape))
            self.session.execute_write(_all, statements, chosen)
            self.told(shape.name, len(chosen))


def shapes() -> list[Shape]:
    """Every part of the graph, nodes first."""
    pairs = [(name, *pair) for name, kind in RELATIONSHIPS.items() for pair in kind.pairs]
    return [*map(node_shape, NODES), *(relationship_shape(*each) for each in pairs)]


def write_rows(tx: ManagedTransaction, statement: str, rows: list[list[Any]]) -> None:
    """Write rows. Raises EngineError when relationships were asked for whose ends the graph lacks."""
    counters = tx.run(statement, rows=rows).consume().counters
    made = counters.relationships_created
    if " CREATE (a)" in statement and made != len(rows):
        raise EngineError(
            f"the graph lacks an end of {len(rows) - made} relationships",
            hint="Nodes were deleted by hand. Run: mulegraph graph rebuild --graph URL",
        )


def _claimed(tx: ManagedTransaction, claim: dict[str, Any], statement: str, rows: list[list[Any]]) -> bool:
    """Write a batch if it is still the next one; another worker, or a try before this one, may have written it."""
    if tx.run(CLAIM, claim).single() is None:
        return False
    write_rows(tx, statement, rows)
    return True


def _all(tx: ManagedTransaction, statements: Sequence[str], rows: list[list[Any]]) -> None:
    for statement in statements:
        write_rows(tx, statement, rows)


def _rows(tx: ManagedTransaction, statement: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
    return tx.run(statement, parameters).data()


def read_table(tx: ManagedTransaction, statement: str, parameters: dict[str, Any], columns: pa.Schema) -> pa.Table:
    """What a shape's `read` statement finds, as `received` gives it."""
    parts, rows = [received([], columns)], []
    for record in tx.run(statement, parameters):
        rows.append(record.values())
        if len(rows) == 10 * BATCH_ROWS:
            parts.append(received(rows, columns))
            rows = []
    return pa.concat_tables([*parts, received(rows, columns)])


def _shape(part: str) -> Shape:
    return next(shape for shape in shapes() if shape.name == part)


def _in_lock_order(rows: pa.Table, shape: Shape) -> pa.Table:
    return rows.sort_by([(name, "ascending") for name in shape.locks])


def _state(part: str, wanted: str, rows: int, vanished: int) -> dict[str, Any]:
    return {"part": part, "hash": wanted, "rows": rows, "vanished": vanished}


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)


def _day_parts(transfers: pa.Table) -> pa.Array:
    """The part that each transfer belongs to, by its day."""
    texts = pc.strftime(transfers["at"], f"{TRANSFERS} %Y-%m-%d")
    return texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts


def _by_day(transfers: pa.Table) -> dict[str, int]:
    counted = pc.value_counts(_day_parts(transfers)).to_pylist()
    return {each["values"]: each["counts"] for each in counted if each["values"] is not None}
