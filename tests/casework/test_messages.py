"""Messages for what is no plain recall: each is read back by its own reader, and its answers find their line."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pyiso20022.camt.camt_110_001_01 import camt_110_001_01 as camt110
from pyiso20022.camt.camt_111_001_01 import camt_111_001_01 as camt111
from xsdata.formats.dataclass.parsers import XmlParser
from xsdata.formats.dataclass.parsers.config import ParserConfig

from mulegraph.casework.investigations import investigations
from mulegraph.casework.message_check import faults
from mulegraph.casework.messages import asked_by, messages_of
from mulegraph.casework.plain_messages import END, X_SET, fields_of, in_x_set, plain_messages
from mulegraph.casework.recall_messages import Held, Request, Sender
from mulegraph.casework.reply_messages import Known, read_reply
from mulegraph.casework.request_states import Line, Row, Told
from mulegraph.errors import DataError, UsageError
from mulegraph.schema.choices import MessageForm, RequestKind
from mulegraph.views.request import letter
from tests.casework.test_recall_messages import EVIL, UETR, request_of
from tests.thorough import examples

STRICT = ParserConfig(fail_on_unknown_properties=True, fail_on_unknown_attributes=True)


def part_of(kind: RequestKind = RequestKind.PART, **changed) -> Request:
    """Two payments to one account; of the first 990.10 are asked back, of the second 200."""
    first = replace(request_of().payments[0], asked=Decimal("990.10"), why="onward")
    second = replace(first, transfer="T2", asked=Decimal("200.00"), traced_least=Decimal(200))
    if kind is RequestKind.HOLD:
        first, second = (replace(each, asked=Decimal(0), why="stopped") for each in (first, second))
    held = [Held("SUED1", Decimal(10), Decimal("1190.10"))] if kind is RequestKind.HOLD else []
    given = {"number": "REQ-0123456789", "kind": kind, "payments": [first, second], "held": held}
    return request_of(**{**given, "stolen": Decimal("1190.10"), **changed})


def parsed(text: str) -> camt110.InvestigationRequestV01:
    document = XmlParser(config=STRICT).from_string(text, camt110.Document)
    assert list(faults(document)) == []
    return document.invstgtn_req


def test_a_recall_in_part_names_the_amount_that_is_asked_back():
    """One message a payment, type RQDA; the amounts to debit add up to what the request asks, below what was stolen."""
    request = part_of()
    messages = [parsed(each) for each in investigations(request)]

    asked = [each.invstgtn_data[0].addtl_req_data.reqd_dbt_authstn for each in messages]
    assert [each.amt_to_dbt.value for each in asked] == [Decimal("990.10"), Decimal("200.00")]
    assert sum(each.amt_to_dbt.value for each in asked) == request.asked <= request.stolen
    assert {each.cxl_rsn.cd for each in asked} == {"FRAD"} and {each.amt_to_dbt.ccy for each in asked} == {"EUR"}
    heads = [each.invstgtn_req for each in messages]
    assert [each.msg_id for each in heads] == ["REQ-0123456789-1", "REQ-0123456789-2"]
    assert {(each.invstgtn_tp.cd, each.invstgtn_sub_tp.cd) for each in heads} == {("RQDA", "FRAD")}
    assert [each.undrlyg.intr_bk.orgnl_tx_id for each in heads] == ["T1", "T2"]
    assert heads[0].undrlyg.intr_bk.orgnl_intr_bk_sttlm_amt.value == Decimal("1000.00")


def test_a_hold_asks_for_no_sum_twice_and_for_no_money_back():
    """Type RQFI, use of funds; each message says that the sum to hold is of all messages together."""
    messages = [parsed(each) for each in investigations(part_of(RequestKind.HOLD))]

    for each in messages:
        reason = each.invstgtn_data[0]
        assert (each.invstgtn_req.invstgtn_tp.cd, reason.rsn.cd) == ("RQFI", "RQUF")
        told = reason.addtl_req_data.req_nrrtv
        assert "no more than 1,190.10 EUR in all" in told and "REQ-0123456789 together" in told and len(told) <= 500
        assert reason.addtl_req_data.reqd_dbt_authstn is None


@pytest.mark.parametrize("kind", [RequestKind.PART, RequestKind.HOLD])
def test_other_ends_fit_too(kind):
    """Markup in names, BICs, an IBAN with blanks, an amount without places, the largest sums, a payment by its UETR."""
    first = part_of(kind).payments[0]
    ends = replace(first, transfer=UETR, uetr=UETR, payee="DE89 3704 0044 0532 0130 00", payer=None, end_to_end_id="E")
    large = replace(first, amount=Decimal(10**14), traced_least=Decimal(10**14), traced_most=Decimal(10**14))
    named = {"sender": Sender(EVIL, bic="NORDDEFFXXX"), "bank": "Ngân hàng Á Châu & Söhne <x>", "currency": "VND"}

    for text in investigations(part_of(kind, payments=[ends, large], held=[], **named)):
        head = parsed(text).invstgtn_req
        assert head.rqstr.agt.fin_instn_id.bicfi == "NORDDEFFXXX"
        assert head.rspndr.agt.fin_instn_id.nm == named["bank"]
    assert "<IBAN>DE89370400440532013000</IBAN>" in investigations(part_of(kind, payments=[ends]))[0]


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"bic": "SUED"}, "BICFI"),
        ({"currency": "euro"}, "Ccy"),
        ({"number": "R" * 40}, "35"),
        ({"payments": [replace(part_of().payments[0], uetr="00000000-0000-1000-8000-000000000001")]}, "OrgnlUETR"),
        ({"payments": [replace(part_of().payments[0], amount=Decimal("0.0000001"))]}, "value"),
    ],
)
def test_what_breaks_a_rule_of_the_standard_is_not_written(changed, named):
    """No schema can be had, so the generated classes' own rules are the judge: patterns, lengths, digits."""
    with pytest.raises(UsageError, match=named):
        investigations(part_of(**changed))


