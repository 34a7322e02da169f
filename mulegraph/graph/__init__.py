"""Ledger and findings → graph: a rebuildable index that answers the questions in `cypher/`."""
