"""Bookings become transfers: each payment once, to the cent, whoever tells of it and however often."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest

from mulegraph.errors import DataError
from mulegraph.ingest.forget import forget

from .files import ANN, BEN, CEM, DOT, NOON, Files
from .readers.writers import Payment, camt053, camt_document, debit_credit_csv, mt940


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def pay(source: str, target: str, cents: int, minute: int = 0, **more: str) -> Payment:
    return Payment(source, target, cents, NOON + dt.timedelta(minutes=minute), **more)


def both_sides(*payments: Payment) -> str:
    return camt_document(
        camt053(account, [each for each in payments if account in (each.source, each.target)])
        for account in dict.fromkeys([each.source for each in payments] + [each.target for each in payments])
    )


def test_both_banks_lines_of_a_payment_are_one_transfer(files: Files):
    """By its reference; and two equal payments with two references stay two."""
    files.write("a.xml", both_sides(pay(ANN, CEM, 1000, reference="E1"), pay(ANN, CEM, 1000, 1, reference="E2")))

    report = files.load()

    assert [row[:3] for row in files.moved()] == [(ANN, CEM, Decimal("10.000"))] * 2
    assert report.bookings.joined == 2


def test_equal_payments_without_reference_stay_as_many_as_they_are(files: Files):
    """Three on either side are three, and it is told that they were joined without a reference."""
    files.write("a.xml", both_sides(*(pay(ANN, CEM, 500) for _ in range(3))))

    report = files.load()

    assert len(files.moved()) == 3
    assert (report.bookings.joined_without_reference, report.bookings.ambiguous) == (3, 3)


def test_parties_that_contradict_are_not_joined(files: Files):
    """The same reference and amount between others is another payment."""
    files.write("a.xml", camt_document([camt053(ANN, [pay(ANN, CEM, 700, reference="1")])]))
    files.write("b.xml", camt_document([camt053(DOT, [pay(BEN, DOT, 700, reference="1")])]))

    files.load()

    assert [row[:2] for row in files.moved()] == sorted([(ANN, CEM), (BEN, DOT)])


def test_the_other_bank_s_statement_of_tomorrow_adds_no_second_transfer(files: Files):
    """A payment that is in the ledger from one side is known when the other side comes with a later load."""
    payments = [pay(ANN, CEM, 700, reference="E1"), pay(ANN, CEM, 900), pay(ANN, CEM, 900, 5)]
    files.write("a.xml", camt_document([camt053(ANN, payments)]))
    files.load()
    files.write("b.xml", camt_document([camt053(CEM, payments)]))

    report = files.load()

    assert len(files.moved()) == 3
    assert (report.bookings.transfers, report.bookings.joined) == (0, 3)


def test_overlapping_exports_add_only_what_is_new(files: Files):
    """Whatever the file is called."""
    first, second = [pay(ANN, CEM, 149), pay(ANN, CEM, 149)], pay(ANN, CEM, 676, 60)
    files.write("feb.sta", mt940(ANN, first))
    files.load()
    files.write("copy of feb.txt", mt940(ANN, [*first, second], number=2))

    files.load()

    assert [row[2] for row in files.moved()] == [Decimal("1.490")] * 2 + [Decimal("6.760")]


def batch(*payers: str) -> str:
    """A notification or statement of ANN with one batch of 10.00: its payments of 4.00 and 6.00, or one sum."""
    day = "<BookgDt><Dt>2026-02-03</Dt></BookgDt>"
    parts = "".join(
        f'<TxDtls><Amt Ccy="EUR">{amount}</Amt><RltdPties><DbtrAcct><Id><IBAN>{payer}</IBAN></Id></DbtrAcct>'
        "</RltdPties></TxDtls>"
        for payer, amount in zip(payers, ("4.00", "6.00"), strict=False)
    )
    return camt_document(
        [
            f"<Stmt><Id>S</Id><Acct><Id><IBAN>{ANN}</IBAN></Id><Ccy>EUR</Ccy></Acct><Ntry>"
            '<Amt Ccy="EUR">10.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>'
            f"{day}<AcctSvcrRef>B-1</AcctSvcrRef><NtryDtls>{parts}</NtryDtls></Ntry></Stmt>"
        ]
    )


@pytest.mark.parametrize("order", [("sum", "parts"), ("parts", "sum"), ("sum and parts",)])
def test_a_batch_and_its_payments_are_the_same_money_in_whatever_order_they_come(files: Files, order: tuple[str, ...]):
    """Ten euros stay ten, also where the notification comes with an earlier or a later load."""
    parts_left_out = []
    for load_ in order:
        if "sum" in load_:
            files.write("a-053.xml", batch())
        if "parts" in load_:
            files.write("b-054.xml", batch(CEM, DOT))
        parts_left_out.append(files.load().bookings.parts_of_known)

    assert sum(row["amount"] for row in files.rows()) == 10
    assert parts_left_out[-1] == (2 if order == ("sum", "parts") else 0)
    assert len(files.moved()) == (1 if order == ("sum", "parts") else 2)


def notification(statement: str) -> str:
    """The same as a camt.054."""
    return statement.replace("BkToCstmrStmt>", "BkToCstmrDbtCdtNtfctn>").replace("Stmt>", "Ntfctn>")


OTHER_REFERENCES = {"another": "<AcctSvcrRef>N-9</AcctSvcrRef>", "none": ""}


@pytest.mark.parametrize("reference", OTHER_REFERENCES.values(), ids=OTHER_REFERENCES)
@pytest.mark.parametrize("order", [("sum", "parts"), ("parts", "sum"), ("sum and parts",)])
def test_a_notification_is_known_by_its_sum_where_its_reference_is_not(
    files: Files, order: tuple[str, ...], reference: str
):
    """Also among another anonymous credit of the same sum, which stays: twenty euros are twenty."""
    notified = notification(batch(CEM, DOT)).replace("<AcctSvcrRef>B-1</AcctSvcrRef>", reference)
    start, end = batch().index("<Ntry>"), batch().index("</Ntry>") + len("</Ntry>")
    another = batch()[start:end].replace("B-1", "B-2")
    for load_ in order:
        if "sum" in load_:
            files.write("a-053.xml", batch()[:end] + another + batch()[end:])
        if "parts" in load_:
            files.write("b-054.xml", notified)
        files.load()

    assert sum(row["amount"] for row in files.rows()) == 20


def test_payments_that_a_statement_lists_one_by_one_take_no_other_sum(files: Files):
    """A deposit that happens to be as much as they are stays."""
    listed = batch(CEM, DOT)
    end = listed.index("</Ntry>") + len("</Ntry>")
    deposit = batch()[batch().index("<Ntry>") : batch().index("</Ntry>")] + "</Ntry>"
    files.write("a-053.xml", listed[:end] + deposit.replace("B-1", "B-2") + listed[end:])
    files.write("b-054.xml", notification(listed))

    files.load()

    assert sum(row["amount"] for row in files.rows()) == 20


def test_one_account_s_export_and_statement_are_the_same_lines(files: Files):
    """Whichever comes first; the statement has the bank's references, the export the parties and the clock."""
    noon = f"{NOON:%Y-%m-%dT%H:%M:%SZ}"
    rows = [f"{ANN},out,{cents},EUR,{CEM},{noon}" for cents in ("40.00", "40.00", "30.00")]
    head = "account_id,direction,amount,currency,counterparty_id,booked_at"
    entries = "".join(
        f'<Ntry><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-02-03'
        f"</Dt></BookgDt><AcctSvcrRef>{reference}</AcctSvcrRef></Ntry>"
        for reference, amount in (("R1", "40.00"), ("R2", "40.00"), ("R3", "31.00"))
    )
    files.write("bookings.csv", "\n".join([head, *rows, ""]))
    files.write("a.xml", camt_document([f"<Stmt><Id>S</Id><Acct><Id><IBAN>{ANN}</IBAN></Id></Acct>{entries}</Stmt>"]))

    report = files.load('[bookings]\nfiles = ["bookings.csv"]\n')

    assert report.bookings.alike == 2
    assert [(row[1], row[2]) for row in files.moved()][:3] == [(CEM, 30), (CEM, 40), (CEM, 40)]
    assert len(files.moved()) == 4


