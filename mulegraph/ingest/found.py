"""Which columns of a file are which of ours: by their names, and by what stands in them."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

from mulegraph.ingest import guesses
from mulegraph.ingest.column_words import (
    ACCOUNT_WORDS,
    BOOKING_WORDS,
    OWN_OR_OTHER,
    TRANSFER_WORDS,
    named,
    plain,
)
from mulegraph.ingest.columns import IN_WORDS, OUT_WORDS
from mulegraph.ingest.ibans import has_check_digits
from mulegraph.ingest.look import Layout

ACCOUNT_NAME = r"iban|account|konto|rekening|compte|cuenta|conta\b|conto\b|tai khoan|\bstk\b|rachun|a/c"
"""What stands in names of columns that hold accounts' numbers."""
LONG_TEXT = 10
"""Letters of a payment's free text, on the average."""


def which_columns(layout: Layout) -> tuple[dict[str, int], str]:
    """Which table the columns fit best, and where its columns stand."""
    if not layout.has_header:
        return _by_values(layout, {}), "bookings"
    transfers = named(layout.header, TRANSFER_WORDS)
    if {"source", "target"} <= set(transfers):
        return transfers, "transfers"
    bookings = named(layout.header, BOOKING_WORDS)
    money = {"amount", "debit", "credit"} & set(bookings)
    accounts = named(layout.header, ACCOUNT_WORDS)
    if "account_id" in accounts and not money and "booked_at" not in bookings and {"bank", "holder_id"} & set(accounts):
        return accounts, "accounts"
    _whose(layout, bookings)
    _by_words(layout, bookings)
    found = bookings if money else bookings | _by_values(layout, bookings)
    _only_one(layout, found, "booked_at", lambda values: bool(guesses.time_formats(values)))
    _only_one(layout, found, "currency", lambda values: all(map(guesses.is_currency, values)))
    _other_party(layout, found)
    return found, "bookings"


def _only_one(layout: Layout, found: dict[str, int], ours: str, fits: Callable[[list[str]], bool]) -> None:
    """The only column that no name explains and whose values are all dates, or all currencies."""
    if ours in found or not layout.rows:
        return
    free = [number for number in range(layout.width) if number not in found.values()]
    fitting = [number for number in free if layout.values(number) and fits(layout.values(number))]
    if len(fitting) == 1:
        found[ours] = fitting[0]
        layout.unsure.append(f"columns.{ours}: {layout.place(fitting[0])} is known by its values only")


def holds_ibans(layout: Layout, number: int) -> bool:
    """Whether half of a column's values or more are IBANs with right check digits."""
    values = [each.replace(" ", "") for each in layout.values(number)]
    return bool(values) and 2 * sum(map(has_check_digits, values)) >= len(values)


def holds_accounts(layout: Layout, number: int) -> bool:
    """Whether a column holds numbers of accounts: IBANs, or digits below a name that says so."""
    values = [each.replace(" ", "") for each in layout.values(number)]
    if not values:
        return False
    digits = sum(re.fullmatch(r"[0-9][0-9./-]{4,22}[0-9]", each) is not None for each in values)
    named_so = bool(layout.header) and re.search(ACCOUNT_NAME, plain(layout.header[number])) is not None
    return holds_ibans(layout, number) or (named_so and 2 * digits >= len(values))


def _other_party(layout: Layout, found: dict[str, int]) -> None:
    """Columns of accounts' numbers that no name explains: the other party's, nearly always, or the own one."""
    likely = [n for n in range(layout.width) if n not in found.values() and holds_accounts(layout, n)]
    same = [n for n in likely if len(set(layout.values(n))) == 1 and len(layout.values(n)) == len(layout.rows) > 1]
    if "account_id" not in found and layout.own is None and len(same) == 1:
        found["account_id"] = same[0]
        layout.unsure.append(f"columns.account_id: {layout.place(same[0])} holds one number in every row")
    own = layout.own.number if layout.own is not None else ""
    others = [n for n in likely if n not in found.values() and set(layout.values(n)) != {own}]
    if "counterparty_id" in found or not others:
        return
    if len(others) == 1:
        found["counterparty_id"] = others[0]
        layout.unsure.append(f"columns.counterparty_id: {layout.place(others[0])} holds numbers of accounts")
    else:
        layout.others = others


def _whose(layout: Layout, found: dict[str, int]) -> None:
    """A column called IBAN, or account, is the own one on some statements and the other party's on most."""
    place = found.get("account_id")
    generic = []
    for number, name in enumerate(layout.header):
        if plain(name) in OWN_OR_OTHER and holds_accounts(layout, number):
            generic.append(number)
    if place in generic and len(generic) > 1 and "counterparty_id" not in found:
        _one_of(layout, found, generic)
        return
    if place is None or plain(layout.header[place]) not in OWN_OR_OTHER:
        return
    values = set(layout.values(place))
    own = layout.own is not None and values != {layout.own.number}
    if "counterparty_id" not in found and (own or len(values) > 1):
        found["counterparty_id"] = found.pop("account_id")
        layout.unsure.append(
            f"columns.counterparty_id: '{layout.header[place]}' is taken for the other party's account"
        )
    elif "counterparty_id" not in found and len(layout.rows) < 5:
        layout.unsure.append(f"columns.account_id: '{layout.header[place]}' is taken for the statement's own account")


