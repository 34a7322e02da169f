"""What banks hold besides payments: holders, the register, devices and their use, cards, lists, reports."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mulegraph.feed.simulation import text
from mulegraph.feed.simulation.calendar import DAY, OFFICE_HOURS, SHOP_HOURS, SOCIAL_HOURS, times
from mulegraph.feed.simulation.networks import Network
from mulegraph.feed.simulation.payments import CASH
from mulegraph.feed.simulation.world import BANKS, World, zipf_choice
from mulegraph.model import CARD_KINDS, CARD_OUTCOMES, DEVICE_ACTIONS, DEVICE_OUTCOMES

HOUSEHOLD_SHARE = 0.12
CONTROLLED_SHARE = 0.6
"""Share of networks whose mules a herder runs from one device of his own."""
ACCOUNTS_A_TERMINAL = 2_500
TERMINAL_VISITS, LEAST_VISITORS = 0.03, 80
REPORTED_SHARE = 0.5
KNOWN_NETWORKS, LISTED_MULES, LISTED_INNOCENTS = 0.1, 0.7, 0.0004
"""A tenth of the networks are known by now: most of their mules stand on a suspicion list."""
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


@dataclass(frozen=True)
class Scene:
    """What the records are drawn from."""

    rng: np.random.Generator
    world: World
    days: int
    networks: list[Network]
    households: list[list[int]]
    account_ids: pa.Array


def account_ids(rng: np.random.Generator, world: World) -> pa.Array:
    """Bank code and nine digits, in no order that tells anything."""
    digits = rng.choice(10**9, world.accounts, replace=False)
    return text.joined("", text.chosen(BANKS, world.bank), text.numbered("", digits, 9))


def records(scene: Scene) -> Iterator[tuple[str, pa.Table]]:
    """Name and rows of every table but transfers and reports."""
    yield "accounts", _accounts(scene)
    holders, register = _holders(scene)
    yield "holders", holders
    yield "population_register", register
    use = _device_use(scene)
    yield "devices", _devices(scene, use)
    yield "device_use", use
    yield "merchants", _merchants(scene)
    yield "card_events", _card_events(scene)
    yield "listings", _listings(scene)


def _accounts(scene: Scene) -> pa.Table:
    world, rng = scene.world, scene.rng
    opened = -rng.integers(20, 6_000, world.accounts)
    return pa.table(
        {
            "account_id": scene.account_ids,
            "bank": text.chosen(BANKS, world.bank),
            "holder_id": text.numbered("H", world.holder, 8),
            "kind": pa.array(world.kind.tolist(), pa.string()),
            "opened_on": text.dates(opened),
            "closed_on": pa.nulls(world.accounts, pa.string()),
            "currency": pa.array(["EUR"] * world.accounts),
        }
    )


def _holders(scene: Scene) -> tuple[pa.Table, pa.Table]:
    """Holders, and the register of those who are people; one in five hundred differs from it."""
    rng, world = scene.rng, scene.world
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
    home = _homes(scene)[numbers]
    street, house, place = (
        rng.integers(0, many, world.accounts)[home] for many in (len(text.STREETS), 140, len(text.PLACES))
    )
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
            "phone_changed_on": pc.if_else(changed, text.dates(rng.integers(0, scene.days, count)), None),
        }
    )
    moved = pa.array(rng.random(count) < 0.002)
    true_name = pc.if_else(moved, text.joined(" ", names, pa.array(["Weiss"] * count)), names)
    register = pa.table(
        {"national_id": national, "name": true_name, "date_of_birth": text.dates(born), "address": address}
    )
    return holders, register.filter(people)


def _couples(world: World) -> np.ndarray:
    """Neighbours in the circle who live together and share a computer, two by two."""
    return world.circle[: int(len(world.circle) * HOUSEHOLD_SHARE) // 2 * 2].reshape(-1, 2)


def _homes(scene: Scene) -> np.ndarray:
    """Each holder's home, named after the holder who lived there first."""
    home = np.arange(scene.world.accounts)
    couples = scene.world.holder[_couples(scene.world)]
    home[couples[:, 1]] = couples[:, 0]
    for house in scene.households:
        holders = scene.world.holder[np.array(house)]
        home[holders] = home[holders[0]]
    return home


