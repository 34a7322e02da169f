"""Ids, names and times as Arrow text, made column by column."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mulegraph.simulate.calendar import START

FIRST_NAMES = (
    "Ada Ahmet Alba Amir Anna Bao Bela Carla Chen Daan Dilan Duc Elif Emma Eva Felix Finn Goran Hanna Hugo Ida Ines "
    "Ivan Jana Jonas Julia Kaan Karim Lara Lea Leon Lina Linh Luca Mai Marek Maria Mila Minh Mona Nadia Noah Nora Olga "
    "Omar Paul Petra Quang Rana Rosa Sara Selma Sofia Tariq Thu Tom Uma Vera Viktor Wanda Yara Yusuf Zoe Zoran"
).split()
LAST_NAMES = (
    "Abel Adler Aksoy Albrecht Bach Bauer Berg Bianchi Brandt Bui Celik Costa Dang Demir Dietz Dimitrov Ebert Falk "
    "Ferrari Fischer Fuchs Garcia Graf Gruber Haas Hahn Hansen Horvat Huber Ivanov Jansen Jung Kaya Keller Klein Koch "
    "Kovac Kraus Lang Le Lopez Maier Marino Martin Meyer Moser Nagy Ngo Novak Olsen Ortiz Pham Popov Reuter Rossi Roth "
    "Sauer Schmid Silva Simon Sommer Stein Toth Tran Vogel Wagner Weber Winter Wolf Yilmaz Ziegler"
).split()
STREETS = (
    "Birkenweg Dorfstrasse Gartenweg Hafengasse Hauptstrasse Lindenallee Marktplatz Ringstrasse Seeufer Talweg".split()
)
PLACES = "Aachen Bonn Bremen Dresden Essen Graz Halle Kassel Kiel Linz Mainz Ulm Wien Worms".split()
COORDINATES = (
    "50.78,6.08 50.73,7.10 53.08,8.80 51.05,13.74 51.46,7.01 47.07,15.44 51.48,11.97 51.31,9.49 54.32,10.14 48.31,14.29"
    " 50.00,8.27 48.40,9.99 48.21,16.37 49.63,8.36"
).split()
SPOTS = tuple(f"{place} {where}" for place, where in zip(PLACES, COORDINATES, strict=True))
"""Places where cards and devices are used, with degrees north and east."""
OCCUPATIONS = (
    ("student", 750),
    ("cashier", 1_750),
    ("driver", 2_050),
    ("nurse", 2_600),
    ("clerk", 2_400),
    ("cook", 1_900),
    ("teacher", 3_100),
    ("engineer", 3_900),
    ("retired", 1_500),
    ("unemployed", 900),
)
"""Occupation and its median income a month in euros."""


def spelt_otherwise(names: pa.Array) -> pa.Array:
    """The same names in capitals and with the last name first."""
    parts = pc.split_pattern(pc.utf8_upper(names), " ")
    return joined(" ", pc.list_element(parts, 1), pc.list_element(parts, 0))


def numbered(prefix: str, numbers: np.ndarray, width: int) -> pa.Array:
    """`prefix` and each number with leading zeros."""
    digits = pc.utf8_lpad(pc.cast(pa.array(numbers), pa.string()), width, "0")
    return pc.binary_join_element_wise(pa.scalar(prefix), digits, "")


def chosen(words: tuple[str, ...] | list[str], places: np.ndarray) -> pa.Array:
    """The word at each place; an empty word becomes null."""
    dictionary = pa.array([word or None for word in words], pa.string())
    return dictionary.take(pa.array(places))


def joined(separator: str, *columns: pa.Array) -> pa.Array:
    """Columns put together row by row."""
    return pc.binary_join_element_wise(*columns, separator)


def moments(seconds: np.ndarray) -> pa.Array:
    """Seconds since the start as times such as 2026-01-05T09:30:00Z."""
    at = pa.array(np.asarray(seconds, np.int64) + int(START.timestamp())).cast(pa.timestamp("s", "UTC"))
    return pc.strftime(at, "%Y-%m-%dT%H:%M:%SZ")


def dates(days: np.ndarray) -> pa.Array:
    """Days since the start (below zero: before it) as dates."""
    first = START.date().toordinal() - 719_163
    return pa.array((np.asarray(days) + first).astype(np.int32)).cast(pa.date32()).cast(pa.string())


def euros(cents: np.ndarray) -> pa.Array:
    """Cents as exact decimals."""
    words = np.empty((len(cents), 2), np.int64)
    words[:, 0], words[:, 1] = cents, cents >> 63
    return pa.Array.from_buffers(pa.decimal128(18, 2), len(cents), [None, pa.py_buffer(words)])
