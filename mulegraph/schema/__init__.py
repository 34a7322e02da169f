"""The one schema: ledger tables, findings, results, ids; everything else is derived from it."""
