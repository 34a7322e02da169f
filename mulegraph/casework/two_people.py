"""The second person's part: confirming what another proposed, which is then done."""

from __future__ import annotations

from typing import Annotated, Any

from mulegraph.casework.acts import check_close, write_close
from mulegraph.casework.hold_record import check_proposed, write_hold
from mulegraph.errors import UsageError
from mulegraph.journal.journal import Entry
from mulegraph.journal.proposals import confirm_proposal, proposal
from mulegraph.schema.acts import ENTRY, PROPOSAL
from mulegraph.workspace.questions import Takes, question
from mulegraph.workspace.workspace import Workspace


@question(PROPOSAL)
def proposed_act(space: Workspace, number: Annotated[int, Takes()]) -> dict[str, Any]:
    """What a proposal asks for, of which case, by whom and why; the reason is shown to who may confirm it.

    Raises UsageError for an entry that is no proposal, one's own, or one confirmed before.
    """
    asked = proposal(space.journal, number)
    return {"who": asked.who, "about": asked.about} | {k: v for k, v in asked.facts.items() if k != "command"}


@question(ENTRY)
def confirm(space: Workspace, number: Annotated[int, Takes()]) -> Entry:
    """Confirm a proposal by the number of its entry, and do it: a hold, a case closed, or leave to reveal.

    Raises UsageError for an entry that is no proposal, one's own, one confirmed before, or one that no longer fits.
    """
    asked = proposal(space.journal, number)
    facts = {name: value for name, value in asked.facts.items() if name not in ("act", "command")}
    act = asked.facts["act"]
    if act not in ("hold", "close", "reveal"):
        raise UsageError("entry {number} proposes '{act}'", hint="See: mulegraph journal show", number=number, act=act)
    if act == "hold":
        check_proposed(space, asked.about, facts["account"], facts["until"])
    if act == "close":
        check_close(space, asked.about, with_open_requests=facts.get("with_open_requests", False))
    entry = confirm_proposal(space.journal, number)
    if act == "hold":
        return write_hold(space, asked.about, facts, asked.who)
    if act == "close":
        return write_close(space, asked.about, facts["disposition"], facts["reason"], proposed_by=asked.who)
    return entry
