"""What two banks write of the same payments is read back as these payments."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.thorough import THOROUGH

from .files import ANN, BEN, CEM, DOT, NOON, Files
from .readers.writers import Payment, camt053, camt_document, debit_credit_csv, mt940

ACCOUNTS = (ANN, BEN, CEM, DOT)


@st.composite
def ledgers(draw: st.DrawFn) -> list[Payment]:
    """Up to 12 payments between four accounts of two banks; references may be missing, repeated, or UETRs."""
    payments = []
    for number in range(draw(st.integers(1, 12))):
        source, target = draw(st.permutations(ACCOUNTS))[:2]
        seconds = draw(st.integers(0, 3 * 86_400 - 1))
        known = draw(st.sampled_from(["none", "none", "reference", "shared", "uetr"]))
        reference = {"reference": f"E-{number}", "shared": "RENT"}.get(known, "")
        uetr = f"0000000{number:x}-0000-4000-8000-00000000000{number:x}" if known == "uetr" else ""
        cents = draw(st.sampled_from([1, 1, 100, 9_999, 12_345_678]))
        payments.append(Payment(source, target, cents, NOON + dt.timedelta(seconds=seconds), reference, uetr))
    return payments


def round_trip(payments: list[Payment], forms: dict[str, str]) -> None:
    """Write each account's bookings in its form, load them all, and compare the transfers."""
    with TemporaryDirectory() as scratch:
        files = Files(Path(scratch))
        for number, account in enumerate(ACCOUNTS):
            mine = [each for each in payments if account in (each.source, each.target)]
            match forms[account]:
                case "camt.053":
                    files.write(f"{number}.xml", camt_document([camt053(account, mine)]))
                case "MT940":
                    files.write(f"{number}.sta", mt940(account, mine))
                case "CSV":
                    files.write(f"bookings-{number}.csv", debit_credit_csv(account, mine))
        mapping = '[bookings]\nfiles = ["bookings-*.csv"]\n' if "CSV" in forms.values() else ""
        files.load(mapping)
        if set(forms.values()) == {"camt.053"} or "MT940" not in forms.values():
            wanted = Counter((p.source, p.target, p.amount, p.at.replace(tzinfo=None)) for p in payments)
            assert Counter(files.moved()) == wanted
        else:
            assert Counter(row[:3] for row in files.moved()) == Counter(
                (p.source, p.target, p.amount) for p in payments
            )


@settings(max_examples=500 if THOROUGH else 12, deadline=None, suppress_health_check=list(HealthCheck))
@given(ledgers(), st.lists(st.sampled_from(["camt.053", "MT940", "CSV"]), min_size=4, max_size=4))
def test_what_two_banks_write_is_read_back_as_the_same_transfers(payments: list[Payment], forms: list[str]):
    """To the cent, and to the second where the formats tell it; none twice, none lost."""
    round_trip(payments, dict(zip(ACCOUNTS, forms, strict=True)))
