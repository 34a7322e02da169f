"""`mulegraph case hold`, `lift` and `held`."""

from __future__ import annotations

from typing import Annotated

import typer

from mulegraph.cli import stages
from mulegraph.cli.case import CaseId, Why, case, did
from mulegraph.cli.options import HERE, OutputFormat, Reveal, WorkspaceFolder, amount_of, opened, show
from mulegraph.schema import listings
from mulegraph.views.formats import Format

HeldAccount = Annotated[str, typer.Argument(help="An account of our own bank that the case's money reached.")]


@case.command("hold")
def hold_command(
    case: CaseId,
    account: HeldAccount,
    until: Annotated[str | None, typer.Option("--until", help="Its last day (default: three days from now).")] = None,
    reason: Annotated[
        str, typer.Option("--reason", help="Why it is held though more speaks against its holder knowing than for it.")
    ] = "",
    amount: Annotated[str | None, typer.Option("--amount", help="Hold only so much of what is on it.")] = None,
    workspace: WorkspaceFolder = HERE,
) -> None:
    """Write down that an account of our own bank is held, or an amount on it."""
    only = amount_of("--amount", amount)
    did(opened(workspace).hold_account(case, account, until=until, reason=reason, amount=only))


@case.command("lift")
def lift_command(
    case: CaseId,
    account: HeldAccount,
    reason: Why,
    released_to: Annotated[str, typer.Option("--released-to", help="Who got the money that was held.")] = "",
    workspace: WorkspaceFolder = HERE,
) -> None:
    """Write down that a hold has ended."""
    did(opened(workspace).lift_hold(case, account, reason, released_to=released_to))


@case.command("held")
def held_command(
    workspace: WorkspaceFolder = HERE,
    only: Annotated[str | None, typer.Option("--case", help="Only of this case.")] = None,
    reveal: Reveal = None,
    how: OutputFormat = Format.TABLE,
) -> None:
    """Holds on record: who holds which account until when, and to whom money was released."""
    rows = [vars(each) for each in opened(workspace, reveal).held_list(case=only)]
    show(stages.tables.plain(rows), how, listings.HELD, empty="No hold is on record.")
