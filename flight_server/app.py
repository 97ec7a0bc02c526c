"""Starts a server, says where it is, and stops it in time."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

import pyarrow as pa

from featuresql.errors import ServingError
from featuresql.ports import Serving
from flight_server.auth import Authenticator, read_tokens
from flight_server.config import ServerConfig
from flight_server.context import ServerContext
from flight_server.counters import Counters
from flight_server.server import FeatureServer
from flight_server.shield import Shield
from flight_server.slots import Slots

_POLL_S: Final = 0.1
_CLOSE_S: Final = 1.0


def make_server(serving: Serving, config: ServerConfig) -> FeatureServer:
    """Return a server that answers already; `port` tells where.

    Raises `UsageError` for a token file that is refused, `ServingError` with code `cannot-listen`.
    """
    authenticator = None
    if config.auth_file is not None:
        authenticator = Authenticator(read_tokens(config.auth_file))
    counters = Counters()
    context = ServerContext(
        serving=serving,
        limits=config.limits,
        is_guarded=authenticator is not None,
        shield=Shield(counters.count_fault),
        counters=counters,
        slots=Slots(config.limits.max_streams, config.limits.idle_s),
    )
    try:
        return FeatureServer(context, config, authenticator)
    except (pa.ArrowException, OSError) as error:
        raise ServingError(
            f"cannot listen at {config.url(config.port)}",
            code="cannot-listen",
            hint="is the port taken, the certificate readable, the host this machine's?",
        ) from error


def stop_server(server: FeatureServer, drain_s: float) -> bool:
    """Refuse new work, wait up to `drain_s` for what is under way, close the connections.

    Returns whether everything ended. Streams that wait for their callers do not count as work, but
    hold their threads: where they stay open, only the end of the process ends them.
    """
    has_drained = server.context.slots.stop(drain_s)
    closing = threading.Thread(target=server.shutdown, daemon=True)
    closing.start()
    closing.join(_CLOSE_S)
    return has_drained and not closing.is_alive()


def serve(serving: Serving, config: ServerConfig) -> None:
    """Serve until SIGTERM or SIGINT; must be called in the main thread.

    Prints `serving grpc://HOST:PORT` (`grpc+tls` with TLS) on stdout when it answers. Ends the
    process with status 0 where streams are still open after the drain: nothing else ends them.
    """
    received: list[int] = []
    with _signals(received):
        server = make_server(serving, config)
        sys.stdout.write(f"serving {config.url(server.port)}\n")
        sys.stdout.flush()
        # A handler runs within this thread, so it may set no Event that this thread waits for: both
        # would want its lock. A sleep has none, and a short one misses no signal for long.
        while not received:
            time.sleep(_POLL_S)
        has_ended = stop_server(server, config.drain_s)
    if not has_ended:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


@contextmanager
def _signals(received: list[int]) -> Iterator[None]:
    def handle(number: int, _frame: FrameType | None) -> None:
        received.append(number)

    numbers = (signal.SIGTERM, signal.SIGINT)
    before = {number: signal.signal(number, handle) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
