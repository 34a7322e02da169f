"""What signs may read of a ledger, each part made once and only when one asks for it."""

from __future__ import annotations

from functools import cached_property, partial

from mulegraph.flow import decoys
from mulegraph.flow.by_account import TransfersByAccount
from mulegraph.flow.hops import Neighbours
from mulegraph.flow.layering import Flow, find_flow
from mulegraph.flow.matching import match_each
from mulegraph.flow.matching_on_spark import match_on_spark
from mulegraph.flow.naming import NamedChains, name_chains
from mulegraph.flow.peers import Peers, beside_peers
from mulegraph.flow.read_transfers import read_transfers
from mulegraph.flow.sub_accounts import linked
from mulegraph.flow.transfers import Transfers
from mulegraph.ledger.device_clusters import DeviceClusters, device_clusters
from mulegraph.ledger.ledger import Ledger
from mulegraph.settings import Settings


class SignInputs:
    """A ledger and all that is derived from it for signs; a sign's positional parameters are names of these."""

    def __init__(self, ledger: Ledger, settings: Settings) -> None:
        self.ledger, self.settings = ledger, settings

    def share(self, other: SignInputs) -> None:
        """Take over what another thread's inputs have made; its ledger, whose connection is that thread's, is not."""
        vars(self).update({name: part for name, part in vars(other).items() if name != "ledger"})

    @cached_property
    def transfers(self) -> Transfers:
        """All transfers, in the order in which money can have moved."""
        return read_transfers(self.ledger)

    @cached_property
    def sides(self) -> TransfersByAccount:
        """Transfers by payer and by payee."""
        return TransfersByAccount(self.transfers)

    @cached_property
    def shuffled(self) -> TransfersByAccount:
        """The same transfers at each other's times: what chance makes of them."""
        # The flow has dealt the same ledger; a sign that is asked alone needs no flow for it.
        if "flow" in vars(self):
            return TransfersByAccount(self.flow.dealt)
        return TransfersByAccount(decoys.shuffled(self.transfers, [self.settings.flow.seed, 0]))

    @cached_property
    def flow(self) -> Flow:
        """Flow links, chains and chance."""
        apart = linked(self.ledger, self.transfers)
        is_large = len(self.transfers) >= self.ledger.choice.match_from
        matching = partial(match_on_spark, self.ledger) if self.ledger.on_spark and is_large else match_each
        return find_flow(self.transfers, self.settings.flow, apart, matching)

    @cached_property
    def chains(self) -> NamedChains:
        """All chains in the ledger's own words."""
        return name_chains(self.ledger, self.flow)

    @cached_property
    def clusters(self) -> DeviceClusters:
        """Shared devices, and the clusters that they make."""
        return device_clusters(self.ledger, self.settings.devices)

    @cached_property
    def peers(self) -> Peers:
        """Every account beside those of its kind."""
        return beside_peers(self.ledger, self.sides)

    @cached_property
    def neighbours(self) -> Neighbours:
        """Who deals with whom."""
        return Neighbours(self.sides, self.settings.hops)
