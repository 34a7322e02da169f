"""Files → ledger: reading, checking, storing, and simulated files to try it with."""
