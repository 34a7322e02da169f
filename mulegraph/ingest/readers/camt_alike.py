"""Entries that a bank writes alike, read as one regular expression instead of as a tree.

A bank's program writes the same tags in the same order around texts that differ. The first entry of a shape is read
tag by tag (`learned`) and becomes a pattern: its tags stand for themselves, each text that is wanted is a group. What
fits a pattern is well-formed, with the very tags of an entry that was read as XML, so its texts are the groups. What
fits none (an entity, a blank doubled, an attribute, other tags) is left in the part, for the way that reads any XML.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

MAX_PATTERNS = 64
MAX_TRIES = 12
"""Patterns of a file, and how many of them an entry is tried with, the last that fitted first."""

RUN = "mulegraph-run"
"""The attribute of the empty entry that stands for a run."""

_TOKEN = re.compile(r"<(/?)([\w.:-]+)( +Ccy=\"[A-Z]{3}\")?\s*(/?)>|([^<&>]+)")
_NEVER = "\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\ufffe\\uffff"
"""What no XML may hold."""
_WORD = rf"[^<&>{_NEVER}\t\n\r \x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+"
# Words with one blank between them: what normalizing its blanks leaves as it is.
_VALUE = f"({_WORD}(?: {_WORD})*)"
_ANY = f"[^<&>{_NEVER}]*"


@dataclass(frozen=True, slots=True)
class Pattern:
    """How entries of a shape are written, and the paths that its groups are the texts of."""

    expression: re.Pattern[str]
    own: dict[str, int]
    details: dict[str, int]
    """Paths of the entry and of its transaction, and the place among the groups of each."""
    has_details: bool
    way: int
    amount: int
    """The places of CdtDbtInd and of the amount; -1: it has none."""


@dataclass(frozen=True, slots=True)
class Found:
    """An entry that fits a pattern: its line, and the groups."""

    line: int
    pattern: Pattern
    values: tuple[str, ...]


@dataclass
class Patterns:
    """The patterns of a file, learned as its entries come."""

    tag: str
    """`Ntry` with its prefix."""
    wanted: frozenset[str]
    wanted_of_details: frozenset[str]
    known: list[Pattern] = field(default_factory=list)
    hits: list[int] = field(default_factory=list)
    texts: set[str] = field(default_factory=set)

    def taken_out(self, part: str, first_line: int) -> tuple[str, list[list[Found]]]:
        """The part with each run of known entries replaced by an empty one that names it, and the runs.

        The empty entry has as many line breaks behind it as what it stands for, so that later lines keep their numbers.
        """
        if re.search(rf"<{re.escape(self.tag)}\s", part):
            return part, []
        # What fits most is tried first; what was learned last has to have its turn.
        order = sorted(range(len(self.known)), key=lambda place: -self.hits[place])
        order = [*order[: MAX_TRIES - 2], *order[MAX_TRIES - 2 :][::-1]]
        self.known = [self.known[place] for place in order]
        self.hits = [self.hits[place] for place in order]
        opening, end = f"<{self.tag}>", f"</{self.tag}>"
        left: list[str] = []
        runs: list[list[Found]] = []
        run: list[Found] = []
        line = first_line
        run_line = first_line
        pieces = part.split(end)
        rest = pieces.pop()
        for piece in pieces:
            start = piece.find(opening)
            head, entry = (piece[:start], piece[start:]) if start > 0 else ("", piece)
            entry_line = line + head.count("\n")
            found = self._found(entry, entry_line)
            if run and (found is None or head.strip(" \t\r\n")):
                left.append(self._stand_in(len(runs), line - run_line))
                runs.append(run)
                run = []
            if not run:
                left.append(head)
                run_line = entry_line
            line = entry_line + entry.count("\n")
            if found is None:
                left += (entry, end)
            else:
                run.append(found)
        if run:
            left.append(self._stand_in(len(runs), line - run_line))
            runs.append(run)
        left.append(rest)
        return "".join(left), runs

    def _stand_in(self, number: int, breaks: int) -> str:
        return f'<{self.tag} {RUN}="{number}"/>' + "\n" * breaks

    def _found(self, entry: str, line: int) -> Found | None:
        for place, pattern in enumerate(self.known[:MAX_TRIES]):
            if fits := pattern.expression.fullmatch(entry):
                self.hits[place] += 1
                return Found(line, pattern, fits.groups())
        if len(self.texts) < MAX_PATTERNS:
            new = learned(entry, self.tag, self.wanted, self.wanted_of_details)
            if new is not None and new.expression.pattern not in self.texts:
                self.texts.add(new.expression.pattern)
                self.known.append(new)
                self.hits.append(0)
        return None


def learned(body: str, tag: str, wanted: frozenset[str], wanted_of_details: frozenset[str]) -> Pattern | None:
    """The pattern of an entry without its end tag; None for what is not plain enough.

    Plain is: no attribute but `Ccy`, one prefix, at most one transaction, no wanted path twice.
    """
    prefix = tag[: -len("Ntry")]
    if not body.startswith(f"<{tag}>"):
        return None
    expression = [re.escape(f"<{tag}>")]
    names: list[tuple[bool, str]] = []
    stack: list[str] = []
    details = 0
    is_open = False
    place = len(f"<{tag}>")
    while place < len(body):
        token = _TOKEN.match(body, place)
        if token is None:
            return None
        place = token.end()
        closes, tagged, currency, is_empty, text = token.groups()
        if text is not None:
            if not text.strip(" \t\r\n"):
                expression.append(r"[ \t\r\n]*")
                continue
            if not is_open or not body.startswith("</", place):
                return None
            named = _named(stack, "", wanted, wanted_of_details)
            expression.append(_VALUE if named else _ANY)
            names += [named] if named else []
            continue
        name = tagged.removeprefix(prefix)
        if f"{prefix}{name}" != tagged or ":" in name:
            return None
        if closes:
            if is_empty or currency or not stack or stack.pop() != name:
                return None
            expression.append(re.escape(f"</{tagged}>"))
            is_open = False
            continue
        stack.append(name)
        details += stack == _DETAILS
        expression.append(re.escape(f"<{tagged}"))
        if currency:
            named = _named(stack, "@Ccy", wanted, wanted_of_details)
            expression.append(re.escape(currency.partition('"')[0]) + ('"([A-Z]{3})"' if named else '"[A-Z]{3}"'))
            names += [named] if named else []
        expression.append("/>" if is_empty else ">")
        if is_empty:
            stack.pop()
        is_open = not is_empty
    if stack or details > 1 or len(set(names)) < len(names):
        return None
    own = {path: place for place, (is_inside, path) in enumerate(names) if not is_inside}
    inner = {path: place for place, (is_inside, path) in enumerate(names) if is_inside}
    whole = re.compile("".join(expression))
    return Pattern(whole, own, inner, bool(details), own.get("CdtDbtInd", -1), own.get("Amt", -1))


_DETAILS = ["NtryDtls", "TxDtls"]


def _named(
    stack: list[str], attribute: str, wanted: frozenset[str], wanted_of_details: frozenset[str]
) -> tuple[bool, str] | None:
    """Whether it stands in the transaction, and its path; None where nobody reads it."""
    if stack[:2] == _DETAILS:
        path = "/".join(stack[2:]) + attribute
        return (True, path) if path in wanted_of_details else None
    path = "/".join(stack) + attribute
    return (False, path) if path in wanted else None
