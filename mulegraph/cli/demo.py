"""`mulegraph demo`."""

from __future__ import annotations

import sys
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from mulegraph.cli import stages
from mulegraph.cli.options import bytes_bar, err, opened, steps_bar
from mulegraph.errors import UsageError

commands = typer.Typer()


@commands.command("demo")
def demo_command(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the workspace and the pages.")] = Path(
        "demo"
    ),
) -> None:
    """Sample data → ledger → scan → graph → pictures and a report, with no server and no network."""
    sample, workspace = _sample_data(), output / "workspace"
    with bytes_bar() as progress:
        report = stages.load.load(sample, workspace, progress=progress)
    rows = []
    for name, tally in report.tables.items():
        if tally.read or tally.already_there:
            rows.append(f"{tally.taken or tally.already_there:,} {name}")
    err.print(f"1 ledger   {', '.join(rows) or 'unchanged'}", soft_wrap=True)
    space = opened(workspace)
    with steps_bar() as step:
        result = space.scan(progress=step)
    found = ", ".join(f"{count} {code}" for code, count in result.findings.items())
    err.print(f"2 scan     findings by sign: {found}")
    err.print(f"3 cases    {result.cases}; findings and cases are in the graph")
    pages = stages.reports.write_report(space, output, case_reports=1)
    pictures = sum(page.suffix == ".html" and not page.stem.endswith("report") for page in pages)
    err.print(f"4 pages    {pictures} pictures; reports of the run and of the best case (HTML, PDF)\n")
    best = space.cases(top=1)["case"].tolist()
    account = space.case(best[0]).accounts["account_id"].iloc[0] if best else None
    err.print("Open in a browser:")
    for page in pages[:5]:
        typer.echo(page.resolve())
    command = Path(sys.argv[0]) if Path(sys.argv[0]).name == "mulegraph" else "mulegraph"
    err.print(f"\nThen ask:\n  {command} chains -w {workspace} --top 5")
    if account:
        err.print(f"  {command} case show {best[0]} -w {workspace}\n  {command} account {account} -w {workspace}")


def _sample_data() -> Path:
    """The packaged sample, or the checkout's."""
    for folder in (Path(str(files("mulegraph"))) / "sample_data", Path(__file__).parents[2] / "sample_data"):
        if (folder / "transfers.csv").is_file():
            return folder
    raise UsageError("the sample data is missing from this installation", hint="Install mulegraph again.")
