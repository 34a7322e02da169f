"""`mulegraph trace`."""

from __future__ import annotations

import json
import textwrap
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mulegraph.cli import stages
from mulegraph.cli.options import HERE, OutputFormat, Reveal, WorkspaceFolder, err, opened, show
from mulegraph.errors import UsageError
from mulegraph.files import write_output
from mulegraph.schema import listings
from mulegraph.schema.choices import CASH_CHANNELS
from mulegraph.views.formats import WIDTH, Format

if TYPE_CHECKING:
    import pandas as pd

    from mulegraph.workspace.trace import TraceResult

commands = typer.Typer()
USUAL_ROWS = 25


class Method(StrEnum):
    """Rules of tracing, and all of them."""

    ALL = "all"
    FIFO = "fifo"
    HAIRCUT = "haircut"
    POISON = "poison"
    LIBR = "libr"


@commands.command("trace")
def trace_command(
    payments: Annotated[list[str] | None, typer.Argument(metavar="TRANSFER…", help="Transfer ids.")] = None,
    workspace: WorkspaceFolder = HERE,
    report: Annotated[list[str] | None, typer.Option("--report", help="The payment of a victim's report.")] = None,
    account: Annotated[str | None, typer.Option("--account", "-a", help="All payments of this account.")] = None,
    since: Annotated[str | None, typer.Option("--since", help="With --account: from this time on.")] = None,
    until: Annotated[str | None, typer.Option("--until", help="The trace ends before this time.")] = None,
    known_since: Annotated[
        str | None, typer.Option(help="Count own money from this time on (default: the first payment traced).")
    ] = None,
    back: Annotated[bool, typer.Option("--back", help="Trace back: where the payment's money came from.")] = False,
    method: Annotated[Method, typer.Option(help="Rule for mixed money.")] = Method.ALL,
    top: Annotated[int | None, typer.Option("--top", min=0, help="At most so many accounts, and ends.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Also draw the trace as an HTML file.")] = None,
    reveal: Reveal = None,
    how: OutputFormat = Format.TABLE,
) -> None:
    """Where the money of payments went: who has it, what is probably still there, and which bank to ask."""
    if since is not None and account is None:
        raise UsageError("--since goes with --account", hint="Give --account, or leave --since out.")
    methods = stages.tracing.METHODS if method is Method.ALL else (method.value,)
    space = opened(workspace, reveal)
    found = space.trace(
        payments or [], reports=report or [], account=account, since=since, until=until, known_since=known_since,
        back=back, methods=methods,
    )  # fmt: skip
    if output is not None:
        _draw(stages.pictures.trace_picture(space, found), output)
    if how is Format.JSON:
        body = found.as_object()
        cut = {name: body[name][:top] for name in ("accounts", "frontier")}
        typer.echo(json.dumps(stages.tables.plain({**body, **cut}), indent=1, ensure_ascii=False))
    elif how is Format.CSV:
        show(
            stages.tables.rows_of(found.accounts.head(top) if top is not None else found.accounts), how, listings.TRACED
        )
    else:
        _tell(found, USUAL_ROWS if top is None else top)


def _draw(text: str, output: Path) -> None:
    write_output(output, text)
    err.print(f"drawn: {output}", soft_wrap=True)


def _tell(found: TraceResult, top: int) -> None:
    """The trace for people: the tree by generation, then what left our sight, then the banks."""
    what = stages.tables.counted(len(found.chosen), "payment") if len(found.chosen) > 1 else found.chosen[0]
    way = "back to its sources" if found.back else "onwards"
    typer.echo(f"{stages.tables.amounts(found.traced.values())} {found.currency} of {what}, {way}")
    for line in found.assumptions:
        typer.echo(textwrap.fill(line, WIDTH))
    typer.echo("")
    rows = [_account(row, found.methods) for row in found.accounts.to_dict("records")]
    most = sorted(rows, key=lambda row: -row["most"])[:top]
    most.sort(key=lambda row: (row["generation"], -row["most"]))
    heads = listings.TRACED_BACK if found.back else listings.TRACED
    show(most, Format.TABLE, heads, empty="None of it is on an account in this ledger.")
    if len(rows) > top:
        more = stages.tables.counted(len(rows) - top, "account")
        typer.echo(f"and {more} that less came to; see --top, or --format json for all")
    if found.left_out:
        tainted = stages.tables.counted(found.only_poison["accounts"], "account")
        typer.echo(f"and {tainted} that only poison reaches; see --method poison")
    dead = int(found.accounts["dead_end"].sum())
    what = "had no payer" if found.back else "passed nothing on"
    typer.echo(f"{stages.tables.counted(dead, 'account')} {what} ({'a dead end' if dead == 1 else 'dead ends'}).\n")
    title = "Came from beyond our sight:" if found.back else "Left our sight:"
    ends = _ends(found)
    show(ends[:top], Format.TABLE, listings.TRACED_ENDS, title=title)
    if len(ends) > top:
        typer.echo(f"and {len(ends) - top:,} more that less went to; see --top, or --format json for all")
    typer.echo("")
    title = "Own money, by bank:" if found.back else "Still there, by bank:"
    show(found.banks.to_dict("records"), Format.TABLE, listings.TRACED_BANKS, title=title)


def _account(row: dict[Any, Any], methods: tuple[str, ...]) -> dict[str, Any]:
    came, left = ([row[f"{method}_{name}"] for method in _ranged(methods)] for name in ("in", "remaining"))
    there = stages.tables.amounts(left) + (" (dead end)" if row["dead_end"] else "")
    return {**row, "in": stages.tables.amounts(came), "there": there, "most": max(came)}


_WITHOUT_ACCOUNT = {
    False: ("cash taken out by ", "paid to somebody without an account by "),
    True: ("cash paid in to ", "paid by somebody without an account to "),
}
"""By direction: what money is called that came from or went to no account, by cash and otherwise (cards, fees)."""


def _ends(found: TraceResult) -> list[dict[str, Any]]:
    """The frontier by bank; cash by the account that took it out."""
    frontier: pd.DataFrame = found.frontier
    if frontier.empty:
        return []
    own = frontier["target" if found.back else "source"]
    is_cash = frontier["channel"].isin(CASH_CHANNELS)
    cash, other = _WITHOUT_ACCOUNT[found.back]
    cash = is_cash.map({True: cash, False: other}) + own.fillna("")
    whom = frontier["bank"].map(lambda bank: f"ask {bank}", na_action="ignore").fillna(cash)
    columns = [f"{method}_amount" for method in _ranged(found.methods)]
    rows = []
    for name, part in frontier.groupby(whom, sort=False):
        sums = [part[column].sum() for column in columns]
        rows.append(
            {
                "whom": name,
                "transfers": len(part),
                "amount": stages.tables.amounts(sums),
                "last_at": part["at"].max(),
                "most": max(sums),
            }
        )
    return sorted((row for row in rows if row["most"]), key=lambda row: -row["most"])


def _ranged(methods: tuple[str, ...]) -> list[str]:
    """Poison is no amount to expect, unless it was asked for alone."""
    return [method for method in methods if method != "poison"] or list(methods)
