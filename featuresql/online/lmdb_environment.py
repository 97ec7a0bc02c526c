"""LMDB's environment of one folder, shared by all stores of this process that have it open.

A process may open a file of LMDB once only, and growing its map ends every transaction that the
process has open. So there is one `LmdbEnvironment` a folder; transactions share its lock, and
opening, growing and closing have it alone.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, TypeAlias, TypeVar

import lmdb

from featuresql.errors import OnlineStoreError
from featuresql.online.lmdb_errors import damaged, translated
from featuresql.online.shared_lock import SharedLock
from featuresql.online.writer_lock import writer_active

T = TypeVar("T")
Transaction: TypeAlias = "lmdb.Transaction[bytes]"

_DATA_FILE = "data.mdb"
_MAX_READERS = 1024


class LmdbEnvironment:
    """Runs transactions on the store in one folder, which may not exist yet, or not any more."""

    _open: ClassVar[dict[str, LmdbEnvironment]] = {}
    _open_lock: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, folder: Path, map_bytes: int) -> None:
        """Open nothing yet. `map_bytes` is the size of the map to start with."""
        self._folder = folder
        self._data = folder / _DATA_FILE
        self._map_bytes = map_bytes
        self._lock = SharedLock()
        self._environment: lmdb.Environment | None = None
        self._writable = False
        self._identity = (0, 0)
        self._process = 0
        self._users = 0

    @classmethod
    def acquire(cls, folder: Path, map_bytes: int) -> LmdbEnvironment:
        """Return this process's environment of `folder`; `release` gives it back."""
        place = os.path.realpath(folder)
        with cls._open_lock:
            found = cls._open.setdefault(place, cls(folder, map_bytes))
            found._users += 1  # noqa: SLF001 - its own class
            return found

    def release(self) -> None:
        """Close the environment when its last user has given it back."""
        with LmdbEnvironment._open_lock:
            self._users -= 1
            if self._users:
                return
            for place, environment in list(LmdbEnvironment._open.items()):
                if environment is self:
                    del LmdbEnvironment._open[place]
            with self._lock.exclusive():
                self._close()

    def read(self, work: Callable[[Transaction], T]) -> T | None:
        """Run `work` in one read transaction; return None where there is no store yet."""
        with translated(self._folder):
            while True:
                with self._lock.shared():
                    identity = self._identity_now()
                    if identity is None:
                        return None
                    environment = self._environment
                    if environment is not None and self._is_current(identity):
                        try:
                            with environment.begin() as transaction:
                                return work(transaction)
                        except lmdb.MapResizedError:
                            pass
                self._refresh(writable=False)

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in one write transaction and commit it; make the store where there is none.

        `work` runs again where the map had to grow for it.
        """
        with translated(self._folder):
            while True:
                full = False
                with self._lock.shared():
                    environment = self._environment
                    current = self._is_current(self._identity_now())
                    if environment is not None and current and self._writable:
                        try:
                            with environment.begin(write=True) as transaction:
                                result = work(transaction)
                            self._fill_up(environment)
                        except lmdb.MapFullError:
                            full = True
                        except lmdb.MapResizedError:
                            pass
                        else:
                            return result
                if full:
                    self._grow()
                else:
                    self._refresh(writable=True)

    def clear_stale_readers(self) -> None:
        """Free what readers that died without a goodbye still hold."""
        with translated(self._folder), self._lock.shared():
            if self._environment is not None:
                self._environment.reader_check()

    def _identity_now(self) -> tuple[int, int] | None:
        """Return what the data file is, None where it is absent or not written yet."""
        try:
            state = self._data.stat()
        except FileNotFoundError:
            return None
        return (state.st_dev, state.st_ino) if state.st_size else None

    def _is_current(self, identity: tuple[int, int] | None) -> bool:
        """Whether what is open is the file that is there: somebody may have removed the folder."""
        return identity == self._identity and self._process == os.getpid()

    def _refresh(self, *, writable: bool) -> None:
        """Open the environment again, or take over the size to which somebody grew its map."""
        with self._lock.exclusive():
            same = self._environment is not None and self._is_current(self._identity_now())
            if same and (self._writable or not writable):
                assert self._environment is not None  # noqa: S101 - as `same` says
                self._environment.set_mapsize(0)
                return
            self._close()
            if writable:
                self._folder.mkdir(parents=True, exist_ok=True)
            elif self._identity_now() is None:
                return
            self._environment = self._opened(writable=writable)
            self._identity = self._identity_now() or (0, 0)
            self._writable = writable
            self._process = os.getpid()

    def _opened(self, *, writable: bool) -> lmdb.Environment:
        size = self._data.stat().st_size if self._data.exists() else 0
        environment = lmdb.open(
            str(self._folder),
            map_size=max(self._map_bytes, size),
            readonly=not writable,
            max_readers=_MAX_READERS,
            readahead=False,
            max_spare_txns=1,
        )
        try:
            self._check_size(environment)
        except OnlineStoreError:
            environment.close()
            raise
        return environment

    def _check_size(self, environment: lmdb.Environment) -> None:
        """Refuse a file that was cut off: to read beyond its end would kill the process."""
        needed = _used_bytes(environment)
        if self._data.stat().st_size < needed and not writer_active(self._folder):
            raise damaged(self._folder, f"{_DATA_FILE} was cut off, it had {needed} bytes")

    def _fill_up(self, environment: lmdb.Environment) -> None:
        """Give the file the length that its header claims.

        LMDB leaves pages unwritten at the end that a transaction took and freed again; without
        this the file would look cut off.
        """
        needed = _used_bytes(environment)
        if self._data.stat().st_size < needed:
            os.truncate(self._data, needed)

    def _grow(self) -> None:
        with self._lock.exclusive():
            if self._environment is not None:
                self._environment.set_mapsize(2 * self._environment.info()["map_size"])

    def _close(self) -> None:
        if self._environment is not None and self._process == os.getpid():
            self._environment.close()
        self._environment = None


def _used_bytes(environment: lmdb.Environment) -> int:
    pages = environment.info()["last_pgno"] + 1
    return int(pages * environment.stat()["psize"])
