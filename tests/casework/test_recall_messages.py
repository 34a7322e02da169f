"""Support requests and recalls, judged by the official schema; replies read back, hostile ones refused; reply days."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import camt_exceptions
import pytest
import xmlschema

from mulegraph.casework.claims import Why
from mulegraph.casework.deadlines import all_deadlines, deadline_of
from mulegraph.casework.message_text import is_iban
from mulegraph.casework.recall_messages import Held, Payment, Request, Sender, recall
from mulegraph.casework.reply_messages import Known, read_reply
from mulegraph.casework.workdays import reply_by
from mulegraph.errors import DataError, UsageError
from mulegraph.schema.choices import LANGUAGES, RequestKind
from mulegraph.views.request import letter

SCHEMAS = Path(camt_exceptions.__file__).parent / "templates"
EVIL = '<b onclick="x">&amp; #emph[x] "'


@pytest.fixture(scope="module")
def recall_schema() -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(str(SCHEMAS / "camt.056.001.12" / "camt.056.001.12.xsd"))


UETR = "00000000-0000-4000-8000-000000000001"


def request_of(**changed) -> Request:
    payment = Payment(
        "T1",
        datetime(2026, 1, 5, 9),
        Decimal("1000.00"),
        "NORD1",
        "NORD",
        "SUED1",
        Decimal("990.10"),
        Decimal(1000),
        date(2026, 1, 5),
        asked=Decimal("1000.00"),
        why=Why.VICTIM,
    )
    given = {
        "number": "REQ-1",
        "case": "CASE-1",
        "kind": RequestKind.RECALL,
        "sender": Sender("NORD"),
        "bank": "SUED",
        "bic": "",
        "currency": "EUR",
        "made_at": datetime(2026, 1, 6, 10, tzinfo=UTC),
        "reply_by": date(2026, 1, 9),
        "rule": "T+3",
        "reported": ["T0"],
        "stolen": Decimal("1000.00"),
        "payments": [payment],
        "held": [],
        "draft": False,
    }
    return Request(**{**given, **changed})


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"sender": Sender(EVIL), "bank": "Ngân hàng Á Châu & Söhne <x>"},
        {"sender": Sender("NORD", bic="NORDDEFFXXX"), "bic": "SUEDVNVX"},
        {
            "payments": [
                Payment(
                    f"T{n}",
                    datetime(2026, 1, 5),
                    Decimal("0.01"),
                    "DE89370400440532013000",
                    None,
                    "X" * 34,
                    Decimal(0),
                    Decimal("0.01"),
                    date(2026, 1, 5),
                )
                for n in range(50)
            ]
        },
        {
            "currency": "VND",
            "payments": [
                Payment(
                    "T1",
                    datetime(2026, 1, 5),
                    Decimal(5_000_000),
                    None,
                    None,
                    "1",
                    Decimal(1),
                    Decimal(2),
                    date(2026, 1, 5),
                )
            ],
        },
        {
            "payments": [
                Payment(
                    UETR,
                    datetime(2026, 1, 5),
                    Decimal(5),
                    None,
                    None,
                    "1",
                    Decimal(1),
                    Decimal(2),
                    date(2026, 1, 6),
                    "E2E-1",
                    UETR,
                )
            ]
        },
    ],
)
def test_the_recall_is_valid_by_the_official_schema(recall_schema, changed):
    """camt.056.001.12 as ISO 20022 publishes it, carried by another project, is the judge."""
    text = recall(request_of(**changed))
    assert list(recall_schema.iter_errors(text)) == []
    assert "FRAD" in text


@pytest.mark.parametrize("kind", [RequestKind.PART, RequestKind.HOLD])
def test_only_whole_payments_are_recalled_by_message(kind):
    """camt.056 has no element for a part of a payment, so whoever reads it would send back everything."""
    with pytest.raises(ValueError, match="no recall"):
        recall(request_of(kind=kind))


def test_banks_are_named_by_bic_and_ibans_have_no_blanks(recall_schema):
    """The BIC of the settings where there is one; an IBAN typed in groups of four is sent in one piece."""
    payment = replace(request_of().payments[0], payee="DE89 3704 0044 0532 0130 00")

    text = recall(request_of(payments=[payment], sender=Sender("NORD", bic="NORDDEFF"), bic="SUEDDEFF"))

    assert "<BICFI>NORDDEFF</BICFI>" in text and "<BICFI>SUEDDEFF</BICFI>" in text and "<Nm>" not in text
    assert "<IBAN>DE89370400440532013000</IBAN>" in text
    assert list(recall_schema.iter_errors(text)) == []


def test_a_payment_known_by_its_uetr_is_named_by_it():
    """36 characters fit into OrgnlUETR only; the payer's own reference and the bank's day stand beside it."""
    payment = Payment(**{**vars(request_of().payments[0]), "transfer": UETR, "uetr": UETR, "end_to_end_id": "E2E-1"})

    text = recall(request_of(payments=[payment]))

    assert f"<OrgnlUETR>{UETR}</OrgnlUETR>" in text
    assert "<OrgnlEndToEndId>E2E-1</OrgnlEndToEndId>" in text
    assert "<OrgnlIntrBkSttlmDt>2026-01-05</OrgnlIntrBkSttlmDt>" in text


ENVELOPED = (
    '<Envlp xmlns="urn:e"><AppHdr/><Document xmlns="urn:x"><PmtRtr><GrpHdr><MsgId>M</MsgId></GrpHdr><TxInf>'
    "<OrgnlEndToEndId>E2E-1</OrgnlEndToEndId><OrgnlUETR>{uetr}</OrgnlUETR>"
    '<RtrdIntrBkSttlmAmt Ccy="EUR">5</RtrdIntrBkSttlmAmt></TxInf></PmtRtr></Document></Envlp>'
)


@pytest.mark.parametrize("known", [{UETR: "T9"}, {"E2E-1": "T9"}], ids=["by UETR", "by end-to-end id"])
def test_an_answer_in_an_envelope_is_of_the_transfer_that_its_reference_stands_for(tmp_path, known):
    """A hub's envelope and header change nothing; either reference finds the transfer."""
    (tmp_path / "reply.xml").write_text(ENVELOPED.format(uetr=UETR.upper()))

    (answer,) = read_reply(tmp_path / "reply.xml", Known(known)).answers

    assert (answer.transfer, answer.answer) == ("T9", "returned")


