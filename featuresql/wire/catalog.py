"""What a server tells of a service: its schemas and limits, in the metadata of a FlightInfo."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from featuresql.errors import ServingError
from featuresql.ports import ServiceSchema
from featuresql.wire.commands import VERSION

_SCHEMAS: Final = ("request", "online", "spine", "historical")


@dataclass(frozen=True, slots=True)
class ServiceDescription:
    """A service as a client sees it; `max_rows` is the most that one message may hold."""

    schema: ServiceSchema
    max_rows: int


def encode_description(description: ServiceDescription) -> bytes:
    """Return a description as JSON bytes, its schemas as base64 of Arrow's IPC messages."""
    schema = description.schema
    return json.dumps(
        {
            "version": VERSION,
            "name": schema.name,
            "description": schema.description,
            "event_time": schema.event_time,
            "limits": {"max_rows": description.max_rows},
            "schemas": {
                name: base64.b64encode(getattr(schema, name).serialize()).decode()
                for name in _SCHEMAS
            },
        }
    ).encode()


def decode_description(data: bytes) -> ServiceDescription:
    """Return the description that `data` holds.

    Raises `ServingError` with code `protocol` where the server speaks another protocol.
    """
    try:
        members = json.loads(data)
        if members["version"] != VERSION:
            raise _refusal()
        schemas = {name: _schema(members["schemas"][name]) for name in _SCHEMAS}
        return ServiceDescription(
            ServiceSchema(
                name=str(members["name"]),
                event_time=str(members["event_time"]),
                description=str(members["description"]),
                **schemas,
            ),
            max_rows=int(members["limits"]["max_rows"]),
        )
    except (ValueError, KeyError, TypeError, pa.ArrowException) as error:
        raise _refusal() from error


def _schema(text: str) -> pa.Schema:
    try:
        return pa.ipc.read_schema(pa.py_buffer(base64.b64decode(text, validate=True)))
    except binascii.Error as error:
        raise _refusal() from error


def _refusal() -> ServingError:
    return ServingError(
        "the server's catalog cannot be read",
        code="protocol",
        hint="client and server must be of the same version of FeatureSQL",
    )
