"""What is asked back: never more than was stolen, never twice, never a payment that is mostly somebody else's."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mulegraph.casework.claims import (
    AskedToHold,
    Earlier,
    Move,
    Rules,
    Why,
    check_total,
    places_to_hold,
    plan_claims,
    victims_of,
)
from mulegraph.errors import EngineError
from mulegraph.schema.choices import RequestKind
from tests.thorough import examples

OURS = frozenset({"NORD", "SUED"})
RULES = Rules(OURS, recall_in_part=True)


def move(name, ends, amount, least=None, most=None, *, reported=False) -> Move:
    """A payment such as `NORD:v>SUED:m`; traced whole unless said, the victim's where it is reported."""
    payer, payee = (end.partition(":")[::2] for end in ends.split(">"))
    traced = amount if least is None else least
    return Move(
        name,
        datetime(2026, 1, 5),
        payer[1] or None,
        payer[0] or None,
        payee[1] or None,
        payee[0] or None,
        Decimal(amount),
        Decimal(traced),
        Decimal(traced if most is None else most),
        reported,
        reported,
    )


def asked(plan) -> list[tuple[str, RequestKind, Decimal]]:
    return [(each.move.transfer, each.kind, each.asked) for each in plan.claims]


def test_a_victims_payment_is_recalled_whole_and_its_money_not_again_where_it_went():
    """NORD recalls the 100 from SUED; that 90 of them went on to WEST is a matter of holds."""
    moves = [move("t1", "NORD:v>SUED:m", 100, reported=True), move("t2", "SUED:m>WEST:n", 90)]

    plan = plan_claims(moves, {"n": Decimal(90)}, Decimal(100), Earlier(), RULES)

    assert asked(plan) == [("t1", RequestKind.RECALL, Decimal(100))]
    assert plan.left_out == [(moves[1], Why.RECALLED_BEFORE)]


def test_what_left_from_inside_our_bank_is_recalled_in_part():
    """Victim and first account are with us: of the payment of 150 that went on, the 100 that every rule traces."""
    moves = [move("t1", "NORD:v>NORD:m", 120, reported=True), move("t2", "NORD:m>SUED:n", 150, 100, 120)]

    plan = plan_claims(moves, {"n": Decimal(110)}, Decimal(120), Earlier(), RULES)

    assert asked(plan) == [("t2", RequestKind.PART, Decimal(100))]
    without = plan_claims(moves, {"n": Decimal(110)}, Decimal(120), Earlier(), Rules(OURS))
    assert not without.claims and without.left_out[-1][1] is Why.NO_PART


def test_what_a_refused_recall_did_not_bring_may_be_asked_for_where_it_went():
    """SUED refuses the 100; 90 of them are at WEST, and NORD's refused payment is not asked for again."""
    moves = [move("t1", "NORD:v>SUED:m", 100, reported=True), move("t2", "SUED:m>WEST:n", 90)]

    plan = plan_claims(moves, {"n": Decimal(90)}, Decimal(100), Earlier({}, {"t1": Decimal(100)}), RULES)

    assert asked(plan) == [("t2", RequestKind.PART, Decimal(90))]


@pytest.mark.parametrize(
    ("moves", "there", "why"),
    [
        ([move("t1", "NORD:v>SUED:m", 100)], {}, Why.NOT_REPORTED),
        ([move("t1", "NORD:v>:", 100, reported=True)], {}, Why.CASH),
        ([move("t1", "WEST:v>SUED:m", 100, reported=True)], {}, Why.NOT_OURS),
        (
            [move("t1", "NORD:v>NORD:m", 100, reported=True), move("t2", "NORD:m>SUED:n", 300, 100)],
            {"n": 100},
            Why.MOSTLY_OTHERS,
        ),
        ([move("t1", "NORD:v>NORD:m", 100, reported=True), move("t2", "NORD:m>SUED:n", 100)], {"n": 0}, Why.WENT_ON),
    ],
)
def test_what_is_never_recalled_and_why(moves, there, why):
    """What nobody reported, cash, other banks' payments, what is mostly others' money, what has moved on."""
    moves[0] = Move(**{**vars(moves[0]), "chosen": True})
    plan = plan_claims(moves, {name: Decimal(each) for name, each in there.items()}, Decimal(100), Earlier(), RULES)

    assert not plan.claims
    assert plan.left_out[-1][1] is why


def test_a_victim_whose_money_was_already_stolen_money_is_not_recalled_twice():
    """Two reported payments of the same 100, the second made of the first: 100 are asked back, not 200."""
    moves = [move("t1", "NORD:v>SUED:m", 100, reported=True), move("t2", "SUED:m>NORD:n", 100, reported=True)]

    plan = plan_claims(moves, {}, Decimal(100), Earlier(), RULES)

    assert asked(plan) == [("t1", RequestKind.RECALL, Decimal(100))]
    assert plan.left_out == [(moves[1], Why.TRACED_BEFORE)]


def test_more_than_was_stolen_is_never_written():
    """Whatever went wrong before: the sum is checked last, and named."""
    check_total(Decimal(100), Decimal(100))
    with pytest.raises(EngineError, match=r"101.*100"):
        check_total(Decimal(101), Decimal(100))