def test_a_line_stands_for_one_line_of_another_file_only(files: Files):
    """50.00 from somebody and 50.00 of cash are two, though the statement knows one of them."""
    head = "account_id,direction,amount,currency,counterparty_id,booked_at"
    files.write("bookings.csv", f"{head}\n{ANN},in,50.00,EUR,{CEM},2026-02-03\n{ANN},in,50.00,EUR,,2026-02-03\n")
    files.write("a.sta", mt940(ANN, [pay(CEM, ANN, 5000)]))

    report = files.load('[bookings]\nfiles = ["bookings.csv"]\n')

    assert (report.bookings.alike, len(files.moved())) == (1, 2)


def test_the_export_of_the_bank_that_booked_a_day_later_adds_nothing(files: Files):
    """The line is known by its own day, not by that of the transfer, which is the payer's."""
    paid = dt.datetime(2026, 2, 2, 12, tzinfo=dt.UTC)
    received = paid + dt.timedelta(days=1)
    files.write("a.sta", mt940(ANN, [Payment(ANN, CEM, 10000, paid)]))
    files.write("b.sta", mt940(CEM, [Payment(ANN, CEM, 10000, received)]))
    files.load()
    files.write("bookings.csv", debit_credit_csv(CEM, [Payment(ANN, CEM, 10000, received)]))

    report = files.load('[bookings]\nfiles = ["bookings.csv"]\n')

    assert (report.bookings.alike, len(files.moved())) == (1, 1)