def _one_of(layout: Layout, found: dict[str, int], generic: list[int]) -> None:
    """Two columns that are both called by a name for any account: the own one is the same in every row."""
    same = [number for number in generic if len(set(layout.values(number))) == 1]
    if len(same) == 1 and len(layout.rows) > 1:
        found["account_id"] = same[0]
        layout.unsure.append(f"columns.account_id: {layout.place(same[0])} holds one number in every row")
        return
    names = " or ".join(layout.place(number) for number in generic)
    layout.doubtful["account_id"] = f"which is the statement's own account: {names}?"
    layout.doubtful["counterparty_id"] = "the other one"


def _by_words(layout: Layout, found: dict[str, int]) -> None:
    """A column that holds words for money out and in, and nothing else, whatever it is called."""
    if {"direction", "debit", "credit"} & set(found):
        return
    out, into = ({plain(word) for word in words} for words in (OUT_WORDS, IN_WORDS))
    for number in range(len(layout.header)):
        seen = {plain(each) for each in layout.values(number)}
        if seen & out and seen & into and seen <= out | into:
            for ours in [each for each, place in found.items() if place == number]:
                del found[ours]
            found["direction"] = number
            return


_IS_MONEY = re.compile(r"[.,]\d|^\s*[-−–(]\s*\d")
"""Decimals or a sign: no number of a document or an account has them. Forints and yen have no decimals."""


def _by_values(layout: Layout, known: dict[str, int]) -> dict[str, int]:
    """Columns known by what stands in them, where there are no names to go by."""
    found: dict[str, int] = {}
    numbers: list[int] = []
    ibans: list[int] = []
    for number in range(layout.width):
        values = layout.values(number)
        if not values or number in known.values():
            continue
        if holds_accounts(layout, number):
            ibans.append(number)
        elif all(guesses.is_currency(each) for each in values):
            found.setdefault("currency", number)
        elif guesses.time_formats(values):
            found.setdefault("booked_at", number)
        elif all(guesses.NUMBER.fullmatch(each) for each in values) and any(map(_IS_MONEY.search, values)):
            numbers.append(number)
        elif _is_one_number(layout, values):
            found.setdefault("account_id", number)
    # The statement's own account is the same in every row.
    ibans.sort(key=lambda each: len(set(layout.values(each))) > 1)
    for number in ibans:
        own = "account_id" not in found and (len(ibans) > 1 or len(set(layout.values(number))) == 1)
        found.setdefault("account_id" if own else "counterparty_id", number)
    texts = {n: layout.values(n) for n in range(layout.width) if n not in {*found.values(), *numbers, *known.values()}}
    longest = max(texts, key=lambda each: (sum(map(len, texts[each])), -each), default=None)
    if longest is not None and not known and sum(map(len, texts[longest])) >= LONG_TEXT * len(layout.rows):
        found["remittance"] = longest
    if "balance_after" in known:
        numbers = [number for number in numbers if number != known["balance_after"]]
    return found | _money(layout, numbers)


def _is_one_number(layout: Layout, values: list[str]) -> bool:
    """Whether all rows hold one long number: the account's, in files without names of columns."""
    whole = len(values) == len(layout.rows) > 1 and len(set(values)) == 1
    return whole and re.fullmatch(r"[0-9]{6,20}", values[0]) is not None


def _money(layout: Layout, numbers: list[int]) -> dict[str, int]:
    """Which columns of numbers are the amount and the balance after it, by whether one follows from the other."""
    whole = [number for number in numbers if len(layout.values(number)) == len(layout.rows)]
    decimal = guesses.marks([value for number in numbers for value in layout.values(number)])[0]

    def column(number: int) -> list[Decimal]:
        found = [guesses.number(each, decimal) for each in layout.values(number)]
        return [each for each in found if each is not None]

    for amount in whole:
        for before in whole:
            for after in whole:
                rows = list(zip(column(before), column(amount), column(after), strict=False))
                if len({before, amount, after}) == 3 and all(b + a == c for b, a, c in rows):
                    signed = any(a < 0 for _, a, _ in rows)
                    if signed or before < amount:
                        return {"amount": amount, "balance_after": after}
    for amount in whole:
        for balance in whole:
            if amount != balance and guesses.follow(column(amount), column(balance)):
                return {"amount": amount, "balance_after": balance}
    halves = [number for number in numbers if number not in whole]
    if not whole and len(halves) >= 2:
        return {"debit": halves[0], "credit": halves[1]}
    signed_ones = [number for number in numbers if any(map(guesses.is_signed, layout.values(number)))]
    return {"amount": (signed_ones or numbers)[0]} if numbers else {}
