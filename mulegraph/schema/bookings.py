"""Bookings: one line of a bank statement, seen from the account whose statement it is.

Every bank format (camt, MT940, BAI2, OFX, a spreadsheet with debit and credit columns) is read into this one form;
one step then makes transfers, accounts and balances of it. Sources: ISO 20022 camt.053.001 (Entry, TransactionDetails)
and SWIFT MT940 (fields 61 and 86), whose common part this is.
"""

from __future__ import annotations

from mulegraph.schema.tables import DIRECTIONS, LONG_TEXT_LIMIT, PRECISIONS, Column, Kind, Mask, Table

BOOKING_STATES = ("booked", "pending", "rejected", "reversed")
BOOKING_KINDS = ("transfer", "direct_debit", "card", "cash", "fee", "interest", "cheque", "other")

BOOKINGS = Table(
    "bookings",
    ("account_id", "booking_id"),
    (
        Column("account_id", required=True, masked=Mask.ACCOUNT, doc="the account whose statement it is"),
        Column("booking_id", doc="stable over overlapping exports; made where the bank gives none"),
        Column("bank", doc="the bank that keeps the account: BIC, or what the file says"),
        Column("direction", Kind.CHOICE, required=True, choices=DIRECTIONS),
        Column("amount", Kind.AMOUNT, required=True, doc="settled, in the account's currency, above zero"),
        Column("currency", Kind.CURRENCY, required=True),
        Column("original_amount", Kind.AMOUNT, doc="instructed, where it was another currency or fees were taken off"),
        Column("original_currency", Kind.CURRENCY),
        Column(
            "fee",
            Kind.AMOUNT,
            may_be_zero=True,
            signed=True,
            doc="what the bank took beside the amount, in the account's currency; becomes a booking of its own",
        ),
        Column("counterparty_id", masked=Mask.ACCOUNT, doc="IBAN or number of the other party; empty: not known"),
        Column("counterparty_name", masked=Mask.NAME),
        Column("counterparty_bank", doc="BIC of the other party's bank"),
        Column("end_to_end_id", doc="given by the payer, the same on both banks' statements"),
        Column("uetr", doc="unique end-to-end transaction reference (UUID v4)"),
        Column("bank_reference", doc="given by the account's bank"),
        Column("transaction_id", doc="given by the bank that sent the payment; a status report names it by this"),
        Column("mandate_id"),
        Column("booked_at", Kind.TIME, required=True, doc="in UTC; a day without a clock is the bank's midnight"),
        Column("precision", Kind.CHOICE, choices=PRECISIONS, doc="of booked_at; empty: day, where it is midnight"),
        Column("value_date", Kind.DATE),
        Column("status", Kind.CHOICE, choices=BOOKING_STATES, doc="empty: booked"),
        Column("returns", doc="reference of the payment that this one gives back"),
        Column("kind", Kind.CHOICE, choices=BOOKING_KINDS, doc="empty: transfer"),
        Column("balance_after", Kind.AMOUNT, may_be_zero=True, signed=True, doc="of the account"),
        Column("statement", doc="statement and page that it stands on"),
        Column("remittance", limit=LONG_TEXT_LIMIT, masked=Mask.HIDDEN, doc="the payment's free text"),
    ),
    doc="Lines of bank statements, before they are made into transfers.",
)
