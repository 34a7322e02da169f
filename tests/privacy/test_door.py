"""The door: whatever stands in whatever field, nothing that identifies a person leaves, also with two threads."""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import networkx as nx
import numpy as np
import pandas as pd
import pytest

import mulegraph
from mulegraph.casework import (
    case_file,
    hold_plan,
    lists,
    recall_messages,
    replies,
    reply_messages,
    request_acts,
    run_file,
)
from mulegraph.errors import UsageError
from mulegraph.graph.queries import catalogue
from mulegraph.ledger.ledger import Ledger
from mulegraph.privacy.door import MaskedCase, MaskedWorkspace
from mulegraph.privacy.masking import Masking
from mulegraph.privacy.tokens import Masker
from mulegraph.schema import disclosure as says
from mulegraph.schema import results
from mulegraph.schema.choices import LISTS
from mulegraph.schema.tables import Mask
from mulegraph.signs.base import all_signs
from mulegraph.workspace import account_page, facts
from mulegraph.workspace.case import Case
from mulegraph.workspace.questions import Word, question
from mulegraph.workspace.run import Run
from mulegraph.workspace.scan import scan
from mulegraph.workspace.sentences import Sentences
from mulegraph.workspace.trace import TraceResult
from mulegraph.workspace.workspace import Workspace
from tests.drawing import draw
from tests.signs.test_own import SIGN, written
from tests.thorough import times

RESULTS = times(20_000)
SECRETS = ("Petrova", "Nguyễn Thị Mai", "NORD953904118", "104523", "1980-01-02", "Damrak 70, Amsterdam", "DEV000001113")
BORN = date(1980, 1, 2)
OPEN_TEXT = {
    *"bank place occupation category source transfer_id transfer transfers evidence event_id report_id who".split(),
    *"assignee to sender askable message answer payer_bank chosen listed_on reported marked".split(),
    *"zone returns end_to_end_id uetr seeds payments opened_with left_out report assumptions proposed_by".split(),
}
"""Fields that are open texts: what the ledger's schema declares open, and names of staff and banks."""


OWN = (
    SIGN.replace("facts=(", 'facts=(facts.hidden("told", "what somebody told us"), ')
    .replace("{receipts} receipts", "{told}: {receipts} receipts")
    .replace("limit=min_amount,", 'limit=min_amount, told=ibis.literal("Petrova said so"),')
    .replace("from ibis import _", "import ibis\nfrom ibis import _")
)
"""A sign of a workspace's own with a fact that is a free text, and stands in its reason."""


def scanned(folder: Path) -> Run:
    """A ledger with something for that sign, scanned."""
    draw(folder, "a b 500 9:00\nc b 600 9:10\nb d 1000 9:30")
    written(folder, OWN)
    return scan(folder / "workspace", graph=False).run


@pytest.fixture(scope="module")
def masking(tmp_path_factory) -> Masking:
    """Masks for a workspace with a sign of its own, one of whose facts is a free text."""
    folder = tmp_path_factory.mktemp("door")
    run = scanned(folder)
    return Masking(Masker.of(Ledger(folder / "workspace" / "ledger")), Sentences(lambda: run))


def kinds() -> dict[str, says.Says]:
    """Every kind of answer that there is."""
    modules = [results, case_file, hold_plan, lists, recall_messages, replies, reply_messages, request_acts, run_file]
    modules += [account_page, facts]
    found = {f"{name}": each for name, each in vars(results).items() if isinstance(each, (says.Record, says.Network))}
    for module in modules:
        for name, each in vars(module).items():
            if isinstance(each, type) and hasattr(each, "__dataclass_fields__") and each.__module__ == module.__name__:
                try:
                    found[name] = says.record_of(each)
                except (says.Undeclared, NameError, TypeError):
                    continue  # what goes in, and is no answer
    found["TraceResult"] = says.record_of(TraceResult)
    found |= {f"query {name}": query.record for name, query in catalogue().items()}
    return found


