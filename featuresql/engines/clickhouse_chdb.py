"""ClickHouse in the process: chdb, by the same client that speaks to servers.

A process has one chdb, on one folder, and a folder belongs to one process at a time. So the folder
is opened for each piece of work; pieces on one folder share it, another folder waits for its turn.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import clickhouse_connect
from clickhouse_connect.driver.binding import quote_identifier
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from featuresql.engines.clickhouse_errors import translate, translated
from featuresql.engines.clickhouse_place import SETTINGS
from featuresql.errors import EngineError

DATABASE: Final = "featuresql"
LOCK_TIMEOUT_S: Final = 30.0
LOCK_RETRY_S: Final = 0.05


class _Process:
    """Which folder this process has open, and for how many clients."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.folder: str | None = None
        self.clients = 0


_PROCESS: Final = _Process()


class ChdbFolder:
    """A folder with chdb's tables. Thread-safe; a client belongs to one thread at a time."""

    def __init__(self, path: Path, *, lock_timeout_s: float = LOCK_TIMEOUT_S) -> None:
        """Prepare for `path`, which is opened later and made where it is not there."""
        self.database = DATABASE
        self._path = path
        self._lock_timeout_s = lock_timeout_s

    @contextmanager
    def open(self, database: str | None = None) -> Iterator[Client]:
        """Open a client; wait a bounded time for other processes and for other folders.

        Raises `EngineError` with code `engine-locked` after that.
        """
        self._enter()
        try:
            client = self._client()
            try:
                with translated():
                    for name in {self.database, database or self.database}:
                        made = f"CREATE DATABASE IF NOT EXISTS {quote_identifier(name)}"
                        client.raw_query(f"{made} ENGINE = Atomic")
                client.database = database or self.database
                yield client
            finally:
                client.close()
        finally:
            self._leave()

    def spool(self, client: Client, statement: str, file: Path) -> None:
        """Write the answer of a SELECT to `file` as an Arrow stream: the engine writes it."""
        name = str(file).replace("\\", "\\\\").replace("'", "\\'")
        target = f"INSERT INTO FUNCTION file('{name}', 'ArrowStream')"
        with translated():
            client.raw_query(f"{target}\n{statement}")

    def _enter(self) -> None:
        folder = os.path.realpath(self._path)
        deadline = time.monotonic() + self._lock_timeout_s
        with _PROCESS.changed:
            while _PROCESS.clients and _PROCESS.folder != folder:
                if not _PROCESS.changed.wait(deadline - time.monotonic()):
                    raise self._locked(
                        "another chdb folder is open in this process, which can have one at a time"
                    )
            if not _PROCESS.clients:
                self._wait_for_others(deadline)
            _PROCESS.folder = folder
            _PROCESS.clients += 1

    def _leave(self) -> None:
        with _PROCESS.changed:
            _PROCESS.clients -= 1
            _PROCESS.changed.notify_all()

    def _wait_for_others(self, deadline: float) -> None:
        """Wait until no other process has the folder. chdb itself would fail at once."""
        try:
            self._path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            message = f"the folder {self._path.name} cannot be made: {error.strerror}"
            raise EngineError(message, code="engine-file") from None
        while _is_held(self._path / "status"):
            if time.monotonic() > deadline:
                raise self._locked("another process has it open")
            time.sleep(LOCK_RETRY_S)

    def _client(self) -> Client:
        try:
            return clickhouse_connect.get_client(
                interface="chdb",
                path=os.path.realpath(self._path),
                settings=dict(SETTINGS),
            )
        except ClickHouseError as error:
            text = str(error)
            if "different path" in text:
                raise self._locked("something else in this process has opened a chdb") from None
            if "Unable to open" in text:
                raise self._locked("another process has it open, or it is damaged") from None
            raise translate(error) from None

    def _locked(self, why: str) -> EngineError:
        return EngineError(
            f"{self._path.name} cannot be opened: {why}",
            code="engine-locked",
            hint="wait until that has ended, or end it; a chdb belongs to one process at a time",
        )


def _is_held(status: Path) -> bool:
    """Whether another process holds chdb's own lock."""
    try:
        with status.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False
