"""What each bank of a simulated ledger sees: its own customers, and of others only whom they pay or who pays them."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv
import pyarrow.parquet as pq

from mulegraph.simulate.world import BANKS

PAYER_KNOWS = ("device_id", "place")
"""What the payee's bank is not told of a payment."""
KNOWN_OF_OTHERS = ("account_id", "bank", "currency")
OWN, OTHER = "yes", "no"
OWN_LIST = "own bank"
"""The source of lists that each bank keeps for itself."""
UNKNOWN = "unknown"


def split_by_bank(folder: Path, file_format: str) -> dict[str, dict[str, int]]:
    """Move the tables in `folder` into a folder a bank, each with what this bank holds; gives rows by bank and table.

    Accounts of others are there with number, bank and currency alone, and said not to be its own. `labels/` stays where
    it is, of the whole. A payment between two banks is in both folders under one id.
    """
    tables = {path.stem: _read(path) for path in sorted(folder.glob(f"*.{file_format}"))}
    accounts = tables["accounts"]
    made: dict[str, dict[str, int]] = {}
    for bank in BANKS:
        parts = _view(tables, accounts.filter(pc.equal(accounts["bank"], bank)))
        (folder / bank).mkdir()
        for name, rows in parts.items():
            _write(rows, folder / bank / f"{name}.{file_format}")
        made[bank] = {name: len(rows) for name, rows in parts.items()}
    for name in tables:
        (folder / f"{name}.{file_format}").unlink()
    return made


def _view(tables: dict[str, pa.Table], own: pa.Table) -> dict[str, pa.Table]:
    """One bank's rows of every table; `own` are its accounts."""
    mine, holders = own["account_id"], own["holder_id"]
    transfers = tables["transfers"]
    paid, received = (_among(transfers, end, mine) for end in ("source", "target"))
    seen = transfers.filter(pc.or_(paid, received))
    # Cash that is paid in at a counter of its own is seen there.
    told = pc.or_(_among(seen, "source", mine), pc.is_null(seen["source"]))
    for name in PAYER_KNOWS:
        place = seen.column_names.index(name)
        seen = seen.set_column(place, name, pc.if_else(told, seen[name], pa.scalar(None, seen[name].type)))
    named = pa.chunked_array([*seen["source"].chunks, *seen["target"].chunks]).drop_null()
    known = tables["accounts"].filter(_among(tables["accounts"], "account_id", named))
    others = known.filter(pc.invert(_among(known, "account_id", mine))).select(KNOWN_OF_OTHERS)
    use, cards = (_of(tables[name], "account_id", mine) for name in ("device_use", "card_events"))
    accounts = [own.append_column("own", pa.array([OWN] * len(own)))]
    for name, word in (("kind", UNKNOWN), ("own", OTHER)):
        others = others.append_column(name, pa.array([word] * len(others)))
    accounts.append(others)
    devices = _of(tables["devices"], "device_id", pa.chunked_array([*use["device_id"].chunks, *_devices(seen)]))
    lists = tables["listings"]
    foreign = pc.and_(pc.equal(lists["source"], OWN_LIST), pc.invert(_among(lists, "subject_id", mine)))
    return {
        **tables,
        "listings": lists.filter(pc.invert(foreign)),
        "accounts": pa.concat_tables(accounts, promote_options="default").sort_by("account_id"),
        "transfers": seen,
        "holders": _of(tables["holders"], "holder_id", holders),
        "device_use": use,
        "devices": _first_seen_here(devices, use, seen),
        "card_events": cards,
        "reports": _of(tables["reports"], "transfer_id", _of(seen, "source", mine)["transfer_id"]),
    }


def _first_seen_here(devices: pa.Table, use: pa.Table, seen: pa.Table) -> pa.Table:
    """Devices with the time at which this bank saw each first."""
    rows = [use.select(["device_id", "at"]), seen.select(["device_id", "at"]).filter(pc.is_valid(seen["device_id"]))]
    first = pa.concat_tables(rows).group_by("device_id").aggregate([("at", "min")])
    place = pc.index_in(devices["device_id"], value_set=first["device_id"].combine_chunks())
    column = devices.column_names.index("first_seen")
    return devices.set_column(column, "first_seen", first["at_min"].take(place))


def _devices(seen: pa.Table) -> list[pa.Array]:
    return seen["device_id"].drop_null().chunks


def _among(rows: pa.Table, column: str, values: pa.Array | pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.is_in(rows[column], value_set=pc.unique(values))


def _of(rows: pa.Table, column: str, values: pa.Array | pa.ChunkedArray) -> pa.Table:
    return rows.filter(_among(rows, column, values))


def _read(path: Path) -> pa.Table:
    if path.suffix == ".parquet":
        return pq.read_table(path)
    with path.open(encoding="utf-8") as lines:
        names = [name.strip('"') for name in lines.readline().rstrip("\n").split(",")]
    # As text: an amount or an id that is read as a number is written otherwise.
    types = csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True)
    return csv.read_csv(path, convert_options=types)


def _write(rows: pa.Table, path: Path) -> None:
    if path.suffix == ".parquet":
        pq.write_table(rows, path)
    else:
        csv.write_csv(rows, path, csv.WriteOptions(quoting_style="needed"))