def test_an_export_that_comes_after_the_statement_adds_nothing(files: Files):
    """The ledger knows the lines by account, day, sum and party."""
    files.write("a.sta", mt940(ANN, [pay(ANN, CEM, 4000), pay(ANN, CEM, 4000)]))
    files.load()
    files.write("bookings.csv", debit_credit_csv(ANN, [pay(ANN, CEM, 4000), pay(ANN, CEM, 4000), pay(ANN, CEM, 7)]))

    report = files.load('[bookings]\nfiles = ["bookings.csv"]\n')

    assert (report.bookings.alike, len(files.moved())) == (2, 3)


@pytest.mark.parametrize(("friday", "days", "joined"), [(6, 3, 1), (6, 2, 1), (2, 3, 0), (5, 4, 0)])
def test_a_weekend_between_two_banks_lines_is_no_time(files: Files, friday: int, days: int, joined: int):
    """Paid on Friday and received on Monday is one payment; Monday to Thursday is told as near."""
    at = dt.datetime(2026, 3, friday, 9, tzinfo=dt.UTC)
    files.write("a.sta", mt940(ANN, [Payment(ANN, CEM, 7000, at)]).replace("260202", f"26030{friday}"))
    files.write("b.sta", mt940(CEM, [Payment(ANN, CEM, 7000, at + dt.timedelta(days=days))]))

    report = files.load()

    assert (report.bookings.joined, report.bookings.near) == (joined, 1 - joined)


def returned(own_id: str, amount: str, day: int, currency: str = "EUR") -> str:
    """A pacs.004 that names the payment by its reference."""
    return (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.004.001.09"><PmtRtr><GrpHdr><MsgId>M</MsgId></GrpHdr>'
        f"<TxInf><RtrId>{own_id}</RtrId><OrgnlEndToEndId>E1</OrgnlEndToEndId>"
        f'<RtrdIntrBkSttlmAmt Ccy="{currency}">{amount}</RtrdIntrBkSttlmAmt>'
        f"<IntrBkSttlmDt>2026-02-{day:02}</IntrBkSttlmDt></TxInf></PmtRtr></Document>"
    )


def test_a_payment_may_come_back_in_equal_parts(files: Files):
    """Two halves are two returns; a third is told, and so is one in another currency."""
    files.write("a.sta", mt940(ANN, [pay(ANN, CEM, 10000, reference="E1")]))
    files.write("r1.xml", returned("R1", "50.00", 4))
    files.write("r2.xml", returned("R2", "50.00", 4))
    files.write("copy of r2.xml", returned("R2", "50.00", 4) + " ")

    first = files.load().bookings

    assert (sorted(row[2] for row in files.moved()), first.over_returned) == ([50, 50, 100], 0)

    files.write("r3.xml", returned("R3", "50.00", 5))
    files.write("r4.xml", returned("R4", "54.00", 5, "USD"))
    second = files.load().bookings

    assert (second.returns, second.over_returned, second.returns_unlike, second.returns_of_unknown) == (1, 1, 1, 0)


def test_bookings_read_with_another_mapping_are_not_counted_twice(files: Files):
    """The load is refused, and names the one to take back; after that it loads."""
    files.write("b.csv", f"account_id,direction,amount,currency,IBAN,booked_at\n{ANN},out,5.00,EUR,{CEM},2026-02-03\n")
    first = files.load('[bookings]\nfiles = ["b.csv"]\n')

    better = '[bookings]\nfiles = ["b.csv"]\ncolumns.counterparty_id = "IBAN"\n'
    with pytest.raises(DataError, match=f"load {first.load} read this file with another mapping"):
        files.load(better)

    forget(files.workspace, first.load)
    files.load(better)
    assert [row[1] for row in files.moved()] == [CEM]


