"""What banks call the columns of their files, by what the ledger calls them; lower case, no accents needed."""

from __future__ import annotations

import re
import unicodedata

from mulegraph.schema.tables import minor_exponents


def _words(text: str) -> tuple[str, ...]:
    return tuple(re.sub(r"\s*/\s*", "/", " ".join(word.split())) for word in text.split(";"))


BOOKING_WORDS: dict[str, tuple[str, ...]] = {
    "account_id": _words("""
        own account; own; account; account number; account no; rekening; rekeningnummer; iban/bban; auftragskonto; iban
        auftragskonto; bezeichnung auftragskonto; compte; numero de compte; conta; so tai khoan; iban; accountnum;
        cuenta; rachunek; hesap; hesap no; conto; account num; eigenes konto; konto; own iban; numero compte;
        account_number
    """),
    "counterparty_id": _words("""
        counterparty; other; counterparty account; counterparty iban;
        tegenrekening; tegenrekening iban/bban; gegenkonto;
        kontonummer/iban; iban zahlungsbeteiligter; payee account; beneficiary account; compte beneficiaire; iban
        des zahlungsbeteiligten; iban/kontonummer; iban tegenpartij; counterparty number; beneficiary iban; iban
        beneficiaire; partner iban; counterparty account number; tegenrekeningnummer; iban partner; iban des
        auftraggebers/empfangers; iban gegenkonto; konto gegenpartei; gegenkontonummer; kontrahent; rachunek
        kontrahenta; numer rachunku kontrahenta; motkonto; modtagerkonto; vastatili; cuenta destino; cuenta
        beneficiario; iban beneficiario; iban ordenante; iban controparte; conto controparte; so tai khoan nguoi thu
        huong; so tk doi ung; tk doi ung; tai khoan nhan; corresponding account; other account; recipient account;
        recipient iban; beneficiary account number; payee iban; to account; transferee account; kontonummer
        empfanger; to/from account; tai khoan doi ung; so tai khoan doi ung; conta favorecido; conta destino
    """),
    "counterparty_name": _words("""
        name; counterparty name; naam tegenpartij; naam / omschrijving; beguenstigter/zahlungspflichtiger;
        begunstigter/zahlungspflichtiger; name zahlungsbeteiligter; auftraggeber / beguenstigter; payee;
        beneficiary; merchant; favorecido; begunstigter / auftraggeber; zahlungsempfanger*in; zahlungsempfanger;
        name der gegenpartei; title; doi tac; supplierfound; counter party; auftraggeber/empfanger; empfanger; payee
        name; partner name; partner; recipient; recipient name; counterpart; beneficiary name; nombre beneficiario;
        nome favorecido; controparte; beneficiario; tegenpartij; kontrahent nazwa; remitter; ten doi tac; ten tai
        khoan doi ung; nguoi thu huong; ten doi ung; ten nguoi thu huong; beneficiaire
    """),
    "counterparty_bank": _words("""
        counterparty bank; bic tegenpartij; bic zahlungsbeteiligter; nh doi tac; ngan hang doi tac; bic
        (swift-code); bic
    """),
    "booked_at": _words("""
        date; booking date; posting date; transaction date; txn date; datum; boekdatum; buchungstag; buchungsdatum;
        data; data lancamento; date operation; date de comptabilisation; ngay giao dich; tnx date; ngay hach toan;
        dateop; tran date; trans date; booked; transactiondate; bookingdate; data movimentacao; fecha; fecha
        operacion; data operazione; data contabile; completed date; ngay; buchung; umsatzdatum; date comptable;
        tarih; islem tarihi; data operacji; data ksiegowania; created; timestamp; datetime; date/time; post date;
        posted date; date posted; posted on; posted; transaction posted date; posting dt; booked on; entry date;
        transaction date/time; trx date; date of transaction; activity date; process date; processed date
    """),
    "time": _words("""
        time; tijd; uhrzeit; heure; hora; gio
    """),
    "value_date": _words("""
        value date; value dt; rentedatum; valuta; valutadatum; wertstellung; date valeur; date de valeur; wert;
        dateval; fecha valor; data valuta; valutadatum / wertstellung; interest date; data valor; ngay hieu luc;
        effective date; effective; eff date; value
    """),
    "amount": _words("""
        amount; bedrag; bedrag (eur); betrag; umsatz; montant; valor; valor (r$); so tien; transaction amount; local
        amount; importe; importo; kwota; transactieamount; umsatz in eur; transaction amount(inr);
        tutar; islem tutari; gross; kwota operacji; osszeg; objem; castka; belopp; belob; beloeb; maara; suma; iznos
    """),
    "debit": _words("""
        debit; debit amount; money out; paid out; withdrawal; withdrawal amt.; withdrawal amount; soll; af; debito;
        so tien ghi no; ghi no; no; no tktt; debit euros; withdrawals; debits; withdrawal(dr); phat sinh no; dare;
        cargo; addebiti; withdrawal amount (inr); paid out (gbp); lastschrift; belastung;
        obciazenie; obciazenia; borc; cikis; giden
    """),
    "credit": _words("""
        credit; credit amount; money in; paid in; deposit; deposit amt.; deposit amount; haben; bij; credito; so
        tien ghi co; ghi co; co; co tktt; credit euros; deposits; credits; deposit(cr); phat sinh co; avere; abono;
        accrediti; gutschrift; uznanie; uznania;
        alacak; giris; gelen
    """),
    "direction": _words("""
        direction; af bij; dr/cr; cr/dr; d/c; debit/credit; debet/credit; soll/haben; s/h; details; type dc; sens;
        debit or credit; segno; cargo/abono; debito/credito; borc/alacak; b/a; wn/ma
    """),
    "original_amount": _words("""
        original amount; oorspr bedrag; oorspronkelijk bedrag; originalbetrag; ursprungsbetrag; betrag in
        fremdwahrung; foreign amount; montant d'origine; montant devise; importe original; importo originale; amount
        in foreign currency; transaction currency amount; fremdwahrungsbetrag; valor original; so tien goc; so tien
        nguyen te
    """),
    "original_currency": _words("""
        original currency; oorspr munt; oorspronkelijke munt; originalwahrung; ursprungswahrung; fremdwahrung;
        foreign currency; devise d'origine; moneda original; divisa originale; transaction currency; moeda original;
        loai tien goc; nguyen te
    """),
    "fee": _words("""
        fee; fees; fee amount; transaction fee; bank charges; charges; charge amount; commission; gebuhr; gebuhren;
        fremde gebuhren; entgelt; kosten; transactiekosten; frais; commissions; comision; comisiones; commissioni;
        tarifa; taxa; phi; phi giao dich; so tien phi; oplata; prowizja; avgift; gebyr
    """),
    "kind": _words("""
        kind; transaction type; mutatiesoort; umsatzart; buchungstext; transaktionstyp; type; vorgang; type
        d'operation; type operation; tipo; tipo de transaccion; tipo movimento; tipo operazione; loai giao dich;
        subcategory; payment type; soort; code; transaction code; umsatztyp; rodzaj transakcji; typ
    """),
    "currency": _words("""
        currency; ccy; valuta munt; munt; muntsoort; wahrung; waehrung; devise; moeda; loai tien; moneda; divisa;
        waluta; waluta operacji; para birimi; doviz; doviz cinsi
    """),
    "booking_id": _words("""
        transaction id; id; ref; reference; reference number; volgnr; referenz; numero de reference; so tham chieu;
        so ct; so but toan; chq/ref number; ref no./cheque no.; transactiereferentie; identificador; documento;
        document; chq./ref.no.; doc no
    """),
    "end_to_end_id": _words("""
        end to end; end-to-end id; end to end id; kundenreferenz (end-to-end); kundenreferenz; e2e; end_to_end
    """),
    "mandate_id": _words("""
        mandaatreferentie; machtigingskenmerk; mandatsreferenz; mandate; rum
    """),
    "remittance": _words("""
        payment reference; description; narration; omschrijving; omschrijving-1; mededelingen; verwendungszweck;
        memo; notes; particulars; libelle; libelle simplifie; descricao; historico; lancamento; noi dung; dien giai;
        transaction description; noi dung chi tiet; noi dung giao dich; transactions in detail; transaction details;
        details of transaction; remarks; concepto; causale; descrizione; tytul
    """),
    "balance_after": _words("""
        balance; balance after; saldo na trn; saldo na mutatie; saldo nach buchung; saldo; saldo (r$); closing
        balance; so du; solde; running bal.; running balance; accountbalance; kontostand; available balance; saldo
        disponible; balance amount
    """),
    "status": _words("""
        status; info; state; buchungsstatus; trang thai
    """),
}

