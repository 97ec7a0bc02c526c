"""One open DoExchange, as its handler sees it."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
from pyarrow import flight

from featuresql.errors import RequestError
from featuresql.wire.commands import MAX_METADATA_BYTES
from flight_server.slots import OpenCall


@dataclass(frozen=True, slots=True)
class Exchange:
    """The two directions of an exchange, and its place among the open calls."""

    call: OpenCall
    reader: flight.MetadataRecordBatchReader
    writer: flight.MetadataRecordBatchWriter

    def read(self) -> flight.FlightStreamChunk | None:
        """Return the client's next message, None where it has written its last.

        Raises `RequestError` with code `malformed` where the message cannot be read. FlightErrors,
        such as that the client is gone, and `pa.ArrowMemoryError` pass.
        """
        try:
            chunk = self.reader.read_chunk()
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
        self.call.touch()
        return chunk


def metadata_of(chunk: flight.FlightStreamChunk) -> bytes | None:
    """Return a message's metadata, at most one byte more than may be taken."""
    metadata = chunk.app_metadata
    if metadata is None:
        return None
    return bytes(memoryview(metadata)[: MAX_METADATA_BYTES + 1])
