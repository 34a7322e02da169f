"""What columns likely hold that `mulegraph map` found: lines of a proposal beside the columns' own."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from decimal import Decimal

from mulegraph.ingest import guesses
from mulegraph.ingest.column_words import plain
from mulegraph.ingest.ibans import has_check_digits
from mulegraph.ingest.look import Layout
from mulegraph.schema.tables import minor_exponents

WORDS_SHOWN = 40
"""How many different words of a column are written out."""


@dataclass(frozen=True)
class Line:
    """A line of a mapping, and what is doubtful of it ('': nothing). `asked`: it is written as "?"."""

    key: str
    value: str
    doubt: str = ""
    asked: bool = False


def quoted(text: str) -> str:
    """A text as TOML writes it."""
    return json.dumps(text, ensure_ascii=False)


_KINDS = {
    "cash": r"atm|cash|bargeld\w*|geldautomat\w*|geldautomaat|gea|rut tien( mat)?|nop tien( mat)?|contante|efectivo"
    r"|especes|prelievo|retrait|bankomat\w*|geldmaat|kasse",
    "fee": r"fees?|saldo der abschlussposten|abschluss|gebuhr\w*|\w*entgelt\w*|kosten|frais|charges?"
    r"|phi|tarifas?|comision(es)?|commissioni?|prowizja"
    r"|oplata|avgift|gebyr|cotisation",
    "interest": r"interest|\w*zinsen|zins|interets?|lai|intereses|juros|interessi|ranta|odsetki",
    "direct_debit": r"direct debits?|\w*lastschrift\w*|incasso|prelevements?|domiciliacion|recibo|debito direto"
    r"|autogiro|addebito diretto|dd",
    "cheque": r"cheques?|checks?|scheck\w*|sec|assegno",
    "card": r"card|\w*karte\w*|betaalautomaat|betaalpas|pos|presentment|carte|cb|tarjeta|cartao|carta|bea|girocard"
    r"|kort\w*|karta|korttiosto|bankkort|visa|mastercard",
    "transfer": r"\w*transfer(s)?|\w*uberweisung\w*|overschrijving|online bankieren|virements?|transferencias?|bonifico"
    r"|dauerauftrag\w*|gehalt\w*|salar\w*|pix|faster payment|standing order|chuyen khoan|wire|quickpay|xfer"
    r"|gutschr\w*|ach credit|topup|exchange|przelew|overforing|bizum|zelle|giro|payroll",
}
"""Words of banks for kinds of lines, most telling first: a cash machine's line names the card as well."""


_CODES = {
    "ga": "cash",
    "gm": "cash",
    "bc": "card",
    "ba": "card",
    "ic": "direct_debit",
    "ei": "direct_debit",
    "ov": "transfer",
    "gt": "transfer",
    "tb": "transfer",
    "cb": "",
}
"""Codes of Dutch banks; cb is a card in France, and a transfer at one of them."""


def kind_of(word: str) -> str:
    """The kind of booking that a bank's word means, or ''."""
    bare = plain(word).replace("_", " ").replace("-", " ")
    if bare in _CODES:
        return _CODES[bare]
    return next((kind for kind, words in _KINDS.items() if re.search(rf"\b({words})\b", bare)), "")


def kind_lines(layout: Layout, found: dict[str, int]) -> list[Line]:
    """Which kind each word of a column is; the column is taken only where some word is known."""
    place = found.get("kind")
    words = sorted(set(layout.values(place))) if place is not None else []
    kinds = {word: kind_of(word) for word in words}
    if place is None or not any(kinds.values()) or len(words) > WORDS_SHOWN:
        return []
    texts = ", ".join(f"{quoted(word)} = {quoted(kind or 'other')}" for word, kind in kinds.items())
    doubt = "is each word that kind? cash, card and fee change who the other party is"
    return [Line("columns.kind", layout.place(place)), Line("values.kind", f"{{ {texts} }}", doubt)]