OWN_OR_OTHER = _words("""
    iban; account; account number; account no; konto; rekening; compte; conta; cuenta; conto; rachunek; hesap;
    so tai khoan
""")
"""Names that some banks give to the statement's own account, and others to the other party's."""

STATES: dict[str, tuple[str, ...]] = {
    "booked": _words("""
        gebucht; umsatz gebucht; booked; completed; posted; settled; geboekt; executed; success; thanh cong;
        successful; done
    """),
    "pending": _words("""
        vorgemerkt; umsatz vorgemerkt; pending; in behandeling; authorised; authorized; gereserveerd
    """),
    "rejected": _words("""
        declined; reverted; failed; cancelled; canceled; rejected; that bai; abgelehnt
    """),
}
"""What banks call the states of a line."""

TRANSFER_WORDS: dict[str, tuple[str, ...]] = {
    "transfer_id": _words("""
        transfer_id; transaction id; id; tran_id; txn id; txnid; reference
    """),
    "source": _words("""
        source; from; from account; sender; sender account; sender_account; orig_acct; nameorig; payer; debtor;
        debtor account; originator; from_account; tu tai khoan; van; von; de
    """),
    "target": _words("""
        target; to; to account; receiver; receiver account; receiver_account; bene_acct; namedest; payee; creditor;
        creditor account; beneficiary; to_account; den tai khoan; naar; an; para; vers
    """),
    "amount": _words("""
        amount; bedrag; bedrag (eur); betrag; umsatz; montant; valor; valor (r$); so tien; transaction amount; local
        amount; importe; importo; kwota; transactieamount; umsatz in eur; transaction amount(inr); amount paid;
        base_amt
    """),
    "currency": _words("""
        currency; ccy; valuta munt; munt; muntsoort; wahrung; waehrung; devise; moeda; loai tien; payment currency;
        payment_currency
    """),
    "at": _words("""
        at; timestamp; datetime; tran_timestamp; step; date; booking date; posting date; transaction date; txn date;
        datum; boekdatum; buchungstag; buchungsdatum; data; data lancamento; date operation; date de
        comptabilisation; ngay giao dich; tnx date; ngay hach toan; dateop; tran date; trans date; booked;
        transactiondate; bookingdate; data movimentacao; fecha; fecha operacion; data operazione; data contabile;
        completed date; ngay; buchung; umsatzdatum; date comptable
    """),
    "time": _words("""
        time; tijd; uhrzeit; heure; hora; gio
    """),
    "channel": _words("""
        channel; type; payment format; payment_type; payment type; tx_type; method
    """),
    "reference": _words("""
        description; narration; omschrijving; omschrijving-1; mededelingen; verwendungszweck; memo; notes;
        particulars; libelle; libelle simplifie; descricao; historico; lancamento; noi dung; dien giai; transaction
        description
    """),
}

