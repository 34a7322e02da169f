"""`mulegraph holder`."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from mulegraph.cli import stages
from mulegraph.cli.options import HERE, OutputFormat, Reveal, WorkspaceFolder, opened, show
from mulegraph.schema import listings
from mulegraph.schema.amounts import exact
from mulegraph.views.formats import Format

commands = typer.Typer()


@commands.command("holder")
def holder_command(
    holder: Annotated[str, typer.Argument(help="Holder id as in holders.csv, or its token.")],
    workspace: WorkspaceFolder = HERE,
    reveal: Reveal = None,
    how: OutputFormat = Format.TABLE,
) -> None:
    """One person: all accounts, devices and cases, what money is where, and what a hold on the person would hit."""
    found = opened(workspace, reveal).holder(holder)
    if how is Format.JSON:
        typer.echo(json.dumps(stages.tables.plain(asdict(found)), indent=1, ensure_ascii=False))
        return
    accounts = [{**vars(each), "cases": " ".join(each.cases)} for each in found.accounts]
    if how is Format.TABLE:
        yes_no = {True: "yes", False: "no"}
        accounts = [{**row, "ours": yes_no[row["ours"]], "joint": " ".join(row["others"]) or "no"} for row in accounts]
    if how is Format.CSV:
        show(stages.tables.plain(accounts), how, listings.HOLDER_ACCOUNTS)
        return
    typer.echo(f"{found.holder_id}  score {found.score:.2f}: {found.says}")
    typer.echo("")
    show(accounts, how, listings.HOLDER_ACCOUNTS, empty="No account.")
    if found.money:
        typer.echo("")
        show([vars(each) for each in found.money], how, listings.HOLDER_MONEY)
    if found.accounts:
        typer.echo("Looked at: cases that name one of these accounts, hold one, or were opened on a call.")
    if found.not_traced:
        typer.echo(f"Not followed, for want of a payment to trace: {', '.join(found.not_traced)}")
    if found.devices:
        typer.echo("")
        show([vars(each) for each in found.devices], how, listings.HOLDER_DEVICES)
    typer.echo("")
    sums = ", ".join(f"{exact(amount)} {code}" for code, amount in found.hit_amounts.items()) or "nothing"
    payments = stages.tables.counted(found.hit_payments, "other payment")
    others = stages.tables.counted(found.hit_people, "account")
    typer.echo(f"A hold on the person would hit, by the last 30 days: {payments} to {others}, {sums};")
    typer.echo(f"{found.account_days:.2f} days of innocent accounts, by their scores. A person decides.")
