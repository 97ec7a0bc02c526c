"""How many calls may be open at once, and how the server waits for them when it stops."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from featuresql.errors import ServingError


class Slots:
    """Bounds the open calls, since each holds a thread, and knows which of them are at work.

    A call that waits for its caller's next message is open but not at work: stopping does not wait
    for it.
    """

    def __init__(self, limit: int) -> None:
        """Let `limit` calls be open at once."""
        self._limit = limit
        self._change = threading.Condition()
        self._open = 0
        self._working = 0
        self._is_stopping = False

    @property
    def is_stopping(self) -> bool:
        """Whether new work is refused."""
        return self._is_stopping

    @property
    def open(self) -> int:
        """How many calls are open."""
        return self._open

    @contextmanager
    def call(self) -> Iterator[None]:
        """Hold one place while the block runs.

        Raises `ServingError` with code `busy` where none is free, `stopping` when the server stops.
        """
        with self._change:
            self._refuse_when_stopping()
            if self._open >= self._limit:
                raise ServingError(
                    f"the server has {self._limit} calls open, its limit max_streams",
                    code="busy",
                    hint="close streams that are no longer used, or try again later",
                )
            self._open += 1
        try:
            yield
        finally:
            with self._change:
                self._open -= 1

    @contextmanager
    def work(self) -> Iterator[None]:
        """Mark the block as work that stopping waits for; refused like `call` when stopping."""
        with self._change:
            self._refuse_when_stopping()
            self._working += 1
        try:
            yield
        finally:
            with self._change:
                self._working -= 1
                self._change.notify_all()

    def stop(self, timeout_s: float, clock: Callable[[], float] = time.monotonic) -> bool:
        """Refuse new work, wait for what is under way; return whether all of it ended in time."""
        deadline = clock() + timeout_s
        with self._change:
            self._is_stopping = True
            while self._working:
                left = deadline - clock()
                if left <= 0:
                    return False
                self._change.wait(min(left, 0.2))
        return True

    def _refuse_when_stopping(self) -> None:
        if self._is_stopping:
            raise ServingError(
                "the server is stopping", code="stopping", hint="ask another server, or try again"
            )
