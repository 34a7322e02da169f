"""Ledger → flow links: money matched first in, first out, and what is unlikely about it."""
