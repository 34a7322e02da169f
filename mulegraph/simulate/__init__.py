"""`mulegraph simulate`: a made-up ledger with planted mule networks and innocent look-alikes, and their labels.

Labels go to `labels/`, which no detector reads. Same arguments, same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq

from mulegraph.errors import UsageError
from mulegraph.schema.tables import CHANNELS, TABLES
from mulegraph.simulate import text
from mulegraph.simulate.bank_views import split_by_bank
from mulegraph.simulate.calendar import DAY
from mulegraph.simulate.everyday import everyday_life
from mulegraph.simulate.labels import MULE, VICTIM, Labels, plants_for
from mulegraph.simulate.look_alikes import LookAlikes
from mulegraph.simulate.marks import Marker
from mulegraph.simulate.networks import PAYMENTS_A_NETWORK, Network, Planter
from mulegraph.simulate.payments import LABELS, NOTES, ROLES, Payments
from mulegraph.simulate.plants import Plants
from mulegraph.simulate.records import SimulatedWorld, account_ids, records, reports
from mulegraph.simulate.scenario import IN_NETWORKS, USUAL, Scenario
from mulegraph.simulate.world import MIN_ACCOUNTS, make_world

__all__ = ["Scenario", "Simulation", "label_networks", "simulate"]

FORMATS = ("csv", "parquet")
MIN_SENDERS = 3
SLICE = 500_000


@dataclass
class Simulation:
    """What was written: rows by table, planted networks, mules, and groups of look-alikes."""

    rows: dict[str, int] = field(default_factory=dict)
    networks: int = 0
    mules: int = 0
    banks: list[str] = field(default_factory=list)
    """Folders, where each bank has one."""
    look_alikes: int = 0


def simulate(
    folder: Path,
    *,
    accounts: int,
    days: int = 30,
    seed: int = 1,
    hard: bool = False,
    file_format: str = "csv",
    scenario: Scenario = USUAL,
) -> Simulation:
    """Write all ledger tables and `labels/` into `folder`, which must be empty or new.

    About six transfers an account in thirty days, unless the `scenario` says more. Raises UsageError for numbers out of
    range or a folder in use.
    """
    _check(folder, accounts, days, file_format, scenario)
    rng = np.random.default_rng([seed, int(hard)])
    world = make_world(rng, accounts)
    payments = Payments()
    labels = Labels()
    everyday_life(rng, world, days, payments, scenario.busy)
    planter = Planter(rng, world, days, payments, scenario.difficulty(hard=hard))
    mules = scenario.mules(accounts)
    if mules is None:
        planted = planter.plant(max(plants_for(accounts), round(len(payments) / PAYMENTS_A_NETWORK)))
    else:
        planted = planter.plant_mules(round(mules * IN_NETWORKS))
    label_networks(planted, labels)
    alike = LookAlikes(rng, world, days, payments, labels)
    result = Simulation(networks=len(planted), look_alikes=alike.run())
    plants = Plants(rng, world, days, payments, planted, labels, alike.spare["personal"], scenario)
    plants.run()
    marked = None if mules is None else scenario.marked(accounts)
    marks = Marker(rng, world, days, payments, planted, labels, marked).run()
    made = SimulatedWorld(
        rng,
        world,
        days,
        planted,
        alike.households,
        account_ids(rng, world),
        labels,
        marks,
        suspects=plants.suspects,
        reported=plants.reported,
        dates_only=scenario.clock == "day",
        is_rare=mules is not None,
    )
    result.mules = labels.count(MULE)
    for name, rows in records(made):
        result.rows[name] = _write(rows, folder / name, file_format)
    columns = payments.in_time_order(rng, DAY if made.dates_only else 1)
    ids = text.numbered("T", np.arange(1, len(columns["source"]) + 1), 9)
    result.rows["transfers"] = _write_transfers(folder / "transfers", columns, ids, made, file_format)
    told = reports(made, columns, ids, ROLES.index("victim_payment"))
    result.rows["reports"] = _write(told, folder / "reports", file_format)
    _write_labels(folder / "labels", columns, ids, made)
    if scenario.by_bank:
        result.banks = list(split_by_bank(folder, file_format))
    return result


def label_networks(networks: list[Network], labels: Labels) -> None:
    """Mules of networks stand in layered chains; collectors of three victims and more pass money through."""
    for net in networks:
        for mule in net.mules:
            labels.role(mule, MULE)
            labels.sign("N1", mule)
        for victim in net.victims:
            labels.role(victim, VICTIM)
        if len(net.victims) >= MIN_SENDERS:
            labels.sign("A3", net.collector)


def _check(folder: Path, accounts: int, days: int, file_format: str, scenario: Scenario) -> None:
    if accounts < MIN_ACCOUNTS:
        raise UsageError(f"--accounts is {accounts}, expected at least {MIN_ACCOUNTS}", hint="Give more accounts.")
    if days < 1:
        raise UsageError(f"--days is {days}, expected at least 1", hint="Give one day or more.")
    if file_format not in FORMATS:
        raise UsageError(f"format '{file_format}' is unknown", hint="Expected one of " + ", ".join(FORMATS) + ".")
    scenario.check(days)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder}: exists and is not an empty folder", hint="Name a new folder with -o.")
    (folder / "labels").mkdir(parents=True)


def _write(rows: pa.Table, path: Path, file_format: str) -> int:
    ledger = path.name in TABLES and path.parent.name != "labels"
    if ledger:
        rows = rows.select([name for name in TABLES[path.name].column_names if name in rows.column_names])
    if file_format == "parquet":
        pq.write_table(rows, path.with_suffix(".parquet"))
    else:
        pc.write_csv(rows, path.with_suffix(".csv"), pc.WriteOptions(quoting_style="needed"))
    return len(rows)


def _write_transfers(
    path: Path, columns: dict[str, np.ndarray], ids: pa.Array, made: SimulatedWorld, file_format: str
) -> int:
    """Slice by slice, because text takes ten times the room of the numbers."""
    total = len(ids)
    made_of = _transfer_rows({name: column[:0] for name, column in columns.items()}, ids[:0], made).column_names
    schema = pa.schema([(name, pa.string()) for name in TABLES["transfers"].column_names if name in made_of])
    schema = schema.set(schema.get_field_index("amount"), pa.field("amount", pa.decimal128(18, 2)))
    if file_format == "parquet":
        writer: pq.ParquetWriter | pc.CSVWriter = pq.ParquetWriter(path.with_suffix(".parquet"), schema)
    else:
        options = pc.WriteOptions(quoting_style="needed")
        writer = pc.CSVWriter(path.with_suffix(".csv"), schema, write_options=options)
    with writer:
        for start in range(0, total, SLICE):
            part = {name: column[start : start + SLICE] for name, column in columns.items()}
            writer.write_table(_transfer_rows(part, ids[start : start + SLICE], made).cast(schema))
    return total


def _transfer_rows(part: dict[str, np.ndarray], ids: pa.Array, made: SimulatedWorld) -> pa.Table:
    source, target = part["source"], part["target"]
    shown = np.array([name in ("atm", "branch", "card") for name in CHANNELS])[part["channel"]]
    online = np.array([name in ("instant", "internal") for name in CHANNELS])[part["channel"]] & (source >= 0)
    return pa.table(
        {
            "transfer_id": ids,
            "source": _ids(made, source),
            "target": _ids(made, target),
            "amount": text.euros(part["cents"]),
            "currency": pa.array(np.full(len(ids), "EUR"), pa.string()),
            "at": made.moments(part["second"]),
            "channel": text.chosen(CHANNELS, part["channel"]),
            "device_id": _where(online, text.numbered("DEV", made.world.holder[np.maximum(source, 0)], 9)),
            "place": _where(shown, text.chosen(text.SPOTS, made.world.town[np.maximum(source, target)])),
            "reference": text.chosen(NOTES, part["note"]),
        }
    )


def _ids(made: SimulatedWorld, numbers: np.ndarray) -> pa.Array:
    return made.account_ids.take(pa.array(numbers, mask=numbers < 0))


def _where(shown: np.ndarray, values: pa.Array) -> pa.Array:
    return pa.compute.if_else(pa.array(shown), values, pa.scalar(None, pa.string()))


def _write_labels(folder: Path, columns: dict[str, np.ndarray], ids: pa.Array, made: SimulatedWorld) -> None:
    """Which transfers and accounts are planted or look alike, and what each network is."""
    marked = np.flatnonzero(columns["label"])
    part = {name: column[marked] for name, column in columns.items()}
    transfers = pa.table(
        {
            "transfer_id": ids.take(pa.array(marked)),
            "label": text.chosen(LABELS, part["label"]),
            "group": part["group"],
            "role": text.chosen(ROLES, part["role"]),
        }
    )
    _write(transfers, folder / "labelled_transfers", "csv")
    _write(made.labels.sign_rows(made.account_ids), folder / "signs", "csv")
    _write(made.labels.account_rows(made.account_ids), folder / "accounts", "csv")
    _write(_network_rows(made.networks, made.account_ids), folder / "networks", "csv")


def _network_rows(networks: list[Network], ids: pa.Array) -> pa.Table:
    collectors = pa.array([net.collector for net in networks], pa.int64())
    return pa.table(
        {
            "network": [net.number for net in networks],
            "collector": ids.take(collectors),
            "victims": [len(net.victims) for net in networks],
            "hops": [net.hops for net in networks],
            "stolen": text.euros(np.array([net.stolen for net in networks], np.int64)),
            "first_at": text.moments(np.array([net.first for net in networks])),
            "last_at": text.moments(np.array([net.last for net in networks])),
            "transfers": [net.payments for net in networks],
        }
    )
