"""One writer at a time, across processes and threads."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from featuresql.errors import OnlineStoreError

LOCK_FILE = "writer.lock"
_POLL_S = 0.02


@contextmanager
def writer_lock(folder: Path, wait_s: float) -> Iterator[None]:
    """Hold the store in `folder` for writing; the system lets go of it when a process dies.

    Raises `OnlineStoreError` with code `writer-busy` where another writer holds it for longer than
    `wait_s` seconds.
    """
    with _opened(folder) as descriptor:
        deadline = time.monotonic() + wait_s
        while not _try(descriptor, fcntl.LOCK_EX):
            if time.monotonic() >= deadline:
                raise OnlineStoreError(
                    f"another process is writing into the online store at {folder}",
                    code="writer-busy",
                    hint=f"waited {wait_s:g} s for it; run again when it is done",
                )
            time.sleep(_POLL_S)
        yield


def writer_active(folder: Path) -> bool:
    """Return whether somebody holds the store in `folder` for writing just now."""
    try:
        with _opened(folder) as descriptor:
            return not _try(descriptor, fcntl.LOCK_SH)
    except OSError:
        return False


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _try(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