def test_the_judge_sees_what_is_missing_and_what_is_twice():
    """A message without its parts, and a choice of which nothing or two things are given."""
    document = XmlParser().from_string(investigations(part_of())[0], camt110.Document)
    document.invstgtn_req.invstgtn_req.rqstr = None
    document.invstgtn_req.invstgtn_data[0].rsn.prtry = "X"
    assert {re.split(r"[ ,]", each)[0] for each in faults(document)} >= {"a", "InvestigationReason1Choice"}
    document.invstgtn_req.invstgtn_data = []
    assert "0 of InvstgtnData" in list(faults(document))
    with pytest.raises(ValueError, match=r"camt\.056"):
        investigations(request_of())


def response(number: str, status: str, *data: camt111.InvestigationData2) -> str:
    """A camt.111 as the generated classes write it."""
    from xsdata.formats.dataclass.serializers import XmlSerializer

    agents = {}
    for name, bank in (("rqstr", "NORD"), ("rspndr", "SUED")):
        identity = camt111.FinancialInstitutionIdentification18(nm=bank)
        agent = camt111.BranchAndFinancialInstitutionIdentification6(fin_instn_id=identity)
        agents[name] = camt111.Party40Choice(agt=agent)
    document = camt111.Document(
        invstgtn_rspn=camt111.InvestigationResponseV01(
            invstgtn_rspn=camt111.InvestigationResponse3(
                msg_id="ANS-1", invstgtn_sts=camt111.InvestigationStatus2(sts=status), invstgtn_data=list(data)
            ),
            orgnl_invstgtn_req=camt111.InvestigationRequest3(
                msg_id=number, invstgtn_tp=camt111.InvestigationType1Choice(cd="RQDA"), **agents
            ),
        )
    )
    assert list(faults(document)) == []
    return XmlSerializer().render(document)


def debit(agreed: bool, amount: str | None = None) -> camt111.InvestigationData2:
    money = None if amount is None else camt111.ActiveCurrencyAndAmount(value=Decimal(amount), ccy="EUR")
    said = camt111.DebitAuthorisationConfirmation3(dbt_authstn=agreed, amt_to_dbt=money, rsn="customer was asked")
    return camt111.InvestigationData2(rspn_data=camt111.InvestigationDataRecord1Choice(dbt_authstn=said))


def row_of(kind: RequestKind = RequestKind.PART) -> Row:
    lines = [Line(each.transfer, each.asked, each.traced_most, None) for each in part_of(kind).payments]
    day, number = date(2026, 1, 9), "REQ-0123456789"
    return Row(number, "CASE-1", kind, "NORD", "SUED", "EUR", False, "2026-01-06T10:00:00Z", day, lines, [])


