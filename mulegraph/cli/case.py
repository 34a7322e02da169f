"""`mulegraph case`."""

from __future__ import annotations

import json
import sys
import textwrap
from dataclasses import asdict
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mulegraph.cli import stages
from mulegraph.cli.options import (
    HERE,
    Account,
    Every,
    Language,
    OutputFormat,
    Reveal,
    Since,
    Top,
    Until,
    WorkspaceFolder,
    opened,
    show,
)
from mulegraph.errors import EXIT_FINDINGS, UsageError
from mulegraph.schema import listings
from mulegraph.views.formats import WIDTH, Format

if TYPE_CHECKING:
    from mulegraph.journal.journal import Entry
    from mulegraph.privacy.door import MaskedWorkspace

commands = typer.Typer()
case = typer.Typer(help="Cases: findings that belong together.")
commands.add_typer(case, name="case")
Why = Annotated[str, typer.Option("--reason", help="The reason; the journal keeps it.")]
INDENTED: dict[str, Any] = {"initial_indent": "   ", "subsequent_indent": "     "}
CaseId = Annotated[str, typer.Argument(help="Case id, such as CASE-0a1b2c3d.")]


class Status(StrEnum):
    """What a case may be."""

    OPEN = "open"
    SNOOZED = "snoozed"
    CLOSED = "closed"


@case.command("list")
def list_command(
    workspace: WorkspaceFolder = HERE,
    account: Account = None,
    status: Annotated[Status | None, typer.Option(help="Only cases with this status.")] = None,
    top: Top = None,
    since: Since = None,
    until: Until = None,
    due: Annotated[bool, typer.Option("--due", help="Only cases that wait for an answer; what is due first.")] = False,
    fail: Annotated[bool, typer.Option("--fail", help="With --due: exit with code 1 when one is overdue.")] = False,
    every: Every = False,
    reveal: Reveal = None,
    how: OutputFormat = Format.TABLE,
) -> None:
    """Cases of the latest scan, and earlier ones that nobody closed and it does not find; the strongest first."""
    if fail and not due:
        raise UsageError("--fail goes with --due", hint="Give --due, or leave --fail out.")
    space = opened(workspace, reveal)
    found = space.cases(account=account, since=since, until=until, quiet=True, every=every)
    if due:
        _list_due(space, set(found["case"]), how, fail=fail)
        return
    found = found[found["status"] == status.value] if status is not None else found
    found = found.head(top) if top is not None else found
    rows = found.to_dict("records") if how is Format.TABLE else stages.tables.rows_of(found)
    latest = set(space.cases(every=True)["case"]) if how is Format.TABLE else set()
    for row in rows if how is Format.TABLE else []:
        row.update(
            size=len(row["accounts"]),
            signs=" ".join(sorted({each.partition("-")[0] for each in row["findings"]})),
            state=_state(row) + ("" if row["case"] in latest else ", quiet"),
        )
    show(rows, how, listings.CASES, empty="No case.")


def _list_due(space: MaskedWorkspace, cases: set[str], how: Format, *, fail: bool) -> None:
    """Requests that wait for an answer, overdue ones first."""
    rows = [vars(each) for each in space.request_list(due=True) if each.case in cases]
    show(stages.tables.plain(rows), how, listings.REQUESTS, empty="No request waits for an answer.")
    if fail and any(row["state"] == "overdue" for row in rows):
        raise typer.Exit(EXIT_FINDINGS)


@case.command("show")
def show_command(
    case: Annotated[str, typer.Argument(help="Case id, such as CASE-0a1b2c3d.")],
    workspace: WorkspaceFolder = HERE,
    language: Language = "en",
    reveal: Reveal = None,
    how: OutputFormat = Format.TABLE,
) -> None:
    """One case: who does what in it, the findings that make it, and its journey; findings of one pattern as one."""
    space = opened(workspace, reveal)
    found = space.case(case)
    state = found.state
    row = found.row
    findings = found.findings_in(language)
    if how is Format.JSON:
        whole = {
            **stages.tables.plain(row),
            "state": state,
            "findings": stages.tables.rows_of(findings),
            "journey": stages.tables.rows_of(found.journey),
        }
        typer.echo(json.dumps(whole, indent=1, ensure_ascii=False))
        return
    if how is Format.CSV:
        show(stages.tables.rows_of(findings), how, listings.FINDINGS)
        return
    for line in textwrap.wrap(f"{found.id}  score {row['score']:.2f} = {stages.tables.made_of(row['made_of'])}", WIDTH):
        typer.echo(line)
    money = stages.tables.case_money(row) or "no chain"
    typer.echo(f"{money}, {stages.tables.shown(row['first_at'])} to {stages.tables.shown(row['last_at'])}")
    typer.echo(_state(state))
    for line in _history(state):
        typer.echo(line)
    typer.echo("")
    for role, members in found.accounts.groupby("role", sort=True)["account_id"]:
        typer.echo(f"{role:<13} {stages.tables.shown(list(members))}")
    typer.echo("")
    show(stages.tables.collapse_patterns(findings).to_dict("records"), how, listings.FINDINGS)
    typer.echo("")
    show(found.journey.to_dict("records"), how, listings.JOURNEY)


