"""The night: scan a ledger, keep what was found, and say how it was found."""
