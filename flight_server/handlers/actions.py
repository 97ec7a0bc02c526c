"""DoAction: health, readiness, reload, statistics."""

from __future__ import annotations

import json
from typing import Final

from featuresql.errors import FeatureSQLError, RequestError, ServingError, did_you_mean
from flight_server.auth import Caller
from flight_server.context import ServerContext

ACTIONS: Final = (
    ("health", "whether the process answers; needs no token"),
    ("readiness", "whether requests can be answered now; needs no token"),
    ("reload", "reads the project again; needs a token for all services"),
    ("statistics", "what is served and how much was; needs a token for all services"),
)
_OPEN: Final = {"health", "readiness"}


def act(context: ServerContext, caller: Caller | None, name: str, body: bytes) -> list[bytes]:
    """Return the results of the action of that name, one JSON object.

    `caller` is None for somebody without a valid token. Raises `ServingError` with code
    `unauthenticated`, `unauthorized`, `not-ready` or `reload-failed`, `RequestError` with code
    `unknown-action`.
    """
    known = [action for action, _ in ACTIONS]
    if name not in _OPEN:
        _check_caller(caller)
    if name not in known:
        raise RequestError(
            f"there is no action '{name[:200]}'",
            code="unknown-action",
            hint=did_you_mean(name[:200], known),
        )
    if body:
        raise RequestError(f"the action '{name}' takes no body", hint="send an empty one")
    if name == "health":
        return [_json({"status": "stopping" if context.slots.is_stopping else "ok"})]
    if name == "readiness":
        return [_json(_readiness(context))]
    if name == "reload":
        return [_json(_reload(context))]
    return [_json({"server": _statistics(context), "serving": context.serving.statistics()})]


def _check_caller(caller: Caller | None) -> None:
    if caller is None:
        raise ServingError(
            "this action needs a token that the server knows",
            code="unauthenticated",
            hint="send one header 'authorization: Bearer TOKEN'",
        )
    if caller.services is not None:
        raise ServingError(
            "this token may not do that",
            code="unauthorized",
            hint="only a token for all services, ['*'], may",
        )


def _readiness(context: ServerContext) -> dict[str, object]:
    if context.slots.is_stopping:
        raise ServingError("the server is stopping", code="not-ready", hint="ask another server")
    context.serving.services()
    return {"status": "ready"}


def _reload(context: ServerContext) -> dict[str, object]:
    try:
        context.serving.reload()
    except FeatureSQLError as error:
        fault = context.shield.fault(error, "reload")
        raise ServingError(
            "the project could not be read again; what was served before is still served",
            code="reload-failed",
            hint=f"run 'featuresql compile' where the server runs; {fault.hint or fault.message}",
        ) from error
    return {"status": "ok", "services": sorted(context.serving.services())}


def _statistics(context: ServerContext) -> dict[str, object]:
    return {**context.counters.snapshot(), "open_calls": context.slots.open}


def _json(value: dict[str, object]) -> bytes:
    return json.dumps(value).encode()