@case.command("open")
def open_command(
    workspace: WorkspaceFolder = HERE,
    payment: Annotated[list[str] | None, typer.Option("--payment", help="A payment that a victim told of.")] = None,
    report: Annotated[str | None, typer.Option("--report", help="The payment of a victim's report.")] = None,
    account: Annotated[str | None, typer.Option("--account", "-a", help="All that this account paid.")] = None,
    since: Annotated[str | None, typer.Option("--since", help="With --account: from this time on.")] = None,
    reveal: Reveal = None,
) -> None:
    """Open a case on a call, before any sign has found it; a scan that finds its story joins it."""
    if since is not None and account is None:
        raise UsageError("--since goes with --account", hint="Give --account, or leave --since out.")
    space = opened(workspace, reveal)
    entry = space.open_case(payment or [], report=report, account=account, since=since)
    did(entry)
    for part in space.hold_plan(entry.about).in_currencies:
        typer.echo(textwrap.fill(stages.case_summary.hold_sentence(part), WIDTH))
    asks = [f"mulegraph request {entry.about} --to {bank}" for bank in space.askable_banks(entry.about)[:3]]
    typer.echo("Next: " + ", ".join([f"mulegraph case holds {entry.about}", *asks]))


@case.command("dispose")
def dispose_command(
    case: CaseId,
    account: Annotated[str, typer.Argument(help="An account of the case.")],
    reason: Why,
    disposition: Annotated[str, typer.Option("--as", help="guilty, innocent or victim.")],
    workspace: WorkspaceFolder = HERE,
) -> None:
    """Decide on one account of a case."""
    did(opened(workspace).dispose(case, account, disposition, reason))


@case.command("note")
def note_command(
    case: CaseId,
    text: Annotated[str, typer.Argument(help="What to write down.")],
    workspace: WorkspaceFolder = HERE,
) -> None:
    """Write a note to a case."""
    did(opened(workspace).note(case, text))


@case.command("keep")
def keep_command(
    case: CaseId,
    page: Annotated[Path, typer.Argument(help="The file that the page's button 'keep' has saved.")],
    workspace: WorkspaceFolder = HERE,
    reveal: Reveal = None,
) -> None:
    """Keep what was done on a case's page: places, notes, marks. `view` opens it so, the report tells the notes."""
    did(opened(workspace, reveal).keep_page(case, stages.kept_page.read_file(page)))


@case.command("assign")
def assign_command(
    case: CaseId,
    who: Annotated[str, typer.Argument(help="Who works on it.")],
    workspace: WorkspaceFolder = HERE,
) -> None:
    """Give a case to somebody."""
    did(opened(workspace).assign(case, who))


@case.command("close")
def close_command(
    case: CaseId,
    reason: Why,
    disposition: Annotated[str, typer.Option("--as", help="confirmed, innocent or unclear.")],
    workspace: WorkspaceFolder = HERE,
    with_open_requests: Annotated[
        bool, typer.Option("--with-open-requests", help="Close it though requests wait for an answer.")
    ] = False,
) -> None:
    """Close a case, and count its findings as right or false alarms; with open requests it asks first."""
    space = opened(workspace)
    try:
        entry = space.close(case, disposition, reason, with_open_requests=with_open_requests)
    except UsageError as error:
        if not (sys.stdin.isatty() and "open request" in error.problem):
            raise
        typer.confirm(f"{error.problem}. Close it all the same?", abort=True)
        entry = space.close(case, disposition, reason, with_open_requests=True)
    did(entry)


@case.command("reopen")
def reopen_command(case: CaseId, reason: Why, workspace: WorkspaceFolder = HERE) -> None:
    """Open a closed or snoozed case again."""
    did(opened(workspace).reopen(case, reason))


@case.command("snooze")
def snooze_command(
    case: CaseId,
    reason: Why,
    until: Annotated[str, typer.Option("--until", help="The day on which the case opens again.")],
    workspace: WorkspaceFolder = HERE,
) -> None:
    """Snooze a case until a day."""
    did(opened(workspace).snooze(case, until, reason))


@case.command("alarms")
def alarms_command(workspace: WorkspaceFolder = HERE, how: OutputFormat = Format.TABLE) -> None:
    """Decisions by sign: how often its findings were confirmed, innocent or unclear."""
    show(opened(workspace).alarms(), how, listings.ALARMS, empty="No case is decided yet.")


