"""A case follows money of one currency: checked before anything is written, since no hold or request could follow."""

from __future__ import annotations

from collections.abc import Collection

from mulegraph.casework.case_money import reported
from mulegraph.errors import UsageError
from mulegraph.workspace.workspace import Workspace


def check_currency(space: Workspace, case: str, payments: Collection[str]) -> None:
    """Raise UsageError where a case that these payments join would follow money of several currencies."""
    found = space.case(case)
    followed = reported(space, list(found.transfers["transfer_id"])) | set(found.state["opened_with"])
    followed -= {*found.state["left_out"], *payments}
    rows = space.transfers(sorted({*followed, *payments}))
    of = dict(zip(rows["transfer_id"], rows["currency"], strict=True))
    if len(set(of.values())) < 2:
        return
    wanted = {of[each] for each in payments}
    mine = sorted(each for each in found.row["seeds"] if each in of and of[each] in wanted)
    hint = "Open a case of its own on payments of one currency: mulegraph case open --payment T"
    if mine:
        hint = "Make a case of one currency first: mulegraph case split {case} {options} --reason WHY"
    raise UsageError(
        "the payments of {case} would be in {currencies}",
        hint=hint,
        case=case,
        currencies=" and ".join(sorted(set(of.values()))),
        options=" ".join(f"--payment {each}" for each in mine),
    )
