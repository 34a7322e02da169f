"""`mulegraph trace`."""

from __future__ import annotations

import json
import textwrap
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mulegraph.cli import stages
from mulegraph.cli.options import HERE, OutputFormat, Reveal, WorkspaceFolder, amount_of, err, opened, show
from mulegraph.errors import UsageError
from mulegraph.files import write_output
from mulegraph.lazy import pandas as pd
from mulegraph.schema import listings
from mulegraph.views.formats import WIDTH, Format

if TYPE_CHECKING:
    from mulegraph.workspace.trace import TracedIn, TraceResult

commands = typer.Typer()
USUAL_ROWS = 25
_LISTS = ("accounts", "frontier", "stopped", "returned", "exchanged", "seen_again", "steps")


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
    until: Annotated[
        str | None,
        typer.Option("--until", help="With --account: before this time; else the trace ends before it."),
    ] = None,
    known_since: Annotated[
        str | None, typer.Option(help="Count own money from this time on (default: the ledger's first transfer).")
    ] = None,
    days: Annotated[
        int | None,
        typer.Option("--days", min=0, help="Follow for so many days after the last payment (0: to the end)."),
    ] = None,
    at_least: Annotated[
        str | None, typer.Option("--at-least", help="Follow no transfer that carries less of it (0: all).")
    ] = None,
    through: Annotated[
        bool, typer.Option("--through", help="Follow on through shops, wages and firms' own sweeps.")
    ] = False,
    back: Annotated[bool, typer.Option("--back", help="Trace back: where the payment's money came from.")] = False,
    method: Annotated[Method, typer.Option(help="Rule for mixed money.")] = Method.ALL,
    transfers: Annotated[
        bool, typer.Option("--transfers", help="Also list the transfers, with what each carried by each rule.")
    ] = False,
    top: Annotated[int | None, typer.Option("--top", min=0, help="At most so many rows of each list.")] = None,
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
        payments or [],
        reports=report or [],
        account=account,
        since=since,
        until=until,
        known_since=known_since,
        back=back,
        methods=methods,
        days=days,
        at_least=amount_of("--at-least", at_least),
        through=through,
    )
    if output is not None:
        with stages.pictures.spoken_by(space):
            _draw(stages.pictures.trace_picture(space, found).page(), output)
    if how is Format.JSON:
        body = found.as_object()
        cut = {name: body[name][:top] for name in _LISTS}
        typer.echo(json.dumps(stages.tables.plain({**body, **cut}), indent=1, ensure_ascii=False))
    elif how is Format.CSV:
        show(
            stages.tables.rows_of(found.accounts.head(top) if top is not None else found.accounts), how, listings.TRACED
        )
    else:
        _tell(found, USUAL_ROWS if top is None else top)
        if transfers:
            _tell_transfers(found, USUAL_ROWS if top is None else top)


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
    for part in found.in_currencies:
        typer.echo("")
        if part.by_exchange:
            brought = stages.tables.counted(len(part.chosen), "payment") if len(part.chosen) > 1 else part.chosen[0]
            came = stages.tables.amounts([part.traced[method] for method in _ranged(part.methods)])
            typer.echo(f"{came} {part.currency} came of it, exchanged by {brought}\n")
        _tell_in_currency(found, part, top)


def _tell_in_currency(whole: TraceResult, found: TracedIn, top: int) -> None:
    rows = [_account(row, found.methods) for row in found.accounts.to_dict("records")]
    most = sorted(rows, key=lambda row: -row["most"])[:top]
    most.sort(key=lambda row: (row["generation"], -row["most"]))
    heads = listings.TRACED_BACK if found.back else listings.TRACED
    show(most, Format.TABLE, heads, empty="None of it is on an account in this ledger.")
    if len(rows) > top:
        more = stages.tables.counted(len(rows) - top, "account")
        typer.echo(f"and {more} that less came to; see --top, or --format json for all")
    if found is whole and whole.left_out and "poison" in found.methods:
        tainted = stages.tables.counted(whole.only_poison["accounts"], "account")
        typer.echo(f"and {tainted} that only poison reaches; see --method poison")
    dead = int(found.accounts["dead_end"].sum())
    what = "had no payer" if found.back else "passed nothing on"
    typer.echo(f"{stages.tables.counted(dead, 'account')} {what} ({'a dead end' if dead == 1 else 'dead ends'}).\n")
    title = "Came from beyond our sight:" if found.back else "Left our sight:"
    _tell_ends(found, found.frontier, title, top)
    if len(found.seen_again):
        _tell_again(found.seen_again, top)
    if len(found.stopped):
        _tell_ends(found, found.stopped, "Stopped here, because:", top)
    if len(found.returned):
        _tell_ends(found, found.returned, "Returned:", top)
    if len(found.exchanged):
        rows = [_exchange(row) for row in found.exchanged.head(top).to_dict("records")]
        show(rows, Format.TABLE, listings.TRACED_EXCHANGES, title="Exchanged into another currency:")
        if len(found.exchanged) > top:
            typer.echo(f"and {len(found.exchanged) - top:,} more; see --top, or --format json for all")
        typer.echo("")
    title = "Own money, by bank:" if found.back else "Still there, by bank:"
    show(found.banks.to_dict("records"), Format.TABLE, listings.TRACED_BANKS, title=title)
    typer.echo("")
    heads = listings.TRACED_BACK_SUMS if found.back else listings.TRACED_SUMS
    if any(found.sums["exchanged"]):
        heads = {**heads, **listings.TRACED_EXCHANGED_SUM}
    show(found.sums.to_dict("records"), Format.TABLE, heads, title="By each rule it adds up:")


