"""`mulegraph simulate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mulegraph.cli import stages
from mulegraph.cli.options import OutputFormat, show
from mulegraph.errors import UsageError
from mulegraph.views.formats import Format

commands = typer.Typer()


@commands.command("simulate")
def simulate_command(
    output: Annotated[Path, typer.Option("--output", "-o", help="New folder for the files.")],
    accounts: Annotated[int, typer.Option(help="How many accounts; about six transfers each in 30 days.")] = 2_000,
    days: Annotated[int, typer.Option(help="How many days.")] = 30,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same bytes.")] = 1,
    hard: Annotated[bool, typer.Option("--hard", help="Networks that hide better.")] = False,
    clock: Annotated[str, typer.Option(help="second, or day: dates only, as many exports have.")] = "second",
    mules_per_100k: Annotated[
        int | None,
        typer.Option(
            "--mules-per-100k", help="So many mules in 100,000 accounts; a bank has about 100. Else all signs 20 times."
        ),
    ] = None,
    lasting: Annotated[
        int | None, typer.Option(metavar="DAYS", help="Patterns take up to so many days. Else minutes to hours.")
    ] = None,
    exact: Annotated[bool, typer.Option("--exact", help="What comes goes on to the cent, without a fee.")] = False,
    transfers_a_month: Annotated[
        int, typer.Option("--transfers-a-month", help="About so many an account; 60 is a busy ledger.")
    ] = 6,
    by_bank: Annotated[
        bool, typer.Option("--by-bank", help="A folder for each bank, with what this bank sees.")
    ] = False,
    files: Annotated[str, typer.Option(help="csv or parquet.")] = "csv",
    how: OutputFormat = Format.TABLE,
) -> None:
    """Write a synthetic ledger with planted mule networks, innocent look-alikes, and labels of both."""
    scenario = stages.simulate.Scenario(clock, mules_per_100k, lasting, exact, transfers_a_month, by_bank)
    try:
        made = stages.simulate.simulate(
            output, accounts=accounts, days=days, seed=seed, hard=hard, file_format=files, scenario=scenario
        )
    except OSError as error:
        why = error.strerror or error
        hint = "Name another folder with -o."
        raise UsageError("{output}: cannot be written ({why})", hint=hint, output=output, why=str(why)) from error
    rows = [{"table": name, "rows": count} for name, count in made.rows.items()]
    show(rows, how, {"table": "table", "rows": "rows"})
    if how is Format.TABLE:
        networks = stages.tables.counted(made.networks, "planted network")
        planted = f"{networks} and {stages.tables.counted(made.look_alikes, 'look-alike')}"
        mules = stages.tables.counted(made.mules, "mule")
        typer.echo(f"{mules}, {planted}; labels in {output / 'labels'}")
        typer.echo(f"Next: mulegraph load {output / made.banks[0] if made.banks else output}")
