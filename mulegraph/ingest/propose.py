"""`mulegraph map`: looks at a file and proposes a mapping, with comments on what it is unsure of.

Nothing here is loaded: a person reads the proposal, corrects it, and gives it to `load`. What only the bank knows, or
what means two things, is written as "?", and `load` refuses a mapping that still says so.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from mulegraph.errors import DataError, UsageError
from mulegraph.ingest import guesses, likely
from mulegraph.ingest.column_words import (
    STATES,
    plain,
)
from mulegraph.ingest.columns import IN_WORDS, OUT_WORDS
from mulegraph.ingest.found import holds_ibans, which_columns
from mulegraph.ingest.layout import TextFile
from mulegraph.ingest.look import LOOKED_AT, Layout, look
from mulegraph.ingest.mapping import TableMapping
from mulegraph.ingest.readers import reader_of
from mulegraph.ingest.times import BUDDHIST

ENDS = ("source", "target")
CHANNEL_WORDS = 20
"""How many different words for channels are written out."""


@dataclass
class Proposal:
    """A mapping file, the same with a guess for every "?", and what is to be looked at before it is used."""

    text: str
    table: str
    unsure: list[str] = field(default_factory=list)
    tried: str = ""
    asked: frozenset[str] = frozenset()
    """Our columns whose value only a person knows: what is shown of them is no value."""


def propose(path: Path) -> Proposal:
    """A mapping for a file. Raises DataError for one that holds no table, UsageError for one that needs no mapping."""
    try:
        reader = reader_of(path)
        if reader is not None:
            raise UsageError(
                f"{path.name}: is {reader.FORMAT}, which is read as it is",
                hint=f"It needs no mapping: mulegraph load {path.parent}",
            )
        start, whole = TextFile(path, TableMapping()).start(LOOKED_AT)
    except OSError as error:
        raise DataError(f"{path.name}: cannot be read ({error.strerror})", hint="Check the file.") from error
    layout = look(path.name, start, whole=whole)
    found, table = which_columns(layout)
    return _Writer(path, layout, found, table).proposal()


class _Writer:
    """Writes the proposal, line by line."""

    def __init__(self, path: Path, layout: Layout, found: dict[str, int], table: str) -> None:
        self.path = path
        self.layout = layout
        self.found = dict(found)
        self.table = table
        self.money = {name: found[name] for name in ("amount", "debit", "credit", "balance_after") if name in found}
        self.used = {*found.values()}
        self.unsure = list(layout.unsure)
        self.lines: list[tuple[str, str]] = []
        self.asked: set[str] = set()
        texts = []
        for name, place in self.money.items():
            if name != "balance_after":
                texts.extend(layout.values(place))
        self.decimal, self.grouping, self.doubt = guesses.marks(texts)
        if "balance_after" in found and not (self.grouping or self.doubt):
            # Balances are larger: they show how thousands are grouped where no amount has any.
            self.grouping = guesses.grouping_beside(layout.values(found["balance_after"]), self.decimal)
        self.thirds = likely.thousandths(self.layout, self.found, self.grouping) if self.doubt else ""
        if self.thirds:
            self.decimal = self.grouping if self.thirds == "decimal" else self.decimal
            self.grouping = self.doubt = ""
        self._leave_out_balance()

    def _leave_out_balance(self) -> None:
        """Balances whose decimal mark is another than the amounts' cannot be read with them."""
        place = self.found.get("balance_after")
        other = "," if self.decimal == "." else "."
        if place is None or guesses.marks(self.layout.values(place))[0] != other:
            return
        if any(other in each and self.decimal not in each for each in self.layout.values(place)):
            del self.found["balance_after"], self.money["balance_after"]
            self.unsure.append(f"'{self.layout.header[place]}' has another decimal mark than the amounts: left out")

    def proposal(self) -> Proposal:
        """The whole text."""
        self._layout_lines()
        self._direction_lines()
        at = "at" if self.table == "transfers" else "booked_at"
        self._amount_lines()
        if self.table == "bookings":
            self._column_likely()
        clock = self._time_lines(at) if self.table != "accounts" else False
        self._column_lines(at)
        self._constant_lines()
        self._value_lines()
        self._state_lines()
        top = ["# Proposed by mulegraph map; lines marked UNSURE are to be looked at, and every ? to be filled in."]
        top += [f"# UNSURE {each}" for each in self.unsure]
        zones = ['zone = "?"  # of the bank, such as "Europe/Amsterdam": the file\'s times name none'] if clock else []
        if clock:
            self.unsure.append("zone: the file's times name none; of which zone are they?")
        table = ["", f"[{self.table}]"]
        text = "\n".join([*top, *zones, *table, *(line for line, _ in self.lines), ""])
        tried = "\n".join([*(['zone = "UTC"'] if clock else []), *table, *(guess for _, guess in self.lines), ""])
        return Proposal(text, self.table, self.unsure, tried, frozenset(self.asked))

    def _say(self, key: str, value: str, doubt: str = "") -> None:
        line = f"{key} = {value}" + (f"  # UNSURE: {doubt}" if doubt else "")
        self.lines.append((line, line))
        if doubt:
            self.unsure.append(f"{key}: {doubt}")

    def _ask(self, key: str, guess: str, question: str) -> None:
        """A line that a person has to fill in; the rows shown are read with the guess."""
        self.lines.append((f'{key} = "?"  # {question}', f"{key} = {guess}"))
        self.unsure.append(f"{key}: {question}")
        if key.startswith("constants."):
            self.asked.add(key.removeprefix("constants."))

    def _likely(self, lines: list[likely.Line]) -> None:
        """Lines that come from what stands in a column; where part of one is asked, nothing is tried."""
        for each in lines:
            self._say(each.key, each.value, each.doubt)
            if '"?"' in each.value:
                self.lines[-1] = (self.lines[-1][0], f"# {each.key}")

    def _column_likely(self) -> None:
        """Kinds and fees: taken where their words and numbers are known, and named as unused where not."""
        for ours, lines in (
            ("kind", likely.kind_lines(self.layout, self.found)),
            ("fee", likely.fee_lines(self.layout, self.found | self.money, self.decimal)),
        ):
            if ours in self.found and not lines:
                self.used.discard(self.found[ours])
            self.found.pop(ours, None)
            self._likely(lines)

    def _layout_lines(self) -> None:
        layout = self.layout
        self._say("files", json.dumps([self.path.name], ensure_ascii=False))
        if layout.encoding and layout.encoding not in ("utf-16", "utf-32"):
            self._say("encoding", json.dumps(layout.encoding))
        if layout.delimiter != ",":
            self._say("delimiter", json.dumps(layout.delimiter))
        if layout.skip:
            self._say("skip_lines", str(layout.skip))
        if not layout.has_header:
            self._say("header", "false", "columns are known by what stands in them")
        if layout.footer:
            self._say("footer_lines", str(layout.footer))

    def _direction_lines(self) -> None:
        if self.table != "bookings":
            return
        place = self.layout.place
        found = self.found
        layout = self.layout
        values = layout.values(found["amount"]) if "amount" in found else []
        # Where amounts carry a sign, a word beside them says the same once more.
        signed = any(map(guesses.is_signed, values))
        if {"debit", "credit"} <= set(found):
            found.pop("amount", None)
            negative, doubt = likely.debits(layout, found, self.decimal)
            more = ", debits_are_negative = true" if negative else ""
            known = f"debit = {place(found['debit'])}, credit = {place(found['credit'])}{more}"
            self._say("direction", f"{{ {known} }}", doubt)
        elif not signed and (words := self._words()) is not None:
            out, into = words
            known = f"out = {json.dumps(out, ensure_ascii=False)}, in = {json.dumps(into, ensure_ascii=False)}"
            self._say("direction", f"{{ column = {place(found['direction'])}, {known} }}")
        else:
            self._sign_line(values, signed=signed)
        if "direction" in found and not any(f"column = {place(found['direction'])}" in line for line, _ in self.lines):
            self.used.discard(found["direction"])
        for each in ("debit", "credit", "direction"):
            found.pop(each, None)

    def _sign_line(self, values: list[str], *, signed: bool) -> None:
        """What a sign means: balances after the lines say it, if there are any."""
        way = self._way_of_balances()
        marked = any(map(guesses.is_credited, values))
        if way:
            self._say("direction", json.dumps(way))
        elif marked and not signed:
            self._ask(
                "direction", '"minus_is_in"', 'Cr stands behind some amounts: "minus_is_in" if the others are out'
            )
        elif signed:
            doubt = '"minus_is_in" if this is the statement of a card, where what was spent has no minus'
            self._say("direction", '"sign"', doubt)
        else:
            self._ask("direction", '"sign"', "no amount is negative: how is money out told?")

    def _way_of_balances(self) -> str:
        """`sign` or `minus_is_in`, whichever balances after the lines follow from; '' where they say nothing."""
        if not {"amount", "balance_after"} <= set(self.found):
            return ""
        places = [self.found["amount"], self.found["balance_after"]]
        pairs = []
        for row in self.layout.rows:
            pairs.append([guesses.number(self.layout.cell(row, each), self.decimal) for each in places])
        told = [(amount, balance) for amount, balance in pairs if amount is not None and balance is not None]
        amounts, balances = [amount for amount, _ in told], [balance for _, balance in told]
        plus = guesses.follow(amounts, balances)
        minus = guesses.follow([-each for each in amounts], balances)
        return "" if plus == minus else "sign" if plus else "minus_is_in"

    def _words(self) -> tuple[list[str], list[str]] | None:
        """Words for money out and in, where a column holds known ones only."""
        if "direction" not in self.found:
            return None
        seen = sorted(set(self.layout.values(self.found["direction"])))
        out = [each for each in seen if plain(each) in {plain(word) for word in OUT_WORDS}]
        into = [each for each in seen if plain(each) in {plain(word) for word in IN_WORDS}]
        if len(out) + len(into) < len(seen) or not seen:
            return None
        return out or list(OUT_WORDS[:1]), into or list(IN_WORDS[:1])

    def _amount_lines(self) -> None:
        texts = [value for place in self.money.values() for value in self.layout.values(place)]
        if self.decimal != "." and self.thirds != "asked":
            self._say("decimal", json.dumps(self.decimal))
        if self.thirds == "asked":
            question = "the mark before three digits groups thousands, or is the decimal mark of currencies with three"
            self._ask("decimal", json.dumps(self.decimal), question)
        elif self.thirds == "decimal" and self.decimal == ".":
            self.unsure.append(
                "decimal: '.' before three digits is taken for the decimal mark, as the currency has three"
            )
        # A comma as the decimal mark says already that points group.
        if self.doubt or (self.grouping and (self.decimal, self.grouping) != (",", ".")):
            self._say("grouping", json.dumps(self.grouping), self.doubt)
        if any(map(guesses.has_beside, texts)):
            self._say("currency_beside", "true")

    def _time_lines(self, at: str) -> bool:
        """The format of the time; gives whether times of the day without a zone are among them."""
        if at not in self.found:
            self.unsure.append(f"columns.{at}: no column of dates was found")
            return False
        values = self.layout.values(self.found[at])
        if "time" in self.found:
            joined = []
            for row in self.layout.rows:
                joined.append((self.layout.cell(row, self.found[at]), self.layout.cell(row, self.found["time"])))
            values = [f"{day} {time}".strip() for day, time in joined if day]
        fitting = guesses.time_formats(values)
        if not fitting and guesses.are_serials(values):
            self._say("time_format", '"excel"', "numbers are taken for days as Excel counts them, from 1900 on")
            return any(re.search(r"[.,]\d*[1-9]", each) for each in values)
        if not fitting:
            self._ask("time_format", '"iso"', 'no known format fits all dates: a pattern such as "%d.%m.%Y", or a list')
            return False
        if others := guesses.differ(values, fitting):
            both = " or ".join(json.dumps(each) for each in [fitting[0], *others])
            self._ask("time_format", json.dumps(fitting[0]), f"{both}: all dates fit both, and mean other days")
        elif fitting[0] != "iso":
            doubt = "years are taken to be of the Buddhist era, 543 more than ours"
            self._say("time_format", json.dumps(fitting[0]), doubt if fitting[0].startswith(BUDDHIST) else "")
        if "value_date" in self.found:
            self._value_dates(fitting, asked=bool(others))
        naive = "%H" in fitting[0] or "%I" in fitting[0]
        return naive or (
            fitting[0] == "iso"
            and any(re.search(r":\d\d([.]\d+)?$", each) for each in values if len(each) > 10 and "+" not in each)
        )

    def _value_dates(self, of_time: list[str], *, asked: bool) -> None:
        values = self.layout.values(self.found["value_date"])
        fitting = guesses.time_formats(values)
        if not fitting or fitting[0] == "iso":
            return
        # Both columns of a file are written in one way.
        same = next((each for each in fitting if each == of_time[0]), fitting[0])
        if asked or (same not in of_time and guesses.differ(values, fitting)):
            self._ask("date_format", json.dumps(same), "as time_format")
        else:
            self._say("date_format", json.dumps(same))

    def _column_lines(self, at: str) -> None:
        time = self.found.pop("time", None)
        for ours, number in self.found.items():
            place = self.layout.place(number)
            if ours == at and time is not None:
                place = f"[{place}, {self.layout.place(time)}]"
            twin = likely.twin(self.layout, number) if ours in ("amount", "balance_after", "currency") else ""
            if twin or ours in self.layout.doubtful:
                what = twin or self.layout.doubtful[ours]
                self._ask(f"columns.{ours}", place, what)
            else:
                self._say(f"columns.{ours}", place)
        if self.layout.others:
            names = [self.layout.place(each) for each in self.layout.others]
            question = f"which is the other party's account: {' or '.join(names)}?"
            self._ask("columns.counterparty_id", names[0], question)
        if self.table == "bookings":
            self._likely(likely.pattern_lines(self.layout, self.found))
        self._unused_lines()

    def _unused_lines(self) -> None:
        """Name the columns that nothing uses, and ask about those that hold what a ledger is made of."""
        layout, left = self.layout, []
        for number, name in enumerate(layout.header):
            if number in self.used or number in layout.others or not name:
                continue
            what = likely.unused(layout, number)
            left.append(" ".join(name.split()) + (f" ({what})" if what else ""))
            if what in ("account numbers", "amounts", "words for kinds of lines"):
                self.unsure.append(f"{layout.place(number)} holds {what}, and is not used: is that right?")
        if left:
            line = "# Not used: " + ", ".join(left)
            self.lines.append((line, line))

    def _constant_lines(self) -> None:
        wanted = {
            "bookings": {"account_id": "the account whose statement it is", "currency": "of the account"},
            "transfers": {"currency": "of all rows", "channel": "such as online; or values.channel for each word"},
            "accounts": {"bank": "that keeps them", "kind": "personal, business, …", "currency": "of all accounts"},
        }[self.table]
        guess = {"channel": "other", "kind": "unknown", "currency": "XXX"}
        for name, what in wanted.items():
            if name in self.found:
                continue
            if name == "account_id" and self.layout.own is not None:
                line = f"{self.layout.own.line}  # UNSURE: whose statement it is, as the lines above the rows tell"
                self.lines.append((line, line))
                self.unsure.append("account_id: found above the rows or in the file's name; is it the statement's own?")
            elif name == "currency" and (
                known := guesses.currency_of(self.layout.header) or likely.stated_currency(self.layout)
            ):
                self._say(f"constants.{name}", json.dumps(known))
            elif (
                name == "currency"
                and self.table == "bookings"
                and any("currency_beside" in each for each, _ in self.lines)
            ):
                written = [value for place in self.money.values() for value in self.layout.values(place)]
                if choice := guesses.currencies_beside(written):
                    self._ask(f"constants.{name}", json.dumps(choice[0]), f"which of {', '.join(choice)} is meant?")
            elif name in ("channel", "kind"):
                self._say(f"constants.{name}", json.dumps(guess[name]), what)
            else:
                self._ask(f"constants.{name}", json.dumps("EUR" if name == "currency" else "not said"), what)
        if "channel" in self.found:
            seen = Counter(self.layout.values(self.found["channel"]))
            words = [json.dumps(word, ensure_ascii=False) for word in list(seen)[:CHANNEL_WORDS]]
            texts = ", ".join(f'{word} = "other"' for word in words)
            self._say("values.channel", f"{{ {texts} }}", "say which channel each word is")
        if self.table == "transfers" and "transfer_id" not in self.found:
            self._say("make_ids", "true", "the file has no id of a payment")
        if self.table == "transfers" and not all(holds_ibans(self.layout, self.found[end]) for end in ENDS):
            self.unsure.append(
                "accounts: rows whose accounts no file lists are rejects; without such a file, write [[accounts]]"
                " twice, for the payer's and the payee's column of this file, as sample_data/mappings/saml_d.toml does"
            )

    def _value_lines(self) -> None:
        """Their words in ours, and what the file says of itself."""
        if self.table != "accounts":
            self._likely(likely.currency_lines(self.layout, self.found))
        else:
            self._likely(likely.account_kind_line(self.layout, self.found))
        if self.table == "bookings":
            self._likely(likely.total_lines(self.layout, self.decimal))

    def _state_lines(self) -> None:
        """Words for booked, pending and rejected lines: only booked ones are money."""
        if self.table != "bookings" or "status" not in self.found:
            return
        words = {word: state for state, names in STATES.items() for word in names}
        seen = sorted(set(self.layout.values(self.found["status"])))
        known = {word: words.get(plain(word)) for word in seen}

        def listed(unknown: str) -> str:
            texts = []
            for word, its in known.items():
                texts.append(f"{json.dumps(word, ensure_ascii=False)} = {json.dumps(its or unknown)}")
            return f"values.status = {{ {', '.join(texts)} }}"

        if seen:
            self.lines.append((listed("?"), listed("booked")))
        if None in known.values():
            self.unsure.append("values.status: say of each word whether it is booked, pending or rejected")