def fee_lines(layout: Layout, found: dict[str, int], decimal: str) -> list[Line]:
    """The column of fees, where they are not in the amount already: balances after the lines say which."""
    place = found.get("fee")
    if place is None or "amount" not in found:
        return []
    values = layout.values(place)
    if not values or not all(guesses.NUMBER.fullmatch(each) for each in values):
        return []
    line = Line("columns.fee", layout.place(place))
    doubt = "taken beside the amount, and so a transfer of its own? leave it out if the amount holds it already"
    if "balance_after" not in found:
        return [Line(line.key, line.value, doubt)]
    rows: list[tuple[Decimal, Decimal, Decimal]] = []
    for row in layout.rows:
        texts = [layout.cell(row, found[name]) for name in ("amount", "fee", "balance_after")]
        numbers = [guesses.number(each, decimal) for each in texts]
        if numbers[0] is not None and numbers[2] is not None:
            rows.append((numbers[0], abs(numbers[1] or Decimal()), numbers[2]))
    balances = [balance for _, _, balance in rows]
    beside = guesses.steps_that_follow([amount - fee for amount, fee, _ in rows], balances)
    inside = guesses.steps_that_follow([amount for amount, _, _ in rows], balances)
    if inside > beside:
        return []
    return [line if beside > inside else Line(line.key, line.value, doubt)]


def debits(layout: Layout, found: dict[str, int], decimal: str) -> tuple[bool, str]:
    """Whether debits carry a minus, and a doubt ('': none): where only some do, balances say which way these went."""
    signs = [guesses.is_signed(each) for each in layout.values(found["debit"])]
    if not any(signs) or all(signs):
        return any(signs), ""
    rows: list[tuple[Decimal, Decimal, Decimal]] = []
    for row in layout.rows if "balance_after" in found else ():
        texts = [layout.cell(row, found[name]) for name in ("debit", "credit", "balance_after")]
        debit, credit, balance = (guesses.number(each, decimal) for each in texts)
        if balance is not None:
            rows.append((debit or Decimal(), credit or Decimal(), balance))
    balances = [balance for _, _, balance in rows]
    all_out = guesses.follow([credit - abs(debit) for debit, credit, _ in rows], balances)
    as_signed = guesses.follow([credit - debit for debit, credit, _ in rows], balances)
    if all_out != as_signed:
        return all_out, ""
    return True, "only some debits carry a minus: is each of them money out? One that gives money back is not"


_CURRENCIES = {
    "GBP": r"(uk |british |great britain )?pounds?( sterling)?|sterling",
    "EUR": r"euros?",
    "USD": r"(us|american|united states) dollars?|us",
    "AED": r"(uae|emirati|united arab emirates) dirhams?",
    "MAD": r"moroccan dirhams?",
    "ALL": r"(albanian )?leks?",
    "NGN": r"(nigerian )?nairas?",
    "CHF": r"swiss francs?",
    "JPY": r"(japanese )?yen",
    "TRY": r"turkish liras?",
    "MXN": r"mexican pesos?",
    "INR": r"indian rupees?",
    "PKR": r"pakistani rupees?",
    "CNY": r"(chinese )?(yuan|renminbi)|rmb",
    "VND": r"(vietnam(ese)? )?dong|vnd|viet nam dong",
    "AUD": r"australian dollars?",
    "CAD": r"canadian dollars?",
    "BRL": r"(brazil(ian)? )?re(al|ais)",
    "RUB": r"(russian )?(ruble|rouble)s?",
    "SAR": r"saudi riyals?",
    "ILS": r"(israeli )?(shekels?|new shekels?)",
}


def currency_lines(layout: Layout, found: dict[str, int]) -> list[Line]:
    """Codes of ISO 4217 for a column that names currencies in words; what means several is asked."""
    place = found.get("currency")
    words = sorted(set(layout.values(place))) if place is not None else []
    if not words or all(guesses.is_currency(each) for each in words) or len(words) > WORDS_SHOWN:
        return []
    codes = {word: _code(word) for word in words}
    asked = [word for word, code in codes.items() if not code]
    texts = ", ".join(f"{quoted(word)} = {quoted(code or '?')}" for word, code in codes.items())
    doubt = f"the code of ISO 4217 for {', '.join(asked)}" if asked else "is each word that currency?"
    return [Line("values.currency", f"{{ {texts} }}", doubt)]


