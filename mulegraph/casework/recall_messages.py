"""A support request to one bank: what happened, which payments, what is probably still there, what is asked.

Only what the receiving bank needs is in it: payments into its own accounts and what identifies them. No holder, no
other bank's account but the payer's, whom it knows from the payment.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated

from mulegraph.errors import UsageError
from mulegraph.lazy import camt, datatype, serializer_config, serializers
from mulegraph.schema.disclosure import ACCOUNT, CURRENCY, OURS, TEXT, Each, declared
from mulegraph.schema.results import CASE, TRANSFER

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.056.001.12"
"""The version in force. The typed messages are of version 11, whose elements, as far as used here, are the same."""
_TYPED_NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.056.001.11"
LONGEST_ID, LONGEST_NAME, LONGEST_ACCOUNT, LONGEST_TEXT = 35, 140, 34, 105
FRAUD = "FRAD"
"""External cancellation reason: a fraudulent payment."""
ASKS = ("hold", "information", "return")


@declared
@dataclass(frozen=True)
class Payment:
    """A payment into an account of the asked bank, and how much of the victims' money it carried."""

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


@declared
@dataclass(frozen=True)
class Held:
    """What is probably still on an account of the asked bank; none where we cannot see."""

    account: Annotated[str, ACCOUNT]
    least: Decimal | None
    most: Decimal


@declared
@dataclass(frozen=True)
class Request:
    """One support request. `currency` is of all its amounts."""

    number: Annotated[str, OURS]
    case: Annotated[str, CASE]
    sender: Annotated[str, TEXT]
    bank: Annotated[str, TEXT]
    currency: Annotated[str, CURRENCY]
    made_at: datetime
    reply_by: date
    reported: Annotated[list[str], Each(TRANSFER)]
    payments: list[Payment]
    held: list[Held]
    draft: bool

    @property
    def ours(self) -> list[Payment]:
        """Payments that the sender's own customers made: only these it can recall.

        A sender who names himself otherwise than the ledger does is asked to know which are his: all are given.
        """
        mine = [each for each in self.payments if each.payer_bank == self.sender]
        return mine or self.payments

    @property
    def asks(self) -> list[str]:
        """What the bank is asked for, in sentences."""
        seen = any(each.least is not None and each.most for each in self.held)
        still = "what is still on these accounts" if seen else "these accounts: we cannot see whether it is still there"
        sentences = [
            f"Hold {still}, as far as your law allows.",
            "Tell us where the money went on to: bank, account, time and amount, or the place where cash was taken.",
        ]
        if self.ours:
            sentences += [
                "Return what is there, in answer to the recall that comes with this request (camt.056, reason FRAD)."
            ]
        return sentences


def amount_range(least: Decimal, most: Decimal) -> str:
    """`5`, or `5 to 9` where the rules for mixed money differ; as exact as the amounts are."""
    return f"{least:,f}" if least == most else f"{least:,f} to {most:,f}"


def recall(request: Request) -> str:
    """The request as an ISO 20022 camt.056 draft: each payment of the sender's customers is asked back for fraud.

    Raises UsageError where an id is longer than the standard allows.
    """
    document = camt.Document(
        fito_fipmt_cxl_req=camt.FitoFipaymentCancellationRequestV11(
            assgnmt=camt.CaseAssignment6(
                id=_id(request.number, "request number"),
                assgnr=_agent_choice(request.sender),
                assgne=_agent_choice(request.bank),
                cre_dt_tm=datatype.XmlDateTime.from_datetime(request.made_at.astimezone(UTC)),
            ),
            case=camt.Case6(id=_id(request.case, "case id"), cretr=_agent_choice(request.sender)),
            ctrl_data=camt.ControlData1(nb_of_txs=str(len(request.ours))),
            undrlyg=[camt.UnderlyingTransaction34(tx_inf=[_payment(request, each) for each in request.ours])],
        )
    )
    config = serializer_config.SerializerConfig(indent="  ")
    text = serializers.XmlSerializer(config=config).render(document, ns_map={None: _TYPED_NAMESPACE})
    return text.replace(_TYPED_NAMESPACE, NAMESPACE)


def _payment(request: Request, payment: Payment) -> camt.PaymentTransaction155:
    amount = camt.ActiveOrHistoricCurrencyAndAmount(value=payment.amount, ccy=request.currency)
    traced = amount_range(payment.traced_least, payment.traced_most)
    reason = camt.PaymentCancellationReason6(
        rsn=camt.CancellationReason33Choice(cd=FRAUD),
        addtl_inf=[
            f"{traced} {request.currency} of it reported as stolen"[:LONGEST_TEXT],
            f"Reply by {request.reply_by.isoformat()}",
        ],
    )
    reference = camt.OriginalTransactionReference42(
        dbtr_acct=_account(payment.payer) if payment.payer else None,
        dbtr_agt=_agent(payment.payer_bank or request.sender),
        cdtr_agt=_agent(request.bank),
        cdtr_acct=_account(payment.payee),
    )
    # An id of ours that is a UETR is too long for the other two, and has an element of its own.
    transfer = None if payment.transfer == payment.uetr else _id(payment.transfer, "transfer id")
    return camt.PaymentTransaction155(
        cxl_id=_id(f"{request.number}-{request.payments.index(payment) + 1}", "cancellation id"),
        orgnl_end_to_end_id=_id(payment.end_to_end_id, "end-to-end id") if payment.end_to_end_id else transfer,
        orgnl_tx_id=transfer,
        orgnl_uetr=payment.uetr,
        orgnl_intr_bk_sttlm_amt=amount,
        orgnl_intr_bk_sttlm_dt=datatype.XmlDate.from_date(payment.settled_on),
        cxl_rsn_inf=[reason],
        orgnl_tx_ref=reference,
    )


def _agent_choice(bank: str) -> camt.Party50Choice:
    return camt.Party50Choice(agt=_agent(bank))


def _agent(bank: str) -> camt.BranchAndFinancialInstitutionIdentification8:
    identity = camt.FinancialInstitutionIdentification23(nm=bank[:LONGEST_NAME])
    return camt.BranchAndFinancialInstitutionIdentification8(fin_instn_id=identity)


def _account(number: str) -> camt.CashAccount40:
    if len(number) > LONGEST_ACCOUNT:
        raise UsageError(
            "an account number is longer than {most} characters", hint="camt.056 cannot name it.", most=LONGEST_ACCOUNT
        )
    if is_iban(number):
        return camt.CashAccount40(id=camt.AccountIdentification4Choice(iban=number))
    other = camt.GenericAccountIdentification1(id=number)
    return camt.CashAccount40(id=camt.AccountIdentification4Choice(othr=other))


def is_iban(number: str) -> bool:
    """Whether an account number is an IBAN whose check digits are right (ISO 7064, mod 97-10)."""
    if not re.fullmatch(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{10,30}", number):
        return False
    return int("".join(str(int(each, 36)) for each in number[4:] + number[:4])) % 97 == 1


def _id(text: str, what: str) -> str:
    if len(text) > LONGEST_ID:
        hint = "camt.056 cannot carry it."
        raise UsageError(
            "{what} '{text}' is longer than {most} characters", hint=hint, what=what, text=text, most=LONGEST_ID
        )
    return text
