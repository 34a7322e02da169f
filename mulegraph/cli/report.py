"""`mulegraph report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mulegraph.cli import stages
from mulegraph.cli.options import HERE, PageLanguage, Reveal, WorkspaceFolder, opened

commands = typer.Typer()


@commands.command("report")
def report_command(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the report and its pictures.")],
    subject: Annotated[str | None, typer.Argument(help="A case, or a run (default: the latest run).")] = None,
    workspace: WorkspaceFolder = HERE,
    case_reports: Annotated[
        int, typer.Option(min=0, help="Of a run: also write the reports of so many cases, the strongest.")
    ] = 1,
    language: PageLanguage = None,
    reveal: Reveal = None,
) -> None:
    """Write a case as HTML and PDF for its folder, or a run as pages that open without a network."""
    space = opened(workspace, reveal)
    for path in stages.reports.write_report(space, output, subject, case_reports=case_reports, language=language):
        typer.echo(path)
