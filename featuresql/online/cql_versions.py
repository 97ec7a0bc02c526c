"""The current version of each view, as a reader knows it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from featuresql.online.cql_state import CURRENT, FORMAT, VERSION, CqlState, check_format
from featuresql.online.key_codec import KeyCodec
from featuresql.online.row_codec import RowCodec
from featuresql.online.segments import corrupt
from featuresql.online.version_record import VersionRecord, from_json

MAX_ENTITY_KEY_BYTES: Final = 1024


def entity_prefix(entity_number: int) -> bytes:
    """Return what the stored keys of an entity begin with."""
    return entity_number.to_bytes(4, "big")


@dataclass(frozen=True, slots=True)
class KnownVersion:
    """A version's record, and the codecs for its keys and rows."""

    record: VersionRecord
    keys: KeyCodec
    rows: RowCodec

    @property
    def number(self) -> int:
        """The version's number, which stands for it in the table of rows."""
        return self.record.version.number


class CurrentVersions:
    """Remembers the current versions, and looks again when that is too long ago.

    All views' pointers come from one partition in one read, so they are of one instant. What is
    given never goes back to an older version. Threads may share it.
    """

    def __init__(
        self, state: CqlState, refresh_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Know no version yet; look again where the last look is `refresh_s` ago on `clock`."""
        self._state = state
        self._refresh_s = refresh_s
        self._clock = clock
        self._lock = threading.Lock()
        self._seen_at = float("-inf")
        self._store_id = ""
        self._known: dict[str, KnownVersion] = {}

    def get(self) -> Mapping[str, KnownVersion]:
        """Return the current versions by the views' names, no older than `refresh_s`."""
        now = self._clock()
        if now - self._seen_at <= self._refresh_s:
            return self._known
        return self.look()

    def look(self) -> Mapping[str, KnownVersion]:
        """Return the current versions as they are now.

        Raises `OnlineStoreError` with code `store-version` for a store of another layout.
        """
        began = self._clock()
        found = self._state.read((CURRENT, FORMAT))
        store_id = found[FORMAT].get(VERSION)
        check_format(store_id)
        is_same = store_id == self._store_id
        by_number = {known.number: known for known in self._known.values()} if is_same else {}
        numbers = {view: int(text) for view, text in found[CURRENT].items()}
        fresh = {
            view: by_number[number] if number in by_number else self._fetch(number)
            for view, number in numbers.items()
        }
        with self._lock:
            if store_id == self._store_id:
                # Another thread's look may have begun later and be the newer.
                for view, known in self._known.items():
                    if view not in fresh or fresh[view].number < known.number:
                        fresh[view] = known
            self._store_id, self._known = store_id or "", fresh
            self._seen_at = max(self._seen_at, began)
        return fresh

    def _fetch(self, number: int) -> KnownVersion:
        text = self._state.value(VERSION, str(number))
        if text is None:
            raise corrupt(f"there is no record of version {number}")
        record = from_json(text.encode())
        version = record.version
        keys = KeyCodec(version.view.keys, MAX_ENTITY_KEY_BYTES)
        return KnownVersion(record, keys, RowCodec(version.view.features))
