"""`mulegraph case add`, `remove`, `merge` and `split`."""

from __future__ import annotations

from typing import Annotated

import typer

from mulegraph.cli.case import CaseId, Why, case, did
from mulegraph.cli.options import HERE, WorkspaceFolder, opened


@case.command("add")
def add_command(
    case: CaseId,
    reason: Why,
    account: Annotated[list[str] | None, typer.Option("--account", "-a", help="An account.")] = None,
    payment: Annotated[list[str] | None, typer.Option("--payment", help="A payment whose money it follows.")] = None,
    workspace: WorkspaceFolder = HERE,
) -> None:
    """Put accounts or payments into a case."""
    did(opened(workspace).add_to_case(case, reason, accounts=account or [], payments=payment or []))


@case.command("remove")
def remove_command(
    case: CaseId,
    account: Annotated[str, typer.Argument(help="An account of the case.")],
    reason: Why,
    workspace: WorkspaceFolder = HERE,
) -> None:
    """Take an account out of a case."""
    did(opened(workspace).remove_from_case(case, account, reason))


@case.command("merge")
def merge_command(
    case: CaseId,
    other: Annotated[str, typer.Argument(help="The case that becomes part of it.")],
    reason: Why,
    workspace: WorkspaceFolder = HERE,
) -> None:
    """Follow another case's money in this one, and close the other."""
    did(opened(workspace).merge_cases(case, other, reason))


@case.command("split")
def split_command(
    case: CaseId,
    payment: Annotated[list[str], typer.Option("--payment", help="A payment that the new case begins with.")],
    reason: Why,
    workspace: WorkspaceFolder = HERE,
) -> None:
    """Make a case of its own of some payments that a case began with."""
    did(opened(workspace).split_case(case, payment, reason))
