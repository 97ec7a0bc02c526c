"""Batches of any size as chunks of a bounded one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa

from featuresql.errors import OnlineStoreError
from featuresql.online.row_codec import INSTANTS
from featuresql.spec.column_type import TIMESTAMP_ARROW
from featuresql.spec.model import FeatureView

CHUNK_ROWS = 65_536
CHUNK_BYTES = 32 * 2**20


def write_schema(view: FeatureView) -> pa.Schema:
    """Return the columns of a batch to write: keys, `event_ts`, `available_at`, features."""
    return pa.schema(
        [
            *((key.name, key.type.arrow) for key in view.keys),
            *((name, TIMESTAMP_ARROW) for name in INSTANTS),
            *((feature.name, feature.type.arrow) for feature in view.features),
        ]
    )


def chunks(view: FeatureView, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Give the rows of `batches` as chunks of up to 65,536 rows and about 32 MiB, none empty.

    Raises `OnlineStoreError` with code `schema` for a batch that does not fit the view.
    """
    schema = write_schema(view)
    held: list[pa.RecordBatch] = []
    rows = size_bytes = 0
    for batch in batches:
        _check(batch, schema, view)
        for piece in _pieces(batch):
            if held and (
                rows + piece.num_rows > CHUNK_ROWS or size_bytes + piece.nbytes > CHUNK_BYTES
            ):
                yield pa.concat_batches(held)
                held, rows, size_bytes = [], 0, 0
            held.append(piece)
            rows += piece.num_rows
            size_bytes += piece.nbytes
    if held:
        yield pa.concat_batches(held)


def _pieces(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Cut a batch that is a chunk too large into pieces that are not."""
    count = max(-(-batch.num_rows // CHUNK_ROWS), -(-batch.nbytes // CHUNK_BYTES), 1)
    step = max(-(-batch.num_rows // count), 1)
    for start in range(0, batch.num_rows, step):
        yield batch.slice(start, step)


def _check(batch: pa.RecordBatch, schema: pa.Schema, view: FeatureView) -> None:
    if batch.schema.names != schema.names:
        raise OnlineStoreError(
            f"rows of '{view.name}' have the columns ({', '.join(batch.schema.names)}),"
            f" not ({', '.join(schema.names)})",
            code="schema",
        )
    for field, expected in zip(batch.schema, schema, strict=True):
        if field.type != expected.type:
            raise OnlineStoreError(
                f"column '{field.name}' of '{view.name}' is {field.type}, not {expected.type}",
                code="schema",
            )
    for name in schema.names[: len(view.keys) + len(INSTANTS)]:
        if batch.column(name).null_count:
            raise OnlineStoreError(
                f"rows of '{view.name}' have a NULL in '{name}'",
                code="null-key",
                hint="only rows with whole keys and instants can be found online",
            )