@pytest.mark.parametrize(
    ("status", "data", "answer", "amount"),
    [
        ("PDNG", [], "pending", None),
        ("RJCT", [], "refused", None),
        ("CLSD", [], "closed", None),
        ("CLSD", [debit(True, "150.00")], "accepted", "150.00"),
        ("CLSD", [debit(False)], "refused", None),
        ("PDNG", [debit(True, "150.00")], "pending", None),
    ],
)
def test_an_investigations_answer_is_of_the_line_whose_message_it_names(tmp_path, status, data, answer, amount):
    """The number finds request and payment; what is agreed to is no money that came back."""
    (tmp_path / "reply.xml").write_text(response("REQ-0123456789-2", status, *data), encoding="utf-8")

    reply = read_reply(tmp_path / "reply.xml", Known(messages=asked_by([row_of()])))

    assert (reply.kind, reply.message, reply.sender) == ("camt.111", "ANS-1", "SUED")
    (only,) = reply.answers
    assert (only.request, only.transfer, only.answer, only.amount) == ("REQ-0123456789", "T2", answer, amount)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (response("REQ-0123456789-1", "CLSD", debit(True), debit(False)), "accepted and refused"),
        (response("REQ-0123456789-1", "DONE"), "DONE"),
        (response("REQ-0123456789-1", "CLSD", debit(True)).replace(">true<", ">maybe<"), "maybe"),
        (":20:A1\n:21:REQ0123456789-1\n:79:WE HAVE RETURNED THE MONEY\n-}", "in words"),
        (":20:A1\n:21:REQ0123456789-1\n:76:/WHAT/\n-}", "WHAT"),
    ],
)
def test_an_answer_that_is_not_understood_is_not_guessed_at(tmp_path, text, named):
    """Contradictions, unknown codes and free text are for a person, who can write down what they say."""
    (tmp_path / "reply").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=named) as error:
        read_reply(tmp_path / "reply", Known(messages=asked_by([row_of()])))
    assert "request answer" in str(error.value.hint)


@pytest.mark.parametrize(("kind", "left"), [(RequestKind.PART, 1), (RequestKind.HOLD, 0)])
def test_a_closed_investigation_without_a_word_on_the_debit_leaves_money_asked_for(kind, left):
    """A hold is answered by it; a recall in part is not, and becomes overdue."""
    row = row_of(kind)
    row.told += [Told("T1", "closed", Decimal(0), True), Told("T2", "refused", Decimal(0), True)]
    assert row.open_lines == left


@pytest.mark.parametrize("kind", RequestKind)
def test_plain_text_is_read_back_field_by_field(kind):
    """MT 192 for a recall, MT 199 for all else: its fields, its lines, its characters."""
    request = part_of(kind, sender=Sender("Ngân hàng Á Châu", contact="fraud_desk@nord.example"))
    for place, text in enumerate(plain_messages(request), start=1):
        fields = fields_of(text)
        assert fields["20"] == [f"REQ0123456789-{place}"] and fields["21"] == [f"T{place}"]
        assert ("11S" in fields) == (kind is RequestKind.RECALL)
        if kind is RequestKind.RECALL:
            assert fields["11S"] == ["103", "260105"] and fields["79"][0] == "/FRAD/"
        assert len(fields["79"]) <= 35 and all(0 < len(line) <= 50 for line in fields["79"])
        assert all(X_SET.fullmatch(line) for line in text.replace("{4:", "").replace(END, "").split("\r\n"))
        told = " ".join(fields["79"])
        assert "Ngan hang A Chau" in told and "fraud-desk(at)nord.example" in told
        assert "EUR 1,000.00 of 2026-01-05" in told and "SUED1" in told and "2026-01-09" in told
    if kind is RequestKind.PART:
        assert "Return 200.00 EUR of it and no more" in told


