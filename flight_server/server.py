"""The Flight server: each call goes through the shield to its handler."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Never

from pyarrow import flight

from featuresql.errors import RequestError
from featuresql.wire.commands import OnlineCommand, decode_command
from featuresql.wire.faults import Fault
from flight_server.auth import Authenticator
from flight_server.callers import KEY, CallerMiddlewareFactory, caller_of, known_caller_of
from flight_server.config import ServerConfig
from flight_server.context import ServerContext
from flight_server.handlers import catalog
from flight_server.handlers.actions import ACTIONS, act
from flight_server.handlers.exchange import Exchange
from flight_server.handlers.get import get
from flight_server.handlers.historical_exchange import historical_exchange
from flight_server.handlers.online_exchange import online_exchange


class SchemaRefusal(Exception):  # noqa: N818 - it refuses a GetSchema, the one call that needs it
    """What get_schema raises, since Flight puts the traceback even of a FlightError on the wire.

    Flight formats what is raised there with `traceback.format_exception` and gives no more than the
    class's name where that fails; so it is made to fail. The message still reaches the caller.
    """

    @property
    def __suppress_context__(self) -> Never:
        """Stop `traceback` from formatting this exception."""
        msg = "not to be formatted"
        raise RuntimeError(msg)

    @__suppress_context__.setter
    def __suppress_context__(self, value: bool) -> None:
        """Take what `raise … from` sets."""


class FeatureServer(flight.FlightServerBase):  # type: ignore[misc]  # pyarrow has no types
    """Serves one `Serving`; it answers as soon as it is made."""

    def __init__(
        self, context: ServerContext, config: ServerConfig, authenticator: Authenticator | None
    ) -> None:
        """Listen where `config` says. Raises `OSError` or `pa.ArrowException` where it cannot."""
        self._context = context
        certificates = None
        if config.tls_cert is not None and config.tls_key is not None:
            certificates = [(config.tls_cert.read_bytes(), config.tls_key.read_bytes())]
        super().__init__(
            config.url(config.port),
            tls_certificates=certificates,
            middleware={KEY: CallerMiddlewareFactory(authenticator, context.shield)},
        )

    @property
    def context(self) -> ServerContext:
        """The parts of this server."""
        return self._context

    def do_exchange(
        self,
        context: flight.ServerCallContext,
        descriptor: flight.FlightDescriptor,
        reader: flight.MetadataRecordBatchReader,
        writer: flight.MetadataRecordBatchWriter,
    ) -> None:
        """Answer request batches, or a spine, as the descriptor's command says."""
        with self._context.shield.over("DoExchange"):
            caller = known_caller_of(context)
            command = decode_command(descriptor.command or b"")
            with self._context.slots.call(context.peer()) as call:
                exchange = Exchange(call, reader, writer)
                if isinstance(command, OnlineCommand):
                    online_exchange(self._context, caller, command, exchange)
                else:
                    historical_exchange(self._context, caller, command, exchange)

    def do_get(
        self, context: flight.ServerCallContext, ticket: flight.Ticket
    ) -> flight.FlightDataStream:
        """Answer one ticket."""
        with self._context.shield.over("DoGet"):
            caller = known_caller_of(context)
            return get(self._context, caller, ticket.ticket, context.peer())

    def do_put(
        self,
        context: flight.ServerCallContext,
        descriptor: flight.FlightDescriptor,  # noqa: ARG002 - Flight's signature
        reader: flight.MetadataRecordBatchReader,  # noqa: ARG002 - as above
        writer: flight.FlightMetadataWriter,  # noqa: ARG002 - as above
    ) -> None:
        """Refuse: rows come from `featuresql materialize`."""
        with self._context.shield.over("DoPut"):
            known_caller_of(context)
            raise RequestError(
                "this server takes no pushed rows",
                code="no-put",
                hint="put rows online with 'featuresql materialize'",
            )

    def do_action(self, context: flight.ServerCallContext, action: flight.Action) -> list[bytes]:
        """Carry out one action."""
        with self._context.shield.over("DoAction"):
            body = action.body.to_pybytes() if action.body is not None else b""
            return act(self._context, caller_of(context), action.type, body)

    def list_actions(
        self,
        context: flight.ServerCallContext,  # noqa: ARG002 - Flight's signature
    ) -> list[tuple[str, str]]:
        """Return the actions. Raises nothing: the middleware refuses, as this call would leak."""
        return list(ACTIONS)

    def list_flights(
        self, context: flight.ServerCallContext, criteria: bytes
    ) -> Iterator[flight.FlightInfo]:
        """Return the services that the caller may use."""
        with self._context.shield.over("ListFlights"):
            if criteria:
                raise RequestError("ListFlights takes no criteria", hint="leave them out")
            return iter(catalog.list_flights(self._context, known_caller_of(context)))

    def get_flight_info(
        self, context: flight.ServerCallContext, descriptor: flight.FlightDescriptor
    ) -> flight.FlightInfo:
        """Describe one service."""
        with self._context.shield.over("GetFlightInfo"):
            return catalog.get_flight_info(self._context, known_caller_of(context), descriptor)

    def get_schema(
        self, context: flight.ServerCallContext, descriptor: flight.FlightDescriptor
    ) -> flight.SchemaResult:
        """Return the columns of one service."""
        try:
            return catalog.get_schema(self._context, known_caller_of(context), descriptor)
        except BaseException as error:  # noqa: BLE001 - the shield of this call: nothing may pass
            fault = self._context.shield.fault(error, "GetSchema")
        raise SchemaRefusal(_text(fault))


def _text(fault: Fault) -> str:
    return f"{fault.code}: {fault.message}" + (f" ({fault.hint})" if fault.hint else "")
