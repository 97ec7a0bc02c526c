"""Asks a server for features over Arrow Flight."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

import pyarrow as pa
from pyarrow import flight

from featuresql.errors import FeatureSQLError, RequestError, ServingError, UsageError
from featuresql.ports import ServiceSchema
from featuresql.wire.catalog import ServiceDescription, decode_description
from featuresql.wire.chunks import cut_by_bytes, cut_by_rows
from featuresql.wire.commands import (
    HistoricalCommand,
    OnlineCommand,
    RequestMetadata,
    encode_command,
    encode_metadata,
)
from featuresql.wire.conform import type_null_columns
from featuresql.wire.faults import from_flight_error
from featuresql.wire.frames import to_table
from featuresql.wire.instants import parse_instant
from featuresql.wire.replies import decode_reply
from featuresql.wire.requests import conform_request

_SCHEMES: Final = {"grpc", "grpc+tcp", "grpc+tls"}
_BROKEN: Final = (flight.FlightError, pa.ArrowException, OSError)
_RECONNECT_MS: Final = 1_000


class FeatureClient:
    """Asks one server. Safe to use from several threads; nothing is sent before the first call.

    Every method raises `RequestError` where what was asked does not fit the service, and
    `ServingError` where the server refuses (`unauthenticated`, `unauthorized`, `busy`, `stopping`),
    fails (`internal`), does not answer in time (`timeout`), cannot be reached (`unreachable`), or
    was reached and is gone before its answer was whole (`connection-lost`).
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        *,
        timeout_s: float = 30.0,
        historical_timeout_s: float = 600.0,
        tls_roots: str | Path | None = None,
    ) -> None:
        """Take the server's URL, `grpc://HOST:PORT` or `grpc+tls://HOST:PORT`.

        `timeout_s` bounds each online answer, `historical_timeout_s` a whole training set.
        `tls_roots` is a PEM file of the authorities to trust, the system's where it is None.
        Raises `UsageError` for a URL that names no server and for a file that cannot be read.
        """
        self._url = _check_url(url)
        self._timeout_s = timeout_s
        self._historical_timeout_s = historical_timeout_s
        self._headers = [] if token is None else [(b"authorization", f"Bearer {token}".encode())]
        self._descriptions: dict[str, ServiceDescription] = {}
        self._flight = flight.FlightClient(
            url,
            tls_root_certs=_read_roots(tls_roots),
            # Without this a server that comes back is tried again after up to two minutes.
            generic_options=[("grpc.max_reconnect_backoff_ms", _RECONNECT_MS)],
        )

    def __enter__(self) -> Self:
        """Return the client itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the client."""
        self.close()

    def close(self) -> None:
        """Close the connection. The client and its streams cannot be used afterwards."""
        self._flight.close()

    def services(self) -> dict[str, ServiceSchema]:
        """Return every service that this client may use, by name."""
        with _translated(self._url, timeout_code="unreachable"):
            infos = list(self._flight.list_flights(options=self._options(self._timeout_s)))
        found = [decode_description(info.app_metadata) for info in infos]
        return {description.schema.name: description.schema for description in found}

    def health(self) -> dict[str, object]:
        """Return what the server says of itself: `status` is `ok` or `stopping`."""
        with _translated(self._url, timeout_code="unreachable"):
            results = list(
                self._flight.do_action(flight.Action("health", b""), self._options(self._timeout_s))
            )
        members: dict[str, object] = json.loads(results[0].body.to_pybytes())
        return members

    def get_online_features(
        self, service: str, rows: object, at: datetime | str | None = None
    ) -> pa.Table:
        """Return one row of features for each of `rows`, in their order.

        `rows` are what `to_table` takes, with the service's request columns under the spine's own
        names, and perhaps the instants under its event time's. `at` is the instant that is answered
        for, the server's present where neither is given. To ask often, use `stream`.
        """
        instant = None if at is None else parse_instant(at, what="'at'")
        table = to_table(rows)
        try:
            return self._ask_once(service, table, instant)
        except ServingError as error:
            if error.code != "service-changed":
                raise
        # A new version of the service came between this request's two messages.
        return self._ask_once(service, table, instant)

    def _ask_once(self, service: str, table: pa.Table, instant: datetime | None) -> pa.Table:
        description, request = self._conform(service, table, instant)
        with _translated(self._url):
            exchange = _Exchange(self, service, request.schema, self._timeout_s)
            try:
                answer = exchange.ask(request, instant, description.max_rows)
            except _RefusedError as refusal:
                exchange.close()
                raise refusal.reason from None
            except BaseException:
                exchange.abandon()
                raise
            exchange.close()
            return answer

    def get_historical_features(
        self, service: str, spine: object = None, known_at: datetime | str | None = None
    ) -> pa.Table:
        """Return the training set over `spine`, one row for each of its rows and in their order.

        Without a spine it is the service's own. `known_at` replays what was known at that instant.
        """
        instant = None if known_at is None else parse_instant(known_at, what="'known_at'")
        command = encode_command(HistoricalCommand(service, instant))
        options = self._options(self._historical_timeout_s)
        if spine is None:
            with _translated(self._url):
                return self._flight.do_get(flight.Ticket(command), options).read_all()
        description = self._describe(service)
        table = type_null_columns(to_table(spine), description.schema.spine)
        with _translated(self._url):
            descriptor = flight.FlightDescriptor.for_command(command)
            writer, reader = self._flight.do_exchange(descriptor, options)
            with writer:
                writer.begin(table.schema)
                for batch in table.to_batches() or [_empty(table.schema)]:
                    for piece in cut_by_bytes(batch):
                        for part in cut_by_rows(piece, description.max_rows):
                            writer.write_batch(part)
                writer.done_writing()
                return reader.read_all()

    def stream(self, service: str) -> FeatureStream:
        """Return a stream for many requests of one service, to be closed by its user."""
        self._describe(service)
        return FeatureStream(self, service)

    def _describe(self, service: str) -> ServiceDescription:
        found = self._descriptions.get(service)
        return self._fetch_description(service) if found is None else found

    def _fetch_description(self, service: str) -> ServiceDescription:
        command = encode_command(OnlineCommand(service))
        descriptor = flight.FlightDescriptor.for_command(command)
        with _translated(self._url, timeout_code="unreachable"):
            info = self._flight.get_flight_info(descriptor, self._options(self._timeout_s))
        description = decode_description(info.app_metadata)
        self._descriptions[service] = description
        return description

    def _conform(
        self, service: str, table: pa.Table, at: datetime | None
    ) -> tuple[ServiceDescription, pa.RecordBatch]:
        """Bring rows to the service's types; ask for these again before rows are refused."""
        known = self._descriptions.get(service)
        if known is not None:
            with suppress(RequestError):
                return known, _single_batch(conform_request(table, known.schema, at))
        fresh = self._fetch_description(service)
        return fresh, _single_batch(conform_request(table, fresh.schema, at))

    def _options(self, timeout_s: float | None) -> flight.FlightCallOptions:
        return flight.FlightCallOptions(timeout=timeout_s, headers=self._headers)

    def _open(
        self, service: str, timeout_s: float | None
    ) -> tuple[flight.FlightStreamWriter, flight.FlightStreamReader]:
        command = encode_command(OnlineCommand(service))
        descriptor = flight.FlightDescriptor.for_command(command)
        writer, reader = self._flight.do_exchange(descriptor, self._options(timeout_s))
        return writer, reader


