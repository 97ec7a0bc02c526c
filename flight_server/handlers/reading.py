"""Reads what a client writes on a stream."""

from __future__ import annotations

import pyarrow as pa
from pyarrow import flight

from featuresql.errors import RequestError
from featuresql.wire.commands import MAX_METADATA_BYTES


def read_chunk(reader: flight.MetadataRecordBatchReader) -> flight.FlightStreamChunk | None:
    """Return the next message, None where the client has written its last.

    Raises `RequestError` with code `malformed` where the message cannot be read. FlightErrors, such
    as that the client is gone, and `pa.ArrowMemoryError` pass.
    """
    try:
        return reader.read_chunk()
    except StopIteration:
        return None
    except (flight.FlightError, pa.ArrowMemoryError):
        raise
    except (pa.ArrowException, OSError) as error:
        raise RequestError(
            "the message is no valid Arrow data",
            code="malformed",
            hint="write it with an Arrow library, all batches of a stream with one schema",
        ) from error


def metadata_bytes(chunk: flight.FlightStreamChunk) -> bytes | None:
    """Return a message's metadata, at most one byte more than may be taken."""
    metadata = chunk.app_metadata
    if metadata is None:
        return None
    return bytes(memoryview(metadata)[: MAX_METADATA_BYTES + 1])
