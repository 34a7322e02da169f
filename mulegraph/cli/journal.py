"""`mulegraph journal`."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from mulegraph.cli import stages
from mulegraph.cli.options import HERE, OutputFormat, Reveal, Top, WorkspaceFolder, err, opened, show
from mulegraph.errors import DataError, UsageError
from mulegraph.schema import listings
from mulegraph.views.formats import Format

commands = typer.Typer()
journal = typer.Typer(help="The journal: what people did in this workspace. Entries are only added, never changed.")
commands.add_typer(journal, name="journal")


@journal.command("show")
def show_command(
    workspace: WorkspaceFolder = HERE,
    about: Annotated[str | None, typer.Option(help="Only entries about this case or account.")] = None,
    top: Top = None,
    reveal: Reveal = None,
    how: OutputFormat = Format.TABLE,
) -> None:
    """Entries of the journal, the latest first."""
    rows = opened(workspace, reveal).journal_entries(about=about, top=top)
    for row in rows if how is Format.TABLE else []:
        row["at"] = row["at"][:16].replace("T", " ")
        row["facts"] = stages.tables.pairs({name: value for name, value in row["facts"].items() if name != "command"})
    show(rows, how, listings.JOURNAL, empty="The journal is empty.")


@journal.command("confirm")
def confirm_command(
    number: Annotated[int, typer.Argument(help="The number of the entry that proposes it.")],
    workspace: WorkspaceFolder = HERE,
    yes: Annotated[bool, typer.Option("--yes", help="Confirm it; without, it is only shown.")] = False,
) -> None:
    """Show what another proposed, and why; with --yes, confirm it as the second person, which does it."""
    space = opened(workspace)
    asked = space.proposed_act(number)
    typer.echo(f"entry {number} proposes: {stages.tables.pairs(asked)}")
    if not yes:
        hint = "Read what is proposed; then: mulegraph journal confirm {number} --yes"
        raise UsageError("nothing is confirmed yet", hint=hint, number=number)
    entry = space.confirm(number)
    typer.echo(f"{entry.about or 'confirmed'}: {entry.what}, journal entry {entry.number}")


@journal.command("verify")
def verify_command(workspace: WorkspaceFolder = HERE, how: OutputFormat = Format.TABLE) -> None:
    """Check that no line was edited, moved, removed or cut off; exit code 3 if one was."""
    verdict = opened(workspace).verify_journal()
    if how is Format.TABLE:
        typer.echo(f"{stages.tables.counted(verdict.entries, 'entry', 'entries')}, the last with hash {verdict.last}")
    else:
        body = {"entries": verdict.entries, "last": verdict.last, "wrong": verdict.wrong}
        typer.echo(json.dumps(body, indent=1))
    if not verdict.wrong:
        return
    for each in verdict.wrong[1:]:
        err.print(f"mulegraph: {each}", soft_wrap=True)
    raise DataError(verdict.wrong[0], hint="Restore the journal from its backup, and find out who changed it.")
