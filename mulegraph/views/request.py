"""A support request as a document: HTML, PDF by Typst, and the recall as ISO 20022 XML."""

from __future__ import annotations

import hashlib
from pathlib import Path

from mulegraph.casework.recall_messages import Held, Request, amount_range, recall
from mulegraph.files import write_output
from mulegraph.privacy.door import MaskedWorkspace
from mulegraph.views.document import Block, Cell, Document, Section, Table, Text, heads

DRAFT = "Draft: account numbers are masked. The request to send is made with --reveal REASON."


def letter(request: Request) -> Document:
    """The request in the words of a letter; page and PDF are both set from it."""
    return Document(
        title=f"Support request {request.number}",
        facts={
            "from": request.sender,
            "to": request.bank,
            "made": f"{request.made_at:%Y-%m-%d %H:%M} UTC",
            "please answer by": request.reply_by.isoformat(),
        },
        notices=[DRAFT] if request.draft else [],
        sections=[
            Section("payments", "What happened", _payments(request)),
            Section("held", "What is probably still there", _held(request)),
            Section("asks", "What we ask", _asks(request)),
        ],
    )


def _payments(request: Request) -> list[Block]:
    reported = ", ".join(map(str, request.reported))
    rows = [
        (
            each.transfer,
            f"{each.at:%Y-%m-%d %H:%M:%S}",
            each.payer or "cash",
            each.payee,
            f"{each.amount:,f}",
            amount_range(each.traced_least, each.traced_most),
        )
        for each in request.payments
    ]
    return [
        Text(
            f"Payments were reported as fraud ({reported}). Tracing the money, we found these payments into accounts"
            f" that you keep. All amounts are in {request.currency}. A range means that the rules for mixed money"
            " (first in first out, pro rata, lowest balance) give different amounts."
        ),
        Table(
            heads("payment", "at (UTC)", "from *", "to *", "amount #", "of it reported #"),
            [[Cell(text) for text in row] for row in rows],
        ),
    ]


def _held(request: Request) -> list[Block]:
    rows = [[Cell(each.account), Cell(_still_there(each))] for each in request.held]
    return [
        Text("We do not know balances. These are amounts that we saw coming in and did not see going out."),
        Table(heads("account *", "amount #"), rows),
    ]


def _still_there(held: Held) -> str:
    if held.least is None:
        return f"not seen; up to {held.most:,f} came in"
    return amount_range(held.least, held.most)


def _asks(request: Request) -> list[Block]:
    numbered = [Text(ask, about=f"{number}.") for number, ask in enumerate(request.asks, start=1)]
    return [
        *numbered,
        Text(f"Please answer by {request.reply_by.isoformat()} and quote {request.number}."),
        Text("Receipt of funds does not imply the account holder's knowledge."),
    ]


def write_request(space: MaskedWorkspace, request: Request, folder: Path) -> list[Path]:
    """Write the request as HTML and PDF, and the recall as XML if it is no draft; the journal keeps what was made."""
    written = letter(request)
    content: dict[str, bytes] = {"html": written.page.encode(), "pdf": written.pdf}
    if not request.draft and request.ours:
        content["xml"] = recall(request).encode()
    bank = "".join(each if each.isalnum() else "_" for each in request.bank)
    paths = [write_output(folder / f"{request.case}-{bank}.{ending}", data) for ending, data in content.items()]
    space.record_request(request, {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths})
    return paths
