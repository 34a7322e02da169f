"""`mulegraph lists`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from mulegraph.cli import stages
from mulegraph.cli.options import HERE, OutputFormat, Reveal, Since, Until, WorkspaceFolder, opened, show
from mulegraph.errors import UsageError
from mulegraph.files import write_output
from mulegraph.schema import listings
from mulegraph.schema.choices import KEY_VARIABLE, LISTS, SUBJECT_KINDS
from mulegraph.views.formats import Format

commands = typer.Typer()
lists = typer.Typer(help="Warning and suspicion lists, shared between banks.")
commands.add_typer(lists, name="lists")
KeyFile = Annotated[Path | None, typer.Option("--key-file", help=f"The shared key (or in {KEY_VARIABLE}).")]
ListName = Annotated[str | None, typer.Option("--list", help="Only this list: " + ", ".join(LISTS) + ".")]


class FileFormat(StrEnum):
    """Files that lists are written as."""

    CSV = "csv"
    JSON = "json"


@lists.command("show")
def show_command(
    workspace: WorkspaceFolder = HERE,
    every: Annotated[bool, typer.Option("--all", help="Also entries that have expired.")] = False,
    since: Since = None,
    until: Until = None,
    reveal: Reveal = None,
    how: OutputFormat = Format.TABLE,
) -> None:
    """Entries of all lists."""
    show(
        opened(workspace, reveal).list_entries(every=every, since=since, until=until),
        how,
        listings.LISTS,
        empty="The lists are empty.",
    )


@lists.command("import")
def import_command(
    file: Annotated[Path, typer.Argument(help="CSV or JSON, of ids or of tokens.")],
    workspace: WorkspaceFolder = HERE,
    key_file: KeyFile = None,
    how: OutputFormat = Format.TABLE,
) -> None:
    """Import a list. Tokens made with the same key at another bank are matched to accounts here."""
    taken = opened(workspace).import_list(file, _key(key_file))
    show([vars(taken)], how, listings.LISTS_TAKEN)
    if how is Format.TABLE and taken.taken:
        typer.echo("Next: mulegraph scan")


@lists.command("export")
def export_command(
    workspace: WorkspaceFolder = HERE,
    pseudonymous: Annotated[bool, typer.Option("--pseudonymous", help="Keyed tokens instead of ids.")] = False,
    key_file: KeyFile = None,
    which: ListName = None,
    kind: Annotated[str | None, typer.Option(help="Only account, holder, device or merchant.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Also entries that have expired.")] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File (default: standard output).")] = None,
    file_format: Annotated[FileFormat, typer.Option("--format", "-f", help="csv or json.")] = FileFormat.CSV,
    reveal: Reveal = None,
) -> None:
    """Export the lists for another bank."""
    key = stages.list_files.list_key(key_file) if pseudonymous else None
    as_json = file_format is FileFormat.JSON
    text = opened(workspace, reveal).export_list(which=which, kind=kind, key=key, as_json=as_json, every=every)
    if output is None:
        typer.echo(text, nl=False)
        return
    write_output(output, text)
    typer.echo(output)


@lists.command("remove")
def remove_command(
    subject: Annotated[str, typer.Argument(help="Account, holder, device or merchant, as id or token.")],
    which: Annotated[str, typer.Option("--list", help="The list: " + ", ".join(LISTS) + ".")],
    reason: Annotated[str, typer.Option("--reason", help="The reason; the journal keeps it.")],
    workspace: WorkspaceFolder = HERE,
    kind: Annotated[str, typer.Option(help="Kind of subject: " + ", ".join(SUBJECT_KINDS) + ".")] = "account",
    source: Annotated[str | None, typer.Option(help="Only the entry of this source.")] = None,
) -> None:
    """Remove an entry from a list."""
    if kind not in SUBJECT_KINDS:
        raise UsageError("--kind is '{kind}'", hint=f"Expected one of {', '.join(SUBJECT_KINDS)}.", kind=kind)
    done = opened(workspace).remove_entry(kind, subject, which, source, reason)
    typer.echo(f"{stages.tables.counted(done, 'entry', 'entries')} removed from list {which}")


def _key(path: Path | None) -> bytes | None:
    """The key, if one is given: a list of ids needs none."""
    try:
        return stages.list_files.list_key(path)
    except UsageError:
        if path is not None:
            raise
        return None
