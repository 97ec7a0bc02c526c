"""A server on the shop of `shop_project`, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryFile

from shop_project import START

from featuresql import FeatureClient

AT = START + timedelta(hours=30)
ASK = {"customer": [1], "basket": [2.0]}
WAIT_S = 8.0


class Running:
    """A server on the shop, in a process of its own, and a client of it."""

    def __init__(self, shop: Path) -> None:
        self._errors = TemporaryFile("w+")  # noqa: SIM115 - closed by `stop`
        self.process = subprocess.Popen(
            [sys.executable, "-m", "flight_server", "--port", "0", "--project-dir", str(shop)],
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
            text=True,
        )
        assert self.process.stdout is not None
        self.client = FeatureClient(self.process.stdout.readline().split()[-1], timeout_s=10)

    def ask(self) -> dict[str, list]:
        return self.client.get_online_features("purchase", ASK, at=AT).to_pydict()

    def log(self) -> str:
        self._errors.seek(0)
        return self._errors.read()

    def stop(self) -> None:
        self.client.close()
        self.process.kill()
        self.process.communicate()
        self._errors.close()


def until(holds: Callable[[], bool]) -> bool:
    """Wait until `holds`, a few seconds at most; return whether it came to hold."""
    deadline = time.monotonic() + WAIT_S
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
