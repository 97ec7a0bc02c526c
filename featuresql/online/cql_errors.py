"""The driver's errors in the words of ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from cassandra import (
    AuthenticationFailed,
    DriverException,
    InvalidRequest,
    OperationTimedOut,
    RateLimitReached,
    ReadTimeout,
    Unauthorized,
    Unavailable,
    WriteTimeout,
)
from cassandra.cluster import NoHostAvailable
from cassandra.connection import ConnectionBusy, ConnectionException, ProtocolError
from cassandra.protocol import ErrorMessage, OverloadedErrorMessage

from featuresql.errors import OnlineStoreError
from featuresql.online.cql_settings import CqlSettings

TRANSIENT: Final = frozenset({"timeout", "unreachable", "unavailable", "overloaded"})
"""Codes of errors after which the same idempotent request may succeed."""

_ERRORS: Final = (
    DriverException,
    NoHostAvailable,
    ConnectionException,
    ConnectionBusy,
    ProtocolError,
    ErrorMessage,
    OSError,
)
_TIMEOUTS: Final = (OperationTimedOut, ReadTimeout, WriteTimeout)
_DENIED: Final = (AuthenticationFailed, Unauthorized)


@contextmanager
def translated(settings: CqlSettings) -> Iterator[None]:
    """Raise the driver's and the system's errors in this block as `OnlineStoreError`."""
    try:
        yield
    except _ERRORS as error:
        raise _from_driver(error, settings) from error


def _from_driver(error: BaseException, settings: CqlSettings) -> OnlineStoreError:
    if isinstance(error, NoHostAvailable):
        return _from_hosts(error, settings)
    if isinstance(error, (ConnectionException, OSError)):
        return _unreachable(settings.place, _text(error))
    code, what, hint = _said(error, settings)
    return OnlineStoreError(f"{settings.place} {what}", code=code, hint=hint)


def _said(error: BaseException, settings: CqlSettings) -> tuple[str | None, str, str | None]:
    """Return code, message and hint for what a node or the driver said."""
    if isinstance(error, _DENIED):
        hint = "look at `user` and `password`, and at what the user was granted"
        return "denied", f"refused this user: {_text(error)}", hint
    if isinstance(error, _TIMEOUTS):
        hint = f"`timeout_ms` is {settings.timeout_ms}; the cluster may be overloaded"
        return "timeout", f"did not answer within its time: {_text(error)}", hint
    if isinstance(error, Unavailable):
        what = (
            f"has too few live replicas for {settings.consistency.upper()}:"
            f" {error.alive_replicas} of the {error.required_replicas} that it needs"
        )
        hint = "bring nodes back, or look at the keyspace's replication and at `consistency`"
        return "unavailable", what, hint
    if isinstance(error, (RateLimitReached, OverloadedErrorMessage)):
        return "overloaded", f"has too much to do: {_text(error)}", None
    if isinstance(error, InvalidRequest):
        return "refused", f"refused a statement: {_text(error)}", None
    return None, f"failed: {_text(error)}", None


def _from_hosts(error: NoHostAvailable, settings: CqlSettings) -> OnlineStoreError:
    """Return what the first of the hosts said, where it was more than that nobody is there."""
    causes = list(error.errors.values()) if isinstance(error.errors, dict) else []
    for cause in causes:
        if isinstance(cause, (*_DENIED, *_TIMEOUTS, Unavailable, InvalidRequest)):
            return _from_driver(cause, settings)
    return _unreachable(settings.place, "; ".join(dict.fromkeys(map(_text, causes))))


def _unreachable(place: str, why: str) -> OnlineStoreError:
    return OnlineStoreError(
        f"{place} cannot be reached" + (f": {why}" if why else ""),
        code="unreachable",
        hint="look at `hosts`, `port`, `local_dc` and, for TLS, `secure` and `ca_cert`",
    )


def _text(error: BaseException) -> str:
    """Return what the error says, on one line and not long."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 300 else f"{text[:299]}…"  # noqa: PLR2004 - a line or two
