"""`mulegraph map`."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Annotated

import typer

from mulegraph.cli import stages
from mulegraph.cli.options import OutputFormat, err, show
from mulegraph.errors import MulegraphError, UsageError
from mulegraph.views.formats import Format

commands = typer.Typer()


@commands.command("map")
def map_command(
    file: Annotated[Path, typer.Argument(help="A text file of a bank: statements, transfers or accounts.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the mapping here; else it is shown.")
    ] = None,
    rows: Annotated[int, typer.Option(min=0, help="How many rows to show as they would be loaded.")] = 5,
    how: OutputFormat = Format.TABLE,
) -> None:
    """Look at a file, propose a mapping, and show its first rows as they would be loaded (ids and names as shapes)."""
    if output is not None and output.exists():
        raise UsageError("{output}: exists", hint="Name a new file with -o.", output=output)
    found = stages.propose.propose(file)
    if output is not None:
        output.write_text(found.text, encoding="utf-8")
    try:
        mapping = stages.mapping.mapping_of(tomllib.loads(found.tried), str(output or "the proposal"))
        seen = stages.preview.preview(file, mapping, found.table, rows=rows)
    except MulegraphError as error:
        seen = stages.preview.Preview([], 0, {error.problem: 0}, [])
    for row in seen.rows:
        row.update({name: "?" for name in found.asked if name in row})
    if how is Format.JSON:
        body = {"table": found.table, "mapping": found.text, "unsure": found.unsure, "rows": seen.rows}
        typer.echo(json.dumps(body | {"read": seen.read, "rejects": seen.rejects}, indent=1, ensure_ascii=False))
        return
    if output is None:
        typer.echo(found.text)
    show(seen.rows, how, {name: name for row in seen.rows[:1] for name in row}, empty="No row would be loaded.")
    for rule, count in seen.rejects.items():
        typer.echo(f"{count:,} of {seen.read:,} rows would be rejects: {rule}" if count else f"Not yet usable: {rule}")
    for each in found.unsure:
        typer.echo(f"UNSURE {each}")
    if output is not None:
        err.print(f"Correct {output}, then: mulegraph load {file.parent} --mapping {output}", soft_wrap=True)
