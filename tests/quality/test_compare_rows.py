"""Tables are compared as bags of rows."""

from __future__ import annotations

import math
import random
from collections import Counter
from datetime import datetime

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from featuresql.quality.compare_rows import compare_rows

SCHEMA = pa.schema([("k", pa.string()), ("n", pa.int64())])
ROWS = st.lists(
    st.tuples(st.sampled_from(["a", "b", None]), st.sampled_from([0, 1, None])), max_size=8
)


def table(rows: list[tuple[object, object]]) -> pa.Table:
    return pa.Table.from_pylist([{"k": k, "n": n} for k, n in rows], SCHEMA)


def rows_of(found: pa.Table) -> Counter[tuple[object, ...]]:
    return Counter(tuple(row.values()) for row in found.to_pylist())


@given(ROWS, ROWS)
def test_the_difference_is_that_of_two_bags(
    expected: list[tuple[object, object]], actual: list[tuple[object, object]]
) -> None:
    difference = compare_rows(table(expected), table(actual))

    assert rows_of(difference.missing) == Counter(expected) - Counter(actual)
    assert rows_of(difference.unexpected) == Counter(actual) - Counter(expected)
    assert difference.is_empty == (Counter(expected) == Counter(actual))


@given(st.lists(st.floats(), max_size=8), st.integers())
def test_floats_in_any_order_are_the_same_bag(values: list[float], seed: int) -> None:
    shuffled = values.copy()
    random.Random(seed).shuffle(shuffled)  # noqa: S311 - an order that can be repeated
    left, right = (pa.table({"f": pa.array(v, pa.float64())}) for v in (values, shuffled))

    assert compare_rows(left, right).is_empty


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        (1.0, 1.0 + 9e-10, True),
        (1.0, 1.0 + 2e-9, False),
        (1e12, 1e12 + 100, True),
        (0.0, 1e-300, False),
        (0.0, -0.0, True),
        (math.nan, math.nan, True),
        (math.nan, 1.0, False),
        (math.inf, math.inf, True),
        (math.inf, -math.inf, False),
        (None, math.nan, False),
        (None, None, True),
    ],
)
def test_floats_are_equal_within_one_part_in_a_billion(
    left: float | None, right: float | None, *, same: bool
) -> None:
    for wrap in (lambda v: v, lambda v: [v], lambda v: {"x": v}):
        kind = {list: pa.list_(pa.float64()), dict: pa.struct([("x", pa.float64())])}.get(
            type(wrap(left)), pa.float64()
        )
        tables = [pa.table({"f": pa.array([wrap(v)], kind)}) for v in (left, right)]
        assert compare_rows(*tables).is_empty is same


def test_lists_differ_by_their_length_and_order() -> None:
    one, two, other = (
        pa.table({"l": pa.array([v], pa.list_(pa.int64()))}) for v in ([1, 2], [1, 2, 3], [2, 1])
    )

    assert not compare_rows(one, two).is_empty
    assert not compare_rows(one, other).is_empty


def test_instants_are_compared_to_the_microsecond_far_beyond_python() -> None:
    far = pa.array([9_089_348_860_800_500_000], pa.timestamp("us"))
    near = pa.array([9_089_348_860_800_500_001], pa.timestamp("us"))

    assert compare_rows(pa.table({"t": far}), pa.table({"t": far})).is_empty
    assert not compare_rows(pa.table({"t": far}), pa.table({"t": near})).is_empty


def test_the_rows_keep_their_types_in_the_difference() -> None:
    instant = pa.array([datetime(2024, 1, 1)], pa.timestamp("us"))  # noqa: DTZ001 - UTC
    difference = compare_rows(pa.table({"t": instant}), pa.table({"t": instant}).slice(1))

    assert difference.missing.schema == pa.schema([("t", pa.timestamp("us"))])
    assert difference.missing.num_rows == 1
