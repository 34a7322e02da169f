"""Workbooks and Arrow files hold the same tables as CSV."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.csv as pv
import pyarrow.feather as feather
import pyarrow.ipc as ipc
import pytest

from tests.ingest.conftest import Bank

ROWS = "a,ann,bob,1.10,EUR,2026-03-02T00:30:00Z,other,"


def table(bank: Bank) -> pa.Table:
    path = bank.transfers(ROWS)
    read = pv.read_csv(path, convert_options=pv.ConvertOptions(column_types={"at": pa.string()}))
    path.unlink()
    return read


@pytest.mark.parametrize("form", ["feather", "arrow file", "arrow stream"])
def test_arrow_files_are_read_as_the_same_table_in_csv(bank: Bank, form: str):
    """In each of Arrow's own forms."""
    rows = table(bank)
    if form == "feather":
        feather.write_feather(rows, bank.folder / "transfers.feather")
    else:
        make = ipc.new_file if form == "arrow file" else ipc.new_stream
        with make(str(bank.folder / "transfers.arrow"), rows.schema) as out:
            out.write_table(rows)

    bank.load()

    assert bank.ids() == ["a"]
    assert str(bank.values("amount")[0]) == "1.100"
