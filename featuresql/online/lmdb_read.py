"""Answers lookups from one snapshot of an LMDB store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import repeat

import pyarrow as pa

from featuresql.online.key_codec import KeyCodec
from featuresql.online.lmdb_environment import Transaction
from featuresql.online.lmdb_layout import (
    CURRENT,
    MAX_ENTITY_KEY_BYTES,
    NO_ROW,
    has_format,
    meta_items,
    meta_key,
    number_bytes,
)
from featuresql.online.not_materialized import raise_not_materialized
from featuresql.online.row_codec import RowCodec
from featuresql.online.segments import concat
from featuresql.online.version_record import VersionRecord, from_json
from featuresql.ports import ViewAnswer, ViewLookup

# So many rows at a time stay in the cache from LMDB's pages to Arrow's columns.
_BLOCK_ROWS = 2048


@dataclass(frozen=True, slots=True)
class _Known:
    """A version's record, the bytes it was read from, and the codecs for its keys and rows."""

    text: bytes
    record: VersionRecord
    keys: KeyCodec
    rows: RowCodec


@dataclass(frozen=True, slots=True)
class _Encoded:
    """The keys of one entity as LMDB has them, without the version's number at their end."""

    entity_number: int
    keys: pa.RecordBatch
    texts: list[bytes]


class LookupReader:
    """Answers lookups, and remembers how the current versions are read. Threads may share it."""

    def __init__(self) -> None:
        """Know no version yet."""
        self._known: dict[str, _Known] = {}

    def read(
        self, transaction: Transaction, lookups: Sequence[ViewLookup]
    ) -> tuple[ViewAnswer, ...]:
        """Answer `lookups` from what `transaction` sees."""
        encoded: list[_Encoded] = []
        answers = []
        for lookup in lookups:
            known = self._look_up_version(transaction, lookup.view)
            keys = _encode_once(encoded, known, lookup.keys)
            rows = _read_rows(transaction, keys, known, lookup.columns)
            answers.append(ViewAnswer(known.record.version, rows))
        return tuple(answers)

    def _look_up_version(self, transaction: Transaction, view: str) -> _Known:
        """Return the view's current version in this snapshot, read anew only where it changed."""
        text = transaction.get(meta_key(CURRENT, view)) if has_format(transaction) else None
        if text is None:
            raise_not_materialized(view, current_records(transaction))
        known = self._known.get(view)
        if known is None or known.text != text:
            record = from_json(text)
            keys = KeyCodec(record.version.view.keys, MAX_ENTITY_KEY_BYTES)
            known = _Known(text, record, keys, RowCodec(record.version.view.features))
            self._known[view] = known
        return known


def current_records(transaction: Transaction) -> dict[str, bytes]:
    """Return the record of each view's current version, by the view's name."""
    return dict(meta_items(transaction, CURRENT)) if has_format(transaction) else {}


def _encode_once(encoded: list[_Encoded], known: _Known, keys: pa.RecordBatch) -> list[bytes]:
    """Return the keys as LMDB has them; the views of one entity share the work."""
    entity_number = known.record.entity_number
    known.keys.check(keys)
    for other in encoded:
        # Keys of one entity and one schema have the same bytes in every view.
        if other.entity_number == entity_number and other.keys.equals(keys):
            return other.texts
    prefix = number_bytes(entity_number)
    texts = [NO_ROW if key is None else prefix + key for key in known.keys.encode(keys)]
    encoded.append(_Encoded(entity_number, keys, texts))
    return texts


def _read_rows(
    transaction: Transaction, keys: list[bytes], known: _Known, columns: tuple[str, ...]
) -> pa.RecordBatch:
    """Return the row of each key, decoded block by block."""
    suffix, missing = number_bytes(known.record.version.number), known.rows.missing_row
    batches = []
    for first in range(0, max(len(keys), 1), _BLOCK_ROWS):
        whole = [key + suffix for key in keys[first : first + _BLOCK_ROWS]]
        rows = concat(list(map(transaction.get, whole, repeat(missing))))
        batches.append(known.rows.decode(rows, columns))
    return batches[0] if len(batches) == 1 else pa.concat_batches(batches)
