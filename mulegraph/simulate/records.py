"""What banks hold besides payments: holders, the register, devices and their use, cards, lists, reports."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import networkx as nx
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mulegraph.schema.tables import CARD_KINDS, CARD_OUTCOMES, DEVICE_ACTIONS, DEVICE_OUTCOMES
from mulegraph.simulate import text
from mulegraph.simulate.calendar import DAY, OFFICE_HOURS, SHOP_HOURS, SOCIAL_HOURS, times
from mulegraph.simulate.labels import CLUSTER, DEVICE, INNOCENT, Labels, plants_for, subject_id
from mulegraph.simulate.marks import ABSENT, ADDRESS, BIRTH, NAME, SPELLING, Marks
from mulegraph.simulate.networks import Network
from mulegraph.simulate.payments import CASH, LOOK_ALIKE, PLANTED_SIGN
from mulegraph.simulate.world import BANKS, World, zipf_choice

HOUSEHOLD_SHARE = 0.12
CONTROLLED_SHARE = 0.6
"""Share of networks whose mules a herder runs from one device of his own."""
TERMINAL_VISITS, VISITORS_A_TERMINAL = 0.03, 90
REPORTED_SHARE = 0.5
KNOWN_NETWORKS = 0.1
LISTED_MULES = 0.7
LISTED_INNOCENTS = 0.0004
INNOCENT_OF_LISTED = 0.15
"""A tenth of the networks, and some, are known by now: most of their mules stand on a suspicion list. Where mules are
counted there are so many innocents beside each mule on it: a list does not get worse because crime is rare."""
CATEGORIES = (
    "groceries",
    "fuel",
    "clothing",
    "electronics",
    "restaurant",
    "crypto exchange",
    "pharmacy",
    "travel",
)

Listing: TypeAlias = tuple[str, int, str, str, float, int | None]
"""Subject kind and number, list, source, confidence, second of expiry."""


@dataclass(frozen=True)
class SimulatedWorld:
    """What the records are drawn from."""

    rng: np.random.Generator
    world: World
    days: int
    networks: list[Network]
    households: list[list[int]]
    account_ids: pa.Array
    labels: Labels
    marks: Marks
    suspects: set[int]
    reported: set[tuple[int, int]]
    dates_only: bool = False
    is_rare: bool = False
    """Mules are counted: nothing is planted so that each sign has enough of it."""

    def moments(self, seconds: np.ndarray) -> pa.Array:
        """Seconds since the start as the ledger's clock tells them."""
        if self.dates_only:
            return text.dates(np.asarray(seconds) // DAY)
        return text.moments(seconds)


def account_ids(rng: np.random.Generator, world: World) -> pa.Array:
    """Bank code and nine digits, in no order that tells anything."""
    digits = rng.choice(10**9, world.accounts, replace=False)
    return text.joined("", text.chosen(BANKS, world.bank), text.numbered("", digits, 9))


def records(made: SimulatedWorld) -> Iterator[tuple[str, pa.Table]]:
    """Name and rows of every table but transfers and reports."""
    yield "accounts", _accounts(made)
    holders, register = _holders(made)
    yield "holders", holders
    yield "population_register", register
    use = _device_use(made)
    yield "devices", _devices(made, use)
    yield "device_use", use
    yield "merchants", _merchants(made)
    yield "card_events", _card_events(made)
    yield "listings", _listings(made)


def _accounts(made: SimulatedWorld) -> pa.Table:
    world, rng = made.world, made.rng
    opened = -rng.integers(20, 6_000, world.accounts)
    return pa.table(
        {
            "account_id": made.account_ids,
            "bank": text.chosen(BANKS, world.bank),
            "holder_id": text.numbered("H", world.holder, 8),
            "kind": pa.array(world.kind.tolist(), pa.string()),
            "opened_on": text.dates(opened),
            "closed_on": pa.nulls(world.accounts, pa.string()),
            "currency": pa.array(["EUR"] * world.accounts),
        }
    )


def _holders(made: SimulatedWorld) -> tuple[pa.Table, pa.Table]:
    """Holders, and the register of those who are people; planted papers differ from it."""
    rng, world = made.rng, made.world
    numbers = np.unique(world.holder)
    count, is_firm = len(numbers), np.isin(world.kind[numbers], ["business", "merchant", "internal"])
    names = text.joined(
        " ",
        text.chosen(text.FIRST_NAMES, rng.integers(0, len(text.FIRST_NAMES), count)),
        text.chosen(text.LAST_NAMES, rng.integers(0, len(text.LAST_NAMES), count)),
    )
    firms = text.joined(
        " ",
        text.chosen(text.LAST_NAMES, rng.integers(0, len(text.LAST_NAMES), count)),
        text.numbered("GmbH ", numbers, 1),
    )
    born, job = -rng.integers(18 * 365, 85 * 365, count), rng.integers(0, len(text.OCCUPATIONS), count)
    income = np.array([median for _, median in text.OCCUPATIONS])[job] * rng.lognormal(0, 0.25, count)
    people, firm = pa.array(~is_firm), pa.array(is_firm)
    home = _homes(made)[numbers]
    choices = (len(text.STREETS), 140, len(text.PLACES))
    street, house, place = (rng.integers(0, many, world.accounts)[home] for many in choices)
    address = text.joined(
        " ",
        text.chosen(text.STREETS, street),
        text.numbered("", house + 1, 1),
        text.chosen(text.PLACES, place),
    )
    national = text.numbered("ID", rng.permutation(count) + 10_000_000, 8)
    changed = pa.array(rng.random(count) < 0.01)
    holders = pa.table(
        {
            "holder_id": text.numbered("H", numbers, 8),
            "name": pc.if_else(firm, firms, names),
            "date_of_birth": pc.if_else(people, text.dates(born), None),
            "national_id": pc.if_else(people, national, None),
            "address": address,
            "occupation": pc.if_else(people, text.chosen([name for name, _ in text.OCCUPATIONS], job), None),
            "monthly_income": pc.if_else(people, text.euros(np.rint(income * 100).astype(np.int64)), None),
            "phone_changed_on": pc.if_else(changed, text.dates(rng.integers(0, made.days, count)), None),
        }
    )
    differs = np.full(len(world.holder), -1)
    for account, how in made.marks.papers.items():
        differs[world.holder[account]] = how
    how = differs[numbers]
    strangers = text.joined(" ", text.chosen(text.FIRST_NAMES, rng.integers(0, 20, count)), pa.array(["Weiss"] * count))
    true_name = pc.if_else(pa.array(how == NAME), strangers, names)
    true_name = pc.if_else(pa.array(how == SPELLING), text.spelt_otherwise(names), true_name)
    register = pa.table(
        {
            "national_id": national,
            "name": true_name,
            "date_of_birth": text.dates(born - np.where(how == BIRTH, 400, 0)),
            "address": pc.if_else(pa.array(how == ADDRESS), pa.array(["Am Alten Speicher 3 Rostock"] * count), address),
        }
    ).filter(pa.array(how != ABSENT))
    people = people.filter(pa.array(how != ABSENT))
    return holders, register.filter(people)


def _couples(world: World) -> np.ndarray:
    """Neighbours in the circle who live together and share a computer, two by two."""
    return world.circle[: int(len(world.circle) * HOUSEHOLD_SHARE) // 2 * 2].reshape(-1, 2)


def _homes(made: SimulatedWorld) -> np.ndarray:
    """Each holder's home, named after the holder who lived there first."""
    home = np.arange(made.world.accounts)
    couples = made.world.holder[_couples(made.world)]
    home[couples[:, 1]] = couples[:, 0]
    for house in made.households:
        holders = made.world.holder[np.array(house)]
        home[holders] = home[holders[0]]
    return home


def _device_use(made: SimulatedWorld) -> pa.Table:
    """Log-ins from own devices, shared ones of households, herders' devices and terminals in branches."""
    rng, world = made.rng, made.world
    users = np.repeat(world.personal, rng.poisson(1.2 * world.activity[world.personal]))
    seconds = times(rng, len(users), made.days, SOCIAL_HOURS)
    pairs = [(users, world.holder[users].astype(np.int64), seconds)]
    pairs += list(_shared_use(made))
    account, device, at = (np.concatenate(column) for column in zip(*pairs, strict=True))
    action = np.where(rng.random(len(account)) < 0.985, 0, rng.integers(1, len(DEVICE_ACTIONS), len(account)))
    outcome = np.where(rng.random(len(account)) < 0.98, 0, rng.integers(1, len(DEVICE_OUTCOMES), len(account)))
    if made.marks.uses:
        planted = np.array(made.marks.uses, np.int64)
        account, device = np.append(account, planted[:, 0]), np.append(device, planted[:, 1])
        at, action = np.append(at, planted[:, 2]), np.append(action, planted[:, 3])
        outcome = np.append(outcome, np.zeros(len(planted), np.int64))
    at = np.minimum(at, made.days * DAY - 1)
    if made.dates_only:
        at = at // DAY * DAY
    order = np.lexsort((action, account, device, at))
    keys = np.stack([account, device, at, action])[:, order]
    kept = order[np.append(True, (np.diff(keys) != 0).any(axis=0))]
    return pa.table(
        {
            "account_id": made.account_ids.take(pa.array(account[kept])),
            "device_id": text.numbered("DEV", device[kept], 9),
            "at": made.moments(at[kept]),
            "action": text.chosen(DEVICE_ACTIONS, action[kept]),
            "place": text.chosen(text.SPOTS, world.town[account[kept]]),
            "outcome": text.chosen(DEVICE_OUTCOMES, outcome[kept]),
        }
    )


def _shared_use(made: SimulatedWorld) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Accounts, devices and seconds of use of devices with more than one user."""
    rng = made.rng
    world = made.world
    fresh = made.world.accounts

    def used(accounts: np.ndarray, devices: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return accounts, devices.astype(np.int64), times(rng, len(accounts), made.days, SOCIAL_HOURS)

    couples = _couples(world).ravel()
    yield used(couples, fresh + np.arange(len(couples)) // 2)
    for number in range(len(couples) // 2):
        made.labels.sign("A7", fresh + number, kind=DEVICE, planted=INNOCENT)
    fresh += len(couples)
    for house in made.households:
        accounts = np.repeat(np.array(house), 2)
        yield used(accounts, np.full(len(accounts), fresh))
        made.labels.sign("A7", fresh, kind=DEVICE, planted=INNOCENT)
        made.labels.sign("N4", fresh, kind=CLUSTER, planted=INNOCENT)
        fresh += 1
    controlled: dict[int, list[int]] = {}
    for number, network in enumerate(made.networks):
        if (not made.is_rare and number < plants_for(world.accounts)) or rng.random() < CONTROLLED_SHARE:
            if len(set(world.holder[network.mules].tolist())) > 1:
                made.labels.sign("A7", fresh, kind=DEVICE)
            controlled[fresh] = network.mules
            mules = np.array(network.mules)
            at = network.first + rng.integers(0, max(1, network.last - network.first), len(mules))
            yield mules, np.full(len(mules), fresh), at
            fresh += 1
    _label_clusters(made, controlled)
    visitors = np.flatnonzero(rng.random(world.accounts) < max(TERMINAL_VISITS, VISITORS_A_TERMINAL / world.accounts))
    terminals = max(1, len(visitors) // VISITORS_A_TERMINAL)
    at = times(rng, len(visitors), made.days, OFFICE_HOURS)
    yield visitors, fresh + rng.integers(0, terminals, len(visitors)), at


def _label_clusters(made: SimulatedWorld, controlled: dict[int, list[int]]) -> None:
    """Herders' devices that share a mule are one cluster, and it has the name of the device of most holders."""
    graph: nx.Graph[tuple[str, int]] = nx.Graph()
    for device, mules in controlled.items():
        graph.add_edges_from((("device", device), ("account", mule)) for mule in mules)
    for part in nx.connected_components(graph):
        holders = {}
        for kind, number in part:
            if kind == "device":
                holders[number] = len(set(made.world.holder[controlled[number]].tolist()))
        if max(holders.values()) > 2:
            made.labels.sign("N4", min(holders, key=lambda device: (-holders[device], device)), kind=CLUSTER)


def _devices(made: SimulatedWorld, use: pa.Table) -> pa.Table:
    seen = use.select(["device_id", "at"]).group_by("device_id").aggregate([("at", "min")]).sort_by("device_id")
    kinds = made.rng.integers(0, 3, len(seen)) // 2
    return pa.table(
        {
            "device_id": seen["device_id"],
            "kind": text.chosen(("mobile", "computer"), kinds),
            "first_seen": seen["at_min"],
        }
    )


def _merchants(made: SimulatedWorld) -> pa.Table:
    planted = made.world.accounts + 1 + np.arange(made.marks.merchants)
    shops = np.concatenate([made.world.merchant, planted])
    last = made.rng.integers(0, len(text.LAST_NAMES), len(shops))
    category = made.rng.integers(0, len(CATEGORIES), len(shops))
    return pa.table(
        {
            "merchant_id": text.numbered("M", shops, 8),
            "name": text.joined(" ", text.chosen(text.LAST_NAMES, last), text.chosen(CATEGORIES, category)),
            "category": text.chosen(CATEGORIES, category),
            "place": text.chosen(text.SPOTS, made.rng.integers(0, len(text.SPOTS), len(shops))),
        }
    )


def _card_events(made: SimulatedWorld) -> pa.Table:
    rng, world = made.rng, made.world
    account = np.repeat(world.personal, rng.poisson(0.4 * made.days / 30 * world.activity[world.personal]))
    count = len(account)
    columns = [
        account,
        zipf_choice(rng, world.merchant, count),
        (rng.random(count) < 0.15).astype(int),
        np.clip(rng.lognormal(8.1, 0.9, count), 100, 10**7).astype(np.int64),
        times(rng, count, made.days, SHOP_HOURS),
        world.town[account],
        np.where(rng.random(count) < 0.97, 0, rng.integers(1, len(CARD_OUTCOMES), count)),
    ]
    if made.marks.cards:
        planted = np.array(made.marks.cards, np.int64)
        columns = [np.append(column, extra) for column, extra in zip(columns, planted.T, strict=True)]
    at = columns[4] // DAY * DAY if made.dates_only else columns[4]
    order = np.lexsort((rng.random(len(at)), at))
    account, shop, kind, cents, at, place, outcome = (column[order] for column in columns)
    return pa.table(
        {
            "event_id": text.numbered("E", np.arange(len(account)), 9),
            "card_id": text.numbered("K", account, 8),
            "account_id": made.account_ids.take(pa.array(account)),
            "merchant_id": pc.if_else(pa.array(shop >= 0), text.numbered("M", np.maximum(shop, 0), 8), None),
            "kind": text.chosen(CARD_KINDS, kind),
            "amount": text.euros(cents),
            "at": made.moments(at),
            "place": text.chosen(text.SPOTS, place),
            "outcome": text.chosen(CARD_OUTCOMES, outcome),
        }
    )


def _listings(made: SimulatedWorld) -> pa.Table:
    """Most mules of known networks are suspected, and so are some innocents; big creditors are known to be good."""
    rng, world = made.rng, made.world
    least = 0 if made.is_rare else max(1, plants_for(world.accounts) // 4)
    known: set[int] = set()
    for number, network in enumerate(made.networks):
        if number < least or rng.random() < KNOWN_NETWORKS:
            known.update(mule for mule in network.mules if rng.random() < LISTED_MULES)
    suspects = np.array(sorted(known | made.suspects), np.int64)
    innocent = LISTED_INNOCENTS * world.accounts if not made.is_rare else INNOCENT_OF_LISTED * len(suspects)
    innocents = rng.choice(world.personal, max(1, int(innocent)), replace=False)
    listed = np.union1d(suspects, innocents)
    rows: list[Listing] = [("account", int(each), "suspicion", "police report", 0.8, None) for each in listed]
    rows += [("account", int(each), "known_good", "own bank", 1.0, None) for each in world.internal]
    sources = {"for_sale": "forum watch", "authority_warning": "financial authority", "suspicion": "police report"}
    for kind, number, on, confidence, expires in dict.fromkeys(made.marks.listings):
        rows.append((kind, number, on, sources[on], confidence, expires))
    rows = list({(row[0], row[1], row[2], row[3]): row for row in rows}.values())
    kinds, _, lists, told_by, confidences, expiries = zip(*rows, strict=True)
    ends = np.array([0 if each is None else each for each in expiries])
    return pa.table(
        {
            "subject_kind": pa.array(kinds, pa.string()),
            "subject_id": pa.array([subject_id(row[0], row[1], made.account_ids) for row in rows], pa.string()),
            "list": pa.array(lists, pa.string()),
            "source": pa.array(told_by, pa.string()),
            "listed_at": made.moments(rng.integers(0, max(1, int(made.days * DAY * 0.3)), len(rows))),
            "expires_at": pc.if_else(pa.array([each is None for each in expiries]), None, made.moments(ends + DAY)),
            "confidence": pa.array(confidences),
            "reason": pa.nulls(len(rows), pa.string()),
        }
    )


def reports(made: SimulatedWorld, columns: dict[str, np.ndarray], ids: pa.Array, victim_role: int) -> pa.Table:
    """Half of the networks' victims report their payment, and all repeat victims, a day later on average."""
    rng = made.rng
    ends = zip(columns["source"].tolist(), columns["target"].tolist(), strict=True)
    again = np.array([pair in made.reported for pair in ends]) & np.isin(columns["label"], (PLANTED_SIGN, LOOK_ALIKE))
    stolen = np.flatnonzero((columns["role"] == victim_role) & (columns["source"] != CASH))
    told = np.sort(np.append(stolen[rng.random(len(stolen)) < REPORTED_SHARE], np.flatnonzero(again)))
    when = columns["second"][told] + rng.exponential(DAY, len(told)).astype(np.int64)
    _label_repeated(made, columns["target"][told], columns["source"][told])
    reporters = np.isin(columns["source"][stolen], columns["source"][told])
    _label_repeated(made, columns["source"][stolen][reporters], columns["target"][stolen][reporters])
    return pa.table(
        {
            "report_id": text.numbered("R", np.arange(len(told)), 7),
            "transfer_id": ids.take(pa.array(told)),
            "victim_account": made.account_ids.take(pa.array(columns["source"][told])),
            "reported_at": made.moments(when),
            "story": pa.array(["a caller said that he was from the bank"] * len(told), pa.string()),
        }
    )


def _label_repeated(made: SimulatedWorld, accounts: np.ndarray, others: np.ndarray) -> None:
    """Who was paid by two reported victims or more, or paid two swindlers and reported it, bears the sign of it."""
    parties: dict[int, set[int]] = {}
    for account, other in zip(accounts.tolist(), others.tolist(), strict=True):
        parties.setdefault(account, set()).add(other)
    for account, those in parties.items():
        if len(those) > 1:
            made.labels.sign("V1", account)