def _code(word: str) -> str:
    bare = plain(word)
    if guesses.is_currency(bare):
        return bare.upper()
    return next((code for code, words in _CURRENCIES.items() if re.fullmatch(words, bare)), "")


_ACCOUNT_KINDS = {
    "personal": r"personal|private|privat|individual|retail|i|chk|checking|current|particulier|consumer",
    "savings": r"savings?|sav|spar\w*|tiet kiem",
    "business": r"business|corporate|company|o|organi[sz]ation|zakelijk|geschaft\w*|firma",
    "merchant": r"merchant",
    "internal": r"internal|bank|house",
}


def account_kind_line(layout: Layout, found: dict[str, int]) -> list[Line]:
    """Our kind for each word of a column of kinds of accounts; unknown where a word says nothing."""
    words = sorted(set(layout.values(found["kind"]))) if "kind" in found else []
    if not words or len(words) > WORDS_SHOWN:
        return []
    kinds = {}
    for word in words:
        kinds[word] = next((kind for kind, its in _ACCOUNT_KINDS.items() if re.fullmatch(its, plain(word))), "unknown")
    texts = ", ".join(f"{quoted(word)} = {quoted(kind)}" for word, kind in kinds.items())
    return [Line("values.kind", f"{{ {texts} }}", "say which kind each word is")]


_IBAN = "([A-Z]{2}[0-9]{2}[A-Z0-9]{11,30})"
_NUMBERS_IN_TEXT = (rf"/IBAN/{_IBAN}", rf"IBAN:? ?{_IBAN}", r" - ([0-9]{6,19})$")
"""How banks write the other party's number into a text: SEPA fields between slashes, after a label, behind a name."""
SOME_ROWS = 5
"""One row in so many is enough for a pattern to be proposed."""


def pattern_lines(layout: Layout, found: dict[str, int]) -> list[Line]:
    """The other party's number and name, where they stand inside a text."""
    if "counterparty_id" in found:
        return []
    for ours in ("counterparty_name", "remittance"):
        values = layout.values(found[ours]) if ours in found else []
        for pattern in _NUMBERS_IN_TEXT:
            hits = [match[1] for value in values if (match := re.search(pattern, value))]
            good = [each for each in hits if _IBAN not in pattern or has_check_digits(each)]
            if not good or len(good) * SOME_ROWS < len(values):
                continue
            lines = [_taken("counterparty_id", layout.place(found[ours]), pattern, "the other party's account")]
            if pattern.startswith("/IBAN/") and "counterparty_name" not in found:
                lines.append(_taken("counterparty_name", layout.place(found[ours]), "/NAME/([^/]+)", "its name"))
            return lines
    return []


def _taken(ours: str, place: str, pattern: str, what: str) -> Line:
    return Line(f"columns.{ours}", f"{{ column = {place}, pattern = {quoted(pattern)} }}", f"{what}, out of the text")


_OPENING = (
    r"opening balance|beginning balance|balance brought forward|previous balance|start(ing)? balance|letzter kontostand"
    r"|alter kontostand|anfangs(saldo|bestand|kontostand)|beginsaldo|vorig saldo|solde (initial|precedent|d'ouverture)"
    r"|saldo (anterior|inicial|iniziale|poczatkowe)|so du dau ky|ingaende saldo"
)
_CLOSING = (
    r"closing balance|ending balance|balance carried forward|new balance|end balance|kontostand|neuer kontostand"
    r"|end(saldo|bestand)|eindsaldo|nieuw saldo"
    r"|solde (final|nouveau|de cloture)|nouveau solde|saldo (final|finale|koncowe)"
    r"|so du cuoi ky|utgaende saldo"
)


