"""`mulegraph account`."""

from __future__ import annotations

import json
from typing import Annotated, Any

import pandas as pd
import typer

from mulegraph.cli.options import HERE, OutputFormat, Reveal, WorkspaceFolder, opened, show
from mulegraph.views.tables import Format, plain, rows_of, shown

commands = typer.Typer()
HEADS = {"sign": "sign", "score": "score", "subject_id": "about", "last_at": "last (UTC)", "reason": "why"}


@commands.command("account")
def account_command(
    account: Annotated[str, typer.Argument(help="Account number as it stands in accounts.csv.")],
    workspace: WorkspaceFolder = HERE,
    reveal: Reveal = None,
    how: OutputFormat = Format.TABLE,
) -> None:
    """Everything known of one account: holder, traffic, lists, findings, chains and cases."""
    known = opened(workspace, reveal).account(account)
    findings: pd.DataFrame = known["findings"]
    if how is Format.JSON:
        whole = {
            name: rows_of(value) if isinstance(value, pd.DataFrame) else plain(value) for name, value in known.items()
        }
        typer.echo(json.dumps(whole, indent=1, ensure_ascii=False))
        return
    if how is Format.TABLE:
        for line in _lines(known):
            typer.echo(line)
        typer.echo("")
    show(findings.to_dict("records") if how is Format.TABLE else rows_of(findings), how, HEADS)


def _lines(known: dict[str, Any]) -> list[str]:
    holder = known["holder"]
    who = (
        ", ".join(shown(holder[name]) for name in ("name", "occupation", "address") if holder.get(name)) or "not known"
    )
    lines = [
        f"{known['account_id']}  {known['kind']} account at {known['bank']}, {known['currency']},"
        f" opened {shown(known['opened_on']) or 'unknown'}",
        f"holder        {who}",
    ]
    for name in ("received", "paid"):
        sums = known[name]
        between = f", {shown(sums['first_at'])} to {shown(sums['last_at'])}" if sums["transfers"] else ""
        lines.append(f"{name:<13} {sums['transfers']} transfers, {shown(sums['amount'])} {known['currency']}{between}")
    lines += [
        f"counterparts  {known['counterparties']}",
        f"on lists      {', '.join(known['listed_on']) or 'none'}",
        f"chains        {len(known['chains'])}",
        f"cases         {' '.join(known['cases']['case']) or 'none'}",
    ]
    return lines
