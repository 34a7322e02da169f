"""Scan, run record and every question: plain, unmasked, without pictures."""
