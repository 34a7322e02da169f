"""When simulated things happen: hours of the day, days of the week, paydays and rent days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np

START = datetime(2026, 1, 5, tzinfo=UTC)
"""A Monday."""
DAY = 86_400
HOUR = 3_600
MINUTE = 60

SHOP_HOURS = np.array([1, 1, 0, 0, 0, 1, 4, 12, 22, 28, 34, 42, 52, 46, 40, 40, 46, 58, 62, 44, 26, 14, 7, 3], float)
SOCIAL_HOURS = np.array(
    [5, 3, 1, 1, 1, 2, 5, 11, 18, 22, 26, 28, 32, 30, 28, 30, 34, 40, 46, 48, 46, 38, 24, 11], float
)
OFFICE_HOURS = np.array([0, 0, 0, 0, 0, 1, 4, 16, 48, 60, 62, 56, 34, 46, 56, 52, 40, 16, 6, 3, 2, 1, 0, 0], float)
CRIME_HOURS = np.array([3, 2, 1, 1, 1, 1, 3, 8, 16, 20, 24, 24, 22, 24, 26, 26, 24, 22, 20, 18, 14, 10, 7, 5], float)
WEEK = np.array([1.0, 0.97, 1.0, 1.04, 1.18, 1.12, 0.8])
OFFICE_WEEK = np.array([1.0, 1.0, 1.0, 1.0, 1.0, 0.06, 0.03])


def times(rng: np.random.Generator, count: int, days: int, hours: np.ndarray, week: np.ndarray = WEEK) -> np.ndarray:
    """Seconds since the start, by weight of the hour of the day and the day of the week."""
    weights = week[np.arange(days) % 7]
    day = rng.choice(days, count, p=weights / weights.sum())
    hour = rng.choice(24, count, p=hours / hours.sum())
    return np.asarray(day * DAY + hour * HOUR + rng.integers(0, HOUR, count))


def month_days(days: int, day_of_month: int) -> list[int]:
    """Days since the start on which a monthly date falls, moved back to Friday at a weekend."""
    found = []
    for number in range(days + 2):
        at: date = (START + timedelta(days=number)).date()
        if at.day == day_of_month:
            number -= max(0, at.weekday() - 4)
            if 0 <= number < days:
                found.append(number)
    return found
