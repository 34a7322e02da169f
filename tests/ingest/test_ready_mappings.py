"""Mappings that come with mulegraph, each on a file of its bank's or data set's shape with made-up rows."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mulegraph.ingest.load import load
from mulegraph.ingest.mapping import mapping_of, read_mapping
from mulegraph.ingest.preview import preview
from mulegraph.ingest.propose import propose
from mulegraph.ledger.ledger import Ledger

MAPPINGS = Path(__file__).parents[2] / "sample_data" / "mappings"


@dataclass(frozen=True)
class Export:
    """A file of a bank: what `mappings/NAME.toml` makes of it, as (source, target, amount, currency, UTC time)."""

    mapping: str
    file: str
    text: str
    moved: tuple[tuple[str, str, str, str, str], ...]
    encoding: str = "utf-8"


EXPORTS = [
    Export(
        "ing_nl",
        "NL60INGB0000000011_01-02-2026_28-02-2026.csv",
        '"Datum";"Naam / Omschrijving";"Rekening";"Tegenrekening";"Code";"Af Bij";"Bedrag (EUR)";"Mutatiesoort";'
        '"Mededelingen";"Saldo na mutatie";"Tag"\n'
        '"20260203";"P. Test";"NL91INGB0000000011";"NL83TSTB0000000033";"OV";"Af";"80,50";"";"huur";"919,50";""\n'
        '"20260204";"J. Voorbeeld";"NL91INGB0000000011";"NL83TSTB0000000033";"OV";"Bij";"1250,00";"";"";"2169,50";""\n',
        (
            ("NL91INGB0000000011", "NL83TSTB0000000033", "80.5", "EUR", "2026-02-03"),
            ("NL83TSTB0000000033", "NL91INGB0000000011", "1250", "EUR", "2026-02-04"),
        ),
    ),
    Export(
        "rabobank_nl",
        "CSV_A_20260228_120000.csv",
        '"IBAN/BBAN","Munt","BIC","Volgnr","Datum","Rentedatum","Bedrag","Saldo na trn","Tegenrekening IBAN/BBAN",'
        '"Naam tegenpartij","BIC tegenpartij","Betalingskenmerk","Machtigingskenmerk","Omschrijving-1"\n'
        '"NL44RABO0000000011","EUR","RABONL2U","000000000000000007","2026-02-03","2026-02-03","-12,50","+87,50",'
        '"NL83TSTB0000000033","Café Één","TSTBNL2A","","","lunch"\n'
        '"NL44RABO0000000011","EUR","RABONL2U","000000000000000008","2026-02-04","2026-02-04","+1.000,00","+1.087,50",'
        '"NL83TSTB0000000033","J. Test","TSTBNL2A","","",""\n',
        (
            ("NL44RABO0000000011", "NL83TSTB0000000033", "12.5", "EUR", "2026-02-03"),
            ("NL83TSTB0000000033", "NL44RABO0000000011", "1000", "EUR", "2026-02-04"),
        ),
        "windows-1252",
    ),
    Export(
        "sparkasse_de",
        "20260228-1000101-umsatz-camt52v8.CSV",
        '"Auftragskonto";"Buchungstag";"Valutadatum";"Buchungstext";"Verwendungszweck";"Mandatsreferenz";'
        '"Kundenreferenz (End-to-End)";"Beguenstigter/Zahlungspflichtiger";"Kontonummer/IBAN";"BIC (SWIFT-Code)";'
        '"Betrag";'
        '"Waehrung";"Info"\n'
        '"DE95999000110000000101";"03.02.26";"03.02.26";"UEBERWEISUNG";"Miete für März";"";"";"Müller";'
        '"DE81999000220000000202";"TESTDE00XXX";"-98,76";"EUR";"Umsatz gebucht"\n'
        '"DE95999000110000000101";"04.02.26";"04.02.26";"GUTSCHRIFT";"";"";"";"T";"DE81999000220000000202";"TESTDE00XXX";'
        '"1.250,00";"EUR";"Umsatz gebucht"\n'
        '"DE95999000110000000101";"05.02.26";"05.02.26";"KARTE";"";"";"";"Test";"DE81999000220000000202";"TESTDE00XXX";'
        '"-5,00";"EUR";"Umsatz vorgemerkt"\n',
        (
            ("DE95999000110000000101", "DE81999000220000000202", "98.76", "EUR", "2026-02-03"),
            ("DE81999000220000000202", "DE95999000110000000101", "1250", "EUR", "2026-02-04"),
        ),
        "windows-1252",
    ),
    Export(
        "barclays_uk",
        "barclays-february.csv",
        "Number,Date,Account,Amount,Subcategory,Memo\n"
        " ,03/02/2026,20-00-00 00000011,-25.00,CASH,ATM HIGH STREET\n"
        " ,13/02/2026,20-00-00 00000011,-40.10,CASH,ATM STATION\n",
        (("20000000000011", "", "25", "GBP", "2026-02-03"), ("20000000000011", "", "40.1", "GBP", "2026-02-13")),
    ),
    Export(
        "chase_us",
        "Chase0011_Activity_20260228.CSV",
        "Details,Posting Date,Description,Amount,Type,Balance,Check or Slip #\n"
        "DEBIT,02/03/2026,ATM WITHDRAWAL,-200.00,ATM,800.00,\n"
        "CREDIT,02/13/2026,ATM CASH DEPOSIT,50.00,ATM_DEPOSIT,850.00,\n",
        (("0011", "", "200", "USD", "2026-02-03"), ("", "0011", "50", "USD", "2026-02-13")),
    ),
    Export(
        "vietcombank_vn",
        "sao_ke_vietcombank.csv",
        "SAO KÊ TÀI KHOẢN,,,,,\nSố tài khoản: 0000000000011,,,,,\nTừ ngày: 01/02/2026,,,,,\n,,,,,\n"
        "Ngày giao dịch,Số tham chiếu,Số tiền ghi nợ,Số tiền ghi có,Số dư,Mô tả\n"
        '03/02/2026,5078 - 001,"7,000,000",,"3,000,000",chuyen tien\n'
        '04/02/2026,5078 - 002,,"500,000","3,500,000",nhan tien\n'
        '"Tổng ghi nợ: 7,000,000 Tổng ghi có: 500,000",,,,,\n',
        (
            ("0000000000011", "BFTVVNVX:others:payee:VND", "7000000", "VND", "2026-02-03"),
            ("BFTVVNVX:others:payer:VND", "0000000000011", "500000", "VND", "2026-02-04"),
        ),
    ),
    Export(
        "itau_br",
        "extrato_itau.csv",
        "Extrato de conta corrente;;;\nAgência: 0001 Conta: 00011-6;;;\n;;;\n"
        "data;lançamento;valor (R$);saldos (R$)\n"
        "02/02/2026;SALDO ANTERIOR;;1.000,00\n"
        "03/02/2026;PIX ENVIADO;-1.234,56;\n"
        "04/02/2026;PIX RECEBIDO;10,00;\n",
        (
            ("00011-6", "ITAUBRSP:others:payee:BRL", "1234.56", "BRL", "2026-02-03"),
            ("ITAUBRSP:others:payer:BRL", "00011-6", "10", "BRL", "2026-02-04"),
        ),
        "windows-1252",
    ),
    Export(
        "hdfc_in",
        "hdfc_statement.txt",
        "Statement of account,,,,,,\nAccount No : 00000000000011,,,,,,\n"
        "Date,Narration,Value Dat,Debit Amount,Credit Amount,Chq/Ref Number,Closing Balance\n"
        '03/02/26,NEFT DR,03/02/26,"12,34,567.00",0.00,N001,"1,00,000.00"\n'
        '14/02/26,UPI CR,14/02/26,0.00,500.50,N002,"1,00,500.50"\n',
        (
            ("00000000000011", "HDFCINBB:others:payee:INR", "1234567", "INR", "2026-02-03"),
            ("HDFCINBB:others:payer:INR", "00000000000011", "500.5", "INR", "2026-02-14"),
        ),
    ),
    Export(
        "bnp_fr",
        "E0001_bnp.csv",
        "Compte de chèques;FR76 3000 4000 0100 0000 0001 145;28/02/2026;1 234,56\n"
        "Date operation;Libelle court;Type operation;Libelle operation;Montant operation en euro\n"
        "03/02/2026;RETRAIT;Retrait;RETRAIT DAB;-1\u00a0234,56\n"
        "13/02/2026;RETRAIT;Retrait;RETRAIT DAB;-20,00\n",
        (
            ("FR7630004000010000000001145", "", "1234.56", "EUR", "2026-02-03"),
            ("FR7630004000010000000001145", "", "20", "EUR", "2026-02-13"),
        ),
        "windows-1252",
    ),
    Export(
        "saml_d",
        "SAML-D.csv",
        "Time,Date,Sender_account,Receiver_account,Amount,Payment_currency,Received_currency,Sender_bank_location,"
        "Receiver_bank_location,Payment_type,Is_laundering,Laundering_type\n"
        "10:35:19,2026-02-03,8724731955,2769355426,1459.15,UK pounds,UK pounds,UK,UK,Cash Deposit,0,Normal\n"
        "10:35:20,2026-07-03,1491989064,8401255335,6019.64,UK pounds,Dirham,UK,UAE,Cross-border,0,Normal_Fan_Out\n"
        "10:35:21,2026-07-03,8401255335,1491989064,70.10,Euro,UK pounds,UAE,UK,Cross-border,0,Normal_Fan_Out\n",
        (
            ("8724731955", "2769355426", "1459.15", "GBP", "2026-02-03"),
            ("1491989064", "8401255335", "6019.64", "GBP", "2026-07-03"),
            ("8401255335", "1491989064", "70.1", "EUR", "2026-07-03"),
        ),
    ),
    Export(
        "paysim",
        "paysim.csv",
        "step,type,amount,nameOrig,oldbalanceOrg,newbalanceOrig,nameDest,oldbalanceDest,newbalanceDest,isFraud\n"
        "1,PAYMENT,9839.64,C1001,170136.0,160296.36,M2001,0.0,0.0,0\n"
        "25,CASH_OUT,181.0,C1003,181.0,0.0,C1004,21182.0,0.0,1\n"
        "25,CASH_IN,143.5,C1005,0.0,143.5,C1006,500.0,356.5,0\n",
        (
            ("C1001", "M2001", "9839.64", "EUR", "2026-01-01"),
            ("C1003", "C1004", "181", "EUR", "2026-01-02"),
            ("C1006", "C1005", "143.5", "EUR", "2026-01-02"),
        ),
    ),
    Export(
        "amlworld",
        "HI-Small_Trans.csv",
        "Timestamp,From Bank,Account,To Bank,Account,Amount Received,Receiving Currency,Amount Paid,Payment Currency,"
        "Payment Format,Is Laundering\n"
        "2022/09/01 00:20,010,80001,011,80001,3697.34,US Dollar,3697.34,US Dollar,ACH,0\n"
        "2022/09/01 00:26,011,80001,012,8000F,14.50,Euro,16.07,US Dollar,Wire,0\n",
        (
            ("010-80001", "011-80001", "3697.34", "USD", "2022-09-01"),
            ("011-80001", "012-8000F", "16.07", "USD", "2022-09-01"),
        ),
    ),
    Export(
        "amlgentex",
        "tx_log.csv",
        "step,type,amount,nameOrig,bankOrig,nameDest,bankDest,isSAR,alertID\n"
        "0,TRANSFER,939.31,7408,handelsbanken,8615,swedbank,0,-1\n"
        "1,CASH,100.00,7408,handelsbanken,-2,,1,3\n",
        (("7408", "8615", "939.31", "SEK", "2026-01-01"), ("7408", "", "100", "SEK", "2026-01-02")),
    ),
]
NAMES = [export.mapping for export in EXPORTS]
BANKS = [export for export in EXPORTS if "_" in export.mapping and export.mapping != "saml_d"]


def written(export: Export, folder: Path) -> Path:
    path = folder / export.file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(export.text.encode(export.encoding))
    return path


def payment(row: dict[str, Any]) -> tuple[str, str, str, str, str]:
    amount = f"{row['amount'].normalize():f}"
    return row["source"] or "", row["target"] or "", amount, row["currency"], str(row["at"].date())


@pytest.mark.parametrize("export", EXPORTS, ids=NAMES)
def test_a_ready_mapping_loads_its_bank_s_file(export: Export, tmp_path: Path):
    """Every row that is a booked payment is in the ledger, with its direction, amount and day, and none twice."""
    written(export, tmp_path / "files")

    report = load(tmp_path / "files", tmp_path / "workspace", mapping=read_mapping(MAPPINGS / f"{export.mapping}.toml"))

    assert report.rejects == {}
    rows = Ledger(tmp_path / "workspace" / "ledger").arrow("transfers").to_pylist()
    assert sorted(map(payment, rows)) == sorted(export.moved)


def test_every_ready_mapping_is_tried(tmp_path: Path):
    """AMLSim's is tried with its own files elsewhere."""
    assert {path.stem for path in MAPPINGS.glob("*.toml")} == {*NAMES, "amlsim"}


@pytest.mark.parametrize("export", BANKS, ids=[export.mapping for export in BANKS])
def test_a_proposal_for_a_bank_s_file_reads_its_rows(export: Export, tmp_path: Path):
    """`map` alone finds layout, marks, dates and direction; what it cannot know it says it is unsure of."""
    path = written(export, tmp_path)

    proposal = propose(path)

    # What stands nowhere in the file a person fills in; the rows shown are read with a guess.
    (currency,) = {row[3] for row in export.moved}
    text = proposal.tried.replace('constants.currency = "EUR"', f'constants.currency = "{currency}"')
    mapping = mapping_of(tomllib.loads(text), "proposal")
    seen = preview(path, mapping, proposal.table, rows=10)
    assert proposal.table == "bookings", proposal.text
    amounts = {row["amount"].rstrip("0").rstrip(".") for row in seen.rows}
    assert {amount for _, _, amount, _, _ in export.moved} <= amounts, (proposal.text, seen)
    assert bool(proposal.unsure) >= ('"?"' in proposal.text)
