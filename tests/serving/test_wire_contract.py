from __future__ import annotations

import json
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from fixed_serving import SECRET, flight_delay
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import flight

from featuresql.errors import (
    CompileError,
    EngineError,
    FeatureSQLError,
    InternalError,
    Location,
    OnlineStoreError,
    ProjectError,
    RegistryError,
    RequestError,
    ServingError,
)
from featuresql.wire.catalog import ServiceDescription, decode_description, encode_description
from featuresql.wire.commands import (
    MAX_COMMAND_BYTES,
    MAX_METADATA_BYTES,
    Command,
    HistoricalCommand,
    OnlineCommand,
    OnlineTicket,
    RequestMetadata,
    Ticket,
    decode_command,
    decode_metadata,
    decode_ticket,
    encode_command,
    encode_metadata,
)
from featuresql.wire.faults import (
    Fault,
    decode_fault,
    encode_fault,
    from_flight_error,
    internal_fault,
    to_flight_error,
    told_fault,
)
from featuresql.wire.json_rows import rows_from_json
from featuresql.wire.replies import decode_reply, encode_fault_reply, encode_reply

INSTANT = datetime(2013, 7, 1, 12, 0, 0, 5, tzinfo=UTC)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4)
    ),
    max_leaves=10,
)


@pytest.mark.parametrize(
    "command",
    [OnlineCommand("flight_delay"), HistoricalCommand("s"), HistoricalCommand("s", INSTANT)],
)
def test_commands_come_back_as_they_were(command: Command) -> None:
    assert decode_command(encode_command(command)) == command


@pytest.mark.parametrize(
    "ticket",
    [HistoricalCommand("s", INSTANT), OnlineTicket("s", {"carrier": ["AA", None]}, INSTANT)],
)
def test_tickets_come_back_as_they_were(ticket: Ticket) -> None:
    assert decode_ticket(encode_command(ticket)) == ticket


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"\xff\xfe",
        b"[" * 20_000,
        b'{"version": 1}',
        b'{"version": 2, "call": "online", "service": "s"}',
        b'{"version": true, "call": "online", "service": "s"}',
        b'{"version": 1, "call": "drop", "service": "s"}',
        b'{"version": 1, "call": ["online"], "service": "s"}',
        b'{"version": 1, "call": "online"}',
        b'{"version": 1, "call": "online", "service": 7}',
        b'{"version": 1, "call": "online", "service": ""}',
        b'{"version": 1, "call": "online", "service": "s", "service": "t"}',
        b'{"version": 1, "call": "online", "service": "s", "extra": 1}',
        b'{"version": 1, "call": "historical", "service": "s", "known_at": 5}',
        json.dumps({"version": 1, "call": "online", "service": "s" * 201}).encode(),
        b'{"version": 1, "call": "online", "service": "s"}' + b" " * MAX_COMMAND_BYTES,
    ],
)
def test_what_is_no_command_is_refused(data: bytes) -> None:
    for decode in (decode_command, decode_ticket):
        with pytest.raises(RequestError):
            decode(data)


@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_no_bytes_raise_anything_but_a_request_error(data: bytes) -> None:
    for decode in (decode_command, decode_ticket, decode_metadata):
        try:
            decode(data)
        except RequestError as error:
            assert error.code in {"command", "instant"}  # noqa: PT017 - some bytes are fine
    decode_fault(data)


@given(
    st.fixed_dictionaries(
        {"version": st.just(1) | JSON, "call": st.sampled_from(["online", "historical"])},
        optional={
            "service": st.text(max_size=5) | JSON,
            "rows": JSON,
            "at": JSON,
            "known_at": JSON,
        },
    )
)
def test_no_members_raise_anything_but_a_request_error(members: dict[str, object]) -> None:
    data = json.dumps(members).encode()
    try:
        ticket = decode_ticket(data)
        if isinstance(ticket, OnlineTicket):
            rows_from_json(ticket.rows, flight_delay().request)
    except RequestError as error:
        assert error.message  # noqa: PT017 - some members are fine


def test_metadata_comes_back_and_is_bounded() -> None:
    metadata = RequestMetadata("7", INSTANT)
    assert decode_metadata(encode_metadata(metadata)) == metadata
    assert decode_metadata(None) == RequestMetadata()
    for data in (b'{"id": 7}', b'{"id": "%s"}' % (b"x" * 65), b" " * (MAX_METADATA_BYTES + 1)):
        with pytest.raises(RequestError):
            decode_metadata(data)


