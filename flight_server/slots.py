"""How many calls may be open at once, and how the server waits for them when it stops."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from featuresql.errors import ServingError
from flight_server.connections import cut_connection

_CUT_WAIT_S: Final = 2.0


class OpenCall:
    """One open call. `silent_since` is the clock's time since it waits for its caller."""

    __slots__ = ("_slots", "peer", "silent_since")

    def __init__(self, slots: Slots, peer: str, now: float) -> None:
        """Begin silent; calls are opened by `Slots.call`."""
        self._slots = slots
        self.peer = peer
        self.silent_since: float | None = now

    def touch(self) -> None:
        """Note that the caller has sent something."""
        self.silent_since = self._slots.now()

    @contextmanager
    def work(self) -> Iterator[None]:
        """Mark the block as work that stopping waits for.

        Raises `ServingError` with code `stopping` when the server stops.
        """
        self._slots.begin_work(self)
        try:
            yield
        finally:
            self._slots.end_work(self)


class Slots:
    """Bounds the open calls, since each holds a thread, and knows which of them are at work.

    A call that waits for its caller's next message is open but not at work: stopping does not wait
    for it, and where no place is free, connections that have been silent for `idle_s` are cut.
    """

    def __init__(
        self,
        limit: int,
        idle_s: float,
        *,
        cut: Callable[[str], bool] = cut_connection,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Let `limit` calls be open at once; `cut` ends the connection of a peer."""
        self._limit = limit
        self._idle_s = idle_s
        self._cut = cut
        self._clock = clock
        self._change = threading.Condition()
        self._calls: set[OpenCall] = set()
        self._working = 0
        self._is_stopping = False

    @property
    def is_stopping(self) -> bool:
        """Whether new work is refused."""
        return self._is_stopping

    @property
    def open(self) -> int:
        """How many calls are open."""
        return len(self._calls)

    @contextmanager
    def call(self, peer: str) -> Iterator[OpenCall]:
        """Hold one place while the block runs.

        Raises `ServingError` with code `busy` where none is free, `stopping` when the server stops.
        """
        if len(self._calls) >= self._limit:
            self._make_room()
        call = OpenCall(self, peer, self._clock())
        with self._change:
            self._refuse_when_stopping()
            if len(self._calls) >= self._limit:
                raise ServingError(
                    f"the server has {self._limit} calls open, its limit max_streams",
                    code="busy",
                    hint="close streams that are no longer used, or try again later",
                )
            self._calls.add(call)
        try:
            yield call
        finally:
            with self._change:
                self._calls.discard(call)
                self._change.notify_all()

    def now(self) -> float:
        """Return the clock's time in seconds."""
        return self._clock()

    def begin_work(self, call: OpenCall) -> None:
        """Note that `call` is at work; raises as `OpenCall.work` does."""
        with self._change:
            self._refuse_when_stopping()
            self._working += 1
            call.silent_since = None

    def end_work(self, call: OpenCall) -> None:
        """Note that `call` waits for its caller."""
        with self._change:
            self._working -= 1
            call.silent_since = self._clock()
            if self._is_stopping:
                self._change.notify_all()

    def stop(self, timeout_s: float) -> bool:
        """Refuse new work, wait for what is under way; return whether all of it ended in time."""
        deadline = self._clock() + timeout_s
        with self._change:
            self._is_stopping = True
            while self._working:
                left = deadline - self._clock()
                if left <= 0:
                    return False
                self._change.wait(min(left, 0.2))
        return True

    def _make_room(self) -> None:
        with self._change:
            silent = self._silent_peers()
        for peer in silent:
            self._cut(peer)
        if silent:
            with self._change:
                self._change.wait_for(lambda: len(self._calls) < self._limit, _CUT_WAIT_S)

    def _silent_peers(self) -> list[str]:
        """Return the peers none of whose calls has been at work for `idle_s`."""
        latest = self._clock() - self._idle_s
        peers = {call.peer for call in self._calls}
        busy = {
            call.peer
            for call in self._calls
            if call.silent_since is None or call.silent_since > latest
        }
        return sorted(peers - busy)

    def _refuse_when_stopping(self) -> None:
        if self._is_stopping:
            raise ServingError(
                "the server is stopping", code="stopping", hint="ask another server, or try again"
            )
