"""`mulegraph account`."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING, Annotated

import typer

from mulegraph.cli import stages
from mulegraph.cli.explain import whole
from mulegraph.cli.options import (
    HERE,
    Language,
    OutputFormat,
    Reveal,
    Top,
    WorkspaceFolder,
    opened,
    show,
)
from mulegraph.errors import UsageError
from mulegraph.lazy import pandas as pd
from mulegraph.schema import listings
from mulegraph.views.formats import WIDTH, Format

if TYPE_CHECKING:
    from mulegraph.workspace.account_page import AccountPage

commands = typer.Typer()


@commands.command("account")
def account_command(
    account: Annotated[str | None, typer.Argument(help="Account number as in accounts.csv, or its token.")] = None,
    workspace: WorkspaceFolder = HERE,
    top: Top = None,
    language: Language = "en",
    reveal: Reveal = None,
    how: OutputFormat = Format.TABLE,
) -> None:
    """Everything known of one account on a page; without one, the accounts that score highest."""
    space = opened(workspace, reveal)
    if account is None:
        found = space.ranking(top=top)
        rows = (
            found.assign(made_of=[stages.tables.made_of(each) for each in found["parts"]])
            if how is Format.TABLE
            else found
        )
        ranked = rows.to_dict("records") if how is Format.TABLE else stages.tables.rows_of(rows)
        show(ranked, how, listings.RANKING, empty="No finding names an account.")
        return
    if top is not None:
        raise UsageError("--top is for the ranking", hint="Leave the account out, or --top.")
    known = space.account(account, language=language)
    if how is Format.JSON:
        typer.echo(json.dumps(whole(known), indent=1, ensure_ascii=False))
    elif how is Format.CSV:
        show(stages.tables.rows_of(known.findings), how, {})
    else:
        _page(known)


def _page(known: AccountPage) -> None:
    for line in [*_who(known), "", *_signs(known)]:
        typer.echo(line)
    parts: dict[str, tuple[pd.DataFrame, listings.Listing]] = {
        "Evidence": (known.evidence, listings.EVIDENCE),
        "Devices": (known.devices, listings.DEVICES),
        "Neighbours": (known.neighbours, listings.NEIGHBOURS),
        "Journey": (known.journey, listings.JOURNEY),
    }
    for title, (rows, heads) in parts.items():
        if len(rows):
            typer.echo(f"\n{title}")
            show(rows.to_dict("records"), Format.TABLE, heads)


def _who(known: AccountPage) -> list[str]:
    holder = known.holder
    who = (
        ", ".join(stages.tables.shown(holder[name]) for name in ("name", "occupation", "address") if holder.get(name))
        or "not known"
    )
    active = (
        f"{stages.tables.shown(known.active_from)} to {stages.tables.shown(known.active_until)}"
        if known.active_from
        else "no findings"
    )
    others = [known.holder_id or "", *known.other_holders]
    holders = [f"held by       {', '.join(others)}"] if known.other_holders else []
    lines = [
        f"{known.account_id}  {known.kind} account at {known.bank}, {known.currency},"
        f" opened {stages.tables.shown(known.opened_on) or 'unknown'}",
        f"holder        {who}",
        *holders,
        f"score         {known.score:.2f} = {stages.tables.made_of(known.parts) or 'nothing is held against it'}",
        f"active        {active}",
    ]
    for name, sums in {"received": known.received, "paid": known.paid}.items():
        between = (
            f", {stages.tables.shown(sums.first_at)} to {stages.tables.shown(sums.last_at)}" if sums.transfers else ""
        )
        many = stages.tables.counted(sums.transfers, "transfer")
        lines.append(f"{name:<13} {many}, {stages.tables.shown(sums.amount)} {known.currency}{between}")
    lines += [
        f"counterparts  {known.counterparties}",
        f"on lists      {', '.join(known.listed_on) or 'none'}",
        f"chains        {len(known.chains)}",
        f"cases         {' '.join(known.cases['case']) or 'none'}",
        f"not testable  {', '.join(known.not_testable) or 'none'}",
    ]
    return [each for line in lines for each in textwrap.wrap(line, WIDTH, subsequent_indent=" " * 14)]


def _signs(known: AccountPage) -> list[str]:
    """Each finding: why, its facts against the thresholds, and the benign tests that were passed."""
    lines = ["Signs"] if len(known.findings) else ["Signs: none"]
    mine = known.findings["subject_id"] == known.account_id
    # What is its own stands first; of a story about several, one telling is enough.
    rows = pd.concat([known.findings[mine], known.findings[~mine]])
    story = rows["sign"] + " " + rows["pattern"].fillna(rows["finding"])
    for row in rows[~story.duplicated()].to_dict("records"):
        about = "" if row["subject_id"] == known.account_id else f" (about {row['subject_kind']} {row['subject_id']})"
        passed = [f"{name} ({row['benign_why'][name]})" for name, result in row["benign"].items() if result == "passed"]
        lines += _wrapped(f"{row['score']:.2f}  {row['finding']}{about}: {row['reason']}", 6)
        limits = known.thresholds.get(row["sign"], {})
        if limits:
            lines += _wrapped(
                "      thresholds: " + ", ".join(f"{name} {value:g}" for name, value in limits.items()), 18
            )
        lines += _wrapped("      innocent? " + (", ".join(passed) or "no benign test is passed"), 16)
    return lines


def _wrapped(text: str, indent: int) -> list[str]:
    return textwrap.wrap(text, WIDTH, subsequent_indent=" " * indent)
