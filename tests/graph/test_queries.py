"""The questions in `cypher/`, each on a ledger small enough to work its rows out by hand."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from mulegraph.errors import UsageError
from mulegraph.graph.queries import Query, ask, catalogue
from mulegraph.schema.tables import CASH_OUT

from .conftest import SPLIT, GraphOf, at, cases_of, finding, findings_of, listing, use

FOLDER = Path(__file__).parents[2] / "cypher"
EVERY = sorted(catalogue())
SAMPLE = {"text": "x", "texts": "x,y", "integer": "2", "number": "1.5", "time": "2026-01-01"}


def every(query: Query) -> dict[str, str]:
    """A value for each parameter that has no default."""
    return {each.name: SAMPLE[each.type] for each in query.parameters if each.default is None}


# Header and shape, of every file


def test_every_file_is_a_question() -> None:
    """The catalogue is the folder."""
    assert sorted(path.stem for path in FOLDER.glob("*.cypher")) == EVERY
    assert len(EVERY) >= 10


@pytest.mark.parametrize("name", EVERY)
def test_header_is_full(name: str) -> None:
    """A file says what it asks, what it takes and gives, what bounds its work, and its cap and time-out."""
    query = catalogue()[name]
    assert query.title and query.cost and query.columns
    assert 1 <= query.row_cap <= 10_000
    assert 1 <= query.timeout_seconds <= 120
    assert all(each.meaning for each in query.parameters)
    used = set(re.findall(r"\$(\w+)", "\n".join(query.statements)))
    assert used == {each.name for each in query.parameters}


def test_answers_have_the_columns_that_the_headers_name(graph_of_each: GraphOf) -> None:
    """Each question runs with its defaults on a graph without listings, devices, findings and cases."""
    graph = graph_of_each(SPLIT)
    for name, query in catalogue().items():
        assert (name, ask(graph, name, every(query)).columns) == (name, list(query.columns))


@pytest.mark.parametrize("name", EVERY)
def test_only_what_neo4j_and_ladybug_share_is_used(name: str) -> None:
    """No function or clause that one of the two engines lacks, and no limit: the runner caps the rows."""
    text = "\n".join(catalogue()[name].statements)
    assert not re.search(r"shortestPath|CALL\s*[{(]|\btype\(|datetime\(|\bLIMIT\b|apoc|\bid\(", text, re.IGNORECASE)


@pytest.mark.parametrize("name", EVERY)
def test_every_part_is_ordered(name: str) -> None:
    """Rows come in a set order: the statements of a file one after the other, and none leaves a union to the engine."""
    for part in catalogue()[name].statements:
        assert re.search(r"ORDER BY [^\n]+\s*$", part) and "UNION" not in part


@pytest.mark.parametrize("name", EVERY)
def test_no_part_of_a_union_returns_an_expression_twice(name: str) -> None:
    """LadybugDB 0.22 would give one column in place of another, in the other parts."""
    for part in catalogue()[name].statements:
        returned = part.partition("RETURN")[2].partition("ORDER BY")[0]
        values = [each.strip() for each in re.findall(r"([\w.]+) AS \w+", returned)]
        assert len(values) == len(set(values))


# What is asked for


def test_unknown_question_suggests_near_names(graph_of_each: GraphOf) -> None:
    """A slip of the pen is met with the name that was meant, and where the names stand."""
    with pytest.raises(UsageError, match="query 'path_to_flagged' is unknown") as error:
        ask(graph_of_each(SPLIT), "path_to_flagged", {})
    assert "paths_to_flagged" in error.value.hint
    assert "mulegraph query --list" in error.value.hint


def test_name_like_no_other_gets_no_suggestion(graph_of_each: GraphOf) -> None:
    """Then only the list is named."""
    with pytest.raises(UsageError) as error:
        ask(graph_of_each(SPLIT), "zzz", {})
    assert error.value.hint == "See: mulegraph query --list"


def test_missing_parameter_is_named_with_its_meaning() -> None:
    """What is missing, what it is for, and how to give it."""
    with pytest.raises(
        UsageError, match="'findings_of_account' needs the parameter 'account': account number"
    ) as error:
        catalogue()["findings_of_account"].bind({})
    assert "--param account=" in error.value.hint


def test_unknown_parameter_is_named_with_those_that_there_are() -> None:
    """A misspelt name is not passed over in silence."""
    with pytest.raises(UsageError, match="'paths_to_flagged' has no parameter 'hop'") as error:
        catalogue()["paths_to_flagged"].bind({"account": "x", "hop": "2"})
    assert error.value.hint == "Expected one of: account, hops, list, ordered, hub."


@pytest.mark.parametrize("value", ["0", "5", "two", "2.5", "", "1 OR 1=1"])
def test_hops_outside_their_range_are_refused(value: str) -> None:
    """Hops bound the work, so they are a whole number in the range that the header gives."""
    with pytest.raises(UsageError, match="parameter 'hops' is") as error:
        catalogue()["paths_to_flagged"].bind({"account": "x", "hops": value})
    assert error.value.hint == "Expected a whole number from 1 to 4."


@pytest.mark.parametrize("value", ["yesterday", "2026-13-01", "0001-01-01T00:00+14:00"])
def test_what_is_no_time_is_refused(value: str) -> None:
    """A time is a date, or a date with a time."""
    with pytest.raises(UsageError, match="parameter 'since' is") as error:
        catalogue()["account_neighbourhood"].bind({"account": "x", "since": value})
    assert error.value.hint.startswith("Expected a date or time such as")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-01-31", datetime(2026, 1, 31)),
        ("2026-01-31T09:30Z", datetime(2026, 1, 31, 9, 30)),
        ("2026-01-31T09:30+07:00", datetime(2026, 1, 31, 2, 30)),
    ],
)
def test_times_are_utc(value: str, expected: datetime) -> None:
    """A time with a zone is turned into UTC, one without is taken to be in it."""
    assert catalogue()["account_neighbourhood"].bind({"account": "x", "since": value})["since"] == expected


def test_values_are_never_part_of_the_text(graph_of_each: GraphOf) -> None:
    """An account number that looks like Cypher is an account number."""
    graph = graph_of_each(SPLIT)
    assert ask(graph, "findings_of_account", {"account": "x'}) DETACH DELETE a //"}).rows == []
    assert graph.status().nodes["Account"] == 6


def test_row_cap_can_be_lowered_and_says_so(graph_of_each: GraphOf) -> None:
    """A caller that wants fewer rows gets the first ones, and learns that there are more."""
    graph = graph_of_each(SPLIT)
    whole = ask(graph, "account_neighbourhood", {"account": "collector"})
    first = ask(graph, "account_neighbourhood", {"account": "collector"}, row_cap=1)
    assert (len(whole.rows), whole.capped) == (3, False)
    assert (first.rows, first.capped) == (whole.rows[:1], True)


# Each question


def test_account_neighbourhood_sums_by_counterparty_and_direction(graph_of_each: GraphOf) -> None:
    """What was paid comes first; cash is a counterparty, and a transfer to oneself is none."""
    graph = graph_of_each(SPLIT + "mule_a collector 20.00 11:00\n collector collector 5.00 11:01")
    rows = ask(graph, "account_neighbourhood", {"account": "collector"}).rows
    assert [tuple(row.values()) for row in rows] == [
        (CASH_OUT, "cash", "paid", 1, 950.0, at("10:30"), at("10:30")),
        ("mule_a", "personal", "received", 2, 600.0, at("9:40"), at("11:00")),
        ("mule_b", "personal", "received", 1, 390.0, at("9:55"), at("9:55")),
    ]


def test_account_neighbourhood_keeps_to_the_time(graph_of_each: GraphOf) -> None:
    """`since` is in, `until` is out."""
    raw = {"account": "collector", "since": "2026-01-05T09:55Z", "until": "2026-01-05T10:30Z"}
    rows = ask(graph_of_each(SPLIT), "account_neighbourhood", raw).rows
    assert [row["counterparty"] for row in rows] == ["mule_b"]


def test_accounts_on_device_come_with_their_holders(graph_of_each: GraphOf) -> None:
    """The one that used it most first; uses are counted, and a holder that is only a number has no name."""
    holders = [{"holder_id": "h_mule_b", "name": "Bob"}]
    uses = [use("mule_a", "phone"), use("mule_b", "phone"), use("mule_b", "phone", "9:30"), use("victim", "other")]
    rows = ask(graph_of_each(SPLIT, holders=holders, device_use=uses), "accounts_on_device", {"device": "phone"}).rows
    assert [tuple(row.values()) for row in rows] == [
        ("mule_b", "personal", "h_mule_b", "Bob", 2, at("8:00"), at("9:30")),
        ("mule_a", "personal", "h_mule_a", None, 1, at("8:00"), at("8:00")),
    ]


def test_holders_of_cluster_leave_hub_devices_out(graph_of_each: GraphOf) -> None:
    """The account itself is among them; a device of more accounts than `hub` joins nobody."""
    uses = [use("mule_a", "phone"), use("mule_b", "phone")]
    uses += [use(name, "cafe") for name in ("mule_a", "mule_b", "victim")]
    graph = graph_of_each(SPLIT, device_use=uses)
    few = ask(graph, "holders_of_cluster", {"account": "mule_a", "hub": "2"}).rows
    assert [(row["device"], row["account"], row["holder"]) for row in few] == [
        ("phone", "mule_a", "h_mule_a"),
        ("phone", "mule_b", "h_mule_b"),
    ]
    every = ask(graph, "holders_of_cluster", {"account": "mule_a"}).rows
    assert [(row["device"], row["account"]) for row in every][:3] == [
        ("cafe", "mule_a"),
        ("cafe", "mule_b"),
        ("cafe", "victim"),
    ]


def test_chains_through_account_are_findings_of_n1_that_name_it(graph_of_each: GraphOf) -> None:
    """Also where it is a party and not the subject; the most surprising first, and each chain once."""
    chain = {"sign": "N1", "evidence": ["t001", "t003", "t005"]}
    findings = findings_of(
        finding("f1", "mule_a", ["victim", "mule_a", "collector"], **chain),
        finding("f2", "collector", ["mule_a", "collector"], **{**chain, "surprise": 9.0}),
        finding("f5", "mule_a", ["mule_a", "collector"], **{**chain, "surprise": 9.0, "pattern": "CH-f2"}),
        finding("f3", "collector", ["collector"], **chain),
        finding("f4", "mule_a", ["mule_a"]),
    )
    rows = ask(graph_of_each(SPLIT, findings=findings), "chains_through_account", {"account": "mule_a"}).rows
    assert [(row["surprise"], row["accounts"]) for row in rows] == [
        (9.0, ["mule_a", "collector"]),
        (3.0, ["victim", "mule_a", "collector"]),
    ]
    assert rows[0]["transfers"] == ["t001", "t003", "t005"]
    assert rows[0]["amount"] == Decimal("100.000")


def test_findings_of_account_tell_subject_from_party(graph_of_each: GraphOf) -> None:
    """The strongest first; a finding that names the account twice is one row."""
    findings = findings_of(
        finding("f1", "mule_a", ["mule_a", "victim"]),
        finding("f2", "collector", ["collector", "mule_a", "mule_a"], score=0.9),
        finding("f3", "victim", ["victim"]),
    )
    rows = ask(graph_of_each(SPLIT, findings=findings), "findings_of_account", {"account": "mule_a"}).rows
    assert [(row["finding"], row["role"], row["reason"]) for row in rows] == [
        ("f2", "party", "reason of f2"),
        ("f1", "subject", "reason of f1"),
    ]


def test_case_members_come_with_the_lists_they_are_on(graph_of_each: GraphOf) -> None:
    """Each account is one row, on however many lists it is."""
    cases = cases_of({"case": "CASE-1", "accounts": ["mule_b", "mule_a"], "findings": []})
    listings = [listing("mule_a"), listing("mule_a", source="police"), listing("mule_a", on="for_sale")]
    graph = graph_of_each(SPLIT, cases=cases, listings=listings)
    rows = ask(graph, "case_members", {"id": "CASE-1"}).rows
    assert [(row["account"], row["holder"], sorted(row["lists"])) for row in rows] == [
        ("mule_a", "h_mule_a", ["for_sale", "suspicion"]),
        ("mule_b", "h_mule_b", []),
    ]
    assert ask(graph, "case_members", {"id": "CASE-2"}).rows == []


def test_counterparties_in_common_leave_cash_out(graph_of_each: GraphOf) -> None:
    """Two accounts that both draw cash have no counterparty in common by that."""
    graph = graph_of_each(SPLIT + "mule_a cash 5.00 12:00\n mule_b cash 5.00 12:01\n mule_a mule_b 1.00 12:02")
    rows = ask(graph, "counterparties_in_common", {"one": "mule_a", "other": "mule_b"}).rows
    assert [tuple(row.values()) for row in rows] == [
        ("victim", "personal", 1, 1, 2),
        ("collector", "personal", 1, 1, 3),
    ]


def test_top_receivers_from_listed_count_senders_once(graph_of_each: GraphOf) -> None:
    """A sender on a list twice sends his money once; cash and oneself receive nothing."""
    listings = [
        listing("mule_a"),
        listing("mule_a", source="police"),
        listing("collector"),
        listing("victim", "for_sale"),
    ]
    graph = graph_of_each(SPLIT + "mule_a collector 20.00 11:00\n mule_a mule_a 9.00 11:01", listings=listings)
    rows = ask(graph, "top_receivers_from_listed", {}).rows
    assert [tuple(row.values()) for row in rows] == [
        ("collector", "personal", 1, 2, 600.0, at("9:40"), at("11:00")),
    ]
