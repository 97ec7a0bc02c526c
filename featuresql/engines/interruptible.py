"""A statement that a signal ends, even where the main thread waits within the engine."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def interruptible(interrupt: Callable[[], None]) -> Iterator[None]:
    """Call `interrupt` from another thread as soon as a signal comes, until the block ends.

    Python's own handlers run between two steps of the main thread, and an engine may let it wait
    for long. Elsewhere than in the main thread nothing is done.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    told, tells = socket.socketpair()
    tells.setblocking(False)
    before = signal.set_wakeup_fd(tells.fileno(), warn_on_full_buffer=False)

    def watch() -> None:
        while told.recv(1) not in {b"", _END}:
            interrupt()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        tells.send(_END)
        watcher.join()
        told.close()
        tells.close()


# No signal has this number.
_END = b"\0"
