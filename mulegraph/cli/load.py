"""`mulegraph load`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mulegraph.cli import stages
from mulegraph.cli.graph_options import (
    DATABASE,
    EMBEDDED,
    GraphDatabase,
    GraphPasswordFile,
    GraphUrl,
    Insecure,
    Prune,
    load_rows,
    rows_bar,
    server_of,
    tell_load,
)
from mulegraph.cli.options import (
    HERE,
    OutputFormat,
    WorkspaceFolder,
    bytes_bar,
    err,
    moment,
    opened,
    show,
    steps_bar,
)
from mulegraph.errors import UsageError
from mulegraph.views.formats import Format

if TYPE_CHECKING:
    from mulegraph.graph.neo4j.load import GraphLoad
    from mulegraph.ingest.bookings import BookingLoad
    from mulegraph.ingest.load import LoadReport
    from mulegraph.privacy.door import MaskedWorkspace

commands = typer.Typer()


@commands.command("load")
def load_command(
    folder: Annotated[Path, typer.Argument(help="Folder with accounts.csv, transfers.csv and so on, or .parquet.")],
    workspace: WorkspaceFolder = HERE,
    mapping: Annotated[Path | None, typer.Option(help="TOML file that maps foreign names (docs/mapping.md).")] = None,
    zone: Annotated[str | None, typer.Option(help="Time zone of times that name none, such as Europe/Berlin.")] = None,
    max_rejects: Annotated[
        str | None,
        typer.Option(help="Refuse a table with more bad rows than this: 250, 5% or 0.05. 5% if unsaid; ten are free."),
    ] = None,
    as_of: Annotated[
        str | None, typer.Option(help="From when on changed accounts and holders are so (ISO, UTC); now if unsaid.")
    ] = None,
    url: GraphUrl = EMBEDDED,
    password_file: GraphPasswordFile = None,
    database: GraphDatabase = DATABASE,
    insecure: Insecure = False,
    no_graph: Annotated[bool, typer.Option("--no-graph", help="Leave the graph as it is.")] = False,
    prune: Prune = False,
    offline_import: Annotated[
        Path | None, typer.Option(help="Fill no graph: write files for neo4j-admin database import into this folder.")
    ] = None,
    how: OutputFormat = Format.TABLE,
) -> None:
    """Load bank files into the ledger, and its graph; bad rows go to rejects/, and the rest loads."""
    server = server_of(url, password_file, database, insecure)
    if prune and server is None:
        raise UsageError("--prune is for a server", hint="Name one with --graph, or leave --prune out.")
    chosen = stages.mapping.read_mapping(mapping, zone=zone)
    limit = stages.rejects.Limit.parse(max_rejects) if max_rejects is not None else None
    since = moment(as_of, "--as-of")
    with bytes_bar() as progress:
        report = stages.load.load(folder, workspace, mapping=chosen, limit=limit, progress=progress, as_of=since)
    loaded = None if no_graph or offline_import else _fill(opened(workspace, server=server), prune)
    rows = [{"table": name, **asdict(tally)} for name, tally in report.tables.items()]
    if how is Format.JSON:
        show_json(report, rows, [] if loaded is None else load_rows(loaded))
        return
    heads = {
        "table": "table",
        "read": "read",
        "taken": "new",
        "already_there": "known",
        "rejected": "rejected",
    }
    show(rows, how, heads)
    if how is Format.TABLE:
        _remarks(report)
    if loaded is not None:
        tell_load(loaded)
    if offline_import is not None:
        _write_files(opened(workspace), offline_import)


def _fill(space: MaskedWorkspace, prune: bool) -> GraphLoad | None:
    """Bring the graph up to the ledger; what a server's took is told, the embedded one's is not."""
    if space.server is None:
        with steps_bar() as step:
            step("graph")
            space.update_graph()
        return None
    with rows_bar() as told:
        return space.fill_server(prune=prune, told=told)


def _write_files(space: MaskedWorkspace, folder: Path) -> None:
    """Write the ledger for the server's own importer, and say how to run it."""
    made = space.write_import(folder)
    err.print(f"graph: {sum(made.rows.values()):,} rows for an empty database, which must not be running:")
    err.print(f'  neo4j-admin database import full neo4j "@{made.argument_file}"', soft_wrap=True)


