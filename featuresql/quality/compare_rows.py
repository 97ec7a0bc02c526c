"""Two tables as bags of rows."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import pyarrow as pa

FLOAT_TOLERANCE: Final = 1e-9
Row: TypeAlias = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class RowDifference:
    """The rows that only one side has."""

    missing: pa.Table
    unexpected: pa.Table

    @property
    def is_empty(self) -> bool:
        """Whether both sides were the same bag."""
        return not self.missing.num_rows and not self.unexpected.num_rows


def compare_rows(
    expected: pa.Table, actual: pa.Table, *, tolerance: float = FLOAT_TOLERANCE
) -> RowDifference:
    """Compare two tables of one schema, whatever the order of their rows.

    Values are equal exactly, but floats within the relative `tolerance`; NULL equals NULL and NaN
    equals NaN. Equal rows are paired one to one, each with the first that fits.
    """
    waiting: dict[Hashable, list[tuple[int, Row]]] = defaultdict(list)
    for position, row in enumerate(_rows(actual)):
        waiting[_exact_part(row)].append((position, row))
    missing = []
    for position, row in enumerate(_rows(expected)):
        candidates = waiting[_exact_part(row)]
        found = next(
            (i for i, (_, other) in enumerate(candidates) if _alike(row, other, tolerance)), None
        )
        if found is None:
            missing.append(position)
        else:
            del candidates[found]
    unexpected = sorted(position for rows in waiting.values() for position, _ in rows)
    return RowDifference(expected.take(_positions(missing)), actual.take(_positions(unexpected)))


def _positions(numbers: list[int]) -> pa.Array:
    return pa.array(numbers, pa.int64())


def _rows(table: pa.Table) -> list[Row]:
    columns = []
    for column in table.columns:
        # As whole microseconds: Python's datetime ends at the year 9999, the engine's does not.
        is_instant = pa.types.is_timestamp(column.type)
        columns.append((column.cast(pa.int64()) if is_instant else column).to_pylist())
    return list(zip(*columns, strict=True)) if columns else [()] * table.num_rows


def _exact_part(value: object) -> Hashable:
    """Return what must be equal to the bit: all but the floats, whose places are kept."""
    match value:
        case float():
            return float
        case list() | tuple():
            return tuple(_exact_part(element) for element in value)
        case Mapping():
            return tuple((name, _exact_part(each)) for name, each in value.items())
        case _:
            assert isinstance(value, Hashable)  # noqa: S101 - Arrow's other values all are
            return value


def _alike(left: object, right: object, tolerance: float) -> bool:
    """Compare two values whose exact parts are equal."""
    match left, right:
        case float(), float():
            both_nan = math.isnan(left) and math.isnan(right)
            return both_nan or math.isclose(left, right, rel_tol=tolerance)
        case ((list() | tuple()), (list() | tuple())):
            return all(_alike(a, b, tolerance) for a, b in zip(left, right, strict=True))
        case Mapping(), Mapping():
            return all(_alike(left[name], right[name], tolerance) for name in left)
        case _:
            return True
