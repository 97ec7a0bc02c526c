from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from fixed_serving import FixedServing
from serving_process import ServeHere, ServerProcess, StartServer

from featuresql.ports import Serving
from flight_server.app import make_server, stop_server
from flight_server.config import ServerConfig
from flight_server.server import FeatureServer


@pytest.fixture
def start_server() -> Iterator[StartServer]:
    """Start servers in processes of their own; they end with the test."""
    with contextlib.ExitStack() as stack:

        def start(**settings: object) -> ServerProcess:
            server = ServerProcess(**settings)
            stack.callback(server.kill)
            return server

        yield start


@pytest.fixture
def serve_here() -> Iterator[ServeHere]:
    """Start servers in this process; returns each server and its URL."""
    with contextlib.ExitStack() as stack:

        def start(serving: Serving | None = None, **settings: object) -> tuple[FeatureServer, str]:
            config = ServerConfig(port=0, **settings)
            server = make_server(serving or FixedServing(), config)
            stack.callback(stop_server, server, 1.0)
            return server, config.url(server.port)

        yield start
