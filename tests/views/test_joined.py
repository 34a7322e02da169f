"""Pictures of several subjects, of devices and holders, and of the ways between two accounts."""

from __future__ import annotations

from itertools import pairwise

import pytest

from mulegraph.errors import UsageError
from mulegraph.privacy.door import MaskedWorkspace
from mulegraph.views.pictures import joined_network, joined_picture, network_of, path_picture, picture
from tests.drawing import draw


def test_several_cases_are_one_picture_that_accuses_nobody_twice(workspace):
    """All accounts and transfers of each; who has another role in each has none, and his roles name their cases."""
    cases = workspace.cases()["case"][:3].tolist()
    parts = [network_of(workspace, each) for each in cases]
    made = joined_network(workspace, [*cases, cases[0]])
    assert set(made) == {node for part in parts for node in part}
    keys = {edge for part in parts for edge in part.edges(keys=True)}
    assert set(made.edges(keys=True)) == keys
    for node, data in made.nodes(data=True):
        roles = {part.nodes[node]["role"] for part in parts if node in part} - {""}
        assert data["role"] == (next(iter(roles)) if len(roles) == 1 else "")
    assert ", ".join(cases) in joined_picture(workspace, cases).title


def test_traces_are_not_drawn_with_others(workspace):
    """What two of them carried may be the same money."""
    case = workspace.cases()["case"][0]
    payment = workspace.case(case).transfers["transfer_id"][0]
    with pytest.raises(UsageError, match=payment):
        joined_network(workspace, [case, payment])


def test_a_device_and_a_holder_are_drawn_with_their_accounts(workspace):
    """By their tokens, as every command takes them."""
    network = next(
        found
        for found in (network_of(workspace, case) for case in workspace.cases()["case"])
        if {"device"} <= {data["kind"] for _, data in found.nodes(data=True)}
    )
    device = next(node for node, data in network.nodes(data=True) if data["kind"] == "device")
    users = {a for a, b in network.edges() if b == device}
    made = network_of(workspace, device.removeprefix("device "))
    assert users <= set(made.predecessors(device))
    assert device.removeprefix("device ") in picture(workspace, device.removeprefix("device "))


def test_ways_between_two_accounts_go_forward_in_time(workspace):
    """Each way that is drawn leads from payer to payee along transfers of which none is earlier than the one before."""
    chain = next(each for each in workspace.chains()["accounts"] if sum("~" in one for one in each) > 2)
    first, last = [each for each in chain if "~" in each][:3:2]
    network = workspace.path_network(first, last)
    assert {first, last} <= set(network) and network.graph["ways"] > 0
    assert set(network.predecessors(last)) and set(network.successors(first))
    found = [
        (a, b)
        for (_, m, a), (n, _, b) in pairwise(sorted(network.edges(data="at"), key=lambda edge: edge[2]))
        if m == n and a <= b
    ]
    assert found or network.has_edge(first, last)
    assert "Ways from" in path_picture(workspace, first, last).title
    with pytest.raises(UsageError, match="two accounts"):
        workspace.path_network(first, first)


def test_there_is_no_way_back_in_time(tmp_path):
    """C paid B before A paid C, so money of A cannot have come to B; to D it can."""
    draw(tmp_path, "C B 10 9:00\nA C 10 10:00\nC D 10 11:00")
    space = MaskedWorkspace(tmp_path / "workspace", reveal="a test")
    assert [key for *_, key in space.path_network("A", "D").edges(keys=True)] == ["t002", "t003"]
    with pytest.raises(UsageError, match="no money of A can have come to B"):
        space.path_network("A", "B")
