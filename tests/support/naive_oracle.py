"""What "as of" means, row by row in plain Python: slow, plain, and independent of the product."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """A row of a feature view. Instants are microseconds; any of them, and any key, may be None."""

    keys: tuple
    event_ts: int | None
    available_at: int | None
    values: tuple


def known(row: Row) -> int:
    if row.available_at is None or row.available_at < row.event_ts:
        return row.event_ts
    return row.available_at


def is_visible(
    row: Row, keys: tuple, instant: int | None, ttl: int | None, known_at: int | None
) -> bool:
    if instant is None or row.event_ts is None or None in keys or None in row.keys:
        return False
    if row.keys != keys or row.event_ts > instant or known(row) > instant:
        return False
    if known_at is not None and known(row) > known_at:
        return False
    return ttl is None or row.event_ts >= instant - ttl


def rank_value(value: object) -> tuple:
    """NULL least, NaN above all numbers, text by its bytes, lists by their elements."""
    if value is None:
        return (0,)
    if isinstance(value, float) and math.isnan(value):
        return (1, 1, 0)
    if isinstance(value, list):
        return (1, [rank_value(item) for item in value])
    if isinstance(value, str):
        return (1, value.encode())
    if isinstance(value, float):
        return (1, 0, value, math.copysign(1, value))
    return (1, 0, value)


def rank(row: Row) -> tuple:
    return (row.event_ts, known(row), [rank_value(value) for value in row.values])


def as_of(
    rows: list[Row],
    keys: tuple,
    instant: int | None,
    ttl: int | None = None,
    known_at: int | None = None,
) -> Row | None:
    """Return the row that is visible at `instant` and wins, or None."""
    seen = [row for row in rows if is_visible(row, keys, instant, ttl, known_at)]
    return max(seen, key=rank) if seen else None
