"""A network as entities of FollowTheMoney, the data model of OpenSanctions and Aleph: one JSON entity a line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from mulegraph.lazy import followthemoney
from mulegraph.lazy import networkx as nx
from mulegraph.schema.nodes import BANK, CASH_NODES, DEVICE, HOLDER, subject_of
from mulegraph.views.chart import amounts_in_words, sums_of

SCHEMATA = {"account": "BankAccount", BANK: "Organization", DEVICE: "Asset", HOLDER: "LegalEntity"}


def money_entities(network: nx.MultiDiGraph[Any]) -> str:
    """An entity for every node but cash, and for every transfer a Payment, with cash in its summary.

    A device is an Asset: the model has no word for one. Where it stands, the holder of an account owns it.
    """
    entities = [*_nodes(network), *_edges(network)]
    return "".join(f"{json.dumps(each.to_dict(), ensure_ascii=False, sort_keys=True)}\n" for each in entities)


def _entity(schema: str, *key: str) -> Any:
    made = followthemoney.model.make_entity(schema)
    made.make_id("mulegraph", *key)
    return made


def _id(network: nx.MultiDiGraph[Any], node: Any) -> str:
    return str(_entity(SCHEMATA[network.nodes[node]["kind"]], str(node)).id)


def _nodes(network: nx.MultiDiGraph[Any]) -> Iterator[Any]:
    for node, data in network.nodes(data=True):
        if node in CASH_NODES:
            continue
        made = _entity(SCHEMATA[data["kind"]], str(node))
        made.add("name", str(node) if data["kind"] == BANK else subject_of(data["kind"], str(node)))
        if data["kind"] == "account":
            _tell_account(made, str(node), data)
        else:
            made.add("summary", data["kind"])
        yield made


def _tell_account(made: Any, account: str, data: dict[str, Any]) -> None:
    made.add("accountNumber", account)
    made.add("bankName", data.get("bank"))
    made.add("openingDate", data["opened_on"].isoformat() if data.get("opened_on") else None)
    if data.get("role"):
        made.add("notes", f"role: {data['role']}")
    if data.get("score") is not None:
        made.add("notes", f"score: {data['score']:.4f}")
    if data.get("cases"):
        made.add("notes", f"cases: {' '.join(data['cases'])}")
    for name in data.get("lists") or ():
        made.add("notes", f"on list: {name}")


def _edges(network: nx.MultiDiGraph[Any]) -> Iterator[Any]:
    for source, target, key, data in network.edges(keys=True, data=True):
        ends = str(source), str(target)
        if data["kind"] == "transfer":
            yield _payment(network, source, target, str(key), data)
        elif data["kind"] == "owns":
            made = _entity("Ownership", *ends, str(key))
            made.add("owner", _id(network, source))
            made.add("asset", _id(network, target))
            yield made
        else:
            made = _entity("UnknownLink", *ends, str(key))
            made.add("subject", _id(network, source))
            made.add("object", _id(network, target))
            made.add("role", data["kind"])
            yield made


def _payment(network: nx.MultiDiGraph[Any], source: Any, target: Any, key: str, data: dict[str, Any]) -> Any:
    made = _entity("Payment", str(source), str(target), key)
    made.add("recordId", key)
    made.add("transactionNumber", key)
    if network.graph.get("amount_name", "amount") == "amount":
        made.add("amount", f"{data['amount']:f}")
        made.add("currency", data["currency"])
    else:  # the file says nothing of the payment's own amount, and lets nobody take a part for it
        made.add("summary", f"of the traced money {amounts_in_words(sums_of([data]))}")
    made.add("date", data["at"].isoformat())
    made.add("purpose", data.get("channel"))
    for end, account, person in ((source, "payerAccount", "payer"), (target, "beneficiaryAccount", "beneficiary")):
        if end in CASH_NODES:
            made.add("summary", "cash paid in" if end == source else "cash taken out")
        else:
            made.add(person if network.nodes[end]["kind"] == BANK else account, _id(network, end))
    return made
