"""A ledger that two threads ask at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor


def test_a_ledger_answers_two_threads_at_once(ledger_of):
    """Each has a connection of its own to one engine; both see the same snapshot, and neither the other's tables."""
    ledger = ledger_of("\n".join(f"a{each % 7} b{each % 5} {each + 1} {each % 24}:00" for each in range(60)))
    other = ledger.in_another_thread()

    def asked(of):
        of.kept("kept", lambda: of.transfers.filter(of.transfers.amount > (10 if of is ledger else 20)))
        return [of.table("kept").count().execute() for _ in range(20)]

    with ThreadPoolExecutor(2) as pool:
        here, there = pool.map(asked, (ledger, other))

    assert other.hash == ledger.hash
    assert set(here) == {50}
    assert set(there) == {40}


def test_a_workspace_that_was_never_scanned_spills(ledger_of):
    """What does not fit in memory goes beside the runs, where nobody has made one yet."""
    engine = ledger_of("a b 1 9:00").engine
    engine.raw_sql("SET memory_limit = '60MB'")
    rows = engine.raw_sql("SELECT count(DISTINCT md5(range::VARCHAR)) FROM range(1_500_000)").fetchall()
    assert rows == [(1_500_000,)]
