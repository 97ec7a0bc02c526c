"""ListFlights, GetFlightInfo and GetSchema: the services, as the caller may see them."""

from __future__ import annotations

from pyarrow import flight

from featuresql.errors import RequestError
from featuresql.ports import ServiceSchema
from featuresql.wire.catalog import ServiceDescription, encode_description
from featuresql.wire.commands import (
    MAX_NAME_LENGTH,
    HistoricalCommand,
    OnlineCommand,
    decode_command,
    encode_command,
)
from flight_server.auth import Caller
from flight_server.context import ServerContext


def list_flights(context: ServerContext, caller: Caller) -> list[flight.FlightInfo]:
    """Return one FlightInfo for each service that the caller may use, by name."""
    return [
        _info(context, schema, flight.FlightDescriptor.for_path(name), is_online=False)
        for name, schema in context.services(caller).items()
    ]


def get_flight_info(
    context: ServerContext, caller: Caller, descriptor: flight.FlightDescriptor
) -> flight.FlightInfo:
    """Return the FlightInfo of the service that a path of its name, or a command, asks for."""
    schema, is_online = _find(context, caller, descriptor)
    return _info(context, schema, descriptor, is_online=is_online)


def get_schema(
    context: ServerContext, caller: Caller, descriptor: flight.FlightDescriptor
) -> flight.SchemaResult:
    """Return the columns of a training set, or of an online answer where the command says so."""
    schema, is_online = _find(context, caller, descriptor)
    return flight.SchemaResult(schema.online if is_online else schema.historical)


def _find(
    context: ServerContext, caller: Caller, descriptor: flight.FlightDescriptor
) -> tuple[ServiceSchema, bool]:
    if descriptor.descriptor_type == flight.DescriptorType.CMD:
        command = decode_command(descriptor.command)
        return context.service(command.service, caller), isinstance(command, OnlineCommand)
    path = descriptor.path
    if descriptor.descriptor_type != flight.DescriptorType.PATH or len(path) != 1:
        raise _refusal()
    try:
        name = path[0].decode()
    except UnicodeDecodeError:
        raise _refusal() from None
    if len(name) > MAX_NAME_LENGTH:
        raise _refusal()
    return context.service(name, caller), False


def _info(
    context: ServerContext,
    schema: ServiceSchema,
    descriptor: flight.FlightDescriptor,
    *,
    is_online: bool,
) -> flight.FlightInfo:
    ticket = flight.Ticket(encode_command(HistoricalCommand(schema.name)))
    return flight.FlightInfo(
        schema.online if is_online else schema.historical,
        descriptor,
        [] if is_online else [flight.FlightEndpoint(ticket, [])],
        total_records=-1,
        total_bytes=-1,
        app_metadata=encode_description(ServiceDescription(schema, context.limits.max_rows)),
    )


def _refusal() -> RequestError:
    return RequestError(
        "the descriptor names no service",
        code="command",
        hint="give a path of one part, the service's name, or a command",
    )