ACCOUNT_WORDS: dict[str, tuple[str, ...]] = {
    "account_id": _words("""
        account_id; acct_id; account number; account no; iban; rekeningnummer; kontonummer
    """),
    "bank": _words("""
        bank; bank_id; bic; bank code
    """),
    "holder_id": _words("""
        holder_id; customer_id; customer; client_id; cif; party_id
    """),
    "kind": _words("""
        kind; type; account type; acct_type; product
    """),
    "opened_on": _words("""
        opened_on; open date; opened; open_dt; opening date
    """),
    "closed_on": _words("""
        closed_on; close date; closed; closing date
    """),
    "currency": _words("""
        currency; ccy; valuta munt; munt; muntsoort; wahrung; waehrung; devise; moeda; loai tien; acct_rptng_crncy
    """),
}


def plain(text: str) -> str:
    """A column's name for comparing: lower case, no accents, single blanks."""
    bare = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D").replace("ß", "ss"))
    kept = "".join(sign for sign in bare if not unicodedata.combining(sign))
    return re.sub(r"\s+", " ", kept).strip().lower()


_BRACKETS = re.compile(r"\s*[(\[][^)\]]*[)\]]$")


def _column_name(text: str) -> str:
    """The same for a column's name: blanks around a slash do not count, and a line break in a cell is one."""
    lines = " / ".join(part for part in re.split(r"[\r\n]+", text) if part.strip())
    return re.sub(r"\s*/\s*", "/", plain(lines))