def _device_use(scene: Scene) -> pa.Table:
    """Log-ins from own devices, shared ones of households, herders' devices and terminals in branches."""
    rng, world = scene.rng, scene.world
    users = np.repeat(world.personal, rng.poisson(1.2 * world.activity[world.personal]))
    seconds = times(rng, len(users), scene.days, SOCIAL_HOURS)
    pairs = [(users, world.holder[users].astype(np.int64), seconds)]
    pairs += list(_shared_use(scene))
    account, device, at = (np.concatenate(column) for column in zip(*pairs, strict=True))
    action = np.where(rng.random(len(account)) < 0.985, 0, rng.integers(1, len(DEVICE_ACTIONS), len(account)))
    outcome = np.where(rng.random(len(account)) < 0.98, 0, rng.integers(1, len(DEVICE_OUTCOMES), len(account)))
    order = np.lexsort((account, device, at))
    keys = np.stack([account, device, at, action])[:, order]
    kept = order[np.append(True, (np.diff(keys) != 0).any(axis=0))]
    return pa.table(
        {
            "account_id": scene.account_ids.take(pa.array(account[kept])),
            "device_id": text.numbered("DEV", device[kept], 9),
            "at": text.moments(at[kept]),
            "action": text.chosen(DEVICE_ACTIONS, action[kept]),
            "place": text.chosen(text.PLACES, rng.integers(0, len(text.PLACES), len(kept))),
            "outcome": text.chosen(DEVICE_OUTCOMES, outcome[kept]),
        }
    )


