"""What a camt statement says of its entries as a whole (TxsSummry), beside what was read of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from mulegraph.ingest.readers.xml import Element, children, leaves

_WAYS = {"CRDT": "TtlCdtNtries", "DBIT": "TtlDbtNtries"}


@dataclass
class Sums:
    """Entries and their amounts by CdtDbtInd, of all states and currencies, as the summary counts them."""

    rows: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_WAYS, 0))
    amounts: dict[str, Decimal] = field(default_factory=lambda: dict.fromkeys(_WAYS, Decimal()))

    def add(self, entry: dict[str, str]) -> None:
        """Count an entry; what its amount is, the reader checks."""
        way = entry.get("CdtDbtInd", "")
        if way in self.rows:
            self.rows[way] += 1
            try:
                self.amounts[way] += Decimal(entry.get("Amt", "0"))
            except InvalidOperation:
                return

    def add_texts(self, amounts: dict[str, list[str]]) -> None:
        """Count entries by way, each by the text of its amount."""
        for way, texts in amounts.items():
            try:
                total = sum(map(Decimal, texts), Decimal())
            except InvalidOperation:
                for text in texts:
                    self.add({"CdtDbtInd": way, "Amt": text})
                continue
            if way in self.rows:
                self.rows[way] += len(texts)
                self.amounts[way] += total

    def differences(self, statement: Element, where: str) -> list[str]:
        """What the summary says otherwise, told for a person."""
        told = []
        for summary in children(statement, "TxsSummry"):
            found = leaves(summary)
            stated = found.get("TtlNtries/NbOfNtries", "")
            if stated.isdigit() and int(stated) != sum(self.rows.values()):
                told.append(f"states {int(stated):,} entries, and {sum(self.rows.values()):,} were read")
            for way, name in _WAYS.items():
                stated = found.get(f"{name}/Sum", "")
                if stated and Decimal(stated) != self.amounts[way]:
                    what = "credits" if way == "CRDT" else "debits"
                    told.append(f"states {what} of {Decimal(stated):,}, and {self.amounts[way]:,} were read")
        return [f"{where} {each}; ask the bank whether entries are missing" for each in told]
