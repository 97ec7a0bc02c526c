"""What a client asks of a server: commands and tickets, as strict JSON with a version.

A command stands in the descriptor of a DoExchange or a GetFlightInfo, a ticket in a DoGet. Both are
objects such as `{"version": 1, "call": "online", "service": "flight_delay"}`; unknown, missing and
doubled members are refused, so that a client never believes that something was heard that was not.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from featuresql.errors import RequestError, did_you_mean
from featuresql.wire.instants import format_instant, parse_instant

VERSION: Final = 1
MAX_COMMAND_BYTES: Final = 64 << 10
MAX_METADATA_BYTES: Final = 1 << 10
MAX_NAME_LENGTH: Final = 200
MAX_REQUEST_ID_LENGTH: Final = 64


@dataclass(frozen=True, slots=True)
class OnlineCommand:
    """Opens an exchange of request batches for feature batches of one service."""

    service: str


@dataclass(frozen=True, slots=True)
class HistoricalCommand:
    """Asks for a training set: over the spine that is sent, or as a ticket over the service's own.

    `known_at` replays what was known at that instant, in UTC.
    """

    service: str
    known_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class OnlineTicket:
    """Asks for one online answer to `rows`: a list of JSON values for each request column."""

    service: str
    rows: Mapping[str, list[object]]
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RequestMetadata:
    """What accompanies one request batch of an online exchange.

    `id` is the client's own word for the request, echoed with every piece of its answer.
    """

    id: str = ""
    at: datetime | None = None


Command = OnlineCommand | HistoricalCommand
Ticket = OnlineTicket | HistoricalCommand


def encode_command(command: Command | OnlineTicket) -> bytes:
    """Return a command or a ticket as JSON bytes."""
    members: dict[str, object] = {"version": VERSION, "service": command.service}
    if isinstance(command, HistoricalCommand):
        members["call"] = "historical"
        if command.known_at is not None:
            members["known_at"] = format_instant(command.known_at)
    else:
        members["call"] = "online"
    if isinstance(command, OnlineTicket):
        members["rows"] = dict(command.rows)
        if command.at is not None:
            members["at"] = format_instant(command.at)
    return json.dumps(members).encode()


def decode_command(data: bytes) -> Command:
    """Return the command that `data` holds.

    Raises `RequestError` with code `command` where it holds none.
    """
    members = _members(data, "the command")
    if members["call"] == "online":
        _check_names(members, {"version", "call", "service"}, "the command")
        return OnlineCommand(_service(members))
    return _historical(members, "the command")


def decode_ticket(data: bytes) -> Ticket:
    """Return the ticket that `data` holds.

    Raises `RequestError` with code `command` where it holds none.
    """
    members = _members(data, "the ticket")
    if members["call"] == "historical":
        return _historical(members, "the ticket")
    _check_names(members, {"version", "call", "service", "rows", "at"}, "the ticket")
    rows = members.get("rows")
    if not isinstance(rows, dict) or not all(isinstance(v, list) for v in rows.values()):
        raise _refusal("the ticket's 'rows' must be an object with a list for each column")
    return OnlineTicket(_service(members), rows, _instant(members, "at"))


def encode_metadata(metadata: RequestMetadata) -> bytes:
    """Return a request's metadata as JSON bytes."""
    if metadata.at is None:
        return json.dumps({"id": metadata.id}).encode()
    return json.dumps({"id": metadata.id, "at": format_instant(metadata.at)}).encode()


def decode_metadata(data: bytes | None) -> RequestMetadata:
    """Return the metadata of a request batch; no bytes mean no id and no instant.

    Raises `RequestError` with code `command` where it is not what a client may send.
    """
    if not data:
        return RequestMetadata()
    members = _parse(data, MAX_METADATA_BYTES, "the request's metadata")
    _check_names(members, {"id", "at"}, "the request's metadata")
    request_id = members.get("id", "")
    if not isinstance(request_id, str) or len(request_id) > MAX_REQUEST_ID_LENGTH:
        raise _refusal(f"a request's 'id' is a text of at most {MAX_REQUEST_ID_LENGTH} characters")
    return RequestMetadata(request_id, _instant(members, "at"))


def _members(data: bytes, what: str) -> dict[str, object]:
    members = _parse(data, MAX_COMMAND_BYTES, what)
    version = members.get("version")
    if version != VERSION or isinstance(version, bool):
        raise _refusal(f'{what} needs "version": {VERSION}, the one that this server speaks')
    if members.get("call") not in ("online", "historical"):
        raise _refusal(f'{what} needs a "call" that is "online" or "historical"')
    return members


def _historical(members: dict[str, object], what: str) -> HistoricalCommand:
    _check_names(members, {"version", "call", "service", "known_at"}, what)
    return HistoricalCommand(_service(members), _instant(members, "known_at"))


def _parse(data: bytes, max_bytes: int, what: str) -> dict[str, object]:
    if len(data) > max_bytes:
        raise _refusal(f"{what} has {len(data):,} bytes, at most {max_bytes:,} are taken")
    try:
        members = _DECODER.decode(data.decode())
    except (ValueError, RecursionError):
        raise _refusal(f"{what} is not one JSON object with each member once") from None
    if not isinstance(members, dict):
        raise _refusal(f"{what} is not a JSON object")
    return members


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        msg = "a member stands twice"
        raise ValueError(msg)
    return members


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_unique)


def _check_names(members: dict[str, object], known: set[str], what: str) -> None:
    for name in members:
        if name not in known:
            raise RequestError(
                f"{what} has the unknown member '{name[:MAX_NAME_LENGTH]}'",
                code="command",
                hint=did_you_mean(name[:MAX_NAME_LENGTH], known),
            )


def _service(members: dict[str, object]) -> str:
    service = members.get("service")
    if not isinstance(service, str) or not 0 < len(service) <= MAX_NAME_LENGTH:
        raise _refusal(f"'service' is a name of 1 to {MAX_NAME_LENGTH} characters")
    return service


def _instant(members: dict[str, object], name: str) -> datetime | None:
    value = members.get(name)
    return None if value is None else parse_instant(value, what=f"'{name}'")


def _refusal(message: str) -> RequestError:
    return RequestError(message, code="command", hint="see 'The protocol' in docs/serving.md")
