"""Places as banks write them: a name, and where it is known its coordinates in degrees, as in 'Wien 48.21,16.37'."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ibis.expr import types as ir


COORDINATES = r"(-?\d{1,2}(?:\.\d+)?), ?(-?\d{1,3}(?:\.\d+)?)$"
EARTH_KILOMETRES = 6_371.0


def latitude(place: ir.Value) -> ir.Value:
    """Degrees north of an Ibis column of places; null where it names no coordinates."""
    return place.re_extract(COORDINATES, 1).nullif("").cast("float64")


def longitude(place: ir.Value) -> ir.Value:
    """Degrees east."""
    return place.re_extract(COORDINATES, 2).nullif("").cast("float64")


def kilometres(lat_1: ir.Value, lon_1: ir.Value, lat_2: ir.Value, lon_2: ir.Value) -> ir.Value:
    """Great-circle distance by the haversine formula (Sinnott, Virtues of the Haversine, Sky & Telescope 68, 1984)."""
    half_lat, half_lon = ((lat_2 - lat_1) / 2).radians().sin(), ((lon_2 - lon_1) / 2).radians().sin()
    chord = half_lat * half_lat + lat_1.radians().cos() * lat_2.radians().cos() * half_lon * half_lon
    return 2 * EARTH_KILOMETRES * chord.sqrt().asin()