def test_the_judge_judges(recall_schema):
    """A broken recall is found."""
    assert list(recall_schema.iter_errors(recall(request_of()).replace("<CreDtTm>", "<CreDtTm>x")))


def test_what_the_standard_cannot_carry_is_named():
    """Ids of more than 35 signs, accounts of more than 34."""
    payment = request_of().payments[0]
    with pytest.raises(UsageError, match="35"):
        recall(request_of(payments=[replace(payment, transfer="T" * 36)]))
    with pytest.raises(UsageError, match="34"):
        recall(request_of(payments=[replace(payment, payee="9" * 35)]))


def test_an_iban_is_sent_as_one():
    """By its check digits; any other number as what it is."""
    assert is_iban("DE89370400440532013000") and is_iban("GB82WEST12345698765432")
    assert not is_iban("DE89370400440532013001") and not is_iban("NORD953904118")


def test_the_document_escapes_and_tells_what_is_asked():
    """As a page and as PDF; text that looks like markup stays text in both."""
    held = [Held("SUED1", Decimal(10), Decimal(20)), Held("SUED2", None, Decimal(5))]
    document = letter(request_of(bank=EVIL, draft=True, kind=RequestKind.HOLD, held=held))
    page = document.page
    assert EVIL not in page and "&lt;b onclick" in page
    assert all(word in page for word in ("Draft", "2026-01-09", "990.10", "not seen", "no more than the sums"))
    assert "Receipt of funds does not imply the account holder&#39;s knowledge." in page
    pdf = document.pdf
    assert pdf.startswith(b"%PDF-") and len(pdf) > 5_000


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", RequestKind)
def test_letters_say_in_each_language_what_is_asked_back_of_what_was_stolen(language, kind):
    """No kind lacks its words, nothing is left unfilled, and what is missing is left out, never printed as nan."""
    page = letter(request_of(kind=kind, stolen=Decimal("1234.50")), language).page

    assert "1,234.50 EUR" in page and "REQ-1" in page and "990.10" in page
    assert "{" not in page.split("</style>")[-1] and "nan<" not in page and "None" not in page


@pytest.mark.parametrize(
    ("asked", "country", "due"),
    [
        (date(2026, 11, 24), "DE", date(2026, 11, 27)),
        (date(2026, 12, 23), "DE", date(2026, 12, 29)),  # 25 December is a holiday, then a weekend
        (date(2026, 4, 29), "VN", date(2026, 5, 6)),  # 30 April, 1 May, a weekend
        (date(2026, 12, 31), "us", date(2027, 1, 6)),
    ],
)
def test_replies_are_due_after_three_working_days(tmp_path, asked, country, due):
    """T+3 in the bank's country, over the year's end too."""
    assert reply_by(asked, country, tmp_path / "none.csv") == due


@pytest.mark.parametrize(
    ("kind", "country", "currency", "limit"),
    [
        ("recall", "de", "eur", 15),
        ("hold", "DE", "EUR", 3),
        ("hold", "VN", "VND", 3),
        ("recall", "BR", "BRL", 7),
        ("part", "US", "USD", 3),
        *[("recall", "NL", currency, 3) for currency in ("KWD", "VND", "USD")],
        ("recall", "BR", "EUR", 3),
    ],
)
def test_each_request_is_due_by_a_rule_with_a_source(kind, country, currency, limit):
    """The scheme's where one binds the bank and carries the currency, else what we ask for; each says where it stands.

    SEPA's rulebooks bind no bank for dollars.
    """
    rule = deadline_of(RequestKind(kind), country, currency)
    assert not rule.currencies or currency.upper() in rule.currencies
    assert rule.limit == limit
    assert all(each.source and each.says and each.looked_at for each in all_deadlines().values())
    assert rule.due(date(2026, 11, 24), country, Path("none.csv")) > date(2026, 11, 24)