def test_only_who_got_mostly_traced_money_is_to_be_held():
    """A shop that a mule paid among others is left alone; a bank that we do not see is asked for what went there."""
    moves = [
        move("t1", "NORD:v>SUED:m", 100, reported=True),
        move("t2", "SUED:m>SUED:shop", 100, 10, 40),
        move("t3", "SUED:m>WEST:n", 50, 40, 50),
    ]
    there = {"m": (Decimal(5), Decimal(9)), "shop": (Decimal(10), Decimal(40)), "empty": (Decimal(0), Decimal(0))}

    stops = places_to_hold(moves, there, {"m": "SUED", "shop": "SUED", "empty": "SUED"}, RULES)

    assert [(each.account, each.bank, each.least, each.most) for each in stops] == [
        ("n", "WEST", None, Decimal(50)),
        ("m", "SUED", Decimal(5), Decimal(9)),
    ]


banks = st.sampled_from(["NORD", "SUED", "WEST", ""])
one_move = st.builds(
    lambda payer, payee, amount, shares, kind: Move(
        "",
        datetime(2026, 1, 5),
        "p" if payer else None,
        payer or None,
        f"a{amount % 5}" if payee else None,
        payee or None,
        Decimal(amount),
        *(Decimal(amount) * each / 100 for each in sorted(shares)),
        kind > 0,
        kind > 1,
    ),
    banks,
    banks,
    st.integers(1, 500),
    st.tuples(st.integers(0, 100), st.integers(0, 100)),
    st.integers(0, 2),
)


@examples(300)
@given(
    st.lists(one_move, max_size=12),
    st.lists(st.integers(0, 600), min_size=5, max_size=5),
    st.lists(st.sampled_from(["", "open", "refused"]), min_size=12, max_size=12),
    st.integers(0, 2_000),
)
def test_claims_are_never_more_than_was_stolen_whatever_the_trace_says(moves, there, states, more):
    """With what stood before; each payment once, by its own bank to another, for no more than it carries under every
    rule, and of each account that we see no more than it still has."""
    moves = [Move(**{**vars(each), "transfer": f"t{number}"}) for number, each in enumerate(moves)]
    whole = {each.transfer: each.amount for each in moves if each.reported}
    told = dict(zip(whole, states, strict=False))
    earlier = Earlier(*({name: whole[name] for name in whole if told[name] == state} for state in ("open", "refused")))
    stolen = sum(earlier.open.values(), Decimal(more))
    left = {f"a{number}": Decimal(amount) for number, amount in enumerate(there)}

    plan = plan_claims(moves, left, stolen, earlier, RULES)

    assert sum((each.asked for each in plan.claims), sum(earlier.open.values(), Decimal(0))) <= stolen
    assert len({each.move.transfer for each in plan.claims}) == len(plan.claims)
    parts = defaultdict(Decimal)
    for each in plan.claims:
        assert each.asked > 0 and each.move.transfer not in earlier.open
        assert each.move.payer_bank in OURS and each.move.payer_bank != each.move.payee_bank
        if each.kind is RequestKind.RECALL:
            assert each.move.reported and each.asked == each.move.amount
        else:
            assert each.asked <= each.move.least and each.move.share >= RULES.min_share
            parts[each.move.payee] += each.asked * (each.move.payee_bank in OURS)
    assert all(amount <= left[account] for account, amount in parts.items())


@pytest.mark.parametrize(("returned", "due"), [(0, 100), (40, 60), (100, 0)])
def test_what_came_back_is_not_asked_for_again(returned, due):
    """Neither of the victim's payment nor as a sum to hold where we do not see; nothing where all came back."""
    paid = replace(move("t1", "NORD:v>WEST:m", 100, reported=True), returned=Decimal(returned))

    plan = plan_claims([paid], {}, Decimal(100), Earlier(), RULES)
    stops = places_to_hold([paid], {}, {}, RULES)

    assert asked(plan) == ([("t1", RequestKind.RECALL, Decimal(due))] if due else [])
    assert plan.left_out == ([] if due else [(paid, Why.RETURNED)])
    assert [each.most for each in stops] == ([Decimal(due)] if due else [])


def test_a_part_is_asked_of_a_bank_that_we_do_not_see():
    """What is still on an account there nobody knows: no more is asked than what came under every rule."""
    moves = [move("t1", "NORD:v>NORD:m", 600, reported=True), move("t2", "NORD:m>WEST:n", 590, 550, 590)]

    plan = plan_claims(moves, {"m": Decimal(10)}, Decimal(600), Earlier(), RULES)

    assert asked(plan) == [("t2", RequestKind.PART, Decimal(550))]


def test_a_victim_is_who_paid_what_was_reported_and_passed_nothing_on():
    """Who got stolen money and paid it on is none, even if he reported a loss of his own."""
    moves = [move("t1", "NORD:v>NORD:m", 100, reported=True), move("t2", "NORD:w>NORD:m", 100, reported=True)]
    moves.append(move("t3", "NORD:w>WEST:n", 50))

    assert victims_of(moves, ["x", "w"]) == {"v", "x"}


def test_what_is_asked_to_be_held_is_not_asked_for_again():
    """Of 1,600 with 1,000 stolen a case asks 1,000 once, and another case the other 600; at a bank of ours, too."""
    moves = [move("t1", "NORD:v>SUED:m", 1000, reported=True), move("t2", "SUED:m>WEST:n", 1600, 1000, 1000)]
    there = {"m": (Decimal(0), Decimal(1000))}

    def most(**asked) -> list[tuple[str, Decimal]]:
        stops = places_to_hold(moves, there, {"m": "SUED"}, RULES, AskedToHold(**asked))
        return [(each.account, each.most) for each in stops]

    assert most() == [("m", 1000), ("n", 1000)]
    once = {"t2": Decimal(1000)}
    assert most(payments=once, mine=once) == [("m", 1000)]
    assert most(payments=once) == [("m", 1000), ("n", 600)]
    assert most(payments={"t1": Decimal(900)}) == [("n", 1000), ("m", 100)]
