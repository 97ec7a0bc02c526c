"""The embedded online store: LMDB, in one folder, for any number of readers and one writer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import pyarrow as pa

from featuresql.errors import OnlineStoreError
from featuresql.online.lmdb_environment import LmdbEnvironment
from featuresql.online.lmdb_errors import translated
from featuresql.online.lmdb_layout import has_format
from featuresql.online.lmdb_read import LookupReader, current_records
from featuresql.online.lmdb_write import write_version
from featuresql.online.not_materialized import raise_not_materialized
from featuresql.online.version_record import from_json
from featuresql.online.writer_lock import writer_lock
from featuresql.ports import OnlineVersion, ViewAnswer, ViewLookup
from featuresql.spec.model import FeatureView

DEFAULT_MAP_BYTES = 256 * 2**20
DEFAULT_WRITER_WAIT_S = 30.0


class LmdbStore:
    """Keeps the latest visible row of each entity, for each view, in a folder of LMDB's.

    Implements `featuresql.ports.OnlineStore`. Threads may share it; several processes, and several
    stores in one process, may have the same folder open. A process must not go on using a store
    that it was forked with from another thread's work: let the child open its own.
    """

    def __init__(
        self, folder: Path, environment: LmdbEnvironment, *, read_only: bool, writer_wait_s: float
    ) -> None:
        """Use `LmdbStore.open`."""
        self._folder = folder
        self._environment = environment
        self._read_only = read_only
        self._writer_wait_s = writer_wait_s
        self._reader = LookupReader()
        self._closed = False

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        read_only: bool = False,
        writer_wait_s: float = DEFAULT_WRITER_WAIT_S,
        map_bytes: int = DEFAULT_MAP_BYTES,
    ) -> LmdbStore:
        """Open the store in the folder `path`, which need not exist; only a write makes it.

        `writer_wait_s` is how long a write waits for another one. `map_bytes` is how much address
        space the store takes at first; it grows by itself. Raises `OnlineStoreError`: with code
        `store-version` for a store of another version, `corrupt` for a damaged file, `denied`
        where the system refuses.
        """
        environment = LmdbEnvironment.acquire(path, map_bytes)
        try:
            environment.read(has_format)
        except BaseException:
            environment.release()
            raise
        return cls(path, environment, read_only=read_only, writer_wait_s=writer_wait_s)

    def write(
        self, view: FeatureView, version: str, watermark_us: int, batches: Iterable[pa.RecordBatch]
    ) -> OnlineVersion:
        """Write a complete new version of the view, as `OnlineStore.write` says.

        Of several rows with one key and the same instants the first stays. Raises
        `OnlineStoreError`, besides what `open` raises: with code `writer-busy` where another
        process writes for longer than the wait, `full` for a full disk, `schema` or `null-key` for
        batches that do not fit the view, `read-only` where the store was opened so.
        """
        self._check_open()
        if self._read_only:
            raise OnlineStoreError(
                f"the online store at {self._folder} was opened for reading only", code="read-only"
            )
        with ExitStack() as held:
            # Only this is translated: an OSError of `batches` is not the store's.
            with translated(self._folder):
                self._folder.mkdir(parents=True, exist_ok=True)
                held.enter_context(writer_lock(self._folder, self._writer_wait_s))
            return write_version(self._environment, view, version, watermark_us, batches)

    def current(self) -> Mapping[str, OnlineVersion]:
        """Return the current version of each view, by the view's name."""
        self._check_open()
        found = self._environment.read(current_records) or {}
        return {name: from_json(text).version for name, text in found.items()}

    def read(self, lookups: Sequence[ViewLookup]) -> tuple[ViewAnswer, ...]:
        """Answer all `lookups` from one snapshot, as `OnlineStore.read` says.

        Raises `OnlineStoreError`: with code `not-materialized` for a view or a feature that the
        store does not have, `key-type` for keys of other types than the stored ones, `corrupt` for
        bytes that no write has made.
        """
        self._check_open()
        found = self._environment.read(lambda transaction: self._reader.read(transaction, lookups))
        if found is None:
            found = tuple(raise_not_materialized(lookup.view, ()) for lookup in lookups)
        return found

    def close(self) -> None:
        """Give back what the store holds. Closing it again does nothing."""
        if not self._closed:
            self._closed = True
            self._environment.release()

    def _check_open(self) -> None:
        if self._closed:
            raise OnlineStoreError("the online store is closed", code="closed")
