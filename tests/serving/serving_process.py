"""Servers for tests: in a process of their own, or in this one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from flight_server.server import FeatureServer

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


StartServer = Callable[..., ServerProcess]
ServeHere = Callable[..., tuple[FeatureServer, str]]
