"""`mulegraph signs`."""

from __future__ import annotations

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
from mulegraph.signs.base import all_signs
from mulegraph.views.tables import Format, rows_of

commands = typer.Typer()
HEADS = {"sign": "sign", "score": "score", "subject_id": "about", "last_at": "last (UTC)", "reason": "why"}
SIGN_HEADS = {"code": "sign", "title": "what it is", "innocent_when": "innocent when"}


@commands.command("signs")
def signs_command(
    workspace: WorkspaceFolder = HERE,
    account: Account = None,
    sign: Annotated[str | None, typer.Option(help="Only this sign, such as A3.")] = None,
    known: Annotated[bool, typer.Option("--list", help="List the signs themselves.")] = False,
    top: Top = None,
    since: Since = None,
    until: Until = None,
    reveal: Reveal = None,
    how: OutputFormat = Format.TABLE,
) -> None:
    """Findings of the latest scan, the strongest first."""
    if known:
        show([_described(each.code) for each in all_signs().values()], how, SIGN_HEADS)
        return
    found = opened(workspace, reveal).findings(sign=sign, account=account, top=top, since=since, until=until)
    rows = found.to_dict("records") if how is Format.TABLE else rows_of(found)
    show(rows, how, HEADS)


def _described(code: str) -> dict[str, object]:
    sign = all_signs()[code]
    return {
        "code": code,
        "title": sign.title,
        "innocent_when": sign.innocent_when,
        "source": sign.source,
        "needs": list(sign.needs),
        "thresholds": sign.thresholds,
    }
