"""What the server counts of its own work."""

from __future__ import annotations

import threading
from collections import Counter


class Counters:
    """Counts since the start. Safe to use from several threads."""

    def __init__(self) -> None:
        """Start at nothing."""
        self._lock = threading.Lock()
        self._requests = 0
        self._rows = 0
        self._faults: Counter[str] = Counter()

    def count_request(self, rows: int) -> None:
        """Count one answered request and its rows."""
        with self._lock:
            self._requests += 1
            self._rows += rows

    def count_fault(self, code: str) -> None:
        """Count one fault that a caller was told of."""
        with self._lock:
            self._faults[code] += 1

    def snapshot(self) -> dict[str, object]:
        """Return all counts, as values that JSON can hold."""
        with self._lock:
            return {
                "requests": self._requests,
                "rows": self._rows,
                "faults": dict(self._faults),
            }
