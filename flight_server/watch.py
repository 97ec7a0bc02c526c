"""Looks after a project beside the server, so that no request waits for it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from featuresql.errors import FeatureSQLError

log: Final = logging.getLogger("flight_server")

_LOOK_S: Final = 1.0


@contextmanager
def watching(refresh: Callable[[], None], look_s: float = _LOOK_S) -> Iterator[None]:
    """Call `refresh` every `look_s` seconds in a thread of its own while the block runs.

    What it raises is logged, once for as long as it stays the same, and the looks go on.
    """
    ended = threading.Event()

    def watch() -> None:
        said = ""
        while not ended.wait(look_s):
            try:
                refresh()
            except Exception as error:  # the outermost handler of this thread
                text = f"{type(error).__name__}: {error}"
                if text != said:
                    is_fault = not isinstance(error, FeatureSQLError)
                    log.warning("cannot look for changes: %s", text, exc_info=is_fault)
                said = text
            else:
                said = ""

    thread = threading.Thread(target=watch, name="watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(look_s)
