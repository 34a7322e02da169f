"""A workspace in a notebook: masked as everywhere, and its answers show themselves in a cell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mulegraph.errors import UsageError
from mulegraph.files import write_output
from mulegraph.privacy.door import MaskedWorkspace
from mulegraph.privacy.masked_case import MaskedCase
from mulegraph.privacy.shared_graph import SharedGraph
from mulegraph.schema.choices import DUCKDB, LANGUAGES, EngineChoice
from mulegraph.views.exchange import chosen, exchanged
from mulegraph.views.notebook_cards import View, account_card, case_card, scan_card, trace_card, traced
from mulegraph.views.pictures import drawn, network_of, picture, shared_picture, spoken_by, trace_picture
from mulegraph.workspace.account_page import AccountPage
from mulegraph.workspace.facts import ScanFacts
from mulegraph.workspace.trace import TraceResult

if TYPE_CHECKING:
    from mulegraph.views.widget import PageWidget


class ShownAccount(AccountPage):
    """The page of an account, shown as a card."""

    def _repr_html_(self) -> str:
        return account_card(self)


class ShownTrace(TraceResult):
    """A trace, shown as a card."""

    def _repr_html_(self) -> str:
        return trace_card(self)


class ShownScan(ScanFacts):
    """A scan, shown as a card."""

    def _repr_html_(self) -> str:
        return scan_card(self)


class ShownCase(MaskedCase):
    """A case, shown as a card; `view` gives its interactive page."""

    workspace: NotebookWorkspace

    def view(self) -> View:
        """Its interactive page."""
        return self.workspace.view(self)

    def widget(self) -> PageWidget:
        """Its interactive page in a cell that answers: `widget.selection` is a data frame of what is chosen in it."""
        return self.workspace.widget(self)

    def _repr_html_(self) -> str:
        return case_card(self)


class NotebookWorkspace(MaskedWorkspace):
    """A masked workspace whose answers show themselves in a notebook."""

    def account(self, account: str, *, language: str = LANGUAGES[0]) -> ShownAccount:
        """Everything known of one account: who, since when, traffic, devices, signs with reasons, score and parts."""
        return ShownAccount(**vars(super().account(account, language=language)))

    def trace(self, *payments: Any, **how: Any) -> ShownTrace:
        """Where payments' money went, or came from; see `MaskedWorkspace.trace`."""
        return ShownTrace(**vars(super().trace(*payments, **how)))

    def scan(
        self,
        *,
        progress: Callable[[str], None] | None = None,
        choice: EngineChoice = DUCKDB,
        since: date | None = None,
    ) -> ShownScan:
        """Scan now; later questions ask the new run, listings from the day `since` on. `choice` is the engine."""
        return ShownScan(**vars(super().scan(progress=progress, choice=choice, since=since)))

    def case(self, case: str) -> ShownCase:
        """One case, of the latest run that has it; also one that has gone quiet. Raises UsageError when none has it."""
        found = super().case(case)
        made = ShownCase(found._door, found._plain)
        made.workspace = self
        return made

    def view(self, subject: str | MaskedCase | TraceResult) -> View:
        """The interactive page of a case, a chain or an account by its id, or of a trace; to be shown or saved."""
        with spoken_by(self):
            if isinstance(subject, TraceResult):
                return View(traced(subject), trace_picture(self, subject).page())
            name = subject.id if isinstance(subject, MaskedCase) else subject
            told = f"account {self.known_account(name)}" if self.kind_of_subject(name) == "account" else name
            return View(told, picture(self, name))

    def widget(self, subject: str | MaskedCase) -> PageWidget:
        """The page of a case, a chain, an account or a payment's trace in a cell that answers: `widget.selection`.

        Raises UsageError where anywidget is not installed.
        """
        try:
            from mulegraph.views.widget import PageWidget
        except ModuleNotFoundError as error:
            hint = "Run: pip install 'mulegraph[notebook]'"
            raise UsageError("this needs {package}, which is not installed", hint=hint, package=error.name) from error
        with spoken_by(self):
            return PageWidget(drawn(self, subject.id if isinstance(subject, MaskedCase) else subject))

    def export(
        self, subject: str | MaskedCase | TraceResult, path: Path | str, *, only: Sequence[str] | None = None
    ) -> Path:
        """Write the network of a case, a chain, an account or a trace as .graphml, .gexf, .cyjs, .anx or .ftm.json.

        `only` are nodes to write, with what is between them, such as a widget's `accounts`. Raises UsageError for
        another ending, for a node that is not there, and where the file cannot be written.
        """
        if isinstance(subject, TraceResult):
            graph = self.trace_network(subject)
        else:
            graph = network_of(self, subject.id if isinstance(subject, MaskedCase) else subject)
        return write_output(Path(path), exchanged(graph if only is None else chosen(graph, only), Path(path)))


class NotebookGraph(SharedGraph):
    """The graph on a server, with pictures."""

    def picture(self, subject: str) -> str:
        """A case, a chain or an account as a page that opens with no network."""
        return shared_picture(self, subject).page()
