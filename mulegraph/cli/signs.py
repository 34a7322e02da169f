"""`mulegraph signs`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mulegraph.cli import stages
from mulegraph.cli.options import (
    HERE,
    Account,
    Every,
    Language,
    OutputFormat,
    Reveal,
    Since,
    Top,
    Until,
    WorkspaceFolder,
    opened,
    show,
)
from mulegraph.schema import listings
from mulegraph.views.formats import Format

if TYPE_CHECKING:
    from mulegraph.signs.base import Sign

commands = typer.Typer()


@commands.command("signs")
def signs_command(
    workspace: WorkspaceFolder = HERE,
    account: Account = None,
    sign: Annotated[str | None, typer.Option(help="Only this sign, such as A3.")] = None,
    known: Annotated[bool, typer.Option("--list", help="List the signs themselves.")] = False,
    top: Top = None,
    since: Since = None,
    until: Until = None,
    language: Language = "en",
    every: Every = False,
    set_aside: Annotated[
        bool, typer.Option("--set-aside", help="Those that an innocent explanation leaves next to nothing of.")
    ] = False,
    reveal: Reveal = None,
    how: OutputFormat = Format.TABLE,
) -> None:
    """Findings of the latest scan, the strongest first; the table shows findings of one pattern as one row."""
    if known:
        show([_described(each) for each in stages.own.signs_of(workspace).values()], how, listings.SIGN_CATALOGUE)
        return
    space = opened(workspace, reveal)
    if how is not Format.TABLE:
        found = space.findings(
            sign=sign,
            account=account,
            top=top,
            since=since,
            until=until,
            language=language,
            every=every,
            set_aside=set_aside,
        )
        show(stages.tables.rows_of(found), how, listings.FINDINGS)
        return
    found = space.findings(
        sign=sign, account=account, since=since, until=until, language=language, every=every, set_aside=set_aside
    )
    rows = stages.tables.collapse_patterns(found) if account is None else found.assign(about=found["subject_id"])
    empty = "No finding."
    if not len(rows) and not set_aside:
        aside = space.findings(
            sign=sign, account=account, since=since, until=until, language=language, every=every, set_aside=True
        )
        if len(aside):
            empty = f"No finding. {len(aside):,} set aside, since an innocent explanation fits: add --set-aside."
    show((rows if top is None else rows.head(top)).to_dict("records"), how, listings.FINDINGS, empty=empty)


def _described(sign: Sign) -> dict[str, object]:
    return {
        "code": sign.code,
        "title": sign.title,
        "innocent_when": sign.innocent_when,
        "source": sign.source,
        "phase": str(sign.phase),
        "needs": list(sign.needs),
        "thresholds": sign.thresholds,
    }
