"""The messages that go with a request's letter: which kind of message asks what, as XML or as plain text."""

from __future__ import annotations

from mulegraph.casework.investigations import investigations
from mulegraph.casework.message_text import message_number
from mulegraph.casework.plain_messages import plain_messages, plain_number
from mulegraph.casework.recall_messages import Request, recall
from mulegraph.casework.request_states import Row
from mulegraph.schema.choices import MessageForm, RequestKind

NAMES = {
    (RequestKind.RECALL, MessageForm.XML): "camt.056",
    (RequestKind.PART, MessageForm.XML): "camt.110",
    (RequestKind.HOLD, MessageForm.XML): "camt.110",
    (RequestKind.RECALL, MessageForm.MT): "MT 192",
    (RequestKind.PART, MessageForm.MT): "MT 199",
    (RequestKind.HOLD, MessageForm.MT): "MT 199",
}
"""The message that asks for each kind."""


def message_name(kind: str, form: MessageForm) -> str:
    """What the message of a request of this kind is called."""
    return NAMES[RequestKind(kind), form]


def messages_of(request: Request, form: MessageForm) -> dict[str, str]:
    """A request's messages by how their files' names end; a draft has none, since its accounts are masked."""
    if request.draft:
        return {}
    if form is MessageForm.XML and request.kind == RequestKind.RECALL:
        return {".xml": recall(request)}
    texts, ending = (investigations(request), "xml") if form is MessageForm.XML else (plain_messages(request), "txt")
    return {f"-{place}.{ending}": text for place, text in enumerate(texts, start=1)}


def asked_by(rows: list[Row]) -> dict[str, tuple[str, str]]:
    """Request and payment by the number of the message that asked about it, as XML and as plain text write it."""
    found = {}
    for row in rows:
        for place, line in enumerate(row.lines, start=1):
            found[message_number(row.number, place)] = (row.number, line.transfer)
            found[plain_number(row.number, place)] = (row.number, line.transfer)
    return found
