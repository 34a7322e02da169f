"""`mulegraph case`."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from mulegraph.cli.options import (
    HERE,
    Account,
    OutputFormat,
    Reveal,
    Since,
    Top,
    Until,
    WorkspaceFolder,
    opened,
    show,
)
from mulegraph.views.tables import Format, plain, rows_of, shown

commands = typer.Typer()
case = typer.Typer(help="Cases: findings that belong together.")
commands.add_typer(case, name="case")
HEADS = {
    "case": "case",
    "score": "score",
    "size": "accounts",
    "amount": "amount",
    "first_at": "from (UTC)",
    "last_at": "to",
    "signs": "signs",
}
FINDING_HEADS = {"sign": "sign", "score": "score", "last_at": "last (UTC)", "reason": "why"}


@case.command("list")
def list_command(
    workspace: WorkspaceFolder = HERE,
    account: Account = None,
    top: Top = None,
    since: Since = None,
    until: Until = None,
    reveal: Reveal = None,
    how: OutputFormat = Format.TABLE,
) -> None:
    """Cases of the latest scan, the strongest first."""
    found = opened(workspace, reveal).cases(account=account, top=top, since=since, until=until)
    rows = found.to_dict("records") if how is Format.TABLE else rows_of(found)
    for row in rows if how is Format.TABLE else []:
        row.update(size=len(row["accounts"]), signs=" ".join(row["made_of"]))
    show(rows, how, HEADS)


@case.command("show")
def show_command(
    case: Annotated[str, typer.Argument(help="Case id, such as CASE-0a1b2c3d.")],
    workspace: WorkspaceFolder = HERE,
    reveal: Reveal = None,
    how: OutputFormat = Format.TABLE,
) -> None:
    """One case: who does what in it, and the findings that make it."""
    found = opened(workspace, reveal).case(case)
    if how is Format.JSON:
        whole = {
            **plain(found.row),
            "made_of": json.loads(found.row["made_of"]),
            "findings": rows_of(found.findings),
        }
        typer.echo(json.dumps(whole, indent=1, ensure_ascii=False))
        return
    if how is Format.CSV:
        show(rows_of(found.findings), how, FINDING_HEADS)
        return
    row = found.row
    typer.echo(f"{found.id}  score {row['score']:.2f} from {row['made_of']}")
    money = f"{shown(row['amount'])} {row['currency']}" if row["amount"] is not None else "no money seen"
    typer.echo(f"{money}, {shown(row['first_at'])} to {shown(row['last_at'])}\n")
    for role, members in found.accounts.groupby("role", sort=True)["account_id"]:
        typer.echo(f"{role:<13} {shown(list(members))}")
    typer.echo("")
    show(found.findings.to_dict("records"), how, FINDING_HEADS)
