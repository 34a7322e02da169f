"""Tokens, and the one door that masks what leaves a workspace."""
