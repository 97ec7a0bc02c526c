"""Training sets: a spine up, its rows with their features down."""

from __future__ import annotations

import pyarrow as pa

from featuresql.errors import RequestError
from featuresql.wire.chunks import cut_by_bytes
from featuresql.wire.commands import HistoricalCommand
from flight_server.auth import Caller
from flight_server.config import Limits
from flight_server.context import ServerContext
from flight_server.handlers.exchange import Exchange
from flight_server.limits import check_batch


def historical_exchange(
    context: ServerContext,
    caller: Caller,
    command: HistoricalCommand,
    exchange: Exchange,
) -> None:
    """Read the whole spine, then write the training set in its order."""
    context.service(command.service, caller)
    spine = _read_spine(exchange, context.limits)
    with exchange.call.work():
        answer = context.serving.get_historical_features(command.service, spine, command.known_at)
        with answer:
            exchange.writer.begin(answer.schema)
            rows = 0
            for batch in answer:
                rows += batch.num_rows
                for piece in cut_by_bytes(batch):
                    exchange.writer.write_batch(piece)
    context.counters.count_request(rows)


def _read_spine(exchange: Exchange, limits: Limits) -> pa.Table:
    batches: list[pa.RecordBatch] = []
    rows = size = 0
    schema: pa.Schema | None = None
    while (chunk := exchange.read()) is not None:
        if chunk.data is None:
            continue
        check_batch(chunk.data, limits)
        schema = chunk.data.schema
        batches.append(chunk.data)
        rows += chunk.data.num_rows
        size += chunk.data.get_total_buffer_size()
        _check_total("max_spine_rows", "rows", rows, limits.max_spine_rows)
        _check_total("max_spine_bytes", "bytes", size, limits.max_spine_bytes)
    if schema is None:
        raise RequestError(
            "no spine came",
            code="request",
            hint="write at least one batch, or get the service's own training set by its ticket",
        )
    return pa.Table.from_batches(batches, schema)


def _check_total(limit: str, unit: str, found: int, most: int) -> None:
    if found > most:
        raise RequestError(
            f"the spine has more than {most:,} {unit}, the server's limit {limit}",
            code="too-large",
            hint=f"bring a smaller spine, or serve with a greater --limit {limit}=NUMBER",
        )
