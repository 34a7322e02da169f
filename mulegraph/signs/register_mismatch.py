"""A1: the holder is not who the population register says he is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pandas as pd
from ibis import _

from mulegraph.ledger.ledger import Ledger
from mulegraph.signs import facts
from mulegraph.signs.base import Phase, sign
from mulegraph.signs.spelling import addresses_alike, names_alike

WEIGHTS = {"id number absent": 0.75, "birth date": 0.8, "name": 0.7, "address": 0.45}
"""How much each difference says, on the scale of a score."""


@sign(
    code="A1",
    source="Handbook of the Vietnam Banks Association, account sign 1",
    phase=Phase.PREPARE,
    weight=6.0,
    needs=("holders.national_id", "population_register"),
    renamed={
        "least_name_percent": "min_name_percent",
        "least_address_percent": "min_address_percent",
    },
    facts=(
        facts.words("differs", "what differs", tuple(WEIGHTS)),
        facts.count("name_percent", "how alike the names are", unit="percent"),
        facts.count("address_percent", "how alike the addresses are", unit="percent"),
    ),
    reason={
        "en": "the holder differs from the population register in: {differs}[, name {name_percent}% alike][,"
        " address {address_percent}% alike]",
        "vi": "chủ tài khoản khác với cơ sở dữ liệu dân cư về: {differs}[, tên giống {name_percent}%][, địa chỉ"
        " giống {address_percent}%]",
        "nl": "de rekeninghouder wijkt af van het bevolkingsregister in: {differs}[, naam {name_percent}% gelijk][,"
        " adres {address_percent}% gelijk]",
    },
)
def register_mismatch(
    ledger: Ledger, *, min_name_percent: float = 85.0, min_address_percent: float = 75.0
) -> pd.DataFrame:
    """The holder's name, birth date, address or id number does not match the population register.

    Names and addresses are compared word by word without case, accents, order and particles, initials and usual
    abbreviations counting as their words (`spelling`); only those that differ at all are compared so.

    Innocent when: the holder married or moved, or a clerk mistyped the record.
    """
    frame = _differing(ledger).to_pandas()
    rows = [_compared(row, min_name_percent, min_address_percent) for row in frame.to_dict("records")]
    return pd.DataFrame([row for row in rows if row is not None])


def _differing(ledger: Ledger):  # type: ignore[no-untyped-def]
    """Accounts whose holder has an id number and differs from the register in any way, to the letter."""
    register = ledger.table("population_register").select(
        "national_id", registered="name", born="date_of_birth", home="address"
    )
    holders = ledger.table("holders").filter(_.national_id.notnull())
    joined = holders.left_join(register, "national_id").drop("national_id_right")
    differs = joined.filter(
        _.registered.isnull()
        | (_.name != _.registered)
        | (_.date_of_birth.notnull() & (_.date_of_birth != _.born))
        | (_.address.notnull() & (_.address != _.home))
    )
    owned = ledger.table("accounts").select("account_id", "holder_id")
    return owned.join(differs, "holder_id").select(
        "account_id", "name", "registered", "date_of_birth", "born", "address", "home"
    )


def _compared(row: dict[Any, Any], min_name: float, min_address: float) -> dict[str, Any] | None:
    absent = pd.isna(row["registered"])
    name = _percent(names_alike, row["name"], row["registered"])
    address = _percent(addresses_alike, row["address"], row["home"])
    differs = ["id number absent"] if absent else []
    if not absent:
        differs += ["birth date"] * _other_day(row["date_of_birth"], row["born"])
        differs += ["name"] * (name is not None and name < min_name)
        differs += ["address"] * (address is not None and address < min_address)
    if not differs:
        return None
    doubt = 1.0
    for each in differs:
        doubt *= 1 - WEIGHTS[each]
    return {
        "subject_id": row["account_id"],
        "score": 1 - doubt,
        "differs": differs,
        "name_percent": name,
        "address_percent": address,
    }


def _percent(compared: Callable[[str, str], int], one: Any, other: Any) -> int | None:
    """How alike two texts are; None where one is not known."""
    return None if pd.isna(one) or pd.isna(other) else compared(one, other)


def _other_day(one: Any, other: Any) -> bool:
    if pd.isna(one) or pd.isna(other):
        return False
    first, second = (each.date() if hasattr(each, "date") else each for each in (one, other))
    return isinstance(first, date) and first != second
