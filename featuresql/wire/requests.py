"""The rows of an online request: the service's request columns, and perhaps their own instants."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import pyarrow as pa

from featuresql.errors import RequestError
from featuresql.ports import ServiceSchema
from featuresql.wire.conform import Rows, conform

_WHAT: Final = "the request"


def conform_request(rows: Rows, service: ServiceSchema, at: datetime | None) -> Rows:
    """Return `rows` with the service's request columns and, where they bring one, its event time.

    Raises `RequestError` as `conform` does, and with code `two-instants` where rows with instants
    of their own come with `at`.
    """
    schema, event_time = service.request, service.event_time
    if event_time not in rows.schema.names:
        return conform(rows, schema, what=_WHAT, optional=frozenset({event_time}))
    if at is not None:
        raise RequestError(
            f"{_WHAT} has both 'at' and instants of its own in '{event_time}'",
            code="two-instants",
            hint=f"leave out 'at' or the column '{event_time}'",
        )
    if event_time not in schema.names:
        schema = schema.append(pa.field(event_time, pa.timestamp("us", tz="UTC")))
    return conform(rows, schema, what=_WHAT)
