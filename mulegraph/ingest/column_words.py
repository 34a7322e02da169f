"""What banks call the columns of their files, by what the ledger calls them; lower case, no accents needed."""

from __future__ import annotations

import re
import unicodedata

BOOKING_WORDS: dict[str, tuple[str, ...]] = {
    "account_id": (
        "own account", "account", "account number", "account no", "rekening", "rekeningnummer", "iban/bban",
        "auftragskonto", "iban auftragskonto", "bezeichnung auftragskonto", "compte", "numero de compte", "conta",
        "so tai khoan", "iban",
    ),
    "counterparty_id": (
        "counterparty", "counterparty account", "counterparty iban", "tegenrekening", "tegenrekening iban/bban",
        "gegenkonto", "kontonummer/iban", "iban zahlungsbeteiligter", "payee account", "beneficiary account",
        "compte beneficiaire", "tai khoan doi ung", "so tai khoan doi ung", "conta favorecido", "conta destino",
    ),
    "counterparty_name": (
        "name", "counterparty name", "naam tegenpartij", "naam / omschrijving", "beguenstigter/zahlungspflichtiger",
        "begunstigter/zahlungspflichtiger", "name zahlungsbeteiligter", "auftraggeber / beguenstigter", "payee",
        "beneficiary", "merchant", "favorecido", "ten doi ung", "ten nguoi thu huong", "beneficiaire",
    ),
    "booked_at": (
        "date", "booking date", "posting date", "transaction date", "txn date", "datum", "boekdatum", "buchungstag",
        "buchungsdatum", "data", "data lancamento", "date operation", "date de comptabilisation", "ngay giao dich",
        "tnx date", "ngay hach toan",
    ),
    "time": ("time", "tijd", "uhrzeit", "heure", "hora", "gio"),
    "value_date": (
        "value date", "value dt", "rentedatum", "valuta", "valutadatum", "wertstellung", "date valeur",
        "date de valeur",
        "data valor", "ngay hieu luc",
    ),
    "amount": (
        "amount", "bedrag", "bedrag (eur)", "betrag", "umsatz", "montant", "valor", "valor (r$)", "so tien",
        "transaction amount", "amount (gbp)", "amount(inr)", "local amount",
    ),
    "debit": (
        "debit", "debit amount", "money out", "paid out", "withdrawal", "withdrawal amt.", "withdrawal amount",
        "soll",
        "af", "debito", "so tien ghi no", "ghi no", "no",
    ),
    "credit": (
        "credit", "credit amount", "money in", "paid in", "deposit", "deposit amt.", "deposit amount", "haben", "bij",
        "credito", "so tien ghi co", "ghi co", "co",
    ),
    "direction": (
        "direction", "af bij", "dr/cr", "cr/dr", "d/c", "debit/credit", "debet/credit", "soll/haben", "s/h",
        "details",
        "type dc", "sens", "debit or credit",
    ),
    "currency": (
        "currency", "ccy", "valuta munt", "munt", "muntsoort", "wahrung", "waehrung", "devise", "moeda",
        "loai tien",
    ),
    "booking_id": (
        "transaction id", "id", "ref", "reference", "reference number", "volgnr", "referenz", "numero de reference",
        "so tham chieu", "so ct", "so but toan", "identificador", "documento", "document", "chq./ref.no.", "doc no",
    ),
    "end_to_end_id": (
        "end to end", "end-to-end id", "end to end id", "kundenreferenz (end-to-end)", "e2e", "end_to_end",
    ),
    "mandate_id": ("mandaatreferentie", "machtigingskenmerk", "mandatsreferenz", "mandate", "rum"),
    "remittance": (
        "description", "narration", "omschrijving", "omschrijving-1", "mededelingen", "verwendungszweck", "memo",
        "notes",
        "particulars", "libelle", "libelle simplifie", "descricao", "historico", "lancamento", "noi dung",
        "dien giai",
        "transaction description",
    ),
    "balance_after": (
        "balance", "balance after", "saldo na trn", "saldo na mutatie", "saldo nach buchung", "saldo", "saldo (r$)",
        "closing balance", "so du", "solde",
    ),
}  # fmt: skip

TRANSFER_WORDS: dict[str, tuple[str, ...]] = {
    "transfer_id": ("transfer_id", "transaction id", "id", "tran_id", "txn id", "txnid", "reference"),
    "source": (
        "source", "from", "from account", "sender", "sender account", "sender_account", "orig_acct", "nameorig",
        "payer",
        "debtor", "debtor account", "originator", "from_account", "tu tai khoan", "van", "von", "de",
    ),
    "target": (
        "target", "to", "to account", "receiver", "receiver account", "receiver_account", "bene_acct", "namedest",
        "payee",
        "creditor", "creditor account", "beneficiary", "to_account", "den tai khoan", "naar", "an", "para", "vers",
    ),
    "amount": BOOKING_WORDS["amount"] + ("amount paid", "base_amt"),
    "currency": BOOKING_WORDS["currency"] + ("payment currency", "payment_currency"),
    "at": ("at", "timestamp", "datetime", "tran_timestamp", "step", *BOOKING_WORDS["booked_at"]),
    "time": BOOKING_WORDS["time"],
    "channel": ("channel", "type", "payment format", "payment_type", "payment type", "tx_type", "method"),
    "reference": BOOKING_WORDS["remittance"],
}  # fmt: skip

ACCOUNT_WORDS: dict[str, tuple[str, ...]] = {
    "account_id": ("account_id", "acct_id", "account number", "account no", "iban", "rekeningnummer", "kontonummer"),
    "bank": ("bank", "bank_id", "bic", "bank code"),
    "holder_id": ("holder_id", "customer_id", "customer", "client_id", "cif", "party_id"),
    "kind": ("kind", "type", "account type", "acct_type", "product"),
    "opened_on": ("opened_on", "open date", "opened", "open_dt", "opening date"),
    "closed_on": ("closed_on", "close date", "closed", "closing date"),
    "currency": BOOKING_WORDS["currency"] + ("acct_rptng_crncy",),
}


def plain(text: str) -> str:
    """A column's name for comparing: lower case, no accents, single blanks."""
    bare = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D").replace("ß", "ss"))
    kept = "".join(sign for sign in bare if not unicodedata.combining(sign))
    return re.sub(r"\s+", " ", kept).strip().lower()


def named(header: list[str], words: dict[str, tuple[str, ...]]) -> dict[str, int]:
    """Our columns by the place (from 0) of the header's that is called so; the most usual name wins."""
    names = [plain(name) for name in header]
    found: dict[str, int] = {}
    for ours, theirs in words.items():
        for word in theirs:
            if names.count(word) == 1 and names.index(word) not in found.values():
                found[ours] = names.index(word)
                break
    return found
