"""`mulegraph case holds`, `hold`, `lift` and `held`."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mulegraph.cli import stages
from mulegraph.cli.case import INDENTED, CaseId, Why, case, did, duration
from mulegraph.cli.options import HERE, OutputFormat, Reveal, WorkspaceFolder, amount_of, err, opened, show
from mulegraph.cli.trace import WHY_STOPPED
from mulegraph.schema import listings
from mulegraph.views.formats import WIDTH, Format

if TYPE_CHECKING:
    from mulegraph.casework.hold_results import HoldsIn

HeldAccount = Annotated[str, typer.Argument(help="An account of our own bank that the case's money reached.")]


@case.command("holds")
def holds_command(
    case: CaseId,
    workspace: WorkspaceFolder = HERE,
    share: Annotated[float, typer.Option(min=0.01, max=1, help="Share of the stolen money to keep.")] = 0.9,
    at: Annotated[str | None, typer.Option("--at", help="As if held at this time (default: the ledger's end).")] = None,
    budget: Annotated[
        float | None, typer.Option(min=0, help="At most so many days of innocent accounts on hold.")
    ] = None,
    reveal: Reveal = None,
    how: OutputFormat = Format.TABLE,
) -> None:
    """Whom to call first to hold what: what a hold now keeps, how fast it is leaving, and whom it would hit."""
    plan = opened(workspace, reveal).hold_plan(case, share=share, at=at, budget=budget)
    if how is not Format.TABLE:
        rows = [vars(each) for part in plan.in_currencies for each in part.holds]
        show(stages.tables.plain(rows) if how is Format.JSON else rows, how, listings.HOLDS)
        for part in plan.in_currencies:
            err.print(stages.case_summary.hold_sentence(part), soft_wrap=True)
        return
    for number, part in enumerate(plan.in_currencies):
        if number:
            typer.echo(f"\nExchanged into {part.currency}:")
        _tell_plan(part)


def _tell_plan(plan: HoldsIn) -> None:
    """The holds on money of one currency."""
    rows = [vars(each) for each in plan.holds]
    typer.echo(textwrap.fill(stages.case_summary.hold_sentence(plan), WIDTH))
    words = ("was taken in cash", "went to banks that we do not see", "repaid an overdraft", "left our sight")
    gone = (plan.gone_cash, plan.gone_banks, plan.gone_overdraft, plan.gone_otherwise)
    for amount, where in zip(gone, words, strict=True):
        if amount:
            typer.echo(f"Out of reach: up to {amount:,f} {plan.currency} {where}.")
    for each in plan.not_followed:
        sums = stages.case_summary.between(vars(each))
        told = f"Not followed further: {sums} {plan.currency}, to {each.account} ({WHY_STOPPED[each.why]})."
        typer.echo(textwrap.fill(told, WIDTH, break_on_hyphens=False))
    if rows:
        _tell_holds(rows)
    _tell_not_held(plan)


def _tell_holds(rows: list[dict[str, Any]]) -> None:
    """The holds in the order in which to call, with facts for and against."""
    how = Format.TABLE
    typer.echo("")
    show([{**row, "dwell": duration(row["dwell_minutes"])} for row in rows], how, listings.HOLDS)
    typer.echo("")
    for number, row in enumerate(rows, start=1):
        last = f"; called last: {row['last']}" if row["last"] else ""
        last += f"; also in {', '.join(row['also_in'])}" if row["also_in"] else ""
        typer.echo(textwrap.fill(f"{number}. {row['account']}: {row['says']}{last}", WIDTH, subsequent_indent="   "))
        for side, facts in (("for", row["speaks_for"]), ("against", row["speaks_against"])):
            if facts:
                typer.echo(textwrap.fill(f"{side}: {'; '.join(facts)}", WIDTH, **INDENTED))
    typer.echo("In the order in which to call; facts for and against the holder's knowledge.")
    typer.echo("A person decides.")


def _tell_not_held(plan: HoldsIn) -> None:
    """What is still there and not held, with the reason, and by each rule where all of the money is."""
    told = [each for each in plan.not_held if each.maximum * 100 >= plan.stolen]
    if told:
        typer.echo("")
        show([vars(each) for each in told], Format.TABLE, listings.NOT_HELD, title="Still there, and not held:")
    if len(plan.not_held) > len(told):
        small = stages.tables.counted(len(plan.not_held) - len(told), "account")
        most = sum(each.maximum for each in plan.not_held[len(told) :])
        typer.echo(f"and {small} with less than 1% of what was stolen each, {most:,f} {plan.currency} at most in all")
    typer.echo("")
    heads = listings.HOLD_SUMS
    if any(each.exchanged for each in plan.sums):
        heads = {**heads, **listings.HOLD_SUMS_EXCHANGED}
    title = "By each rule, stolen is the sum of all others:"
    show([vars(each) for each in plan.sums], Format.TABLE, heads, title=title)


@case.command("hold")
def hold_command(
    case: CaseId,
    account: HeldAccount,
    until: Annotated[str | None, typer.Option("--until", help="Its last day (default: three days from now).")] = None,
    reason: Annotated[
        str, typer.Option("--reason", help="Why it is held though more speaks against its holder knowing than for it.")
    ] = "",
    amount: Annotated[str | None, typer.Option("--amount", help="Hold only so much of what is on it.")] = None,
    currency: Annotated[
        str, typer.Option("--currency", help="Of the amount, where the case's money is there in several.")
    ] = "",
    workspace: WorkspaceFolder = HERE,
) -> None:
    """Write down that an account of our own bank is held, or an amount on it."""
    only = amount_of("--amount", amount)
    did(opened(workspace).hold_account(case, account, until=until, reason=reason, amount=only, currency=currency))


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