class FeatureStream:
    """A long stream of requests to one service: the fast way for many of them.

    Its calls are answered one after the other; several threads may share it, but gain nothing.
    A request that is refused leaves the stream open. Where the connection or the server fails the
    stream is closed: the error says why, and later calls raise `ServingError` `stream-closed`.
    """

    def __init__(self, client: FeatureClient, service: str) -> None:
        """Begin a stream; it is made by `FeatureClient.stream`."""
        self._client = client
        self._service = service
        self._lock = threading.Lock()
        self._exchange: _Exchange | None = None
        self._closed_by: str | None = None
        self._ended = threading.Event()
        self._deadline: float | None = None
        self._watchdog: threading.Thread | None = None

    def __enter__(self) -> Self:
        """Return the stream itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the stream."""
        self.close()

    def get(self, rows: object, at: datetime | str | None = None) -> pa.Table:
        """Return one row of features for each of `rows`, as `get_online_features` does."""
        instant = None if at is None else parse_instant(at, what="'at'")
        table = to_table(rows)
        with self._lock:
            if self._closed_by is not None:
                raise ServingError(
                    f"the stream of '{self._service}' is closed: {self._closed_by}",
                    code="stream-closed",
                    hint="open another with FeatureClient.stream",
                )
            description, request = self._client._conform(self._service, table, instant)  # noqa: SLF001 - its client
            try:
                with self._timed():
                    return self._ask(request, instant, description.max_rows)
            except _RefusedError as refusal:
                raise refusal.reason from None
            except BaseException as error:
                self._end(str(error).split("\n", 1)[0] or type(error).__name__)
                raise

    def close(self) -> None:
        """Tell the server that nothing more comes. Does nothing to a stream that is closed."""
        with self._lock:
            if self._closed_by is None:
                with suppress(ServingError), self._timed():
                    if self._exchange is not None:
                        self._exchange.close()
                self._end("it was closed by its user")

    def _ask(self, request: pa.RecordBatch, at: datetime | None, max_rows: int) -> pa.Table:
        exchange = self._exchange
        if exchange is None or not exchange.schema.equals(request.schema):
            if exchange is not None:
                exchange.close()
            exchange = _Exchange(self._client, self._service, request.schema, None)
            self._exchange = exchange
            if self._watchdog is None:
                self._watchdog = threading.Thread(target=self._watch, daemon=True)
                self._watchdog.start()
        return exchange.ask(request, at, max_rows)

    @contextmanager
    def _timed(self) -> Iterator[None]:
        """Let the watchdog end the block when it takes too long."""
        self._deadline = time.monotonic() + self._client._timeout_s  # noqa: SLF001 - its client
        try:
            with _translated(self._client._url):  # noqa: SLF001 - as above
                yield
        finally:
            self._deadline = None

    def _watch(self) -> None:
        """Cancel the call when an answer takes too long: a deadline of Flight's ends the stream."""
        interval_s = min(0.5, self._client._timeout_s / 4)  # noqa: SLF001 - its client
        while not self._ended.wait(interval_s):
            deadline, exchange = self._deadline, self._exchange
            if deadline is not None and time.monotonic() > deadline and exchange is not None:
                exchange.cancel()

    def _end(self, reason: str) -> None:
        self._closed_by = reason
        self._ended.set()
        if self._exchange is not None:
            self._exchange.abandon()
            self._exchange = None


