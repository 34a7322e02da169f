"""A support request to one bank: what happened, which payments, what is probably still there, what is asked.

Only what the receiving bank needs is in it: payments into its own accounts and what identifies them. No holder, no
other bank's account but the payer's, whom it knows from the payment.

A recall of whole payments is also a camt.056. A recall in part is not: camt.056 names the original amount and has no
element for a part of it, so a machine that reads it would send back everything; investigations.py has what it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated

from mulegraph.casework.claims import Why
from mulegraph.casework.message_text import (
    FRAUD,
    LONGEST_NAME,
    LONGEST_TEXT,
    account_number,
    former_holder,
    is_iban,
    message_number,
    short_id,
)
from mulegraph.lazy import camt, datatype, serializer_config, serializers
from mulegraph.schema.choices import RequestKind
from mulegraph.schema.disclosure import ACCOUNT, CURRENCY, OURS, TEXT, Each, Words, declared
from mulegraph.schema.results import CASE, TRANSFER

NAME = "camt.056"
NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.056.001.12"
"""The version in force. The typed messages are of version 11, whose elements, as far as used here, are the same."""
_TYPED_NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.056.001.11"


@declared
@dataclass(frozen=True)
class Payment:
    """A payment into an account of the asked bank: how much of the victims' money it carried, what is asked back."""

    transfer: Annotated[str, TRANSFER]
    at: datetime
    amount: Decimal
    payer: Annotated[str | None, ACCOUNT]
    payer_bank: Annotated[str | None, TEXT]
    payee: Annotated[str, ACCOUNT]
    traced_least: Decimal
    traced_most: Decimal
    settled_on: date
    """The day of the payment on the bank's own calendar."""
    end_to_end_id: Annotated[str | None, TEXT] = None
    uetr: Annotated[str | None, TEXT] = None
    asked: Decimal = Decimal(0)
    why: Annotated[str, Words(tuple(Why))] = Why.STOPPED
    other_amount: Annotated[str, OURS] = ""
    """The same payment in another currency, where it was exchanged on its way."""


@declared
@dataclass(frozen=True)
class Held:
    """What is probably still on an account of the asked bank; none where we cannot see."""

    account: Annotated[str, ACCOUNT]
    least: Decimal | None
    most: Decimal


@declared
@dataclass(frozen=True)
class Sender:
    """Our bank as letters name it: as the ledger does, by full name and BIC; whom to call, on what ground it asks."""

    bank: Annotated[str, TEXT]
    name: Annotated[str, OURS] = ""
    bic: Annotated[str, OURS] = ""
    contact: Annotated[str, OURS] = ""
    legal_ground: Annotated[str, OURS] = ""


@declared
@dataclass(frozen=True)
class Request:
    """One support request of one kind. `currency` is of all its amounts; `stolen` is what the case's trace follows.

    `rule` is where it stands that the bank has to answer by then. `taken` is what was stolen, where `stolen` is what
    came of it by exchange.
    """

    number: Annotated[str, OURS]
    case: Annotated[str, CASE]
    kind: Annotated[str, Words(tuple(RequestKind))]
    sender: Sender
    bank: Annotated[str, TEXT]
    bic: Annotated[str, OURS]
    currency: Annotated[str, CURRENCY]
    made_at: datetime
    reply_by: date
    rule: Annotated[str, OURS]
    reported: Annotated[list[str], Each(TRANSFER)]
    stolen: Decimal
    payments: list[Payment]
    held: list[Held]
    draft: bool
    taken: Annotated[str, OURS] = ""

    @property
    def asked(self) -> Decimal:
        """What is asked back, in all."""
        return sum((each.asked for each in self.payments), Decimal(0))


def amount_range(least: Decimal, most: Decimal) -> str:
    """`5`, or `5 to 9` where the rules for mixed money differ; as exact as the amounts are."""
    return f"{least:,f}" if least == most else f"{least:,f} to {most:,f}"


