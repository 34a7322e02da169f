"""Findings to cases: innocent explanations, scores, cases, roles, journey, identity over nights."""