def total_lines(layout: Layout, decimal: str) -> list[Line]:
    """Opening and closing balance of the lines above and below the rows, where both stand there."""
    said = [*layout.above, *layout.below]
    patterns = {}
    for name, words in (("opening", _OPENING), ("closing", _CLOSING)):
        for line in said:
            if re.match(rf"\W*({words})\b", plain(line)) and (pattern := _number_in(line, layout.delimiter, decimal)):
                patterns[name] = pattern
                break
    if len(patterns) < 2:
        return []
    texts = ", ".join(f"{name} = {quoted(pattern)}" for name, pattern in patterns.items())
    return [Line("totals", f"{{ {texts} }}")]


def _number_in(line: str, delimiter: str, decimal: str) -> str:
    """A pattern for the first amount of a line, by its label and place; '' where there is none."""
    cells = re.findall(rf'(?:"[^"]*"|[^{re.escape(delimiter)}"]*)(?:{re.escape(delimiter)}|$)', line)
    values = [cell.removesuffix(delimiter).strip().strip('"').strip() for cell in cells]
    for place, value in enumerate(values[1:], 1):
        if (
            guesses.NUMBER.fullmatch(value)
            and not guesses.is_date(value)
            and guesses.number(value, decimal) is not None
        ):
            label = re.escape(values[0]).replace(r"\ ", " ")
            other = f'(?:"[^"]*"|[^{delimiter}"]*){delimiter}'.replace("\t", r"\t")
            return f'^"?{label}"?{delimiter}'.replace("\t", r"\t") + other * (place - 1) + r'"?([^";\t]*[0-9])'
    return ""


_CURRENCY_LABEL = r"(currency|loai tien( te)?|wahrung|valuta|munt(soort)?|devise|moneda|moeda|waluta|divisa)\b"


def stated_currency(layout: Layout) -> str:
    """The currency that the lines above the rows name, or ''."""
    for line in layout.above:
        if re.search(_CURRENCY_LABEL, plain(line)):
            codes = [word for word in re.findall(r"\b[A-Z]{3}\b", line) if guesses.is_currency(word)]
            if len(set(codes)) == 1:
                return codes[0]
    return ""


def unused(layout: Layout, number: int) -> str:
    """What a column that no line of the proposal uses seems to hold, in words; '' where that is of no use."""
    values = layout.values(number)
    name = plain(layout.header[number])
    if not values:
        return "empty in the rows seen"
    if 2 * sum(has_check_digits(each.replace(" ", "")) for each in values) >= len(values):
        return "account numbers"
    if all(guesses.is_currency(each) for each in values):
        return "currencies"
    has_cents = any(re.search(r"[.,]\d\d\b", each) for each in values)
    if has_cents and all(guesses.NUMBER.fullmatch(each) for each in values):
        return "amounts"
    return "words for kinds of lines" if any(map(kind_of, values)) and "type" in name else ""


def twin(layout: Layout, number: int) -> str:
    """A question where another column of the same name holds other values; '' where none does."""
    header, own = layout.header, layout.values(number)
    same = [place for place, name in enumerate(header) if name == header[number]]
    twins = [place for place in same if layout.values(place) not in ([], own)]
    if not twins:
        return ""
    places = ", ".join(str(place + 1) for place in sorted({number, *twins}))
    return f"columns {places} are called '{header[number]}': which one?"


def thousandths(layout: Layout, found: dict[str, int], mark: str) -> str:
    """What a mark before three digits is by the currency of its row: `decimal` where each has coins of a thousandth
    (KWD), `asked` where some have; '' else."""
    places = [found[name] for name in ("amount", "debit", "credit") if name in found]
    code = found.get("currency")
    stated = guesses.currency_of(layout.header) or stated_currency(layout)
    of_rows = set()
    for row in layout.rows:
        if any(mark in layout.cell(row, place) for place in places):
            of_rows.add(layout.cell(row, code) if code is not None else stated)
    exponents = {minor_exponents().get(each.upper(), 2) for each in of_rows}
    return "decimal" if exponents == {3} else "asked" if 3 in exponents else ""
