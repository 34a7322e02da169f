"""Banks' files of a made-up ledger, written after the public standards, to be read back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

BANK_TIME = timezone(timedelta(hours=1))


@dataclass(frozen=True)
class Payment:
    """One transfer of the made-up ledger; `at` in UTC, to the second."""

    source: str
    target: str
    cents: int
    at: datetime
    reference: str = ""
    uetr: str = ""

    @property
    def amount(self) -> Decimal:
        return Decimal(self.cents).scaleb(-2)


def iban(country: str, bank: str, number: int) -> str:
    """An IBAN with right check digits."""
    body = f"{bank}{number:010d}"
    digits = "".join(str(int(sign, 36)) for sign in f"{body}{country}00")
    return f"{country}{98 - int(digits) % 97:02d}{body}"


def money(cents: int) -> str:
    return f"{abs(cents) // 100}.{abs(cents) % 100:02d}"


def camt053(
    account: str, payments: Sequence[Payment], opening: int = 100_000, *, details: str = "", bic: str = ""
) -> str:
    """A statement of one account in camt.053.001.08."""
    entries, balance = [], opening
    for number, payment in enumerate(payments):
        is_in = payment.target == account
        balance += payment.cents if is_in else -payment.cents
        role, other = ("Dbtr", payment.source) if is_in else ("Cdtr", payment.target)
        refs = f"<EndToEndId>{payment.reference or 'NOTPROVIDED'}</EndToEndId>"
        refs += f"<UETR>{payment.uetr}</UETR>" if payment.uetr else ""
        when = payment.at.astimezone(BANK_TIME).isoformat()
        entries.append(
            f'<Ntry><Amt Ccy="EUR">{money(payment.cents)}</Amt><CdtDbtInd>{"CRDT" if is_in else "DBIT"}</CdtDbtInd>'
            f"<Sts><Cd>BOOK</Cd></Sts><BookgDt><DtTm>{when}</DtTm></BookgDt><AcctSvcrRef>{account[-6:]}-{number}"
            f"</AcctSvcrRef>{details}<NtryDtls><TxDtls><Refs>{refs}</Refs><RltdPties><{role}Acct><Id><IBAN>{other}</IBAN>"
            f"</Id></{role}Acct></RltdPties></TxDtls></NtryDtls></Ntry>"
        )
    servicer = f"<Svcr><FinInstnId><BICFI>{bic}</BICFI></FinInstnId></Svcr>" if bic else ""
    return (
        f"<Stmt><Id>ST-{account[-6:]}</Id><Acct><Id><IBAN>{account}</IBAN></Id><Ccy>EUR</Ccy>{servicer}</Acct>"
        f"{_balance('OPBD', opening)}{_balance('CLBD', balance)}{''.join(entries)}</Stmt>"
    )


def _balance(code: str, cents: int) -> str:
    return (
        f'<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">{money(cents)}</Amt>'
        f"<CdtDbtInd>{'DBIT' if cents < 0 else 'CRDT'}</CdtDbtInd><Dt><Dt>2026-02-03</Dt></Dt></Bal>"
    )


def camt_document(statements: Iterable[str]) -> str:
    """Statements in one message."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">'
        "<BkToCstmrStmt><GrpHdr><MsgId>M1</MsgId><CreDtTm>2026-02-04T01:00:00+01:00</CreDtTm></GrpHdr>"
        f"{''.join(statements)}</BkToCstmrStmt></Document>"
    )


def mt940(account: str, payments: Sequence[Payment], number: int = 1, opening: int = 100_000) -> str:
    """A statement of one account in MT940, with the details of field 86 as Dutch banks structure them."""
    lines, balance = [], opening
    for place, payment in enumerate(payments):
        is_in = payment.target == account
        balance += payment.cents if is_in else -payment.cents
        day = payment.at.astimezone(BANK_TIME)
        other = payment.source if is_in else payment.target
        reference = f"/EREF/{payment.reference}" if payment.reference else ""
        uetr = f"/UETR/{payment.uetr}" if payment.uetr else ""
        lines += [
            f":61:{day:%y%m%d}{day:%m%d}{'C' if is_in else 'D'}{money(payment.cents).replace('.', ',')}NTRFNONREF"
            f"//{account[-6:]}{place}",
            f":86:/TRTP/SCT/IBAN/{other}{reference}{uetr}/REMI/x",
        ]
    sign = "D" if balance < 0 else "C"
    head = [
        f":20:S{number}",
        f":25:{account}",
        f":28C:{number}/1",
        f":60F:C260202EUR{money(opening).replace('.', ',')}",
    ]
    return "\n".join([*head, *lines, f":62F:{sign}260203EUR{money(balance).replace('.', ',')}", "-", ""])


def debit_credit_csv(account: str, payments: Sequence[Payment]) -> str:
    """Bookings of one account as a table with the columns of `bookings`."""
    rows = ["account_id,direction,amount,currency,counterparty_id,end_to_end_id,uetr,booked_at"]
    for payment in payments:
        way, other = ("in", payment.source) if payment.target == account else ("out", payment.target)
        at = payment.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        rows.append(f"{account},{way},{money(payment.cents)},EUR,{other},{payment.reference},{payment.uetr},{at}")
    return "\n".join([*rows, ""])
