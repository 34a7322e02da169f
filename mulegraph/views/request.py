"""A support request as a document: HTML, PDF by Typst, and the messages that ask the same, as XML or as plain text."""

from __future__ import annotations

import hashlib
from pathlib import Path

from mulegraph.casework.message_text import without_blanks
from mulegraph.casework.messages import message_name, messages_of
from mulegraph.casework.recall_messages import Request
from mulegraph.errors import MulegraphError, UsageError
from mulegraph.files import write_output
from mulegraph.privacy.door import MaskedWorkspace
from mulegraph.schema.choices import LANGUAGES, MessageForm, RequestKind
from mulegraph.schema.versions import given_on
from mulegraph.views.document import Block, Cell, Document, Section, Table, Text, heads
from mulegraph.views.letter_words import WORDS, LetterWords

NUMBERS, WIDE = frozenset((4, 5, 6, 7)), frozenset((2, 3, 8))
"""Places of the columns that hold amounts, and of those that take the room that is left."""


def letter(request: Request, language: str = LANGUAGES[0], form: MessageForm = MessageForm.XML) -> Document:
    """The request in the words of a letter, which names the message that goes with it; page and PDF are set from it."""
    words = WORDS[language]
    ours = request.sender
    facts = {
        words.sender: _bank(ours.name or ours.bank, ours.bic),
        words.to: _bank(request.bank, request.bic),
        words.made: f"{request.made_at:%Y-%m-%d %H:%M} UTC",
        words.due: f"{request.reply_by.isoformat()} ({request.rule})",
        words.contact: ours.contact,
        words.ground: ours.legal_ground,
    }
    sections = [Section("payments", words.what_happened, _payments(request, words))]
    if request.held:
        sections.append(Section("held", words.still_there, _held(request, words)))
    sections.append(Section("asks", words.we_ask, _asks(request, words, message_name(request.kind, form))))
    return Document(
        title=words.titles[request.kind].format(number=request.number),
        facts={name: value for name, value in facts.items() if value},
        notices=[words.draft] if request.draft else [],
        sections=sections,
    )


def _bank(name: str, bic: str) -> str:
    return f"{name}, BIC {bic}" if bic else name


def _payments(request: Request, words: LetterWords) -> list[Block]:
    sums = {"stolen": f"{request.stolen:,f}", "currency": request.currency}
    told = words.reported if request.reported else words.not_reported
    if request.taken:
        told = words.exchanged
    rows = []
    for each in request.payments:
        rows.append(
            (
                each.transfer,
                f"{each.at:%Y-%m-%d %H:%M:%S}",
                without_blanks(each.payer) if each.payer else words.cash,
                without_blanks(each.payee),
                f"{each.amount:,f}",
                f"{each.traced_least:,f}",
                f"{each.traced_most:,f}",
                f"{each.asked:,f}",
                words.why[each.why],
            )
        )
    marks = {**dict.fromkeys(NUMBERS, " #"), **dict.fromkeys(WIDE, " *")}
    columns = heads(*(head + marks.get(place, "") for place, head in enumerate(words.columns)))
    blocks: list[Block] = [
        Text(told.format(reported=", ".join(request.reported), taken=request.taken, **sums)),
        Text(f"{words.payments[request.kind]} {words.rules.format(**sums)}"),
        Table(columns, [[Cell(text) for text in row] for row in rows]),
    ]
    for account in sorted({each.payee for each in request.payments} | {each.account for each in request.held}):
        if day := given_on(account):
            blocks.append(Text(words.former.format(number=without_blanks(account), day=day)))
    for each in request.payments:
        if each.other_amount:
            blocks.append(Text(words.other_amount.format(payment=each.transfer, amount=each.other_amount)))
    if request.kind is not RequestKind.HOLD:
        blocks.append(Text(words.total.format(asked=f"{request.asked:,f}", **sums)))
    return blocks


def _held(request: Request, words: LetterWords) -> list[Block]:
    rows = []
    for each in request.held:
        rows.append(
            [
                without_blanks(each.account),
                words.not_seen if each.least is None else f"{each.least:,f}",
                f"{each.most:,f}",
            ]
        )
    account, least, most = words.held_columns
    return [
        Text(words.no_balances),
        Table(heads(account + " *", least + " #", most + " #"), [[Cell(text) for text in row] for row in rows]),
    ]


def _asks(request: Request, words: LetterWords, message: str) -> list[Block]:
    asks = [each.format(message=message) for each in words.asks[request.kind]]
    numbered = [Text(ask, about=f"{number}.") for number, ask in enumerate(asks, start=1)]
    same = [] if request.draft else [Text(words.same_again.format(message=message))]
    return [
        *numbered,
        *same,
        Text(words.closing.format(due=request.reply_by.isoformat(), number=request.number)),
        Text(words.no_knowledge),
    ]


def write_request(
    space: MaskedWorkspace,
    request: Request,
    folder: Path,
    language: str = LANGUAGES[0],
    form: MessageForm = MessageForm.XML,
) -> list[Path]:
    """Write the request as HTML and PDF, and one that is no draft as messages; the journal keeps what was made.

    Files are new ones: their names hold the request's number. Where the journal refuses the request, none is left.
    """
    written = letter(request, language, form)
    content: dict[str, bytes] = {".html": written.page.encode(), ".pdf": written.pdf}
    content |= {ending: text.encode() for ending, text in messages_of(request, form).items()}
    bank = "".join(each if each.isalnum() else "_" for each in request.bank)
    name = f"{request.case}-{bank}-{request.kind}-{request.number}"
    targets = {ending: folder / f"{name}{ending}" for ending in content}
    for path in targets.values():
        if path.exists():
            raise UsageError("{path}: is there already", hint="Name another folder with -o.", path=path)
    paths: list[Path] = []
    try:
        paths.extend(write_output(targets[ending], data) for ending, data in content.items())
        space.record_request(request, {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths})
    except MulegraphError:
        for path in paths:
            path.unlink(missing_ok=True)
        raise
    return paths
