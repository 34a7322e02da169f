"""Every sum of traces and of cases, beside plain books that are kept from the same files without our code."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from mulegraph.casework.acts import open_case
from mulegraph.casework.case_file import case_file
from mulegraph.casework.case_money import case_trace
from mulegraph.casework.hold_plan import hold_plan
from mulegraph.casework.requests import case_plans
from mulegraph.ingest.load import load
from mulegraph.schema.choices import RequestKind
from mulegraph.settings import FILE
from mulegraph.views.chart import bundles, charted
from mulegraph.views.story import PARTS as STORY_PARTS
from mulegraph.views.story import money_parts
from mulegraph.views.tables import plain
from mulegraph.workspace.scan import scan
from mulegraph.workspace.trace_tree import dispersal_tree
from mulegraph.workspace.workspace import Workspace
from tests.drawing import MONDAY, write_csv
from tests.thorough import THOROUGH, times
from tests.workspace.books import PARTS, RULES, Books, Stops, cents

WORLDS = times(250)
CASES = 500 if THOROUGH else 32
"""A case is asked for six times, half a second each: a quarter of them would take a minute with every change."""
LEAST_SHARE = 0.05
TOGETHER = 20
"""So many cases are open at once: each one asked for looks at all that are."""
IN_CASES = Stops(days=30, least_share=LEAST_SHARE, at_innocent=True)
SETTINGS = f"[trace]\nmin_share = {LEAST_SHARE}\n[requests]\nrecall_in_part = true\n[cases]\nmin_score = 1.0\n"


def money(amount):
    return Decimal(amount) / 100


def worlds():
    """Accounts, transfers and balances of small worlds apart from each other; and payments of each to trace."""
    chance = random.Random(20260105)  # noqa: S311 (a test's ledger is no secret)
    accounts, transfers, balances, asked = [], [], [], []
    clock = MONDAY
    for world in range(WORLDS):
        names = [f"w{world:03d}_{letter}" for letter in "abcdef"]
        kinds = [chance.choice(["personal", "personal", "business", "merchant"]) for _ in names]
        accounts += [
            {
                "account_id": name,
                "bank": "OURS" if place < 2 else "ALSO" if place < 4 else "FAR",
                "own": "yes" if place < 4 else "no",
                "kind": kinds[place],
                "currency": "EUR",
                "holder_id": f"h{world:03d}_{place % 4}",
            }
            for place, name in enumerate(names)
        ]
        mine = []
        for _ in range(chance.randint(4, 16)):
            clock += timedelta(minutes=1) if chance.random() < 0.99 else timedelta(days=31)
            source, target = chance.sample([*names, ""], 2)
            row = {
                "transfer_id": f"t{len(transfers) + len(mine):05d}",
                "source": source,
                "target": target,
                "amount": f"{chance.randint(1, 30_000) / 100:.2f}",
                "currency": "EUR",
                "at": clock.isoformat() + "Z",
                "channel": chance.choice(["atm", "card"]),
                "returns": "",
            }
            earlier = [each for each in mine if source and target and not each["returns"]]
            if earlier and chance.random() < 0.25:
                given = chance.choice(earlier)
                if given["source"] and given["target"]:
                    part = chance.choice([1, 1, 2])
                    amount = Decimal(given["amount"]) / part
                    row |= {
                        "source": given["target"],
                        "target": given["source"],
                        "returns": given["transfer_id"],
                        "amount": f"{max(amount, Decimal('0.01')):.2f}",
                    }
            mine.append(row)
        if chance.random() < 0.5:
            at = (clock - timedelta(minutes=chance.randint(0, 6), seconds=30)).isoformat() + "Z"
            balances.append(
                {
                    "account_id": chance.choice(names[:4]),
                    "at": at,
                    "kind": "booked",
                    "source": "statement",
                    "balance": f"{chance.randint(-9_000, 40_000) / 100:.2f}",
                    "currency": "EUR",
                }
            )
        transfers += mine
        asked += [each["transfer_id"] for each in mine if each["target"] in names[:4] and not each["returns"]][:3]
    return {"accounts": accounts, "transfers": transfers, "balances": balances}, asked


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """The worlds as files, as a workspace, and what to trace."""
    folder = tmp_path_factory.mktemp("worlds")
    tables, asked = worlds()
    (folder / "files").mkdir()
    for name, rows in tables.items():
        write_csv(folder / "files" / f"{name}.csv", rows)
    report = load(folder / "files", folder / "workspace")
    assert not report.rejects, report.rejects
    (folder / "workspace" / FILE).write_text(SETTINGS, encoding="utf-8")
    return Books(folder / "files"), Workspace(folder / "workspace"), asked


def expected_sums(books, rule):
    return {part: money(amount) for part, amount in books.sums[rule].items()}


def least_traced(books):
    """What was stolen: each unit once, under the rule that counts the least."""
    return money(min(sums["traced"] for sums in books.sums.values()))


def test_every_sum_of_a_trace_is_what_plain_books_give(told):
    """To the cent, by every rule, for payments of dozens of worlds with cash, banks that we do not see and balances."""
    books, space, asked = told
    seen, again = dict.fromkeys(PARTS[2:], 0), 0
    for place, payment in enumerate(asked[: times(160)]):
        stops = Stops() if place % 2 else IN_CASES
        options = {"through": True, "days": 0, "at_least": Decimal(0)} if place % 2 else {}
        found = plain(space.trace([payment], **options).as_object())
        expected = books.trace({payment}, stops)
        for row in found["sums"]:
            rule = row["method"]
            assert {part: Decimal(row[part]) for part in PARTS} == expected_sums(expected, rule), (payment, rule)
            there = {each["account"]: Decimal(each[rule]["remaining"]) for each in found["accounts"]}
            left = {name: money(amount) for name, amount in expected.there[rule].items()}
            assert {name: amount for name, amount in there.items() if amount} == left, (payment, rule)
            for part in seen:
                seen[part] += expected.sums[rule][part] > 0
        told = {(row["transfer"], Decimal(row["most"])) for row in found["seen_again"]}
        assert told == {(name, money(most)) for name, most in _again(books, payment, stops, expected).items()}, payment
        again += len(told)
    # Few worlds have money that comes back from where nobody sees it.
    assert all(count >= times(20) for count in seen.values()), f"the worlds hold too little: {seen}"
    assert again >= times(4), f"the worlds hold too little that comes back: {again}"


def _again(books, payment, stops, expected):
    """Payments to ours of people whose bank we do not see, after traced money went there: what of it each may be."""
    whole, first = cents(books.by_id[payment]["amount"]), datetime.fromisoformat(books.by_id[payment]["at"])
    end = first + timedelta(days=stops.days or 10_000)
    had, found, spent = {}, {}, {}
    for row in books.rows:
        name, payer, payee = row["transfer_id"], row["source"], row["target"]
        gone = {rule: expected.gone[rule].get(name, ("", 0)) for rule in RULES}
        went = {rule: amount * (part == "left_our_sight") for rule, (part, amount) in gone.items()}
        if any(went.values()) and payee and books.kind[payee] not in ("merchant", "internal"):
            before = had.setdefault(payee, dict.fromkeys(RULES, 0))
            had[payee] = {rule: before[rule] + went[rule] for rule in RULES}
        carried = any(expected.carried[rule].get(name, 0) for rule in RULES)
        if payer in had and payee in books.own and not carried and datetime.fromisoformat(row["at"]) <= end:
            most = min(cents(row["amount"]), max(had[payer].values()) - spent.get(payer, 0))
            spent[payer] = spent.get(payer, 0) + max(0, most)
            if most >= max(1, int(stops.least_share * whole)):
                found[name] = most
    return found


def test_every_sum_of_a_case_is_what_plain_books_give(told):
    """Its trace, holds, requests and report, to the cent, for hundreds of cases that were opened on a call."""
    books, space, asked = told
    scan(space.folder, graph=False)
    space = Workspace(space.folder)
    seen = {"hold": 0, "recall": 0, "part": 0}
    for place, payment in enumerate(asked[:CASES]):
        if place % TOGETHER == 0:
            for file in space.folder.glob("journal.*"):
                file.unlink()
        case = open_case(space, [payment]).about
        found = case_trace(space, case)
        expected = books.trace(set(found.chosen), IN_CASES)
        _check_trace(found, expected)
        plan = hold_plan(space, case)
        _check_holds(plan, expected)
        seen["hold"] += bool(plan.holds)
        for claim in _check_requests(case_plans(space, case)[0], books, expected):
            seen["recall" if claim.kind is RequestKind.RECALL else "part"] += 1
        _check_pictures(space.case(case).network(), dispersal_tree(found), books, expected)
        assert [(part.low, part.high) for part in money_parts(found)] == _parts(expected)
        if place % 4 == 0:
            _check_report(case_file(space, case), expected)
    assert min(seen["hold"], seen["recall"]) >= 1 and seen["part"] >= CASES // 100, f"the cases hold too little: {seen}"


def _check_trace(found, expected):
    for row in found.sums.to_dict("records"):
        assert {part: row[part] for part in PARTS} == expected_sums(expected, row["method"])
    for row in found.steps[found.steps["transfer"].notna()].to_dict("records"):
        if row["end"] not in ("unbooked", "overdraft"):
            least, most = expected.carries(row["transfer"])
            assert (row["minimum"], row["maximum"]) == (money(least), money(most))


def _check_holds(plan, expected):
    assert plan.stolen == least_traced(expected)
    for each in plan.holds:
        there = tuple(map(money, expected.on([each.account])))
        assert there == (each.minimum, each.maximum)
        assert each.amount == there[_keeps_all(each)]
    # A hold on a sum keeps what every rule finds there, or where the rest is the holder's own what each rule finds, as
    # one on an account does.
    kept = {rule: sum(_kept(each, expected.there[rule]) for each in plan.holds) for rule in RULES}
    assert (plan.kept_least, plan.kept_most) == (min(kept.values()), max(kept.values()))
    _check_sums(plan, expected, kept)


def _keeps_all(hold):
    return hold.way == "account" or "its holder's own" in hold.says


def _kept(hold, there):
    return money(there.get(hold.account, 0)) if _keeps_all(hold) else hold.amount


def _check_sums(plan, expected, kept):
    """What holds keep, what stays beside them and what is gone make up what was stolen, by every rule."""
    for row in plan.sums:
        sums = expected_sums(expected, row.method)
        assert row.kept == kept[row.method] and row.kept + row.not_held == sums["still_there"]
        gone = (row.cash, row.left_our_sight, row.returned, row.stopped)
        assert gone == tuple(sums[part] for part in PARTS[2:])
        assert row.traced == row.kept + row.not_held + sum(gone)
    held = {each.account: each for each in plan.holds}
    beside = {each.account: each for each in plan.not_held}
    for account in {name for there in expected.there.values() for name in there}:
        left = [money(expected.there[rule].get(account, 0)) for rule in RULES]
        if account in held:
            left = [each - (each if _keeps_all(held[account]) else held[account].amount) for each in left]
        found = beside.get(account)
        assert (found is None and max(left) == 0) or (found.minimum, found.maximum) == (min(left), max(left))


def _check_requests(plan, books, expected):
    """What came back is not asked for again."""
    claims = plan.plan.claims
    assert sum(each.asked for each in claims) <= plan.stolen == least_traced(expected)
    for each in claims:
        least, most = map(money, expected.carries(each.move.transfer))
        assert (each.move.least, each.move.most) == (least, most)
        gave = [row for row in books.rows if row.get("returns") == each.move.transfer]
        back = min(most, sum((Decimal(row["amount"]) for row in gave), Decimal(0)))
        assert each.asked == most - back if each.kind is RequestKind.RECALL else each.asked <= least
    for stop in plan.stops:
        if stop.least is not None:
            assert (stop.least, stop.most) == tuple(map(money, expected.on([stop.account])))
    return claims


def _check_pictures(case, tree, books, expected):
    """An arrow of a case is the sum of its payments in the files; one of a trace is the range of what they carried."""
    for each in bundles(charted(case)):
        amount = sum(Decimal(books.by_id[name]["amount"]) for name, _ in each.transfers)
        assert [(sums.low, sums.high) for sums in each.sums.values()] == [(amount, amount)]
    for each in bundles(charted(tree)):
        names = [name for name, _ in each.transfers]
        carried = [
            min(sum(expected.carried[rule].get(name, 0) for name in names), expected.sums[rule]["traced"])
            for rule in RULES
        ]
        assert [(sums.low, sums.high) for sums in each.sums.values()] == [(money(min(carried)), money(max(carried)))]


def _parts(expected):
    """Least and most of each part of the bar under a picture that is not nothing; nothing is exchanged here."""
    parts = [[money(expected.sums[rule].get(part, 0)) for rule in RULES] for part in STORY_PARTS]
    return [(min(part), max(part)) for part in parts if any(part)]


def _check_report(file, expected):
    for row in file.trace.sums:
        assert {part: row[part] for part in PARTS} == expected_sums(expected, row["method"])
    for row in file.trace.accounts:
        assert (row["minimum"], row["maximum"]) == tuple(map(money, expected.on([row["account"]])))
    _check_holds(file.holding, expected)
