"""The one door: what a workspace answers is masked here, by what each field of the answer says, and nowhere else.

A question is let `through`, which reads its declaration; what is not let through cannot be asked from outside.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Self

from mulegraph.casework import (
    acts,
    case_facts,
    case_money,
    clock,
    hold_record,
    lists,
    looks,
    replies,
    request_acts,
    requests,
    shape,
    two_people,
)
from mulegraph.casework import case_file as case_files
from mulegraph.casework import hold_plan as planned
from mulegraph.casework import holder as person
from mulegraph.casework import run_file as run_files
from mulegraph.casework.recall_messages import Request
from mulegraph.errors import MulegraphError, UsageError
from mulegraph.graph.base import Answer, GraphStatus
from mulegraph.graph.neo4j.address import Address
from mulegraph.graph.plain_values import plain_graph
from mulegraph.graph.queries import known_query
from mulegraph.journal.journal import Verdict
from mulegraph.lazy import networkx as nx
from mulegraph.ledger.ledger import Ledger
from mulegraph.privacy.kept_pages import KeptPages
from mulegraph.privacy.masked_case import MaskedCase
from mulegraph.privacy.through import Door, through
from mulegraph.privacy.tokens import HIDDEN
from mulegraph.privacy.watching import Watching
from mulegraph.schema.choices import DUCKDB, EngineChoice, RequestKind
from mulegraph.schema.disclosure import ACCOUNT, Each, Sentence
from mulegraph.schema.tables import Mask
from mulegraph.workspace import (
    account_page,
    facts,
    graph_questions,
    learning,
    ledger_tables,
    listings,
    look,
    network_graphs,
    run_difference,
    shared_graph,
    tracing,
)
from mulegraph.workspace.facts import RunFacts, ScanFacts
from mulegraph.workspace.run import Run
from mulegraph.workspace.trace import TraceResult
from mulegraph.workspace.workspace import Workspace

SUBJECTS = (Mask.ACCOUNT, Mask.HOLDER, Mask.DEVICE)


class MaskedWorkspace(KeptPages, Watching):
    """A workspace as its users see it: every answer is masked, unless it is opened with a reason to `reveal`.

    Listings are data frames, best first; `since` and `until` keep what overlaps them. Accounts, holders and devices
    are shown as tokens, and every question takes a token for an id.
    """

    def __init__(
        self,
        folder: Path | str,
        *,
        notify: Callable[[str], None] | None = None,
        reveal: str | None = None,
        server: Address | None = None,
    ) -> None:
        if reveal is not None and not reveal.strip():
            hint = 'Give the reason, such as --reveal "report R0000012, call back".'
            raise UsageError("--reveal needs a reason", hint=hint)
        self._stand_before(Workspace(folder, notify=notify, server=server), reveal)

    def _stand_before(self, plain: Workspace, reveal: str | None, door: Door | None = None) -> None:
        self._plain = plain
        self._door = door or Door(plain, reveal)

    @property
    def folder(self) -> Path:
        """Where the workspace is."""
        return self._plain.folder

    @property
    def server(self) -> Address | None:
        """The server that its graph is on; None: it has its own."""
        return self._plain.server

    @property
    def reveal(self) -> str | None:
        """Why everything is shown; None: it is masked."""
        return self._door.reveal

    @property
    def is_revealed(self) -> bool:
        """Whether everything may be shown now; a reason that a second person has not confirmed yet shows nothing."""
        return self._door.is_revealed

    @property
    def ledger(self) -> Ledger:
        """The ledger itself, which nothing masks. Raises UsageError without a reason to reveal it."""
        if self.reveal is None:
            raise UsageError(
                "the ledger is not masked",
                hint='Open the workspace with a reason: mulegraph.open(FOLDER, reveal="why").',
            )
        self._door.masker  # noqa: B018 (the reason is in the journal before the ledger is read)
        return self._plain.ledger

    chains = through(listings.chains)
    findings = through(listings.findings)
    cases = through(listings.cases)
    devices = through(listings.devices)
    hub_devices = through(listings.hub_devices)
    devices_of = through(listings.devices_of)
    links = through(listings.links)
    transfers = through(listings.transfers)
    transfers_of = through(listings.transfers_of)
    ranking = through(listings.ranking)
    alerts = through(listings.alerts)
    ledger_rows = through(ledger_tables.ledger_rows)
    loads = through(ledger_tables.loads)
    forget_load = through(ledger_tables.forget_load)
    account = through(account_page.account_page)
    explain = through(account_page.explain)
    account_network = through(network_graphs.account_network)
    path_network = through(network_graphs.path_network)
    device_network = through(network_graphs.device_network)
    holder_network = through(network_graphs.holder_network)
    chain_network = through(network_graphs.chain_network)
    learn = through(learning.learn)
    forget_model = through(learning.forget_model)
    trace = through(tracing.trace)
    money_now = through(look.money_now)
    finding_ids = through(look.finding_ids)
    chain_ids = through(look.chain_ids)
    kind_of_subject = through(facts.kind_of_subject)
    ledger_facts = through(facts.ledger_facts)
    case_file = through(case_files.case_file)
    case_trace = through(case_money.case_trace)
    run_file = through(run_files.run_file)

    state = through(acts.state_of)
    open_case = through(acts.open_case)
    dispose = through(acts.dispose)
    add_to_case = through(shape.add_to_case)
    remove_from_case = through(shape.remove_from_case)
    merge_cases = through(shape.merge_cases)
    split_case = through(shape.split_case)
    note = through(acts.note)
    assign = through(acts.assign)
    close = through(acts.close)
    reopen = through(acts.reopen)
    snooze = through(acts.snooze)
    alarms = through(acts.alarms)
    difference = through(run_difference.difference)
    journal_entries = through(acts.journal_entries)
    record_served, record_look = through(looks.record_served), through(looks.record_look)
    holder = through(person.holder_page)
    hold_account, lift_hold = through(hold_record.hold_account), through(hold_record.lift_hold)
    held_list = through(hold_record.held_list)
    proposed_act = through(two_people.proposed_act)
    confirm = through(two_people.confirm)
    holds = through(planned.holds)
    hold_plan = through(planned.hold_plan)
    hold_clock = through(clock.hold_clock)
    facts_for_and_against = through(case_facts.facts_for_and_against)
    reply = through(replies.take_reply)
    answer_request = through(replies.answer_by_telephone)
    returned_money = through(replies.returned_money)
    request_list = through(request_acts.request_list)
    request_sent = through(request_acts.mark_sent)
    withdraw_request = through(request_acts.withdraw)
    list_entries = through(lists.list_entries)
    record_request = through(requests.record_request)
    askable_banks = through(requests.askable_banks)

    _requests = through(requests.make_requests)
    _export_list = through(lists.export_list)
    _import_list = through(lists.import_list)
    _remove_entry = through(lists.remove_entry)
    _run = through(facts.run_facts)
    _far_table = through(shared_graph.far_table)
    _far_network = through(shared_graph.far_network)
    _trace_network = through(network_graphs.trace_network)

    @property
    def run(self) -> RunFacts:
        """The run that is asked, by its name, settings and counts."""
        return self._run()

    def at(self, name: str | None = None) -> MaskedWorkspace:
        """The same workspace, asked about the run of this name, or the one asked now. UsageError where none has it."""
        with self._door.errors():
            return self._asked_about(self._plain.run if name is None else facts.named_run(self._plain, name))

    def _asked_about(self, run: Run) -> Self:
        made = type(self).__new__(type(self))
        made._stand_before(self._plain.at(run), self.reveal, self._door)
        return made

    def scan(
        self,
        *,
        progress: Callable[[str], None] | None = None,
        choice: EngineChoice = DUCKDB,
        since: date | None = None,
    ) -> ScanFacts:
        """Scan now; later questions ask the new run, listings from the day `since` on. `choice` is the engine."""
        with self._door.errors():
            return ScanFacts.of(self._plain.scan(progress=progress, choice=choice, since=since))

    @property
    def min_score(self) -> float:
        """From which score on a finding makes a case."""
        return self._plain.settings.cases.min_score

    def case(self, case: str) -> MaskedCase:
        """One case, of the latest run that has it; also one that has gone quiet. Raises UsageError when none has it."""
        with self._door.errors():
            return MaskedCase(self._door, self._plain.case(case))

    def known_account(self, account: str) -> str:
        """The account, as it may be shown. Raises UsageError for one that the ledger does not hold."""
        with self._door.errors():
            real = self._plain.check_account(self._door.masking().real(account, (Mask.ACCOUNT,)))
        return self._door.shown(real, ACCOUNT)

    def trace_network(self, found: TraceResult) -> Any:
        """The dispersal tree of a trace that this workspace gave, with what is known of its accounts."""
        with self._door.errors():
            real = self._door.masking().unmasked(found)
        return self._trace_network(real)

    def account_graph(self, account: str) -> nx.MultiDiGraph[str]:
        """`account_network` with plain values only, which NetworkX writes as it is."""
        return plain_graph(self.account_network(account))

    def chain_graph(self, chain: str) -> nx.MultiDiGraph[str]:
        """`chain_network` with plain values only."""
        return plain_graph(self.chain_network(chain))

    def trace_graph(self, found: TraceResult) -> nx.MultiDiGraph[str]:
        """`trace_network` with plain values only."""
        return plain_graph(self.trace_network(found))

    def query(
        self,
        name: str,
        parameters: Mapping[str, str],
        *,
        row_cap: int | None = None,
        timeout_seconds: float | None = None,
    ) -> Answer:
        """Ask `cypher/NAME.cypher` of the server, or of the embedded graph, which is brought up to date first."""
        self._check_server()
        with self._door.errors():
            real = {key: self._real_parameter(value) for key, value in parameters.items()}
            answer = self._plain.query(name, real, row_cap=row_cap, timeout_seconds=timeout_seconds)
            record = known_query(name).record
            rows = self._door.shown(answer.rows, Each(record.without(Sentence)))
            told = [column for column, says in record.fields.items() if isinstance(says, Sentence)]
            if told and self.reveal is None:
                rows = self._with_reasons(rows, told)
        return Answer(answer.columns, rows, answer.capped)

    def _real_parameter(self, text: str) -> str:
        """A parameter with its tokens turned into ids; several are separated by commas."""
        masking = self._door.masking()
        return ",".join(masking.real(part, SUBJECTS) for part in text.split(",")) if "~" in text else text

    def _with_reasons(self, rows: list[dict[str, Any]], columns: list[str]) -> list[dict[str, Any]]:
        """The reasons of findings in an answer, made anew from the run's findings."""
        named = self.findings(every=True)
        reasons = dict(zip(named["finding"], named["reason"], strict=True))
        return [{**row, **dict.fromkeys(columns, reasons.get(row.get("finding", ""), HIDDEN))} for row in rows]

    def _check_server(self) -> None:
        """A token of an account that the ledger does not hold would lead nowhere, so such a graph is not asked."""
        if self.server is None or self.reveal is not None:
            return
        with self._door.errors():
            if not graph_questions.is_of_ledger(self._plain):
                raise UsageError(
                    "{url} does not match the ledger in {folder}, so its answers cannot be masked",
                    hint="Run 'mulegraph load FOLDER --graph URL' (--prune deletes the rest), or --reveal WHY.",
                    url=self.server.url,
                    folder=self.folder,
                )

    def graph_status(self) -> GraphStatus:
        """What the graph holds, the server's or the embedded one."""
        with self._door.errors():
            return self._plain.graph_status()

    def update_graph(self) -> None:
        """Bring the embedded graph up to the ledger, with the findings of a run over it if there is one."""
        with self._door.errors():
            self._plain.update_graph()

    def rebuild_graph(self) -> dict[str, int]:
        """Write the embedded graph anew from the ledger and the latest run."""
        with self._door.errors():
            return self._plain.rebuild_graph()

    def fill_server(self, **how: Any) -> Any:
        """Bring the server's graph up to the ledger and the latest run over it; `how` as `Neo4jGraph.load` takes it."""
        with self._door.errors():
            return self._plain.fill_server(**how)

    def write_import(self, folder: Path) -> Any:
        """Write the ledger's part of the graph as files for a server's own importer, into a new folder."""
        with self._door.errors():
            return self._plain.write_import(folder)

    def requests(
        self,
        case: str,
        bank: str,
        *,
        kinds: Sequence[RequestKind] | None = None,
        country: str | None = None,
        sender: str | None = None,
    ) -> list[Request]:
        """Support requests to one bank, one a kind. Without a reason to reveal they are drafts with masked accounts."""
        chosen = tuple(kinds or RequestKind)
        return self._requests(case, bank, kinds=chosen, country=country, sender=sender, draft=self.reveal is None)

    def language(self, given: str | None = None, *, letters: bool = False) -> str:
        """The language of pages and reports, or of letters: the given one, else that of the settings."""
        known = self._plain.settings
        return given or (letters and known.requests.language) or known.views.language

    def import_list(self, path: Path, key: bytes | None) -> lists.Taken:
        """Take a list into the ledger. An entry that is known with other content stays as it is."""
        taken = self._import_list(path, key)
        self._door.forget_ledger()
        return taken

    def export_list(
        self, *, which: str | None, kind: str | None, key: bytes | None, as_json: bool, every: bool = False
    ) -> str:
        """The lists as a file to give away. With a key, tokens of two banks instead of ids.

        Raises UsageError when ids would be given away without a reason to reveal them.
        """
        if key is None and self.reveal is None:
            raise UsageError(
                "a list names accounts", hint="Give --pseudonymous for tokens, or --reveal REASON for the ids."
            )
        self._door.masker  # noqa: B018 (a reason to reveal is in the journal before the ids are out)
        return self._export_list(which=which, kind=kind, key=key, as_json=as_json, every=every)

    def remove_entry(self, kind: str, subject: str, which: str, source: str | None, reason: str) -> int:
        """Take a subject off a list; from one source, or from all. Raises UsageError when it is not on it."""
        done = self._remove_entry(kind, subject, which, source, reason)
        self._door.forget_ledger()
        return done

    def verify_journal(self) -> Verdict:
        """Whether any line of the journal was edited, moved, taken out or cut off."""
        return self._plain.journal.verify()

    def show_error(self, error: MulegraphError) -> MulegraphError:
        """An error that arose outside, with its values masked."""
        return error.shown_by(self._door.value)
