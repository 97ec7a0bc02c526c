"""DoGet: one ticket, one answer, for any client in any language."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack

import pyarrow as pa
from pyarrow import flight

from featuresql.wire.chunks import cut_by_bytes
from featuresql.wire.commands import OnlineTicket, RequestMetadata, decode_ticket
from featuresql.wire.json_rows import rows_from_json
from flight_server.auth import Caller
from flight_server.context import ServerContext
from flight_server.handlers.online_exchange import answer_online
from flight_server.limits import check_size


def get(context: ServerContext, caller: Caller, ticket: bytes, peer: str) -> flight.GeneratorStream:
    """Return the answer to a ticket: online features, or the service's own training set."""
    command = decode_ticket(ticket)
    service = context.service(command.service, caller)
    with ExitStack() as stack:
        call = stack.enter_context(context.slots.call(peer))
        stack.enter_context(call.work())
        if isinstance(command, OnlineTicket):
            rows = rows_from_json(command.rows, service.request)
            check_size(rows, context.limits)
            metadata = RequestMetadata(at=command.at)
            answer = answer_online(context, service, rows, metadata)
            pieces = _pieces(context, stack.pop_all(), [answer])
            return flight.GeneratorStream(answer.schema, pieces)
        reader = context.serving.get_historical_features(command.service, None, command.known_at)
        stack.enter_context(reader)
        pieces = _pieces(context, stack.pop_all(), reader)
        return flight.GeneratorStream(reader.schema, pieces)


def _pieces(
    context: ServerContext, held: ExitStack, batches: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    with context.shield.over("DoGet"), held:
        for batch in batches:
            yield from cut_by_bytes(batch)