class Poison:
    """Makes random answers: in any field that is not an open text may stand what identifies somebody."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 (a test)

    def secret(self) -> Any:
        """A name, a number, an address or a birthday; alone, in a sentence, in a list or a mapping."""
        secret = self.random.choice(SECRETS)
        return self.random.choice(
            [secret, BORN, f"paid by {secret} (see {secret})", [secret, secret], {secret: secret}, np.array([secret])]
        )

    def value(self, of: says.Says) -> Any:
        """A value for a field, half of the time what it should not be."""
        if isinstance(of, (says.Text, says.Ours)):
            return "open"
        if isinstance(of, says.Day):
            return self.random.choice([date(2026, 1, 5), self.random.choice(SECRETS[:4]), None])
        if (
            not isinstance(of, (says.Record, says.Each, says.ByKey, says.Chosen, says.Facts))
            and self.random.random() < 0.5
        ):
            return self.secret()
        return self.honest(of)

    def honest(self, of: says.Says) -> Any:
        """A value of the kind that a field declares, with secrets where it identifies somebody."""
        match of:
            case says.Record():
                return {name: self.value(each) for name, each in of.fields.items()}
            case says.Each(inner):
                if isinstance(inner, (says.Text, says.Ours)):
                    return ["open"]
                return [self.value(inner) for _ in range(self.random.randint(0, 3))]
            case says.ByKey(key, inner):
                return {str(self.value(key)): self.value(inner) for _ in range(2)}
            case says.Facts():
                return self.facts()
            case says.Chosen(_, by):
                return self.value(self.random.choice(list(by.values())))
            case says.Number() | says.Amount():
                return self.random.choice([7, 0.5, Decimal("12.50"), "12.50", None])
            case says.Moment():
                return self.random.choice([datetime(2026, 1, 5, 9), None])
            case says.Flag():
                return True
            case says.Words():
                return self.random.choice(sorted(of.known))
            case says.Prefixed(prefix, _):
                return prefix + self.random.choice(SECRETS)
        return self.random.choice(SECRETS)

    def facts(self) -> dict[str, Any]:
        """Facts as a sign of anybody's might give them."""
        sign = self.random.choice(list(all_signs().values()))
        names = [name for name in sign.facts_schema.names if name != "events"]
        chosen = [*names, *"told receipts role kind method status phase list".split()]
        return {name: self.random.choice([self.secret(), 3, "victim"]) for name in chosen} | {SECRETS[0]: 1}

    def answer(self, of: says.Says) -> Any:
        """An answer: a row, or a table of rows, or a network."""
        if isinstance(of, says.Network):
            return self.network(of)
        assert isinstance(of, says.Record)
        as_table = self.random.random() < 0.05
        rows = [self.honest(of) for _ in range(3 if as_table else 1)]
        for row in rows:
            if "sign" in row:
                row["sign"] = self.random.choice([*all_signs(), "X1", "X9", self.random.choice(SECRETS)])
        return pd.DataFrame(rows, dtype=object) if as_table else rows[0]

    def network(self, of: says.Network) -> nx.MultiDiGraph[Any]:
        """A network whose nodes, edges and attributes name people."""
        graph: nx.MultiDiGraph[Any] = nx.MultiDiGraph(**self.honest(of.graph))
        for kind in (*of.node_ids, "person"):
            if kind not in ("bank", "cash"):
                prefix = getattr(of.node_ids.get(kind), "prefix", "")
                graph.add_node(prefix + self.random.choice(SECRETS), **{**self.honest(of.nodes), "kind": kind})
        nodes = list(graph)
        for _ in range(3):
            ends = self.random.choices(nodes, k=2)
            graph.add_edge(*ends, key=self.random.choice([nodes[0], "T1"]), **self.honest(of.edges))
        return graph


def texts_of(value: Any) -> Any:
    """Everything in an answer, keys too."""
    if isinstance(value, pd.DataFrame):
        yield from texts_of(value.to_dict("records"))
    elif isinstance(value, nx.MultiDiGraph):
        yield from texts_of([value.graph, dict(value.nodes(data=True)), list(value.edges(keys=True, data=True))])
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from (*texts_of(key), *texts_of(each))
    elif isinstance(value, (list, tuple, set, np.ndarray)):
        for each in value:
            yield from texts_of(each)
    else:
        yield value


def leaks(answer: Any) -> list[Any]:
    """What in an answer identifies somebody."""
    return [
        each
        for each in texts_of(answer)
        if (isinstance(each, date) and not isinstance(each, datetime) and each == BORN)
        or (isinstance(each, str) and any(secret in each for secret in SECRETS))
    ]


