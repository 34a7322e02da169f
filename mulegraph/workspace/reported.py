"""Reports whose payment no case holds: nobody follows that victim's money."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from mulegraph.ledger.ledger import Ledger


def reports_without_case(ledger: Ledger, cases: pa.Table, findings: pa.Table) -> list[str]:
    """Ids of reports whose payment neither begins a case nor is evidence of a finding in one, in order."""
    if not ledger.rows("reports"):
        return []
    reports = ledger.arrow("reports", ["report_id", "transfer_id"]).drop_null()
    members = pc.unique(pc.list_flatten(cases["findings"]))
    inside = findings.filter(pc.is_in(findings["finding"], value_set=members))
    held = pa.concat_arrays(
        [pc.list_flatten(each.combine_chunks()).cast(pa.string()) for each in (cases["seeds"], inside["evidence"])]
    )
    left = reports.filter(pc.invert(pc.is_in(reports["transfer_id"], value_set=held)))
    return sorted(left["report_id"].to_pylist())