def _history(state: dict[str, Any]) -> list[str]:
    """Notes, requests and replies of a case, in order of time, a line each."""
    lines = [(each["at"], f"{each['who']}: {each['text']}") for each in state["notes"]]
    for each in state["woken"]:
        count = sum(map(len, each["findings"].values()))
        signs = ", ".join(sorted(each["findings"]))
        what = [f"{stages.tables.counted(count, 'new finding')} of {signs}"] if count else []
        for currency, amount in each.get("left", {}).items():
            by = f" ({', '.join(each['payments'])})" if each["payments"] else ", by a balance"
            what.append(f"at most {Decimal(amount):,f} {currency} of its money moved on{by}")
        lines.append((each["at"], f"woken by run {each['run']}: {'; '.join(what)}"))
    for each in state["requests"]:
        lines.append((each["at"], f"request to {each['bank']} ({each['number']}), reply by {each['reply_by']}"))
    for each in state["replies"]:
        answers = ", ".join(sorted({answer["answer"] for answer in each["answers"]}))
        lines.append((each["at"], f"{each['kind']} from {each['sender'] or 'unknown'}: {answers}"))
    return [f"{at[:16].replace('T', ' ')}  {text}" for at, text in sorted(lines)]


def _state(row: dict[str, object]) -> str:
    ends = [row[name] for name in ("disposition", "snoozed_until", "assignee") if isinstance(row[name], str)]
    return " ".join([str(row["status"]), *map(str, ends)])


def did(entry: Entry) -> None:
    """Tell what an act wrote down, or that it waits for a second person."""
    typer.echo(f"{entry.about}: {entry.what}, journal entry {entry.number}")
    if entry.what == "proposed":
        typer.echo(f"Nothing is done until somebody else confirms it: mulegraph journal confirm {entry.number}")
        typer.echo("Who confirms it is shown your reason as you wrote it.")


@case.command("reply")
def reply_command(
    case: CaseId,
    file: Annotated[Path, typer.Argument(help="The bank's message: pacs.004, camt.029, camt.111 or MT 196.")],
    workspace: WorkspaceFolder = HERE,
    reveal: Reveal = None,
    how: OutputFormat = Format.TABLE,
) -> None:
    """Read a bank's answer to a request and record it with the case."""
    reply = opened(workspace, reveal).reply(case, file)
    rows = [{**asdict(each), "transfer": each.transfer or "(all)"} for each in reply.answers]
    show(rows, how, {each: each for each in ("transfer", "answer", "amount", "currency", "reason")})


@case.command("clock")
def clock_command(
    case: CaseId,
    account: Annotated[str | None, typer.Option("--account", "-a", help="The clock of this account.")] = None,
    workspace: WorkspaceFolder = HERE,
    reveal: Reveal = None,
    how: OutputFormat = Format.TABLE,
) -> None:
    """What would have been kept, had it been held at each moment: the ledger is replayed with the hold in it."""
    rows = [vars(each) for each in opened(workspace, reveal).hold_clock(case, account=account)]
    if how is Format.TABLE:
        rows = [{**row, "after": duration(row["after_minutes"])} for row in rows]
        several = len({row["currency"] for row in rows}) > 1
        show(rows, how, {**listings.CLOCK, **(listings.IN_CURRENCY if several else {})})
        typer.echo("Held from then on, without an end; at least and at most over the rules for mixed money.")
        left_out = max((row["left_out"] for row in rows), default=0)
        if left_out:
            accounts = stages.tables.counted(left_out, "account")
            typer.echo(
                f"Left out: {accounts} that only payments of mostly others' money reached. They are not held as a"
                " whole; mulegraph case holds says what a hold on an amount keeps there."
            )
    else:
        show(stages.tables.plain(rows), how, {name: name for name in rows[0]})


def duration(minutes: int | None) -> str:
    """`45 min`, `3.5 h`, `2 d`; nothing passed on yet is a dash."""
    if minutes is None:
        return "-"
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes / 60:.1f} h" if minutes < 48 * 60 else f"{minutes / 1440:.0f} d"


@case.command("facts")
def facts_command(
    case: CaseId,
    account: Annotated[str, typer.Option("--account", "-a", help="An account of the case.")],
    workspace: WorkspaceFolder = HERE,
    reveal: Reveal = None,
    how: OutputFormat = Format.TABLE,
) -> None:
    """Facts for and against the holder's knowledge; they are not a verdict."""
    facts = opened(workspace, reveal).facts_for_and_against(case, account)
    show([vars(each) for each in facts], how, {"speaks": "speaks", "fact": "fact"})
