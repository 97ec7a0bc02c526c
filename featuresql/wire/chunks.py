"""Cuts batches into pieces of a bounded size."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pyarrow as pa

REPLY_BYTES: Final = 2 << 20


def cut_by_bytes(batch: pa.RecordBatch, max_bytes: int = REPLY_BYTES) -> Iterator[pa.RecordBatch]:
    """Yield `batch` in pieces of about `max_bytes` at most and one row at least, in order.

    An empty batch is one empty piece. The pieces share the batch's memory.
    """
    # The buffers hold at least the batch's own bytes and are counted ten times as fast.
    if batch.num_rows <= 1 or batch.get_total_buffer_size() <= max_bytes:
        yield batch
        return
    size = max(1, batch.nbytes)
    yield from cut_by_rows(batch, max(1, batch.num_rows * max_bytes // size))


def cut_by_rows(batch: pa.RecordBatch, max_rows: int) -> Iterator[pa.RecordBatch]:
    """Yield `batch` in pieces of at most `max_rows` rows, in order; an empty one as it is."""
    if batch.num_rows <= max_rows:
        yield batch
        return
    for start in range(0, batch.num_rows, max_rows):
        yield batch.slice(start, max_rows)
