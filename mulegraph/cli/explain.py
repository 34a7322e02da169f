"""`mulegraph explain`."""

from __future__ import annotations

import json
import textwrap
from dataclasses import is_dataclass
from typing import Annotated, Any

import typer

from mulegraph.cli import stages
from mulegraph.cli.options import HERE, Language, OutputFormat, Reveal, WorkspaceFolder, opened, show
from mulegraph.schema import listings
from mulegraph.views.formats import WIDTH, Format

commands = typer.Typer()


@commands.command("explain")
def explain_command(
    finding: Annotated[str, typer.Argument(help="A finding's id, from mulegraph signs or account.")],
    workspace: WorkspaceFolder = HERE,
    language: Language = "en",
    reveal: Reveal = None,
    how: OutputFormat = Format.TABLE,
) -> None:
    """One finding: the rule, the settings, the exact rows, and why it might be innocent."""
    found = opened(workspace, reveal).explain(finding, language=language)
    if how is Format.JSON:
        typer.echo(json.dumps(whole(found), indent=1, ensure_ascii=False))
        return
    if how is Format.CSV:
        show(stages.tables.rows_of(found["transfers"]), how, listings.FINDING_TRANSFERS)
        return
    for line in _lines(found):
        typer.echo(line)
    typer.echo("")
    show(found["tests"], how, listings.BENIGN_TESTS)
    for rows, heads in ((found["transfers"], listings.FINDING_TRANSFERS), (found["card_events"], listings.CARD_EVENTS)):
        if len(rows):
            typer.echo("")
            show(rows.to_dict("records"), how, heads)


def whole(known: Any) -> dict[str, Any]:
    """A record or mapping of frames and values as JSON can hold it."""
    fields = vars(known) if is_dataclass(known) else known
    made = {}
    for name, value in fields.items():
        made[name] = stages.tables.rows_of(value) if hasattr(value, "columns") else stages.tables.plain(value)
    return made


def _lines(found: dict[str, Any]) -> list[str]:
    score = f"score {found['score']:.2f}"
    if found["surprise"] is not None and found["surprise"] == found["surprise"]:
        score += f", surprise {found['surprise']:.1f} nats"
    lines = [f"{found['finding']}  {found['subject_kind']} {found['subject_id']}  {score}, phase {found['phase']}"]
    paragraphs = {
        "why": found["reason"],
        "rule": f"{found['title']}. {' '.join(found['meaning'].split())}",
        "innocent when": found["innocent_when"],
        "source": found["source"],
        "settings": _pairs(found["thresholds"]),
        "facts": _pairs(found["facts"]),
    }
    for name, text in paragraphs.items():
        lines += textwrap.wrap(f"{name:<14} {text}", WIDTH, subsequent_indent=" " * 15)
    return lines


def _pairs(values: dict[str, Any]) -> str:
    return (
        ", ".join(f"{name} = {stages.tables.shown(value)}" for name, value in values.items() if value is not None)
        or "none"
    )
