"""The open DuckDB of one file, shared by all engines of this process.

DuckDB keeps one instance a file in each process, with one configuration and one lock on it. So
there is one `DuckDBFile` a path: who wants what is open joins it, who wants something else, such as
other settings or a source whose files have changed, waits until the last session has ended.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar, Final

import duckdb

from featuresql.errors import EngineError

PATIENCE_S: Final = 1.0


class DuckDBFile:
    """One file, open while it has sessions. Made by `DuckDBFile.of`; thread-safe.

    `writing` is held by each transaction: two of them would conflict in DuckDB's catalog.
    """

    _files: ClassVar[dict[str, DuckDBFile]] = {}
    _files_lock: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, path: Path) -> None:
        """Open nothing yet."""
        self._path = path
        self._changed = threading.Condition()
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._binding: Hashable = None
        self._sessions = 0
        self._waiting = 0
        self._is_changing = False
        self.writing = threading.Lock()

    @classmethod
    def of(cls, path: Path) -> DuckDBFile:
        """Return this process's object for `path`, links resolved; the file need not exist."""
        place = os.path.realpath(path)
        with cls._files_lock:
            return cls._files.setdefault(place, cls(Path(place)))

    @contextmanager
    def cursor(
        self,
        binding: Hashable,
        connect: Callable[[float], duckdb.DuckDBPyConnection],
        timeout_s: float,
    ) -> Iterator[duckdb.DuckDBPyConnection]:
        """Give a cursor on the file, opened by `connect` with a deadline unless it is open.

        `binding` says what `connect` would open: only an equal one is shared. Raises `EngineError`
        with code `engine-locked` after `timeout_s` seconds of another binding's sessions.
        """
        deadline = time.monotonic() + timeout_s
        cursor = self._join(binding, connect, deadline)
        try:
            yield cursor
        finally:
            cursor.close()
            self._leave()

    def _join(
        self,
        binding: Hashable,
        connect: Callable[[float], duckdb.DuckDBPyConnection],
        deadline: float,
    ) -> duckdb.DuckDBPyConnection:
        with self._changed:
            if self._wait_for(binding, deadline):
                return self._one_more()
            self._is_changing = True
        try:
            connection = connect(deadline)
        except BaseException:
            self._settle(None, None)
            raise
        with self._changed:
            # The file's identity is part of what is open: somebody may remove the folder.
            self._settle(connection, (binding, _identity(self._path)))
            return self._one_more()

    def _wait_for(self, binding: Hashable, deadline: float) -> bool:
        """Wait until `binding` is what is open, or nothing is: return which."""
        patience = time.monotonic() + PATIENCE_S
        while self._is_changing or self._connection is not None:
            is_open = not self._is_changing and self._binding == (binding, _identity(self._path))
            now = time.monotonic()
            if is_open and (not self._waiting or now > patience):
                return True
            if now > deadline:
                raise self._held()
            # Who could join lets those go first who cannot, but not for long: they may wait for a
            # session of this very thread.
            self._waiting += not is_open
            self._changed.wait((patience if is_open else deadline) - now)
            self._waiting -= not is_open
        return False

    def _one_more(self) -> duckdb.DuckDBPyConnection:
        assert self._connection is not None  # noqa: S101 - its caller has looked
        cursor = self._connection.cursor()
        self._sessions += 1
        return cursor

    def _settle(self, connection: duckdb.DuckDBPyConnection | None, binding: Hashable) -> None:
        with self._changed:
            self._connection, self._binding = connection, binding
            self._is_changing = False
            self._changed.notify_all()

    def _leave(self) -> None:
        with self._changed:
            self._sessions -= 1
            if self._sessions:
                return
            connection, self._is_changing = self._connection, True
        # Closing writes the file's last pages: nobody may open it before that is done.
        try:
            if connection is not None:
                connection.close()
        finally:
            self._settle(None, None)

    def _held(self) -> EngineError:
        return EngineError(
            f"{self._path.name} is held by other work of this process",
            code="engine-locked",
            hint="wait until it has ended; a training set that is half read holds the file too",
        )


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_dev, state.st_ino
