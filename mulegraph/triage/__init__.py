"""Findings → cases: what belongs together, how strong it is, and who does what in it."""
