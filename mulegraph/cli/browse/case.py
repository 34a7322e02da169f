"""The screen of one case, and that of one account: panes of listings under a few facts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import pandas as pd
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Footer, Static, TabbedContent, TabPane

from mulegraph.cli.browse.acting import CASE_KEYS, CaseScreen
from mulegraph.cli.browse.asking import Reading
from mulegraph.cli.browse.rows import Rows
from mulegraph.cli.browse.telling import told_finding
from mulegraph.errors import MulegraphError
from mulegraph.schema import listings
from mulegraph.views.tables import case_money, collapse_patterns, counted, made_of, pairs, shown
from mulegraph.workspace.account_page import AccountPage

Pane = tuple[pd.DataFrame, Mapping[str, str], str]
"""Rows of a pane, heads, and what to say where there are none."""


class Panes(CaseScreen):
    """Facts above, listings in panes below; keys 1 to 5 change panes, Enter opens an account or a finding."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "app.pop_screen", "back"),
        *(Binding(str(number), f"pane({number})", "that pane", show=False) for number in range(1, 6)),
        Binding("right", "beside(1)", "next pane", show=False),
        Binding("left", "beside(-1)", "pane before", show=False),
    ]

    def compose(self) -> ComposeResult:
        """Facts, panes, keys."""
        yield Static(self.facts(), id="facts", markup=False)
        with TabbedContent():
            for number, (title, (frame, heads, empty)) in enumerate(self.panes().items(), 1):
                with TabPane(f"{number} {title}", id=f"pane{number}"):
                    yield Rows(frame, heads, empty=empty, id=title)
        yield Footer()

    def facts(self) -> str:
        """What stands above."""
        raise NotImplementedError

    def panes(self) -> dict[str, Pane]:
        """Listings by title."""
        raise NotImplementedError

    def on_mount(self) -> None:
        """The first listing has the keyboard."""
        self.action_pane(1)

    def action_pane(self, number: int) -> None:
        """Show a pane."""
        tabs = self.query_one(TabbedContent)
        if 1 <= number <= tabs.tab_count:
            tabs.active = f"pane{number}"
            self.query_one(f"#pane{number}").query_one(Rows).focus()

    def action_beside(self, by: int) -> None:
        """The pane to the right or to the left."""
        tabs = self.query_one(TabbedContent)
        now = int(tabs.active.removeprefix("pane"))
        self.action_pane((now - 1 + by) % tabs.tab_count + 1)

    def on_tabbed_content_tab_activated(self, event: TabbedContent.TabActivated) -> None:
        """A pane chosen by mouse has the keyboard, too."""
        event.pane.query_one(Rows).focus()

    def on_rows_chosen(self, event: Rows.Chosen) -> None:
        """Open what the row is about: a finding, an account, the other end of a transfer."""
        row = event.row
        if isinstance(row.get("finding"), str):
            self.app.push_screen(Reading(told_finding(self.space, str(row["finding"]))))
            return
        for name in ("account_id", "account", "target", "source"):
            if isinstance(row.get(name), str) and row[name] != self.subject:
                self._open(str(row[name]))
                return
        told = [f"{event.rows.heads[name] or name}: {shown(row[name])}" for name in event.rows.heads]
        self.app.push_screen(Reading("\n".join(told)))

    def _open(self, account: str) -> None:
        try:
            self.app.push_screen(OneAccount(self.space.known_account(account)))
        except MulegraphError as error:
            self.notify(error.problem, severity="warning", markup=False)


class OneCase(Panes):
    """A case: accounts with roles and scores, signs, transfers, journey, journal."""

    BINDINGS: ClassVar[list[BindingType]] = [*CASE_KEYS]

    def __init__(self, case: str) -> None:
        super().__init__()
        self._case = case

    @property
    def subject(self) -> str:
        """The case."""
        return self._case

    def facts(self) -> str:
        """Score, money, times and state."""
        case = self.space.case(self._case)
        row, state = case.row, case.state
        money = case_money(row) or "no chain"
        ends = [state[name] for name in ("status", "disposition", "snoozed_until", "assignee") if state[name]]
        return (
            f"{case.id}  score {row['score']:.2f} = {made_of(row['made_of'])}\n"
            f"{money}, {shown(row['first_at'])} to {shown(row['last_at'])}, {counted(len(row['accounts']), 'account')}"
            f" · {' '.join(ends)}"
        )

    def panes(self) -> dict[str, Pane]:
        """Its five listings."""
        case = self.space.case(self._case)
        return {
            "accounts": (self._accounts(case.accounts), listings.CASE_ACCOUNTS, "No account."),
            "signs": (collapse_patterns(case.findings), listings.FINDINGS_TO_BROWSE, "No sign."),
            "transfers": (case.transfers, listings.TRANSFERS_TO_BROWSE, "No money seen."),
            "journey": (case.journey, listings.JOURNEY, ""),
            "journal": (self._journal(), listings.CASE_JOURNAL, "The journal has no entry about this case."),
        }

    def changed(self) -> None:
        """Show the new state and the new entry."""
        self.query_one("#facts", Static).update(self.facts())
        self.query_one("#journal", Rows).show(self._journal())

    def _accounts(self, accounts: pd.DataFrame) -> pd.DataFrame:
        known = self.space.ranking().set_index("account")
        mine = known.reindex(accounts["account_id"])
        parts = [made_of(each) if isinstance(each, dict) else "" for each in mine["parts"]]
        found = accounts.assign(score=mine["score"].fillna(0.0).to_numpy(), made_of=parts)
        return found.sort_values(["score", "account_id"], ascending=[False, True])

    def _journal(self) -> pd.DataFrame:
        entries = self.space.journal_entries(about=self._case)
        rows = [{**each, "at": each["at"][:16].replace("T", " "), "facts": _facts(each["facts"])} for each in entries]
        return pd.DataFrame(rows, columns=["at", "who", "what", "facts"])


class OneAccount(Panes):
    """An account: signs, all its transfers, devices, neighbours, journey."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("v", "view", "view")]

    def __init__(self, account: str) -> None:
        super().__init__()
        self._account = account
        self._known: AccountPage | None = None

    @property
    def subject(self) -> str:
        """The account."""
        return self._account

    def facts(self) -> str:
        """Kind, score, traffic, lists and cases."""
        known = self._page()
        sides = {"received": known.received, "paid": known.paid}
        sums = [f"{name} {moved.transfers:,} for {shown(moved.amount)}" for name, moved in sides.items()]
        return (
            f"{known.account_id}  {known.kind} account at {known.bank}, score {known.score:.2f}"
            f" = {made_of(known.parts) or 'nothing'}\n{', '.join(sums)} {known.currency}"
            f" · lists: {', '.join(known.listed_on) or 'none'} · {' '.join(known.cases['case']) or 'no case'}"
        )

    def panes(self) -> dict[str, Pane]:
        """Its five listings."""
        known = self._page()
        return {
            "signs": (collapse_patterns(known.findings), listings.FINDINGS_TO_BROWSE, "No sign names it."),
            "transfers": (self.space.transfers_of(self._account), listings.TRANSFERS_TO_BROWSE, "No transfer."),
            "devices": (known.devices, listings.DEVICES, "No device."),
            "neighbours": (known.neighbours, listings.NEIGHBOURS, "Nobody."),
            "journey": (known.journey, listings.JOURNEY, ""),
        }

    def _page(self) -> AccountPage:
        self._known = self._known or self.space.account(self._account)
        return self._known


def _facts(facts: Mapping[str, Any]) -> str:
    return pairs({name: value for name, value in facts.items() if name != "command"})
