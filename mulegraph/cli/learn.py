"""`mulegraph learn`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from mulegraph.cli.options import HERE, OutputFormat, WorkspaceFolder, opened
from mulegraph.errors import UsageError
from mulegraph.views.formats import Format

commands = typer.Typer()
SHOWN = 5


@commands.command("learn")
def learn_command(
    workspace: WorkspaceFolder = HERE,
    labels: Annotated[
        Path | None, typer.Option("--labels", help="CSV with account_id, label and, if known, network.")
    ] = None,
    use: Annotated[bool, typer.Option("--use", help="Scans use the model from now on.")] = False,
    forget: Annotated[bool, typer.Option("--forget", help="Take the model back.")] = False,
    how: OutputFormat = Format.TABLE,
) -> None:
    """Learn from closed cases, lists and labels: says what would change, and changes nothing without --use."""
    if use and forget:
        raise UsageError("--use and --forget contradict each other", hint="Give one of them.")
    space = opened(workspace)
    if forget:
        typer.echo(f"Model {space.forget_model()[:12]} is no longer used. Next: mulegraph scan")
        return
    trial = space.learn(labels, put_to_use=use)
    if how is not Format.TABLE:
        typer.echo(json.dumps(vars(trial), indent=1))
        return
    said = ", ".join(f"{count} by {name}" for name, count in trial.said_by.items())
    typer.echo(f"Learned from {trial.guilty} guilty and {trial.innocent} innocent accounts ({said}).")
    typer.echo("Of accounts in networks that the model had not seen:")
    typer.echo(
        f"  average precision {trial.precision:.3f}; today's score {trial.precision_today:.3f}, "
        f"counting transfers {trial.precision_counting:.3f}"
    )
    shares = (trial.false_share, trial.false_share_today)
    new, old = ("none decided" if each is None else f"{each:.0%}" for each in shares)
    typer.echo(f"  decided innocents among scores of 0.5 and more: {new}; today {old}")
    for name, cases in (("up to 0.5 or more", trial.cases_in), ("below 0.5", trial.cases_out)):
        more = f" and {len(cases) - SHOWN} more" if len(cases) > SHOWN else ""
        typer.echo(f"Cases that go {name}: {len(cases)} {' '.join(cases[:SHOWN])}{more}".rstrip())
    typer.echo("It repeats past decisions, the wrong ones too. See docs/learning.md.")
    done = f"Model {trial.model[:12]} is used from the next scan on." if use else "Nothing is changed without --use."
    typer.echo(done)
