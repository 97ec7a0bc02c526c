"""Of several rows with one key, the one to keep."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from featuresql.online.row_codec import INSTANTS
from featuresql.online.segments import Ints


def newest_rows(keys: list[bytes], chunk: pa.RecordBatch) -> Ints:
    """Return the rows to keep, in the order of their keys: for each key the one of its newest.

    Newest is the greatest (`event_ts`, `available_at`), the first of equal ones.
    """
    columns = [pa.array(keys, pa.binary()), *(chunk.column(name) for name in INSTANTS)]
    batch = pa.record_batch(columns, names=["key", *INSTANTS])
    sorting = [("key", "ascending"), *((name, "descending") for name in INSTANTS)]
    order: Ints = pc.sort_indices(batch, sort_keys=sorting).to_numpy().astype(np.int64)
    ordered = columns[0].take(pa.array(order))
    first = np.ones(len(order), np.bool_)
    first[1:] = pc.not_equal(ordered[1:], ordered[:-1]).to_numpy(zero_copy_only=False)
    return order[first]