def test_own_free_days_count_too(tmp_path):
    """A file in the workspace adds days; one that cannot be read is named with its line."""
    path = tmp_path / "holidays.csv"
    path.write_text("date,name\n2026-11-25,move\n", encoding="utf-8")
    assert reply_by(date(2026, 11, 24), "DE", path) == date(2026, 11, 30)
    path.write_text("date\n2026-11-25\nsoon\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"holidays\.csv:3"):
        reply_by(date(2026, 11, 24), "DE", path)
    with pytest.raises(UsageError, match="XX"):
        reply_by(date(2026, 11, 24), "XX", tmp_path / "none.csv")


RETURN = """<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.004.001.10"><PmtRtr>
<GrpHdr><MsgId>RTN-1</MsgId><CreDtTm>2026-01-07T10:00:00Z</CreDtTm><NbOfTxs>1</NbOfTxs>
<InstgAgt><FinInstnId><BICFI>SUEDDEFF</BICFI></FinInstnId></InstgAgt></GrpHdr>
<TxInf><RtrId>R1</RtrId><OrgnlTxId>T1</OrgnlTxId><RtrdIntrBkSttlmAmt Ccy="EUR">870.10</RtrdIntrBkSttlmAmt>
<RtrRsnInf><Rsn><Cd>FOCR</Cd></Rsn></RtrRsnInf></TxInf></PmtRtr></Document>"""
RESOLUTION = """<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.029.001.14"><RsltnOfInvstgtn>
<Assgnmt><Id>RES-1</Id><Assgnr><Agt><FinInstnId><Nm>SUED</Nm></FinInstnId></Agt></Assgnr>
<Assgne><Agt><FinInstnId><Nm>NORD</Nm></FinInstnId></Agt></Assgne><CreDtTm>2026-01-07T10:00:00Z</CreDtTm></Assgnmt>
<Sts><Conf>RJCR</Conf></Sts><CxlDtls><TxInfAndSts><OrgnlTxId>T1</OrgnlTxId><TxCxlSts>RJCR</TxCxlSts>
<CxlStsRsnInf><Rsn><Cd>AM04</Cd></Rsn></CxlStsRsnInf></TxInfAndSts></CxlDtls></RsltnOfInvstgtn></Document>"""


def test_a_return_is_read(tmp_path):
    """pacs.004: which payment, how much came back, why."""
    (tmp_path / "reply.xml").write_text(RETURN, encoding="utf-8")
    reply = read_reply(tmp_path / "reply.xml")
    assert (reply.kind, reply.message, reply.sender) == ("pacs.004", "RTN-1", "SUEDDEFF")
    assert vars(reply.answers[0]) == {
        "transfer": "T1",
        "answer": "returned",
        "amount": "870.10",
        "currency": "EUR",
        "reason": "FOCR",
        "request": None,
    }


def test_a_resolution_is_read(tmp_path):
    """camt.029, itself valid by the official schema: the bank refuses, and says why."""
    schema = xmlschema.XMLSchema(str(SCHEMAS / "camt.029.001.14" / "camt.029.001.14.xsd"))
    assert list(schema.iter_errors(RESOLUTION)) == []
    (tmp_path / "reply.xml").write_text(RESOLUTION, encoding="utf-8")
    reply = read_reply(tmp_path / "reply.xml")
    assert (reply.kind, reply.message, reply.sender) == ("camt.029", "RES-1", "SUED")
    assert [(each.transfer, each.answer, each.reason) for each in reply.answers] == [
        ("T1", "refused", "AM04"),
        ("", "refused", None),
    ]


LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>' + RETURN.replace("RTN-1", "&b;")
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + RETURN.replace("RTN-1", "&a;")
DTD = '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">' + RETURN


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (LAUGHS, "hostile"),
        (OUTSIDE, "hostile"),
        (DTD, "hostile"),
        ("<a", "not XML"),
        ("", "not XML"),
        ("<Document><Other/></Document>", "Other"),
        (RETURN.replace("870.10", "much"), "amount"),
        ("<Document><PmtRtr/></Document>", "answers no payment"),
    ],
)
def test_hostile_and_other_messages_are_refused(tmp_path, text, named):
    """Entities, outside files, DTDs, broken XML, other messages: an error, and nothing is fetched or expanded."""
    (tmp_path / "reply.xml").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=named) as error:
        read_reply(tmp_path / "reply.xml")
    assert error.value.hint and "root:" not in str(error.value)
