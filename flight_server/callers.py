"""The middleware that learns who calls, before any handler runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from pyarrow import flight

from featuresql.errors import ServingError
from flight_server.auth import ANYBODY, Authenticator, Caller
from flight_server.shield import Shield

KEY: Final = "caller"


class CallerMiddleware(flight.ServerMiddleware):  # type: ignore[misc]  # pyarrow has no types
    """Keeps who sent a call; `caller` is None for an action without a valid token."""

    def __init__(self, caller: Caller | None) -> None:
        """Keep the caller for the handler."""
        self.caller = caller


class CallerMiddlewareFactory(flight.ServerMiddlewareFactory):  # type: ignore[misc]  # as above
    """Refuses calls without a valid token.

    Actions pass: health needs no token, and which action it is stands in the body only.
    """

    def __init__(self, authenticator: Authenticator | None, shield: Shield) -> None:
        """Let anybody in where there is no authenticator."""
        self._authenticator = authenticator
        self._shield = shield

    def start_call(
        self, info: flight.CallInfo, headers: Mapping[str, Sequence[str | bytes]]
    ) -> CallerMiddleware:
        """Return the middleware of one call; raises FlightError for a caller who is not let in."""
        with self._shield.over("authentication"):
            if self._authenticator is None:
                return CallerMiddleware(ANYBODY)
            try:
                return CallerMiddleware(self._authenticator.authenticate(headers))
            except ServingError:
                if info.method == flight.FlightMethod.DO_ACTION:
                    return CallerMiddleware(None)
                raise
        raise AssertionError  # the shield lets nothing fall through


def caller_of(call: flight.ServerCallContext) -> Caller | None:
    """Return who sent the call."""
    caller: Caller | None = call.get_middleware(KEY).caller
    return caller


def known_caller_of(call: flight.ServerCallContext) -> Caller:
    """Return who sent a call that the middleware lets only known callers make."""
    caller = caller_of(call)
    if caller is None:
        raise ServingError("this server needs a token", code="unauthenticated")
    return caller
