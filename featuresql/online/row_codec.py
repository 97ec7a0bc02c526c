"""One opaque value for each (entity, view): a whole row, in one format for every online store."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from featuresql.errors import OnlineStoreError, did_you_mean
from featuresql.online.layout import Layout
from featuresql.online.segments import Ints, Segments
from featuresql.spec.column_type import TIMESTAMP_ARROW
from featuresql.spec.model import Column

FORMAT = 1
_HASH_BYTES = 8
INSTANTS = ("event_ts", "available_at")


def schema_hash(features: Sequence[Column]) -> bytes:
    """Return 8 bytes that stand for the row format and the features' names, types and order."""
    words = [FORMAT, [[feature.name, str(feature.type)] for feature in features]]
    text = json.dumps(words, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=_HASH_BYTES).digest()


class RowCodec:
    """Turns rows of `event_ts`, `available_at` and features into bytes and back, many at a time.

    A row is 8 bytes of its schema's hash, `event_ts` and `available_at` (int64, microseconds since
    1970 in UTC), and then the features as `featuresql.online.layout` places them. It may be shared
    by threads.
    """

    def __init__(self, features: Sequence[Column]) -> None:
        """Lay out rows of these features, in their order."""
        self.hash = schema_hash(features)
        self._names = tuple(feature.name for feature in features)
        kinds = [TIMESTAMP_ARROW, TIMESTAMP_ARROW, *(feature.type.arrow for feature in features)]
        self._layout = Layout(kinds, self.hash)
        self.missing_row = self._layout.null_row()
        self._plans: dict[tuple[str, ...], tuple[tuple[int, ...], pa.Schema]] = {}

    def encode(self, columns: Sequence[pa.Array], count: int) -> pa.BinaryArray:
        """Return the bytes of each row of `event_ts`, `available_at` and all features."""
        try:
            return self._layout.encode(columns, count)
        except pa.ArrowInvalid as error:
            raise OnlineStoreError(
                f"rows cannot be encoded: {error}", code="too-large", hint="write fewer at a time"
            ) from error

    def decode(self, rows: Segments, columns: tuple[str, ...]) -> pa.RecordBatch:
        """Return `event_ts`, `available_at` and the features `columns` of stored rows.

        `missing_row` stands for a row that is not stored and gives NULL everywhere. Raises
        `OnlineStoreError` with code `corrupt` for bytes that are not such rows, and with code
        `not-materialized` for an unknown feature.
        """
        wanted, schema = self._plan(columns)
        return pa.RecordBatch.from_arrays(self._layout.decode(rows, wanted), schema=schema)

    def instants(self, rows: Segments) -> Ints:
        """Return `event_ts` and `available_at` of stored rows: a matrix of two columns."""
        head = rows.heads(_HASH_BYTES + 16)
        return np.ascontiguousarray(head[:, _HASH_BYTES:]).view(np.int64)

    def _plan(self, columns: tuple[str, ...]) -> tuple[tuple[int, ...], pa.Schema]:
        plan = self._plans.get(columns)
        if plan is None:
            plan = self._plans[columns] = self._make_plan(columns)
        return plan

    def _make_plan(self, columns: tuple[str, ...]) -> tuple[tuple[int, ...], pa.Schema]:
        unknown = [name for name in columns if name not in self._names]
        if unknown:
            raise OnlineStoreError(
                f"the stored rows have no feature '{unknown[0]}'",
                code="not-materialized",
                hint=f"materialize the view again, or {did_you_mean(unknown[0], self._names)}",
            )
        wanted = (0, 1, *(2 + self._names.index(name) for name in columns))
        fields = zip((*INSTANTS, *columns), wanted, strict=True)
        return wanted, pa.schema([(name, self._layout.kinds[i]) for name, i in fields])
