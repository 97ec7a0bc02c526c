from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parent.parent


class ServerProcess:
    """A server in a process of its own."""

    def __init__(self, **settings: object) -> None:
        environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{HERE}"}
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "serve_fixed.py"), json.dumps(settings)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.line = self.process.stdout.readline().strip()
        if not self.line:
            raise AssertionError(self.process.communicate()[1])
        self.url = self.line.removeprefix("serving ")

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """End the process and return its exit code and what it wrote on stderr."""
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=15)
        return self.process.returncode, errors

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


@pytest.fixture
def start_server() -> Iterator[object]:
    """Start servers in processes of their own; they end with the test."""
    with contextlib.ExitStack() as stack:

        def start(**settings: object) -> ServerProcess:
            server = ServerProcess(**settings)
            stack.callback(server.kill)
            return server

        yield start


@pytest.fixture
def serve_here() -> Iterator[object]:
    """Start servers in this process; returns each server and its URL."""
    from fixed_serving import FixedServing

    from flight_server.app import make_server, stop_server
    from flight_server.config import ServerConfig

    with contextlib.ExitStack() as stack:

        def start(serving: object = None, **settings: object):
            config = ServerConfig(port=0, **settings)
            server = make_server(serving or FixedServing(), config)
            stack.callback(stop_server, server, 1.0)
            return server, config.url(server.port)

        yield start
