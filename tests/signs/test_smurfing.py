"""N10: one account pays several, who do not know each other and all pay one other."""

from __future__ import annotations

import random

import pytest

from mulegraph.signs.base import WEAK_SCORE
from tests.drawing import accounts_of, transfers_of
from tests.signs.inputs import findings_of

PEOPLE = 150


def background(seed: int = 1) -> list[str]:
    """Three hundred payments between people at random, so that chance is known."""
    draw = random.Random(seed)  # noqa: S311
    lines = []
    for number in range(300):
        one, other = draw.sample(range(PEOPLE), 2)
        lines.append(f"p{one} p{other} {10 + number % 90} {draw.randrange(40)}+{8 + number % 12}:{number % 60:02d}")
    return lines


def smurfs(middlemen: int = 6, more: tuple[str, ...] = ()) -> str:
    """`from` pays each middleman, and each pays `to` weeks before or after, another amount."""
    lines = background()
    for number in range(middlemen):
        lines.append(f"from m{number} {400 + 7 * number} {3 * number}+10:00")
        lines.append(f"m{number} to {90 + 11 * number} {(5 * number + 17) % 40}+15:30")
        # They have a life beside it.
        lines.append(f"m{number} p{number} 20 {number}+9:00")
    return "\n".join([*lines, *more])


def test_everybody_in_it_is_named_whenever_and_whatever_was_paid(ledger_of):
    """Some payments come before the receipts, none is of the same amount: who pays whom tells."""
    found = findings_of("N10", ledger_of(smurfs()))
    assert {each["subject_id"]: each["facts"]["place"] for each in found} == {
        "to": "last",
        **{f"m{number}": "middle" for number in range(6)},
    }
    assert len({each["pattern"] for each in found}) == 1
    assert {each["facts"]["middlemen"] for each in found} == {6}
    assert all(each["worth"] > 1 for each in found)
    assert found[0]["amount"] == sum(400 + 7 * number for number in range(6))
    assert len(found[0]["evidence"]) == 12


def test_who_pays_them_is_named_and_not_accused(ledger_of):
    """A victim who pays six mules stands there as well as who sent the money round."""
    found = findings_of("N10", ledger_of(smurfs()))
    assert found and all("from" in each["accounts"] and each["subject_id"] != "from" for each in found)


def test_chance_alone_names_nobody(ledger_of):
    """People who pay each other at random."""
    assert not [each for each in findings_of("N10", ledger_of("\n".join(background()))) if each["worth"]]


def test_a_circle_of_friends_is_none(ledger_of):
    """Twelve people who all deal with each other, mostly in one direction: middlemen who know each other."""
    draw = random.Random(2)  # noqa: S311
    lines = background()
    for one in range(12):
        for other in range(one + 1, 12):
            payer, payee = draw.sample((one, other), 2)
            lines.append(f"f{payer} f{payee} 15 {draw.randrange(40)}+18:00")
    assert not findings_of("N10", ledger_of("\n".join(lines)))


@pytest.mark.parametrize(
    "more",
    [
        tuple(f"m{number} from 5 20+11:00" for number in range(6)),
        tuple(f"m{number} m{number + 1} 5 20+11:00" for number in range(5)),
        ("to from 5 20+11:00",),
    ],
    ids=["they pay back", "they deal with each other", "first and last deal with each other"],
)
def test_who_knows_each_other_is_no_chain_of_strangers(ledger_of, more):
    """One payment back, or among them, is enough."""
    assert not findings_of("N10", ledger_of(smurfs(more=more)))


@pytest.mark.parametrize(
    ("shop", "share", "is_weak"), [("merchant", 1.0, False), ("personal", 1.0, True), ("merchant", 0.02, True)]
)
def test_it_is_weak_where_a_firm_would_look_the_same_and_for_small_change(ledger_of, shop, share, is_weak):
    """Without kinds an employer, its staff and their landlord are smurfs; and friends pass small change on."""
    drawing = smurfs(8)
    for number in range(8):
        drawing = drawing.replace(f" {400 + 7 * number} ", f" {(400 + 7 * number) * share:.2f} ")
        drawing = drawing.replace(f" to {90 + 11 * number} ", f" to {(90 + 11 * number) * share:.2f} ")
    rows = accounts_of(transfers_of(drawing), p0={"kind": shop})
    found = findings_of("N10", ledger_of(drawing, accounts=rows))
    assert found and {each["score"] <= WEAK_SCORE for each in found} == {is_weak}


def test_the_thresholds_can_be_changed(ledger_of):
    """More middlemen wanted than there are, and no account that deals with more than two others."""
    ledger = ledger_of(smurfs())
    assert not findings_of("N10", ledger, min_middlemen=7)
    assert not findings_of("N10", ledger, max_partners=2)
