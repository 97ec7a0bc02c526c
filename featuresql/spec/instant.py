"""Instants as whole microseconds since 1970 in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def to_us(instant: datetime) -> int:
    """Return an instant with a zone as microseconds since 1970. Raises `TypeError` without one."""
    return (instant - _EPOCH) // timedelta(microseconds=1)


def from_us(microseconds: int) -> datetime:
    """Return microseconds since 1970 as a datetime in UTC.

    Raises `OverflowError` outside of the years 1 to 9999.
    """
    return _EPOCH + timedelta(microseconds=microseconds)
