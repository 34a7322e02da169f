"""Which banks are ours: whose payments the ledger holds. One definition, for traces, requests, holds and pictures."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mulegraph.errors import UsageError
from mulegraph.ledger.ledger import Ledger
from mulegraph.schema.language import tr
from mulegraph.settings import BankSettings

SHOWN = 10


@dataclass(frozen=True)
class OwnBanks:
    """Whose payments the ledger holds, as people said it; nothing is read from who pays whom.

    `place` are places in `names` by account number. `seen` says of each account whether all its payments are here.
    Where nobody said so of any of several banks (`said` is false), all are taken to be here: whoever answers from
    it has to say that.
    """

    place: np.ndarray
    names: np.ndarray
    seen: np.ndarray
    said: bool

    @classmethod
    def of(cls, ledger: Ledger, settings: BankSettings) -> OwnBanks:
        """The banks in the settings; or else the accounts that accounts.own names; or else all.

        Raises UsageError when the settings name one that has no account here.
        """
        accounts = ledger.arrow("accounts", ["bank", "own"])
        banks = accounts["bank"].combine_chunks().dictionary_encode()
        place, names = banks.indices.to_numpy(), np.array(banks.dictionary.to_pylist(), object)
        unknown = sorted(set(settings.own) - set(names))
        if unknown:
            raise UsageError(
                "mulegraph.toml: banks.own names '{bank}', which has no account in this ledger",
                hint=f"The banks of this ledger are: {', '.join(sorted(names)[: 2 * SHOWN])}.",
                bank=unknown[0],
            )
        if settings.own:
            return cls(place, names, np.isin(names, settings.own)[place], True)
        own = accounts["own"].combine_chunks()
        if own.null_count < len(own):
            ours = pc.fill_null(pc.equal(own, pa.scalar("yes")), False)
            return cls(place, names, ours.to_numpy(zero_copy_only=False), True)
        return cls(place, names, np.ones(len(place), np.bool_), len(names) < 2)

    @cached_property
    def own(self) -> frozenset[str]:
        """Names of the banks of which we see accounts' payments."""
        return frozenset(self.names[np.unique(self.place[self.seen])])

    def divided(self, accounts: np.ndarray) -> OwnBanks:
        """The same by number of sub-accounts; `accounts` are theirs."""
        return replace(self, place=self.place[accounts], seen=self.seen[accounts])

    @property
    def assumption(self) -> str:
        """What a reader of an answer must know of it, in a sentence."""
        if self.said:
            others = sorted(set(self.names) - self.own)
            beyond = tr("Of accounts at {banks} it holds single payments only.", banks=listed(others))
            ours = tr("The ledger holds the payments of accounts at {banks}.", banks=listed(sorted(self.own)))
            return f"{ours} {beyond}" if others else ours
        return tr(
            "Nothing says whose payments the ledger holds, so it is taken to hold all of {banks}."
            " Money at a bank of which it holds only some may have gone on: set [banks] own in mulegraph.toml.",
            banks=listed(sorted(self.names)),
        )

    def named(self, accounts: np.ndarray) -> list[str | None]:
        """The banks of accounts by number; none for cash."""
        return [self.names[self.place[each]] if each >= 0 else None for each in accounts.tolist()]


def listed(names: list[str]) -> str:
    """Banks by name; of many the first ones."""
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (" " + tr("and {n} more", n=more) if more > 0 else "")
