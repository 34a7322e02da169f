"""What stands inside archives is loaded as if it stood in the folder."""

from __future__ import annotations

import gzip
import zipfile

import pytest

from mulegraph.errors import DataError
from mulegraph.ingest import archives

from .conftest import HEAD, Bank

ROW = "a,ann,bob,1.10,EUR,2026-03-02T00:30:00Z,other,"


def test_tables_inside_a_zip_are_loaded(bank: Bank):
    """By their names inside it, also from a folder inside it."""
    with zipfile.ZipFile(bank.folder / "export.zip", "w") as out:
        out.writestr("export/transfers.csv", f"{HEAD}\n{ROW}\n")

    bank.load()

    assert bank.ids() == ["a"]


def test_a_bank_s_file_in_gz_is_loaded(bank: Bank):
    """By what is in it."""
    text = ":20:S\n:25:NL60TSTA0000000011\n:28C:1\n:60F:C260202EUR10,\n"
    text += ":61:260203C5,NTRFNONREF\n:86:x\n:62F:C260203EUR15,\n-\n"
    (bank.folder / "day.sta.gz").write_bytes(gzip.compress(text.encode()))

    bank.load()

    assert bank.values("target") == ["NL60TSTA0000000011"]


def test_a_bomb_is_refused(bank: Bank, monkeypatch: pytest.MonkeyPatch):
    """What unpacks to far more than any statement would is not unpacked to the end."""
    monkeypatch.setattr(archives, "RATIO_FROM", 1 << 20)
    with zipfile.ZipFile(bank.folder / "export.zip", "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("transfers.csv", "0" * (8 << 20))

    with pytest.raises(DataError, match=r"export\.zip: unpacks to more than"):
        bank.load()


def test_a_member_cannot_leave_its_folder(bank: Bank):
    """A path inside the archive counts for nothing."""
    with zipfile.ZipFile(bank.folder / "export.zip", "w") as out:
        out.writestr("../../transfers.csv", f"{HEAD}\n{ROW}\n")

    bank.load()

    assert not (bank.folder.parent / "transfers.csv").exists()
    assert bank.ids() == ["a"]


def test_a_damaged_archive_is_named(bank: Bank):
    """With what to do."""
    bank.transfers(ROW)
    (bank.folder / "export.zip").write_bytes(b"PK\x03\x04 this is no archive")

    with pytest.raises(DataError, match=r"export\.zip: cannot be unpacked"):
        bank.load()
