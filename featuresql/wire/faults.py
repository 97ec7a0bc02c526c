"""Errors on the wire: which ones tell their text, and how the other side raises them again.

A fault travels as JSON in the `extra_info` of a FlightError, or within an online exchange in the
metadata of a message without rows. It never holds a location, an excerpt, SQL or a traceback.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Final

import pyarrow as pa
from pyarrow import flight

from featuresql.errors import FeatureSQLError, OnlineStoreError, RequestError, ServingError

MAX_TEXT: Final = 1000
_KINDS: Final[dict[str, type[FeatureSQLError]]] = {
    "request": RequestError,
    "online-store": OnlineStoreError,
    "serving": ServingError,
}
_TOLD_STORE_CODES: Final = {"not-materialized", "stale-version"}
# What an online store says while it cannot be reached: its own words name machines.
_STORE_AWAY: Final = {"timeout", "unreachable", "unavailable", "overloaded"}
# What gRPC says, in lower case, where no connection came to be; all else ended one that was there.
_NEVER_CONNECTED: Final = ("failed to connect", "resolution", "connection refused", "no route")
_STATUSES: Final[dict[str, type[flight.FlightError]]] = {
    "unauthenticated": flight.FlightUnauthenticatedError,
    "unauthorized": flight.FlightUnauthorizedError,
    "busy": flight.FlightUnavailableError,
    "stopping": flight.FlightUnavailableError,
    "not-ready": flight.FlightUnavailableError,
    "store-away": flight.FlightUnavailableError,
    "internal": flight.FlightInternalError,
}


@dataclass(frozen=True, slots=True)
class Fault:
    """An error as it travels. `kind` says which class the client raises."""

    kind: str
    code: str
    message: str
    hint: str | None = None


def told_fault(error: BaseException) -> Fault | None:
    """Return the fault that tells a caller about `error`, None where its text must stay inside.

    A `RequestError`, a `ServingError` and a view that is not materialized, or not as the service
    needs it, are told: message and hint, never location or excerpt. Of a store that cannot be
    reached just that is told.
    """
    if is_store_away(error):
        return Fault(
            "serving",
            "store-away",
            "the online store does not answer",
            "try again, or ask another server",
        )
    for kind, error_class in _KINDS.items():
        if isinstance(error, error_class):
            if kind == "online-store" and error.code not in _TOLD_STORE_CODES:
                return None
            hint = _clean(error.hint) if error.hint is not None else None
            return Fault(kind, _clean(error.code), _clean(error.message), hint)
    return None


def is_store_away(error: BaseException) -> bool:
    """Return whether `error` says that the online store cannot be reached just now."""
    return isinstance(error, OnlineStoreError) and error.code in _STORE_AWAY


def internal_fault(incident: str) -> Fault:
    """Return the fault that tells no more than the id under which the server's log has the rest."""
    return Fault(
        "serving",
        "internal",
        "the server failed to answer",
        f"its log tells more under the id {incident}",
    )


def encode_fault(fault: Fault) -> bytes:
    """Return a fault as JSON bytes."""
    return json.dumps(asdict(fault)).encode()


def decode_fault(data: bytes | None) -> FeatureSQLError | None:
    """Return the error that `data` holds, None where it holds no fault of this protocol."""
    try:
        members = json.loads(data or b"null")
    except (ValueError, RecursionError):
        return None
    if not isinstance(members, dict) or not isinstance(members.get("message"), str):
        return None
    error_class = _KINDS.get(str(members.get("kind")), ServingError)
    hint = members.get("hint")
    return error_class(
        members["message"],
        code=str(members.get("code") or error_class.default_code),
        hint=hint if isinstance(hint, str) else None,
    )


def to_flight_error(fault: Fault) -> flight.FlightError:
    """Return the FlightError that carries `fault`, with the status that fits its code."""
    status = _STATUSES.get(fault.code, flight.FlightServerError)
    text = f"{fault.code}: {fault.message}"
    if fault.hint is not None:
        text += f" ({fault.hint})"
    return status(text, extra_info=encode_fault(fault))


def from_flight_error(error: pa.ArrowException, url: str) -> FeatureSQLError:
    """Return the error that a client raises for one that Flight raised.

    What the server told is raised as it was told; what came of the connection is a `ServingError`
    with code `unreachable`, `connection-lost`, `timeout` or `serving`.
    """
    told = decode_fault(getattr(error, "extra_info", None))
    if told is not None:
        return told
    if isinstance(error, flight.FlightUnavailableError):
        if not any(words in str(error).lower() for words in _NEVER_CONNECTED):
            return ServingError(
                f"the connection to {url} was lost during the call",
                code="connection-lost",
                hint="ask again: the server ended, or something between has cut the connection",
            )
        return ServingError(
            f"no server answers at {url}",
            code="unreachable",
            hint="start one with 'featuresql serve', or check host, port and TLS",
        )
    if isinstance(error, (flight.FlightTimedOutError, flight.FlightCancelledError)):
        return ServingError(
            f"the server at {url} did not answer in time",
            code="timeout",
            hint="ask for fewer rows, or give the client a longer timeout_s",
        )
    reason = str(error).split("\n", 1)[0].split(" gRPC client debug", 1)[0][:MAX_TEXT]
    return ServingError(f"the call to {url} failed: {reason}")


def _clean(text: str) -> str:
    """Cut a text to what fits into a header, without what UTF-8 or a header cannot hold."""
    shown = text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"
    shown = "".join(c if c.isprintable() or c == "\n" else "�" for c in shown)
    return shown.encode("utf-8", "replace").decode("utf-8")
