"""Ledger, flow and graph → findings: one file a sign, found by being in this folder."""