def _exchange(row: dict[Any, Any]) -> dict[str, Any]:
    came = stages.tables.amounts([row["arrived_minimum"], row["arrived_maximum"]])
    return {**row, "amount": stages.tables.amounts([row["minimum"], row["maximum"]]), "came": f"{came} {row['into']}"}


def _tell_ends(found: TracedIn, steps: pd.DataFrame, title: str, top: int) -> None:
    ends = _ends(found, steps)
    show(ends[:top], Format.TABLE, listings.TRACED_ENDS, title=title)
    if len(ends) > top:
        typer.echo(f"and {len(ends) - top:,} more that less went to; see --top, or --format json for all")
    typer.echo("")


def _tell_again(rows: pd.DataFrame, top: int) -> None:
    title = "Paid from there to our accounts after that; it may be this money, or other:"
    show(rows.head(top).to_dict("records"), Format.TABLE, listings.TRACED_AGAIN, title=title)
    if len(rows) > top:
        typer.echo(f"and {len(rows) - top:,} more that can carry less; see --top, or --format json for all")
    typer.echo("")


def _tell_transfers(found: TraceResult, top: int) -> None:
    """The transfers in order of time, a currency at a time; by each rule what they carried."""
    for part in found.in_currencies:
        _tell_transfers_in(part, top)


def _tell_transfers_in(found: TracedIn, top: int) -> None:
    steps = found.steps.sort_values(["at", "generation"], kind="stable")
    rows = [{**row, "leads_to": WHY_STOPPED.get(row["end"], row["bank"] or "")} for row in steps.to_dict("records")]
    for row in rows:
        for name in ("source", "target", "transfer"):
            row[name] = row[name] if isinstance(row[name], str) else ""
    heads = {**listings.TRACED_TRANSFERS, **{f"{method}_amount": method for method in found.methods}}
    typer.echo("")
    show(rows[:top], Format.TABLE, heads, title=f"Transfers that carried it, in {found.currency}:")
    more = len(rows) - top + found.steps_left_out
    if more > 0:
        typer.echo(f"and {more:,} more; see --top, or --format json for all")


def _account(row: dict[Any, Any], methods: tuple[str, ...]) -> dict[str, Any]:
    came, left = ([row[f"{method}_{name}"] for method in _ranged(methods)] for name in ("in", "remaining"))
    there = stages.tables.amounts(left) + (" (dead end)" if row["dead_end"] else "")
    between = f"{row['lowest']:,}–{row['highest']:,}" + (" (balance known)" if row["balance_known"] else "")
    return {**row, "in": stages.tables.amounts(came), "there": there, "between": between, "most": max(came)}


_WITHOUT_ACCOUNT = {
    False: ("cash taken out by ", "paid to somebody without an account by "),
    True: ("cash paid in to ", "paid by somebody without an account to "),
}
"""By direction: what money is called that came from or went to no account, by cash and otherwise (cards, fees)."""


WHY_STOPPED = {
    "shop": "a shop or a bank's own account",
    "wages": "a firm that pays wages, or wages",
    "own sweep": "a firm pays itself",
    "victim": "back at who lost it",
    "small": "less than is followed",
    "late": "later than is followed",
    "returned": "given back to the payer",
    "unbooked": "gone by its balance, not booked here: ",
    "overdraft": "repaid an overdraft of ",
    "exchanged": "another currency",
}
"""Ends that are no bank to ask: why a trace stopped there, and what a balance says."""


def _ends(found: TracedIn, steps: pd.DataFrame) -> list[dict[str, Any]]:
    """Ends by bank to ask, by reason; those without either by the account that the money left."""
    if steps.empty:
        return []
    own = steps["target" if found.back else "source"].fillna("")
    cash, other = _WITHOUT_ACCOUNT[found.back]
    named = {
        "cash": cash,
        "no account": other,
        "unbooked": WHY_STOPPED["unbooked"],
        "overdraft": WHY_STOPPED["overdraft"],
    }
    ends, banks = steps["end"].tolist(), steps["bank"].tolist()
    whom = []
    for end, bank, account in zip(ends, banks, own, strict=True):
        whom.append(f"ask {bank}" if end == "bank" else named[end] + account if end in named else WHY_STOPPED[end])
    columns = [f"{method}_amount" for method in _ranged(found.methods)]
    rows = []
    for name, part in steps.groupby(pd.Series(whom, steps.index), sort=False):
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
    return sorted((row for row in rows if row["most"]), key=lambda row: (-row["most"], row["whom"]))


def _ranged(methods: tuple[str, ...]) -> list[str]:
    """Poison is no amount to expect, unless it was asked for alone."""
    return [method for method in methods if method != "poison"] or list(methods)