def test_nothing_that_identifies_a_person_leaves_whatever_stands_in_whatever_field(masking):
    """20,000 random answers of every kind in two threads, with names, numbers and birthdays in every field.

    With every change a quarter of them, others each time.
    """
    every = sorted(kinds().items())

    def masked(seed: int) -> list[Any]:
        poison = Poison(seed)
        found = []
        for number in range(RESULTS // 2):
            name, kind = every[number % len(every)]
            answer = poison.answer(kind)
            if wrong := leaks(masking.shown(answer, kind)):
                found.append((seed, name, wrong[:3]))
        return found

    with ThreadPoolExecutor(2) as threads:
        assert [each for found in threads.map(masked, random.sample(range(2**31), 2)) for each in found][:5] == []


def test_every_open_text_is_one_that_was_looked_at():
    """A column that is open text is the ledger's own open column, or the name of a bank or of staff."""

    def open_fields(of: says.Says, name: str) -> set[str]:
        if isinstance(of, says.Text):
            return {name}
        if isinstance(of, says.Record):
            return {found for inner, each in of.fields.items() for found in open_fields(each, inner)}
        if isinstance(of, says.Network):
            return open_fields(of.nodes, "") | open_fields(of.edges, "") | open_fields(of.graph, "")
        inner = [*getattr(of, "by", {}).values(), getattr(of, "of", None), getattr(of, "key", None)]
        return {found for each in inner if isinstance(each, says.Says) for found in open_fields(each, name)}

    assert {found for name, each in kinds().items() for found in open_fields(each, name)} <= OPEN_TEXT


def test_a_question_beside_another_does_not_unmask_it(workspace, plain):
    """One thread asks for a case's network again and again, another for the ranking: only tokens come back."""
    case, real = workspace.cases()["case"][0], set(plain.ledger.account_ids.to_pylist())
    done = threading.Event()

    def network() -> None:
        while not done.is_set():
            workspace.case(case).network()

    beside = threading.Thread(target=network)
    beside.start()
    try:
        for _ in range(300):
            assert not real & set(workspace.ranking(top=1)["account"])
    finally:
        done.set()
        beside.join()


def test_two_threads_get_the_rows_that_they_asked_for(plain):
    """Each thread has its own connection: an account's transfers are its own, also when others ask."""
    accounts = plain.ranking(top=8)["account"].tolist()
    alone = {account: plain.transfers_of(account)["transfer_id"].tolist() for account in accounts}

    with ThreadPoolExecutor(4) as threads:
        together = threads.map(lambda account: plain.transfers_of(account)["transfer_id"].tolist(), accounts * 3)
        assert list(together) == [alone[account] for account in accounts * 3]


def test_every_question_goes_through_the_door():
    """What the plain workspace and its cases answer, the masked ones answer, too; and nothing else of theirs shows."""
    asked = {name for name, each in vars(Workspace).items() if hasattr(each, "__question__")}
    hidden = {"trace_network", "far_table", "far_network"}  # asked by methods of the same purpose
    assert asked - hidden <= set(dir(MaskedWorkspace))
    parts = {name for name, each in vars(Case).items() if isinstance(each, property) or hasattr(each, "__question__")}
    assert parts <= set(dir(MaskedCase))
    assert not {"journal", "masker", "settings"} & set(dir(MaskedWorkspace))


def test_the_ledger_itself_needs_a_reason(workspace):
    """Nothing masks it, so it is not at hand without one."""
    with pytest.raises(UsageError, match="not masked"):
        workspace.ledger  # noqa: B018 (asked for)


def test_a_question_that_does_not_say_what_it_takes_cannot_be_loaded():
    """Nor a result that does not say what it holds."""
    with pytest.raises(says.Undeclared, match="account"):

        @question(results.CHAINS)
        def chains_of(space: Any, account: str, sign: Word) -> pd.DataFrame:
            raise NotImplementedError

    with pytest.raises(says.Undeclared, match="name"):

        @says.declared
        @dataclass(frozen=True)
        class Person:
            account: Annotated[str, says.ACCOUNT]
            name: str


def test_a_column_that_is_not_declared_is_never_shown(masking):
    """It is an error, and no value."""
    with pytest.raises(says.Undeclared, match="nickname"):
        masking.shown(pd.DataFrame({"account": ["a"], "nickname": ["Petrova"]}), results.SCORES)


def test_an_account_called_as_a_role_does_not_hide_the_role(masking):
    """The field says what it is, whatever the ledger's accounts are called."""
    row = {"account_id": "victim", "role": "victim"}
    shown = masking.shown(row, results.CASE_ACCOUNTS)
    assert shown["role"] == "victim" and shown["account_id"].startswith("A~")


def test_a_free_text_among_the_facts_of_an_own_sign_stays_inside(tmp_path):
    """In the facts, and in the reason that is made of them; who gives a reason sees both."""
    scanned(tmp_path)

    masked = mulegraph.open(tmp_path / "workspace").findings(sign="X1").iloc[0]
    clear = mulegraph.open(tmp_path / "workspace", reveal="a test").findings(sign="X1").iloc[0]

    assert masked["facts"] == {**clear["facts"], "told": "***"}
    assert masked["reason"] == clear["reason"].replace("Petrova said so", "***") != clear["reason"]


def test_a_reason_to_reveal_is_written_down_once_before_anything_is_shown(workspace, tmp_path):
    """Also when several threads ask first."""
    import shutil

    shutil.copytree(workspace.folder, tmp_path / "ws", ignore=shutil.ignore_patterns("journal*"))
    clear = mulegraph.open(tmp_path / "ws", reveal="a test of threads")
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: clear.ranking(top=1), range(8)))
    entries = clear.journal_entries()
    assert [each["what"] for each in entries] == ["revealed"]


def test_subjects_are_masked_as_what_their_kind_says(masking):
    """A device's id is no account's; a kind that is not known hides it."""
    row = {"subject_kind": "device", "subject_id": "DEV000001113", "list": LISTS[0]}
    shown = masking.shown(row, results.LISTINGS)
    assert shown["subject_id"].startswith("D~")
    assert masking.shown({**row, "subject_kind": "person"}, results.LISTINGS)["subject_id"] == "***"
    assert masking.named(Mask.DEVICE, "DEV000001113") == shown["subject_id"]
