"""Writes a whole new version of a view, chunk by chunk, and then points at it."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from itertools import islice

import numpy as np
import pyarrow as pa

from featuresql.errors import OnlineStoreError
from featuresql.online.chunks import chunks
from featuresql.online.key_codec import KeyCodec
from featuresql.online.lmdb_environment import LmdbEnvironment, Transaction
from featuresql.online.lmdb_garbage import collect_garbage, mark_garbage, unmark_garbage
from featuresql.online.lmdb_layout import (
    CURRENT,
    ENTITY,
    MAX_ENTITY_KEY_BYTES,
    has_format,
    meta_key,
    number_bytes,
    number_from,
    put_format,
    take_number,
)
from featuresql.online.newest_rows import newest_rows
from featuresql.online.row_codec import INSTANTS, RowCodec
from featuresql.online.segments import concat, to_list
from featuresql.online.version_record import VersionRecord, from_json
from featuresql.ports import OnlineVersion
from featuresql.spec.model import FeatureView


def write_version(
    environment: LmdbEnvironment,
    view: FeatureView,
    version: str,
    watermark_us: int,
    batches: Iterable[pa.RecordBatch],
) -> OnlineVersion:
    """Write the rows of `batches` as the view's new current version and return it.

    The caller holds the writer's lock. What fails or is killed before the last transaction leaves
    the old version current, and rows that the next write removes.
    """
    environment.clear_stale_readers()
    collect_garbage(environment)
    number, entity_number = environment.write(partial(_begin, view=view))
    chunk_writer = _ChunkWriter(view, number, entity_number)
    rows = sum(chunk_writer.write(environment, chunk) for chunk in chunks(view, batches))
    written = OnlineVersion(view, version, number, watermark_us, rows)
    environment.write(partial(_make_current, record=VersionRecord(written, entity_number)))
    # The new version is there, whatever becomes of the old rows: the next write tries again.
    with suppress(OnlineStoreError):
        collect_garbage(environment)
    return written


class _ChunkWriter:
    """Writes chunks of one version."""

    def __init__(self, view: FeatureView, number: int, entity_number: int) -> None:
        self._key_names = [key.name for key in view.keys]
        self._value_names = [*INSTANTS, *(feature.name for feature in view.features)]
        self._keys = KeyCodec(view.keys, MAX_ENTITY_KEY_BYTES)
        self._rows = RowCodec(view.features)
        self._prefix = number_bytes(entity_number)
        self._suffix = number_bytes(number)

    def write(self, environment: LmdbEnvironment, chunk: pa.RecordBatch) -> int:
        """Write the chunk in one transaction and return how many keys were new."""
        prefix, suffix = self._prefix, self._suffix
        encoded = self._keys.encode(chunk.select(self._key_names))
        keys = [prefix + key + suffix for key in encoded if key is not None]
        if not all(map(operator.lt, keys, islice(keys, 1, None))):
            order = newest_rows(keys, chunk)
            keys = [keys[row] for row in order.tolist()]
            chunk = chunk.take(pa.array(order))
        columns = [chunk.column(name) for name in self._value_names]
        values = to_list(self._rows.encode(columns, chunk.num_rows))
        return environment.write(partial(self._put, keys=keys, values=values))

    def _put(self, transaction: Transaction, keys: list[bytes], values: list[bytes]) -> int:
        cursor = transaction.cursor()
        # Appending fills pages to the brim; otherwise LMDB splits them in the middle.
        at_end = not cursor.set_range(keys[0])
        items = zip(keys, values, strict=True)
        consumed, added = cursor.putmulti(items, overwrite=False, append=at_end)
        if added < consumed:
            self._put_newer(transaction, keys, values)
        return added

    def _put_newer(self, transaction: Transaction, keys: list[bytes], values: list[bytes]) -> None:
        """Replace what an earlier chunk wrote where this one has a later row of the same key."""
        stored = [transaction.get(key) or b"" for key in keys]
        old = self._rows.instants(concat(stored))
        new = self._rows.instants(concat(values))
        later = (new[:, 0] > old[:, 0]) | ((new[:, 0] == old[:, 0]) & (new[:, 1] > old[:, 1]))
        for row in np.flatnonzero(later).tolist():
            transaction.put(keys[row], values[row])


def _begin(transaction: Transaction, view: FeatureView) -> tuple[int, int]:
    """Take a number for the new version, marked as garbage until it is complete."""
    if not has_format(transaction):
        put_format(transaction)
    entity_key = meta_key(ENTITY, view.entity)
    known = transaction.get(entity_key)
    entity_number = number_from(known) if known else take_number(transaction, ENTITY)
    transaction.put(entity_key, number_bytes(entity_number))
    number = take_number(transaction, CURRENT)
    mark_garbage(transaction, number, entity_number)
    return number, entity_number


def _make_current(transaction: Transaction, record: VersionRecord) -> None:
    """Point at the new version and give up the one before: who still reads it has its snapshot."""
    key = meta_key(CURRENT, record.version.view.name)
    replaced = transaction.get(key)
    if replaced is not None:
        old = from_json(replaced)
        mark_garbage(transaction, old.version.number, old.entity_number)
    transaction.put(key, record.to_json())
    unmark_garbage(transaction, record.version.number)
