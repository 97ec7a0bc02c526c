"""How long a batch takes over a stream."""

from __future__ import annotations

from statistics import median
from time import perf_counter
from typing import Final

import pyarrow as pa

from featuresql.client import FeatureStream

BATCHES: Final = {1: 200, 100: 100, 1_000: 40}  # rows of a batch: how often it is asked
_WARM_UP: Final = 5


def measure_latency(stream: FeatureStream, rows: pa.Table) -> dict[int, float]:
    """Return the median latency in ms for each size of batch; `rows` has at least the largest."""
    return {size: _median_ms(stream, rows, size, times) for size, times in BATCHES.items()}


def _median_ms(stream: FeatureStream, rows: pa.Table, size: int, times: int) -> float:
    taken = []
    for turn in range(_WARM_UP + times):
        batch = rows.slice(turn * size % (rows.num_rows - size + 1), size)
        began = perf_counter()
        stream.get(batch)
        taken.append(perf_counter() - began)
    return median(taken[_WARM_UP:]) * 1_000
