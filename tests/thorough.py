"""How much property tests try: a quarter with every change, all of it with MULEGRAPH_THOROUGH=1, as `make all` does."""

from __future__ import annotations

import os
from typing import Any

from hypothesis import HealthCheck, settings

THOROUGH = bool(os.environ.get("MULEGRAPH_THOROUGH"))
SHARE = 4
"""Hypothesis draws other examples each time, so what a quarter misses once is met by one of the next runs."""


def times(thorough: int) -> int:
    """How often something is tried that is tried `thorough` times at most."""
    return thorough if THOROUGH else -(-thorough // SHARE)


def examples(thorough: int, **more: Any) -> settings:
    """Settings of a property test that tries so many examples at most."""
    return settings(max_examples=times(thorough), deadline=None, **more)


def settle() -> None:
    """Settings of property tests that have none of their own. No example fails because a machine is busy."""
    settings.register_profile(
        "here", max_examples=times(100), deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    settings.load_profile("here")