def test_a_payment_that_field_21_cannot_name_is_named_in_words():
    """More than 16 characters go into the text, never cut; a UETR has a code word."""
    payment = replace(part_of().payments[0], transfer="T" * 30, uetr=UETR)
    fields = fields_of(plain_messages(part_of(payments=[payment]))[0])
    assert fields["21"] == ["NONREF"]
    assert f"/UETR/{UETR}" in fields["79"] and "Payment " + "T" * 30 in fields["79"]


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"payments": [replace(part_of().payments[0], payee="SUED_1")]}, "account number"),
        ({"payments": [replace(part_of().payments[0], transfer="T_1")]}, "payment id"),
        ({"payments": part_of().payments * 50}, "16 characters"),
        ({"sender": Sender("NORD", contact="desk, " * 400)}, "35 lines"),
    ],
)
def test_numbers_that_plain_text_cannot_carry_are_refused(changed, named):
    """An account that is spelt otherwise is another account; words are spelt as passports do."""
    with pytest.raises(UsageError, match=named) as error:
        plain_messages(part_of(**changed))
    assert "xml" in str(error.value.hint)


@examples(40)
@given(st.text(max_size=600))
@example("x" * 41 + " :32A:OTHER " + "x" * 41 + " -} " + "y" * 49)
def test_no_words_break_out_of_their_field(contact):
    """Whatever the settings say: no line begins a field or ends the message, and all stay in the character set."""
    (text,) = plain_messages(part_of(payments=part_of().payments[:1], sender=Sender("NORD", contact=contact[:300])))
    assert list(fields_of(text)) == ["20", "21", "79"]
    assert text.endswith(f"\r\n{END}\r\n") and text.count(END) == 1
    assert X_SET.fullmatch(in_x_set(contact))


def test_an_mt_196_is_of_the_line_whose_message_it_names(tmp_path):
    """With the blocks around it, and its reason; money is in no MT 196."""
    head = "{1:F01NORDDEFFAXXX0000000000}{2:O1961200260107SUEDDEFFAXXX00000000002601071200N}"
    body = "\r\n:20:ANS-9\r\n:21:REQ0123456789-1\r\n:76:/RJCR/AM04\r\nno funds\r\n-}"
    (tmp_path / "reply.txt").write_text(f"{head}{{4:{body}", encoding="ascii")

    reply = read_reply(tmp_path / "reply.txt", Known(messages=asked_by([row_of(RequestKind.RECALL)])))

    assert (reply.kind, reply.message) == ("MT 196", "ANS-9")
    (only,) = reply.answers
    assert (only.request, only.transfer, only.answer, only.reason) == (
        "REQ-0123456789",
        "T1",
        "refused",
        "AM04 no funds",
    )


@pytest.mark.parametrize(("form", "name"), [(MessageForm.XML, "camt.110"), (MessageForm.MT, "MT 199")])
def test_a_letter_names_the_messages_that_come_with_it(form, name):
    """So that nobody counts a sum twice; a draft has no messages, since its accounts are masked."""
    request = part_of(made_at=datetime(2026, 1, 6, 10, tzinfo=UTC))
    ending = "xml" if form is MessageForm.XML else "txt"
    assert list(messages_of(request, form)) == [f"-1.{ending}", f"-2.{ending}"]
    for language, once in (("en", "count once"), ("vi", "một lần"), ("nl", "één keer")):
        page = letter(request, language, form).page
        assert name in page and once in page
    assert messages_of(replace(request, draft=True), form) == {}
    assert name not in letter(replace(request, draft=True), "en", form).page


@pytest.mark.parametrize("kind", list(RequestKind))
def test_the_holder_of_today_of_a_number_used_again_is_not_meant(kind):
    """Letter, XML and plain text name the number alone, and mean who held it at the payment: of three, the middle."""
    former = "SUED1@until-2026-03-01"
    request = part_of(kind) if kind is not RequestKind.RECALL else request_of()
    payments = [replace(each, payee=former) for each in request.payments]
    held = [replace(each, account=former, most=Decimal("123456789.10")) for each in request.held]
    request = replace(request, payments=payments, held=held)

    texts = [*messages_of(request, MessageForm.XML).values(), *messages_of(request, MessageForm.MT).values()]
    for each in [letter(request, "en").page, *texts]:
        plain = " ".join(re.sub(r"<[^>]+>", "", each).split())
        assert former not in each and "SUED1" in each
        assert re.search(r"when (the payment came|these payments were made) is meant", plain)
        assert re.search(r"held it before or (hold it )?since", plain)
    assert "2026-03-01" in letter(request, "nl").page and "2026-03-01" in letter(request, "vi").page
    again = letter(part_of(RequestKind.HOLD), "en").page
    assert "another holder" not in again