def recall(request: Request) -> str:
    """The request as an ISO 20022 camt.056 draft: each payment is asked back whole, for fraud.

    Raises UsageError where an id is longer than the standard allows, ValueError for a request of another kind.
    """
    if request.kind != RequestKind.RECALL:
        raise ValueError(f"a request of kind {request.kind} is no recall of whole payments")
    ours, theirs = _agent(request.sender.bank, request.sender.bic), _agent(request.bank, request.bic)
    document = camt.Document(
        fito_fipmt_cxl_req=camt.FitoFipaymentCancellationRequestV11(
            assgnmt=camt.CaseAssignment6(
                id=short_id(request.number, "request number", NAME),
                assgnr=camt.Party50Choice(agt=ours),
                assgne=camt.Party50Choice(agt=theirs),
                cre_dt_tm=datatype.XmlDateTime.from_datetime(request.made_at.astimezone(UTC)),
            ),
            case=camt.Case6(id=short_id(request.case, "case id", NAME), cretr=camt.Party50Choice(agt=ours)),
            ctrl_data=camt.ControlData1(nb_of_txs=str(len(request.payments)), ctrl_sum=request.asked),
            undrlyg=[
                camt.UnderlyingTransaction34(
                    tx_inf=[_payment(request, number, each) for number, each in enumerate(request.payments, start=1)]
                )
            ],
        )
    )
    config = serializer_config.SerializerConfig(indent="  ")
    text = serializers.XmlSerializer(config=config).render(document, ns_map={None: _TYPED_NAMESPACE})
    return text.replace(_TYPED_NAMESPACE, NAMESPACE)


def _payment(request: Request, number: int, payment: Payment) -> camt.PaymentTransaction155:
    amount = camt.ActiveOrHistoricCurrencyAndAmount(value=payment.amount, ccy=request.currency)
    traced = amount_range(payment.traced_least, payment.traced_most)
    reason = camt.PaymentCancellationReason6(
        rsn=camt.CancellationReason33Choice(cd=FRAUD),
        addtl_inf=[
            f"{traced} {request.currency} of it reported as stolen"[:LONGEST_TEXT],
            f"Reply by {request.reply_by.isoformat()}",
            *former_holder(payment.payee),
        ],
    )
    reference = camt.OriginalTransactionReference42(
        dbtr_acct=_account(payment.payer) if payment.payer else None,
        dbtr_agt=_agent(request.sender.bank, request.sender.bic),
        cdtr_agt=_agent(request.bank, request.bic),
        cdtr_acct=_account(payment.payee),
    )
    # An id of ours that is a UETR is too long for the other two, and has an element of its own.
    transfer = None if payment.transfer == payment.uetr else short_id(payment.transfer, "transfer id", NAME)
    return camt.PaymentTransaction155(
        cxl_id=short_id(message_number(request.number, number), "cancellation id", NAME),
        orgnl_end_to_end_id=short_id(payment.end_to_end_id, "end-to-end id", NAME)
        if payment.end_to_end_id
        else transfer,
        orgnl_tx_id=transfer,
        orgnl_uetr=payment.uetr,
        orgnl_intr_bk_sttlm_amt=amount,
        orgnl_intr_bk_sttlm_dt=datatype.XmlDate.from_date(payment.settled_on),
        cxl_rsn_inf=[reason],
        orgnl_tx_ref=reference,
    )


def _agent(bank: str, bic: str) -> camt.BranchAndFinancialInstitutionIdentification8:
    """A bank by its BIC where that is known, else by the name that the ledger has for it."""
    named = {"bicfi": bic} if bic else {"nm": bank[:LONGEST_NAME]}
    identity = camt.FinancialInstitutionIdentification23(**named)
    return camt.BranchAndFinancialInstitutionIdentification8(fin_instn_id=identity)


def _account(number: str) -> camt.CashAccount40:
    number = account_number(number, NAME)
    if is_iban(number):
        return camt.CashAccount40(id=camt.AccountIdentification4Choice(iban=number))
    other = camt.GenericAccountIdentification1(id=number)
    return camt.CashAccount40(id=camt.AccountIdentification4Choice(othr=other))