def _without_currency(name: str) -> str:
    """A column's name without what stands in brackets behind it, and without a currency: Gutschrift in CHF."""
    bare = _BRACKETS.sub("", name)
    last = re.search(r" (?:in |en |i )?([a-z]{3})$", bare)
    return bare[: last.start()] if last and last[1].upper() in minor_exponents() else bare


def named(header: list[str], words: dict[str, tuple[str, ...]]) -> dict[str, int]:
    """Our columns by the place (from 0) of the header's that is called so; the most usual name wins.

    What stands in brackets behind a name (a currency, nearly always) does not count where the whole name is not known,
    nor does the second language of a name in two.
    """
    names = [_column_name(name) for name in header]
    short = [_without_currency(name) for name in names]
    found: dict[str, int] = {}
    for listed in (names, short):
        for ours, theirs in words.items():
            for word in (ours, *theirs):
                if ours not in found and listed.count(word) == 1 and listed.index(word) not in found.values():
                    found[ours] = listed.index(word)
                    break
    in_two = [_in_two_languages(name, words) for name in short]
    for ours in words:
        if ours not in found and in_two.count(ours) == 1 and in_two.index(ours) not in found.values():
            found[ours] = in_two.index(ours)
    return found


def _in_two_languages(name: str, words: dict[str, tuple[str, ...]]) -> str:
    """Our column for a name in two languages, as Vietnam's banks write it: by a half before or behind a slash, or by
    both of two names behind each other; '' where neither is known."""
    of = {word: ours for ours, theirs in words.items() for word in theirs}
    halves = [of[half.strip()] for half in name.split("/") if half.strip() in of] if "/" in name else []
    if {"debit", "credit"} <= set(halves):
        return "direction"
    if halves:
        return halves[0]
    parts = name.split(" ")
    for place in range(1, len(parts)):
        first, second = of.get(" ".join(parts[:place])), of.get(" ".join(parts[place:]))
        if first is not None and first == second:
            return first
    return ""


def known_names(row: list[str]) -> int:
    """How many cells of a row are names that banks give to columns."""
    tables = (BOOKING_WORDS, TRANSFER_WORDS, ACCOUNT_WORDS)
    words = {word for table in tables for each in table.values() for word in each}
    words |= {name for table in tables for name in table}
    names = [_without_currency(_column_name(name)) for name in row]
    known = [name in words or any(_in_two_languages(name, table) for table in tables) for name in names if name]
    whole = [_column_name(name) in words for name in row if name]
    return max(sum(known), sum(whole))
