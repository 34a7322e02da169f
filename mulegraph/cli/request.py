"""`mulegraph request`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mulegraph.cli import stages
from mulegraph.cli.options import HERE, Reveal, WorkspaceFolder, err, opened

commands = typer.Typer()


@commands.command("request")
def request_command(
    case: Annotated[str, typer.Argument(help="Case id, such as CASE-0a1b2c3d.")],
    bank: Annotated[str, typer.Option("--to", help="The bank to ask, as it is named in accounts.csv.")],
    workspace: WorkspaceFolder = HERE,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the documents.")] = Path("requests"),
    country: Annotated[str | None, typer.Option(help="The bank's country, as two letters.")] = None,
    sender: Annotated[str | None, typer.Option(help="How our bank names itself.")] = None,
    reveal: Reveal = None,
) -> None:
    """A support request to one bank: HTML, PDF, and a recall (camt.056); a masked draft without --reveal."""
    space = opened(workspace, reveal)
    request = space.request(case, bank, country=country, sender=sender)
    for path in stages.request.write_request(space, request, output):
        typer.echo(path)
    err.print(f"{request.number}: {len(request.payments)} payments, reply by {request.reply_by}")
    if request.draft:
        err.print("a draft with masked accounts; --reveal REASON makes the request to send, and its recall")
