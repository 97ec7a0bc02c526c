"""Durations as users write them, in whole microseconds."""

from __future__ import annotations

import re
from typing import Final

from featuresql.errors import did_you_mean

MAX_DURATION_US: Final = 100 * 36_525 * 864_000_000
_MAX_TEXT_LENGTH: Final = 200
_UNITS_US: Final = {
    "week": 604_800_000_000,
    "day": 86_400_000_000,
    "hour": 3_600_000_000,
    "minute": 60_000_000,
    "second": 1_000_000,
    "millisecond": 1_000,
    "microsecond": 1,
}
_NO_FIXED_LENGTH: Final = frozenset({"month", "quarter", "year", "decade"})
_PART: Final = re.compile(r"\s*([0-9]+)\s*([A-Za-z]+)\s*,?")


def parse_duration(text: str) -> int:
    """Return the microseconds of a duration such as `7 days` or `1 day 12 hours`.

    Units are weeks, days, hours, minutes, seconds, milliseconds and microseconds, each at most
    once, in the singular or the plural, with whole numbers. The sum is greater than 0 and at most
    100 years.
    Raises `ValueError`, with a sentence for the user, for everything else.
    """
    if len(text) > _MAX_TEXT_LENGTH:
        raise ValueError("a duration of more than 200 characters")
    total, position, seen = 0, 0, set[str]()
    while position < len(text.rstrip()):
        match = _PART.match(text, position)
        if match is None:
            raise ValueError(f"'{text}' is no duration: write it like '7 days' or '1 day 12 hours'")
        unit = _unit(match[2], text)
        if unit in seen:
            raise ValueError(f"'{text}' names {unit}s twice")
        seen.add(unit)
        total += int(match[1]) * _UNITS_US[unit]
        position = match.end()
    if not seen or text.rstrip().endswith(","):
        raise ValueError(f"'{text}' is no duration: write it like '7 days' or '1 day 12 hours'")
    if total == 0:
        raise ValueError(f"'{text}' is no time at all: a duration is greater than 0")
    if total > MAX_DURATION_US:
        raise ValueError(f"'{text}' is longer than 100 years")
    return total


def duration_text(duration_us: int) -> str:
    """Return microseconds as `parse_duration` reads them, in the largest units: `1 day 12 hours`.

    `duration_us` is greater than 0.
    """
    parts = []
    for unit, length_us in _UNITS_US.items():
        count, rest_us = divmod(duration_us, length_us)
        if unit == "week" and rest_us:
            continue  # 10 days, not 1 week 3 days
        if count:
            parts.append(f"{count} {unit}" + ("s" if count > 1 else ""))
        duration_us = rest_us
    return " ".join(parts)


def _unit(word: str, text: str) -> str:
    unit = word.lower().removesuffix("s")
    if unit in _UNITS_US:
        return unit
    if unit in _NO_FIXED_LENGTH or unit == "centurie":
        raise ValueError(
            f"'{text}' has no fixed length: a {unit} is not always as long as the next; "
            "write it in days or weeks"
        )
    names = [f"{name}s" for name in _UNITS_US]
    raise ValueError(f"'{word}' in '{text}' is no unit of time: {did_you_mean(word, names)}")
