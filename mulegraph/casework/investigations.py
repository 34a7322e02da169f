"""A request for information, a hold, or a part of a payment as ISO 20022 camt.110.001.01, one message a payment.

A message names one underlying payment, so a request of several payments is several messages; each bears the request's
number and the payment's place in it. Codes are of the external code sets: RQFI (information is required), FRAD (it is
about fraud) and RQUF (use of the funds) where money is to be held and told of; RQDA (a debit authorisation) with the
amount to debit where a part of a payment is asked back.
"""

from __future__ import annotations

from mulegraph.casework.message_check import check_message
from mulegraph.casework.message_text import (
    FRAUD,
    LONGEST_NAME,
    account_number,
    former_holder,
    is_iban,
    message_number,
    short_id,
)
from mulegraph.casework.recall_messages import Payment, Request, amount_range
from mulegraph.lazy import camt110, datatype, serializer_config, serializers
from mulegraph.schema.choices import RequestKind

NAME = "camt.110"
NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.110.001.01"
INFORMATION = "RQFI"
USE_OF_FUNDS = "RQUF"
DEBIT = "RQDA"


def investigations(request: Request) -> list[str]:
    """The messages of a request, in the order of its payments.

    Raises UsageError where an id or an amount is not as the standard allows, ValueError for a recall of whole payments.
    """
    if request.kind == RequestKind.RECALL:
        raise ValueError("a recall of whole payments is a camt.056")
    documents = [_document(request, place, each) for place, each in enumerate(request.payments, start=1)]
    for each in documents:
        check_message(each, NAME)
    writer = serializers.XmlSerializer(config=serializer_config.SerializerConfig(indent="  "))
    return [writer.render(each, ns_map={None: NAMESPACE}) for each in documents]


def narrative(request: Request, payment: Payment) -> str:
    """What is asked about one payment, in words, where a message has no element for it: to hold, or to return a part.

    A request's messages name the same account more than once, so a sum to hold is said to be of all of them.
    """
    money = request.currency
    traced = f"{amount_range(payment.traced_least, payment.traced_most)} {money}"
    if request.kind == RequestKind.PART:
        asked = (
            f"Fraud. This payment carried stolen money on, {traced}. Return {payment.asked:,f} {money} of it and no"
            " more: the rest is not traced."
        )
    else:
        held = [each.most for each in request.held if each.account == payment.payee]
        most = f"{held[0] if held else payment.traced_most:,f} {money}"
        asked = (
            f"Fraud. This payment brought stolen money, {traced}. Hold no more than {most} in all on the payee's"
            f" account, for all messages of {request.number} together, as far as your law allows. Tell us where the"
            " money went: bank, account, time and amount, or the place where cash was taken. Nothing is asked back."
        )
    meant = "".join(f" {each}." for each in former_holder(payment.payee))
    return f"{asked}{meant} Reply by {request.reply_by.isoformat()}. Receipt does not imply the holder's knowledge."


def _document(request: Request, place: int, payment: Payment) -> camt110.Document:
    in_part = request.kind == RequestKind.PART
    parties = {
        "rqstr": camt110.Party40Choice(agt=_agent(request.sender.bank, request.sender.bic)),
        "rspndr": camt110.Party40Choice(agt=_agent(request.bank, request.bic)),
    }
    asked = camt110.InvestigationRequest2(
        msg_id=short_id(message_number(request.number, place), "message number", NAME),
        rqstr_invstgtn_id=short_id(request.case, "case id", NAME),
        invstgtn_tp=camt110.InvestigationType1Choice(cd=DEBIT if in_part else INFORMATION),
        invstgtn_sub_tp=camt110.InvestigationSubType1Choice(cd=FRAUD),
        undrlyg=camt110.UnderlyingData2Choice(intr_bk=_underlying(request, payment)),
        **parties,
    )
    reason = camt110.InvestigationReason2(
        rsn=camt110.InvestigationReason1Choice(cd=DEBIT if in_part else USE_OF_FUNDS),
        addtl_req_data=_debit(request, payment) if in_part else _questions(request, payment),
    )
    return camt110.Document(invstgtn_req=camt110.InvestigationRequestV01(invstgtn_req=asked, invstgtn_data=[reason]))


def _debit(request: Request, payment: Payment) -> camt110.AdditionalRequestData1Choice:
    """The amount that is asked back of the payment: never the whole of it by default, as camt.056 would say."""
    wanted = camt110.DebitAuthorisation3(
        cxl_rsn=camt110.CancellationReason33Choice(cd=FRAUD),
        amt_to_dbt=camt110.ActiveOrHistoricCurrencyAndAmount(value=payment.asked, ccy=request.currency),
        acct=_account(payment.payee),
        addtl_cxl_rsn_inf=[
            f"Return no more: the rest is not traced. Reply by {request.reply_by.isoformat()}",
            *former_holder(payment.payee),
        ],
    )
    return camt110.AdditionalRequestData1Choice(reqd_dbt_authstn=wanted)


def _questions(request: Request, payment: Payment) -> camt110.AdditionalRequestData1Choice:
    return camt110.AdditionalRequestData1Choice(req_nrrtv=narrative(request, payment))


def _underlying(request: Request, payment: Payment) -> camt110.UnderlyingPaymentTransaction7:
    # A UETR is too long for the other two, and has an element of its own.
    transfer = None if payment.transfer == payment.uetr else short_id(payment.transfer, "transfer id", NAME)
    end_to_end = short_id(payment.end_to_end_id, "end-to-end id", NAME) if payment.end_to_end_id else transfer
    return camt110.UnderlyingPaymentTransaction7(
        orgnl_end_to_end_id=end_to_end,
        orgnl_tx_id=transfer,
        orgnl_uetr=payment.uetr,
        orgnl_intr_bk_sttlm_amt=camt110.ActiveOrHistoricCurrencyAndAmount(value=payment.amount, ccy=request.currency),
        orgnl_intr_bk_sttlm_dt=datatype.XmlDate.from_date(payment.settled_on),
        orgnl_tx_ref=camt110.OriginalTransactionReference35(
            dbtr_acct=_account(payment.payer) if payment.payer else None,
            dbtr_agt=_agent(*_payer_bank(request, payment)),
            cdtr_agt=_agent(request.bank, request.bic),
            cdtr_acct=_account(payment.payee),
        ),
    )


def _payer_bank(request: Request, payment: Payment) -> tuple[str, str]:
    """Whoever asks to hold need not be the payer's bank."""
    ours = request.sender
    if payment.payer_bank in (None, ours.bank):
        return ours.bank, ours.bic
    return payment.payer_bank or "", ""


def _agent(bank: str, bic: str) -> camt110.BranchAndFinancialInstitutionIdentification6:
    named = {"bicfi": bic} if bic else {"nm": bank[:LONGEST_NAME]}
    identity = camt110.FinancialInstitutionIdentification18(**named)
    return camt110.BranchAndFinancialInstitutionIdentification6(fin_instn_id=identity)


def _account(number: str) -> camt110.CashAccount40:
    number = account_number(number, NAME)
    if is_iban(number):
        return camt110.CashAccount40(id=camt110.AccountIdentification4Choice(iban=number))
    other = camt110.GenericAccountIdentification1(id=number)
    return camt110.CashAccount40(id=camt110.AccountIdentification4Choice(othr=other))