def test_a_batch_that_its_payments_do_not_add_up_to_is_told(files: Files):
    """It counts as one booking; the file, the line and both sums are named."""
    files.write("a.xml", batch(CEM, DOT).replace("6.00", "5.00"))

    (remark,) = files.load().bookings.remarks

    assert "a.xml" in remark
    assert "10 against 9" in remark


def test_an_id_that_a_bank_gives_again_names_another_line(files: Files):
    """Two payments of one id are two; the same line again is one."""
    head = "account_id,booking_id,direction,amount,currency,counterparty_id,booked_at\n"
    rows = [f"{ANN},7,out,{cents},EUR,{CEM},2026-02-03" for cents in (5, 6, 5)]
    files.write("bookings.csv", head + "\n".join(rows) + "\n")

    files.load('[bookings]\nfiles = ["bookings.csv"]\n')

    assert [int(row[2]) for row in files.moved()] == [5, 6]


def test_a_missing_line_is_told_with_page_and_difference(files: Files):
    """Opening + bookings = closing, or the load says which page and by how much; the ledger stays as it was."""
    text = camt053(ANN, [pay(ANN, CEM, 700, reference="E1"), pay(ANN, CEM, 900)])
    start = text.index("<Ntry>")
    files.write("a.xml", camt_document([text[:start] + text[text.index("<Ntry>", start + 1) :]]))

    with pytest.raises(DataError, match=r"a\.xml: statement ST-.*-7\.00 is missing") as caught:
        files.load()

    assert ANN not in str(caught.value)
    assert not (files.workspace / "ledger" / "CURRENT").exists()


def test_a_card_payment_without_a_number_is_not_cash(files: Files):
    """Only withdrawals and pay-ins are; fees go to the bank; each way has a stand-in of its own."""
    head = "account_id,bank,direction,amount,currency,kind,booked_at\n"
    rows = [
        f"{ANN},TSTANL2A,out,{amount},EUR,{kind},2026-02-03T10:00:00Z"
        for amount, kind in ((5, "card"), (6, "cash"), (7, "fee"), (8, "transfer"))
    ]
    rows.append(f"{ANN},TSTANL2A,in,9,EUR,transfer,2026-02-03T10:00:00Z")
    files.write("bookings.csv", head + "\n".join(rows) + "\n")

    report = files.load('[bookings]\nfiles = ["bookings.csv"]\n')

    ends = {int(row["amount"]): (row["source"], row["target"]) for row in files.rows()}
    assert ends[6] == (ANN, None)
    assert ends[5][1] == "TSTANL2A:cards:payee:EUR"
    assert ends[7][1] == "TSTANL2A:fees:payee:EUR"
    assert ends[8][1] != ends[9][0]
    assert report.bookings.open_ends == 4


def test_a_return_names_what_it_gives_back(files: Files):
    """The transfer back has the first one's id in `returns`."""
    back = camt053(CEM, [pay(ANN, CEM, 700, reference="E1"), pay(CEM, ANN, 700, 30, reference="E1")])
    code = "<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>ICDT</Cd><SubFmlyCd>RRTN</SubFmlyCd></Fmly></Domn></BkTxCd>"
    place = back.rindex("<NtryDtls>")
    files.write("a.xml", camt_document([back[:place] + code + back[place:]]))

    files.load()

    first, second = sorted(files.rows(), key=lambda row: row["at"])
    assert (first["returns"], second["returns"]) == (None, first["transfer_id"])


def test_banks_are_called_as_the_ledger_calls_them(files: Files):
    """By accounts.csv where it has one of the same bank code, else by BIC, else by country and code."""
    files.write("accounts.csv", f"account_id,bank,kind,currency\n{BEN},OWN,personal,EUR\n")
    files.write("a.xml", camt_document([camt053(ANN, [pay(ANN, CEM, 700), pay(ANN, BEN, 100)], bic="TSTANL2A")]))

    files.load()

    banks = {row["account_id"]: (row["bank"], row["kind"]) for row in files.rows("accounts")}
    assert banks == {ANN: ("OWN", "unknown"), BEN: ("OWN", "personal"), CEM: ("NLTSTB", "unknown")}


def test_closing_balances_are_in_the_ledger(files: Files):
    """At the end of their day."""
    files.write("a.sta", mt940(ANN, [pay(ANN, CEM, 700)]))

    files.load()

    closing = max(files.rows("balances"), key=lambda row: row["at"])
    assert (closing["balance"], closing["at"].date(), closing["kind"]) == (Decimal("993.000"), NOON.date(), "booked")