class _RefusedError(Exception):
    """The server refused one request, and the stream goes on."""

    def __init__(self, reason: FeatureSQLError) -> None:
        super().__init__(str(reason))
        self.reason = reason


class _Exchange:
    """One open DoExchange, with one schema for all its requests. Raises what Flight raises."""

    def __init__(
        self, client: FeatureClient, service: str, schema: pa.Schema, timeout_s: float | None
    ) -> None:
        self.schema = schema
        self._writer, self._reader = client._open(service, timeout_s)  # noqa: SLF001 - its client
        self._writer.begin(schema)
        self._number = 0

    def ask(self, request: pa.RecordBatch, at: datetime | None, max_rows: int) -> pa.Table:
        """Send `request` in messages of at most `max_rows` rows and return the whole answer."""
        pieces: list[pa.RecordBatch] = []
        for part in cut_by_rows(request, max_rows):
            self._number += 1
            request_id = str(self._number)
            self._writer.write_with_metadata(part, encode_metadata(RequestMetadata(request_id, at)))
            pieces.extend(self._read(request_id))
        return pa.Table.from_batches(pieces)

    def close(self) -> None:
        """End the call in good order."""
        self._writer.close()

    def cancel(self) -> None:
        """End the call at once; a read that waits for the server fails."""
        self._reader.cancel()

    def abandon(self) -> None:
        """Give back what a call that has failed still holds."""
        self.cancel()
        with suppress(*_BROKEN):  # why it failed is known; unclosed, Arrow prints it on stderr
            self.close()

    def _read(self, request_id: str) -> Iterator[pa.RecordBatch]:
        has_more = True
        while has_more:
            try:
                chunk = self._reader.read_chunk()
            except StopIteration:
                raise ServingError(
                    "the server ended the stream", code="stream-closed", hint="open another"
                ) from None
            reply = decode_reply(bytes(memoryview(chunk.app_metadata or b"")))
            if reply.fault is not None:
                raise _RefusedError(reply.fault)
            if reply.id != request_id or chunk.data is None:
                raise ServingError("the server answered another request", code="protocol")
            yield chunk.data
            has_more = reply.has_more


@contextmanager
def _translated(url: str, timeout_code: str = "timeout") -> Iterator[None]:
    """Raise errors of this package for those of Flight."""
    try:
        yield
    except _BROKEN as error:
        translated = from_flight_error(error, url)
        if translated.code == "timeout":
            translated.code = timeout_code
        raise translated from None


def _single_batch(table: pa.Table) -> pa.RecordBatch:
    batches = table.to_batches()
    if len(batches) == 1:
        return batches[0]
    return pa.concat_batches(batches) if batches else _empty(table.schema)


def _empty(schema: pa.Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([], schema)


def _check_url(url: str) -> str:
    parts = urlsplit(url)
    try:
        is_server = parts.scheme in _SCHEMES and bool(parts.hostname) and parts.port is not None
    except ValueError:
        is_server = False
    if not is_server:
        raise UsageError(
            f"'{url}' names no server", hint="give grpc://HOST:PORT, or grpc+tls://HOST:PORT"
        )
    return url


def _read_roots(path: str | Path | None) -> bytes | None:
    if path is None:
        return None
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise UsageError(
            f"the file of trusted authorities {path} cannot be read",
            hint="tls_roots is a PEM file",
        ) from error
