"""Innocent explanations: each file is one benign test, found by being there."""
