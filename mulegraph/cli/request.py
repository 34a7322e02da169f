"""`mulegraph request`."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from mulegraph.cli import stages
from mulegraph.cli.options import HERE, OutputFormat, Reveal, WorkspaceFolder, err, opened, show
from mulegraph.errors import UsageError
from mulegraph.schema import listings
from mulegraph.schema.choices import LANGUAGES, MessageForm, RequestKind
from mulegraph.views.formats import Format

MAKE = "make"


class WithoutVerb(TyperGroup):
    """`mulegraph request CASE --to BANK` is `mulegraph request make CASE --to BANK`."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that is named, or else `make`."""
        known = args and (args[0] in self.commands or args[0].startswith("-"))
        return super().resolve_command(ctx, args if known else [MAKE, *args])


commands = typer.Typer()
request = typer.Typer(cls=WithoutVerb, help="Support requests to other banks, and where they stand.")
commands.add_typer(request, name="request")
Number = Annotated[str, typer.Argument(help="A request's number, such as REQ-0123456789.")]


@request.command(MAKE)
def make_command(
    case: Annotated[str, typer.Argument(help="Case id, such as CASE-0a1b2c3d.")],
    bank: Annotated[str, typer.Option("--to", help="The bank to ask, as it is named in accounts.csv.")],
    workspace: WorkspaceFolder = HERE,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the documents.")] = Path("requests"),
    country: Annotated[str | None, typer.Option(help="The bank's country, as two letters.")] = None,
    sender: Annotated[str | None, typer.Option(help="Our bank, as it is named in accounts.csv.")] = None,
    kind: Annotated[list[RequestKind] | None, typer.Option(help="Only requests of this kind.")] = None,
    language: Annotated[str | None, typer.Option("--lang", help="Language: " + ", ".join(LANGUAGES) + ".")] = None,
    message: Annotated[
        MessageForm, typer.Option("--message", help="Messages as ISO 20022 XML, or as plain text of MT 192 and 199.")
    ] = MessageForm.XML,
    reveal: Reveal = None,
) -> None:
    """Requests to one bank, one a kind: recall, recall in part, hold and information; drafts without --reveal."""
    space = opened(workspace, reveal)
    made = space.requests(case, bank, kinds=kind, country=country, sender=sender)
    chosen = space.language(language, letters=True)
    if chosen not in LANGUAGES:
        raise UsageError("--lang is '{chosen}'", hint=f"Expected one of {', '.join(LANGUAGES)}.", chosen=chosen)
    for each in made:
        for path in stages.request.write_request(space, each, output, chosen, message):
            typer.echo(path)
        asked = f"asks back {each.asked:,f} of {each.stolen:,f} {each.currency} stolen"
        what = asked if each.kind is not RequestKind.HOLD else "asks to hold and to inform, asks nothing back"
        payments = stages.tables.counted(len(each.payments), "payment")
        err.print(f"{each.number} ({each.kind}): {payments}, {what}; reply by {each.reply_by}", soft_wrap=True)
    if made and made[0].draft:
        err.print("drafts with masked accounts; --reveal REASON makes the requests to send, and their messages")
    elif made:
        err.print("once they are out: mulegraph request sent NUMBER")


@request.command("list")
def list_command(
    workspace: WorkspaceFolder = HERE,
    case: Annotated[str | None, typer.Option("--case", help="Only of this case.")] = None,
    due: Annotated[bool, typer.Option("--due", help="Only those that wait for an answer.")] = False,
    reveal: Reveal = None,
    how: OutputFormat = Format.TABLE,
) -> None:
    """Requests with their state, what they ask back and what came back, those due first on top."""
    rows = [vars(each) for each in opened(workspace, reveal).request_list(case=case, due=due)]
    if how is Format.TABLE:
        rows = [{**row, "state": "masked" if row["masked"] else row["state"]} for row in rows]
    show(stages.tables.plain(rows), how, listings.REQUESTS, empty="No request.")
    for row in rows if how is Format.TABLE else []:
        if row["promised"]:
            typer.echo(f"{row['number']}: {row['promised']:,f} {row['currency']} more are promised by telephone.")


@request.command("sent")
def sent_command(number: Number, workspace: WorkspaceFolder = HERE) -> None:
    """Write down that a request went out."""
    entry = opened(workspace).request_sent(number)
    typer.echo(f"{number}: sent, journal entry {entry.number}")


@request.command("withdraw")
def withdraw_command(
    number: Number,
    reason: Annotated[str, typer.Option("--reason", help="The reason; the journal keeps it.")],
    workspace: WorkspaceFolder = HERE,
) -> None:
    """Take a request back; its payments may be asked for again."""
    entry = opened(workspace).withdraw_request(number, reason)
    typer.echo(f"{number}: withdrawn, journal entry {entry.number}")


@request.command("answer")
def answer_command(
    number: Number,
    said: Annotated[str, typer.Option("--as", help="returned, refused, held, accepted, information or pending.")],
    who: Annotated[str, typer.Option("--by", help="Who said so, such as the bank and its desk.")],
    workspace: WorkspaceFolder = HERE,
    transfer: Annotated[str | None, typer.Option("--payment", help="Of this payment only.")] = None,
    amount: Annotated[str | None, typer.Option(help="How much, in the request's currency.")] = None,
    text: Annotated[str, typer.Option("--text", help="What else was said.")] = "",
) -> None:
    """Write down an answer that came by telephone; money counts as promised until its message comes."""
    entry = opened(workspace).answer_request(
        number, said, who=who, transfer=transfer, amount=_amount(amount), text=text
    )
    typer.echo(f"{number}: {said}, journal entry {entry.number}")


def _amount(text: str | None) -> Decimal | None:
    if text is None:
        return None
    try:
        return Decimal(text)
    except InvalidOperation as error:
        hint = "Expected a number such as 833.28."
        raise UsageError("--amount is '{text}'", hint=hint, text=text) from error
