"""The hot path: request batches up, feature batches down, on one long stream."""

from __future__ import annotations

import pyarrow as pa
from pyarrow import flight

from featuresql.errors import FeatureSQLError, InternalError, RequestError, ServingError
from featuresql.ports import ServiceSchema
from featuresql.wire.chunks import cut_by_bytes
from featuresql.wire.commands import OnlineCommand, RequestMetadata, decode_metadata
from featuresql.wire.replies import encode_fault_reply, encode_reply
from featuresql.wire.requests import conform_request
from flight_server.auth import Caller
from flight_server.context import ServerContext
from flight_server.handlers.exchange import Exchange, metadata_of
from flight_server.limits import check_batch


def online_exchange(
    context: ServerContext,
    caller: Caller,
    command: OnlineCommand,
    exchange: Exchange,
) -> None:
    """Answer each batch that comes, in order, until the client has written its last.

    A request that does not fit is answered by a fault in the metadata, and the stream goes on. A
    failure that is no `FeatureSQLError` ends it, and so does a reload that changed the columns.
    """
    columns = context.service(command.service, caller).online
    exchange.writer.begin(columns)
    while (chunk := exchange.read()) is not None:
        with exchange.call.work():
            service = context.service(command.service, caller)
            if service.online is not columns and not service.online.equals(columns):
                raise _changed(service.name)
            _reply(context, service, chunk, exchange.writer)


def answer_online(
    context: ServerContext, service: ServiceSchema, rows: pa.RecordBatch, metadata: RequestMetadata
) -> pa.RecordBatch:
    """Return one row of features for each of `rows`, which have passed the limits.

    Raises `ServingError` with code `service-changed` where a reload has changed the columns.
    """
    request = conform_request(rows, service, metadata.at)
    answer = context.serving.get_online_features(service.name, request, metadata.at)
    if answer.schema is not service.online and not answer.schema.equals(service.online):
        now = context.serving.services().get(service.name)
        if now is None or not now.online.equals(service.online):
            raise _changed(service.name)  # while it was answering
    if answer.num_rows != rows.num_rows or not answer.schema.equals(service.online):
        raise InternalError(f"the answer of service '{service.name}' has a wrong shape")
    context.counters.count_request(rows.num_rows)
    return answer


def _changed(service: str) -> ServingError:
    return ServingError(
        f"service '{service}' has other columns than when the stream began",
        code="service-changed",
        hint="open a new stream",
    )


def _reply(
    context: ServerContext,
    service: ServiceSchema,
    chunk: flight.FlightStreamChunk,
    writer: flight.MetadataRecordBatchWriter,
) -> None:
    metadata = RequestMetadata()
    try:
        metadata = decode_metadata(metadata_of(chunk))
        rows = chunk.data
        if rows is None:
            raise RequestError(
                "a request came without rows",
                code="request",
                hint="write a batch, even an empty one",
            )
        check_batch(rows, context.limits)
        answer = answer_online(context, service, rows, metadata)
    except ServingError:
        raise
    except FeatureSQLError as error:
        fault = context.shield.fault(error, "online exchange")
        writer.write_metadata(encode_fault_reply(metadata.id, fault))
        return
    pieces = list(cut_by_bytes(answer))
    for number, piece in enumerate(pieces, start=1):
        has_more = number < len(pieces)
        writer.write_with_metadata(piece, encode_reply(metadata.id, has_more=has_more))