@pytest.mark.parametrize(
    "error",
    [
        RequestError("m", code="missing-column", hint="h"),
        ServingError("m", code="busy"),
        OnlineStoreError("m", code="not-materialized", hint="h"),
    ],
)
def test_told_errors_are_raised_again_as_they_were(error: Exception) -> None:
    fault = told_fault(error)
    again = decode_fault(encode_fault(fault))
    assert type(again) is type(error)
    assert (again.code, again.message, again.hint) == (error.code, error.message, error.hint)
    through_flight = from_flight_error(to_flight_error(fault), "grpc://x:1")
    assert (type(through_flight), through_flight.code) == (type(error), error.code)


@pytest.mark.parametrize(
    "error",
    [
        ValueError(SECRET),
        InternalError(SECRET),
        CompileError(SECRET),
        EngineError(SECRET),
        RegistryError(SECRET),
        ProjectError(SECRET),
        OnlineStoreError(SECRET),
        FeatureSQLError(SECRET),
        KeyboardInterrupt(),
    ],
)
def test_other_errors_keep_their_text(error: Exception) -> None:
    assert told_fault(error) is None


def test_locations_and_excerpts_stay_inside() -> None:
    error = RequestError("m", location=Location(SECRET, 3, 1), excerpt="select secret")
    assert "secret" not in encode_fault(told_fault(error)).decode()


def test_texts_are_cut_and_cleaned_so_that_a_header_holds_them() -> None:
    fault = told_fault(RequestError("a\ud800b\x00c" + "x" * 5_000))
    assert fault.message.startswith("a�b�c")
    assert len(fault.message) == 1_000
    assert decode_fault(encode_fault(fault)).message == fault.message


def test_an_internal_fault_names_its_incident_only() -> None:
    error = decode_fault(encode_fault(internal_fault("abc123")))
    assert isinstance(error, ServingError)
    assert error.code == "internal"
    assert "abc123" in error.hint


def test_what_the_connection_says_becomes_a_serving_error() -> None:
    for error, code in (
        (flight.FlightUnavailableError("failed to connect to all addresses"), "unreachable"),
        (flight.FlightUnavailableError("DNS resolution failed for x"), "unreachable"),
        (flight.FlightUnavailableError("Socket closed"), "connection-lost"),
        (flight.FlightTimedOutError("x"), "timeout"),
        (flight.FlightServerError("x", extra_info=b"[["), "serving"),
    ):
        translated = from_flight_error(error, "grpc://x:1")
        assert (type(translated), translated.code) == (ServingError, code)


def test_replies_come_back_as_they_were() -> None:
    reply = decode_reply(encode_reply("7", has_more=True))
    assert (reply.id, reply.has_more, reply.fault) == ("7", True, None)
    refused = decode_reply(encode_fault_reply("8", Fault("request", "c", "m")))
    assert refused.id == "8"
    assert isinstance(refused.fault, RequestError)
    for data in (b"", b"[]", b"{}", b"7", b"\xff"):
        with pytest.raises(ServingError, match="cannot be read"):
            decode_reply(data)


def test_descriptions_come_back_as_they_were() -> None:
    description = ServiceDescription(flight_delay(), max_rows=7)
    assert decode_description(encode_description(description)) == description
    members = json.loads(encode_description(description))
    members["version"] = 2
    broken = {**members, "version": 1, "schemas": {}}
    for data in (b"", b"{}", json.dumps(members).encode(), json.dumps(broken).encode()):
        with pytest.raises(ServingError) as caught:
            decode_description(data)
        assert caught.value.code == "protocol"


def test_json_rows_take_the_types_of_the_schema() -> None:
    schema = pa.schema(
        [
            ("i", pa.int32()),
            ("t", pa.timestamp("us", tz="UTC")),
            ("d", pa.date32()),
            ("m", pa.decimal128(9, 2)),
        ]
    )
    rows = {
        "i": [1, None],
        "t": ["2013-07-01", None],
        "d": ["2013-07-01", None],
        "m": ["1.25", None],
    }
    batch = rows_from_json(rows, schema)
    assert batch.schema.field("i").type == pa.int32()
    assert batch.schema.field("d").type == pa.date32()
    assert [str(v) for v in batch.column("m").to_pylist()] == ["1.25", "None"]
    for wrong in (
        {"i": ["x"]},
        {"i": [2**40]},
        {"d": ["x"]},
        {"i": [1], "t": []},
        {"new": [1, "x"]},
    ):
        with pytest.raises(RequestError):
            rows_from_json(wrong, schema)