def show_json(report: LoadReport, rows: list[dict[str, object]], graph: list[dict[str, object]]) -> None:
    """The whole report as one object."""
    body = {**asdict(report), "tables": rows, **({"graph": graph} if graph else {})}
    folder = report.rejects_folder
    typer.echo(json.dumps(stages.tables.plain({**body, "rejects_folder": str(folder) if folder else None}), indent=1))


def _tell_bookings(done: BookingLoad) -> None:
    """What became of bookings that is no row of a table."""
    sentences = {
        f"{done.transfers:,} transfers made of {done.read:,} bookings": done.read,
        f"{done.joined:,} bookings are the other side of a payment that is one transfer": done.joined,
        f"{done.joined_without_reference:,} of these were joined by ends, amount and day, without a reference,"
        f" and {done.ambiguous:,} among several equal ones": done.joined_without_reference,
        f"{done.near:,} pairs of lines of two accounts have the same ends and sum two to five days apart and no common"
        " reference; each counts for itself": done.near,
        f"{done.repeated:,} stand in another export or statement as well and count once": done.repeated,
        f"{done.alike:,} of these have no bank's reference and are taken for the line of another file that has one"
        " (same account, day, sum and party)": done.alike,
        f"{done.parts_of_known:,} are the payments of batches that an earlier load took as one sum each, and were left"
        " out; to have them one by one, forget that load (ledger forget) and load both files": done.parts_of_known,
        f"{done.pending:,} are not booked yet and were left out": done.pending,
        f"{done.rejected_payments:,} were rejected by a bank and were left out": done.rejected_payments,
        f"{done.open_ends:,} name no other party: an account of the bank stands for it": done.open_ends,
        f"{done.returns:,} give a payment back": done.returns,
        f"{done.returns_of_unknown:,} returns name a payment that is not here": done.returns_of_unknown,
        f"{done.returns_unlike:,} returns are in another currency than the payment that they name, larger, or earlier;"
        " they are linked to none": done.returns_unlike,
        f"{done.over_returned:,} payments have more returned than was paid (see column returns)": done.over_returned,
        f"{done.accounts_made:,} accounts made of the ends of payments": done.accounts_made,
        f"{done.balances:,} balances": done.balances,
    }
    for sentence, rows in sentences.items():
        if rows:
            typer.echo(f"bookings: {sentence}")
    for remark in done.remarks:
        typer.echo(remark)


def _remarks(report: LoadReport) -> None:
    if report.bookings is not None:
        _tell_bookings(report.bookings)
    if report.unchanged_files:
        typer.echo("Already loaded, left out: " + ", ".join(report.unchanged_files))
    if report.unknown_files:
        typer.echo(f"Not read: {', '.join(report.unknown_files)}. What is read: {stages.readers.formats()}.")
    for name, columns in report.ignored_columns.items():
        typer.echo(f"{name}: columns not in the ledger, left out: {', '.join(columns)}")
    for table, rules in report.rejects.items():
        for rule, count in rules.items():
            typer.echo(f"{table}: {count} rejected, {rule}")
    for table, sums in report.sums.items():
        for each in sums:
            span = f"{each['first_at']:%Y-%m-%d} to {each['last_at']:%Y-%m-%d}"
            typer.echo(f"{table}: {each['rows']:,} new, {each['sum']:,} {each['currency']} in all, {span}")
    for remark in report.remarks:
        typer.echo(f"note: {remark}")
    if report.load:
        typer.echo(f"This is load {report.load}; 'mulegraph ledger forget {report.load}' takes it back.")
    if report.rejects_folder is not None and report.rejects:
        typer.echo(f"Rejected rows, with line and rule: {report.rejects_folder}")
    typer.echo("Next: mulegraph scan" if report.changed else "The ledger is as it was.")
