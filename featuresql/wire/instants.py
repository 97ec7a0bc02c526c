"""Instants from outside: datetimes or ISO 8601 texts, read as UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from featuresql.errors import RequestError

_HINT = "give a datetime or an ISO 8601 text such as '2013-07-01T12:00:00Z'; no zone means UTC"
_SUB_MICROSECOND = re.compile(r"[.,]\d{6}\d*[1-9]")


def parse_instant(value: object, *, what: str = "the instant") -> datetime:
    """Return `value`, a datetime or an ISO 8601 text, as a datetime whose zone is UTC.

    A value without a zone is UTC. Raises `RequestError` with code `instant` for anything else, for
    an instant outside the years 1 to 9999 and for one with parts below a microsecond.
    """
    instant = _parse_text(value, what) if isinstance(value, str) else value
    if not isinstance(instant, datetime):
        raise _refusal(what, f"a {type(value).__name__} is no instant")
    if getattr(instant, "nanosecond", 0):  # pandas' Timestamp is a datetime that has these too
        raise _refusal(what, "it has parts below a microsecond")
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=UTC)
    try:
        utc = instant.astimezone(UTC)
        return datetime.combine(utc.date(), utc.time(), UTC)
    except (OverflowError, ValueError):
        raise _refusal(what, "it lies outside the years 1 to 9999") from None


def format_instant(instant: datetime) -> str:
    """Return an instant, whose zone is UTC, as the text that `parse_instant` reads back."""
    return instant.isoformat()


def _parse_text(text: str, what: str) -> datetime:
    if _SUB_MICROSECOND.search(text):  # fromisoformat would cut these digits off in silence
        raise _refusal(what, "it has parts below a microsecond")
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError:
        raise _refusal(what, f"{text[:60]!r} is no ISO 8601 text") from None


def _refusal(what: str, reason: str) -> RequestError:
    return RequestError(f"{what} cannot be read: {reason}", code="instant", hint=_HINT)
