"""Shared devices: distinct holders, hubs set aside, clusters that several devices join."""

from __future__ import annotations

from mulegraph.ledger.device_clusters import device_clusters
from mulegraph.settings import DeviceSettings
from tests.drawing import accounts_of, transfers_of
from tests.signs.inputs import use

PAY = "a b 10 9:00\nc d 10 9:00\ne f 10 9:00"


def test_two_devices_make_one_cluster(ledger_of):
    """b joins the users of one phone with those of another; the smallest device id names the cluster."""
    shared = [use("a", "p1"), use("b", "p1"), use("b", "p2"), use("c", "p2"), use("e", "own")]
    found = device_clusters(ledger_of(PAY, device_use=shared), DeviceSettings())

    (cluster,) = found.clusters.to_dict("records")
    assert cluster["cluster"] == "p1"
    assert cluster["device_ids"] == ["p1", "p2"]
    assert cluster["account_ids"] == ["a", "b", "c"]
    assert (cluster["holders"], cluster["accounts"], cluster["devices"]) == (3, 3, 2)
    assert found.shared["device_id"].tolist() == ["p1", "p2"]


def test_a_hub_is_named_and_joins_nobody(ledger_of):
    """The terminal of a branch is listed apart, with its counts."""
    terminal = [use(name, "terminal") for name in "abcdef"]
    pair = [use("a", "phone"), use("b", "phone")]
    found = device_clusters(ledger_of(PAY, device_use=terminal + pair), DeviceSettings(hub_holders=5))

    assert found.hubs["device_id"].tolist() == ["terminal"]
    assert found.hubs["holders"].tolist() == [6]
    assert found.clusters["account_ids"].tolist() == [["a", "b"]]


def test_exactly_the_limit_is_no_hub(ledger_of):
    """More than the limit, not as many."""
    ledger = ledger_of(PAY, device_use=[use(name, "phone") for name in "abcde"])

    assert len(device_clusters(ledger, DeviceSettings(hub_holders=5)).hubs) == 0
    assert len(device_clusters(ledger, DeviceSettings(hub_holders=4)).hubs) == 1


def test_holders_are_counted_once_and_the_unknown_each(ledger_of):
    """Two accounts of one holder are one; two accounts without a holder are two."""
    rows = transfers_of(PAY)
    accounts = accounts_of(rows, a={"holder_id": "h"}, b={"holder_id": "h"}, c={"holder_id": ""}, d={"holder_id": ""})
    ledger = ledger_of(PAY, accounts=accounts, device_use=[use(name, "phone") for name in "abcd"])

    (device,) = device_clusters(ledger, DeviceSettings()).shared.to_dict("records")

    assert (device["accounts"], device["holders"]) == (4, 3)


def test_who_lives_together_has_one_address(ledger_of):
    """Addresses are counted, so that a household can be told."""
    holders = [{"holder_id": f"h_{name}", "name": name, "address": "Weg 1"} for name in "ab"]
    ledger = ledger_of(PAY, holders=holders, device_use=[use("a", "pc"), use("b", "pc")])

    assert device_clusters(ledger, DeviceSettings()).shared["addresses"].tolist() == [1]


def test_without_device_use_there_is_nothing(ledger_of):
    """Empty tables, and no error."""
    found = device_clusters(ledger_of(PAY), DeviceSettings())
    assert found.shared.empty and found.clusters.empty and found.hubs.empty