def _shared_use(scene: Scene) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Accounts, devices and seconds of use of devices with more than one user."""
    rng, world, fresh = scene.rng, scene.world, scene.world.accounts

    def used(accounts: np.ndarray, devices: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return accounts, devices.astype(np.int64), times(rng, len(accounts), scene.days, SOCIAL_HOURS)

    couples = _couples(world).ravel()
    yield used(couples, fresh + np.arange(len(couples)) // 2)
    fresh += len(couples)
    for house in scene.households:
        accounts = np.repeat(np.array(house), 2)
        yield used(accounts, np.full(len(accounts), fresh))
        fresh += 1
    for network in scene.networks:
        if rng.random() < CONTROLLED_SHARE:
            mules = np.array(network.mules)
            at = network.first + rng.integers(0, max(1, network.last - network.first), len(mules))
            yield mules, np.full(len(mules), fresh), at
            fresh += 1
    terminals = max(1, world.accounts // ACCOUNTS_A_TERMINAL)
    visitors = np.flatnonzero(rng.random(world.accounts) < max(TERMINAL_VISITS, LEAST_VISITORS / world.accounts))
    at = times(rng, len(visitors), scene.days, OFFICE_HOURS)
    yield visitors, fresh + rng.integers(0, terminals, len(visitors)), at


def _devices(scene: Scene, use: pa.Table) -> pa.Table:
    seen = use.select(["device_id", "at"]).group_by("device_id").aggregate([("at", "min")]).sort_by("device_id")
    kinds = scene.rng.integers(0, 3, len(seen)) // 2
    return pa.table(
        {
            "device_id": seen["device_id"],
            "kind": text.chosen(("mobile", "computer"), kinds),
            "first_seen": seen["at_min"],
        }
    )


def _merchants(scene: Scene) -> pa.Table:
    shops = scene.world.merchant
    last = scene.rng.integers(0, len(text.LAST_NAMES), len(shops))
    category = scene.rng.integers(0, len(CATEGORIES), len(shops))
    return pa.table(
        {
            "merchant_id": text.numbered("M", shops, 8),
            "name": text.joined(" ", text.chosen(text.LAST_NAMES, last), text.chosen(CATEGORIES, category)),
            "category": text.chosen(CATEGORIES, category),
            "place": text.chosen(text.PLACES, scene.rng.integers(0, len(text.PLACES), len(shops))),
        }
    )


def _card_events(scene: Scene) -> pa.Table:
    rng, world = scene.rng, scene.world
    account = np.repeat(world.personal, rng.poisson(0.4 * scene.days / 30 * world.activity[world.personal]))
    at = np.sort(times(rng, len(account), scene.days, SHOP_HOURS))
    shop = zipf_choice(rng, world.merchant, len(account))
    outcome = np.where(rng.random(len(account)) < 0.97, 0, rng.integers(1, len(CARD_OUTCOMES), len(account)))
    place = rng.integers(0, len(text.PLACES), world.accounts)[account]
    return pa.table(
        {
            "event_id": text.numbered("E", np.arange(len(account)), 9),
            "card_id": text.numbered("K", account, 8),
            "account_id": scene.account_ids.take(pa.array(account)),
            "merchant_id": text.numbered("M", shop, 8),
            "kind": text.chosen(CARD_KINDS, (rng.random(len(account)) < 0.15).astype(int)),
            "amount": text.euros(np.clip(rng.lognormal(8.1, 0.9, len(account)), 100, 10**7).astype(np.int64)),
            "at": text.moments(at),
            "place": text.chosen(text.PLACES, place),
            "outcome": text.chosen(CARD_OUTCOMES, outcome),
        }
    )


def _listings(scene: Scene) -> pa.Table:
    """Most mules of known networks are suspected, and so are some innocents; big creditors are known to be good."""
    rng, world = scene.rng, scene.world
    mules = np.array(sorted({mule for network in scene.networks for mule in network.mules}), np.int64)
    known = {mule for network in scene.networks if rng.random() < KNOWN_NETWORKS for mule in network.mules}
    known |= set(scene.networks[0].mules)
    suspects = np.array([mule for mule in sorted(known) if rng.random() < LISTED_MULES], np.int64)
    innocents = rng.choice(world.personal, max(1, int(LISTED_INNOCENTS * world.accounts)), replace=False)
    for_sale = rng.choice(mules, max(1, len(mules) // 100), replace=False)
    parts = [
        (np.union1d(suspects, innocents), "suspicion", "police report", 0.8),
        (for_sale, "for_sale", "forum watch", 0.6),
        (world.internal, "known_good", "own bank", 1.0),
    ]
    account = np.concatenate([part[0] for part in parts])
    sizes = [len(part[0]) for part in parts]
    return pa.table(
        {
            "subject_kind": pa.array(["account"] * len(account)),
            "subject_id": scene.account_ids.take(pa.array(account)),
            "list": pa.array(np.repeat([part[1] for part in parts], sizes).tolist(), pa.string()),
            "source": pa.array(np.repeat([part[2] for part in parts], sizes).tolist(), pa.string()),
            "listed_at": text.moments(rng.integers(0, scene.days * DAY, len(account))),
            "expires_at": pa.nulls(len(account), pa.string()),
            "confidence": pa.array(np.repeat([part[3] for part in parts], sizes)),
            "reason": pa.nulls(len(account), pa.string()),
        }
    )


def reports(scene: Scene, columns: dict[str, np.ndarray], ids: pa.Array, victim_role: int) -> pa.Table:
    """Half of the victims report their payment, a day later on average."""
    rng = scene.rng
    stolen = np.flatnonzero((columns["role"] == victim_role) & (columns["source"] != CASH))
    told = stolen[rng.random(len(stolen)) < REPORTED_SHARE]
    when = columns["second"][told] + rng.exponential(DAY, len(told)).astype(np.int64)
    return pa.table(
        {
            "report_id": text.numbered("R", np.arange(len(told)), 7),
            "transfer_id": ids.take(pa.array(told)),
            "victim_account": scene.account_ids.take(pa.array(columns["source"][told])),
            "reported_at": text.moments(when),
            "story": pa.array(["a caller said that he was from the bank"] * len(told), pa.string()),
        }
    )
