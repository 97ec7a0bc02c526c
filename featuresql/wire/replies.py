"""What accompanies each piece of an online answer."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from featuresql.errors import FeatureSQLError, ServingError
from featuresql.wire.faults import Fault, decode_fault


@dataclass(frozen=True, slots=True)
class Reply:
    """`id` is the request's own; `has_more` says that another piece follows.

    `fault` takes the place of rows.
    """

    id: str
    has_more: bool = False
    fault: FeatureSQLError | None = None


def encode_reply(request_id: str, *, has_more: bool) -> bytes:
    """Return the metadata of one piece of an answer as JSON bytes."""
    return json.dumps({"id": request_id, "more": has_more}).encode()


def encode_fault_reply(request_id: str, fault: Fault) -> bytes:
    """Return the metadata of a message that has no rows because the request was refused."""
    return json.dumps({"id": request_id, "fault": asdict(fault)}).encode()


def decode_reply(data: bytes) -> Reply:
    """Return what a server said of one piece.

    Raises `ServingError` with code `protocol` where it cannot be read.
    """
    try:
        members = json.loads(data.decode())
        request_id, has_more = members["id"], members.get("more", False)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ServingError(
            "the server's reply cannot be read",
            code="protocol",
            hint="client and server must be of the same version of FeatureSQL",
        ) from error
    fault = members.get("fault")
    if fault is None:
        return Reply(str(request_id), bool(has_more))
    told = decode_fault(json.dumps(fault).encode())
    return Reply(str(request_id), fault=told or ServingError("the server refused without a word"))
