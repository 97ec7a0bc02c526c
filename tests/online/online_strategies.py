"""Generated column types and values for the tests of online stores."""

from __future__ import annotations

import datetime as dt
import decimal
import struct
from collections.abc import Sequence

import pyarrow as pa
from hypothesis import strategies as st

from featuresql.spec.column_type import ColumnType, list_of, scalar
from featuresql.spec.column_type import decimal as decimal_type

INTEGER_BITS = {
    "TINYINT": (8, True),
    "SMALLINT": (16, True),
    "INTEGER": (32, True),
    "BIGINT": (64, True),
    "UTINYINT": (8, False),
    "USMALLINT": (16, False),
    "UINTEGER": (32, False),
    "UBIGINT": (64, False),
}
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
INSTANT = st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2200, 1, 1)).map(  # noqa: DTZ001
    lambda moment: moment.replace(tzinfo=dt.UTC)
)


def _integers(bits: int, *, signed: bool) -> st.SearchStrategy[int]:
    low = -(1 << (bits - 1)) if signed else 0
    return st.integers(low, low + (1 << bits) - 1)


def _decimals(precision: int, scale: int) -> st.SearchStrategy[decimal.Decimal]:
    most = 10**precision - 1
    context = decimal.Context(prec=40)
    return st.integers(-most, most).map(lambda n: context.scaleb(decimal.Decimal(n), -scale))


SCALAR_VALUES: dict[str, st.SearchStrategy[object]] = {
    **{name: _integers(bits, signed=signed) for name, (bits, signed) in INTEGER_BITS.items()},
    "BOOLEAN": st.booleans(),
    "HUGEINT": _decimals(38, 0),
    "FLOAT": st.floats(width=32),
    "DOUBLE": st.floats(),
    "VARCHAR": TEXT,
    "BLOB": st.binary(max_size=12),
    "DATE": st.dates(),
    "TIME": st.times(),
    "TIMESTAMP": INSTANT,
    "TIMESTAMPTZ": INSTANT,
    "INTERVAL": st.tuples(*[_integers(32, signed=True)] * 2, _integers(64, signed=True)).map(
        pa.MonthDayNano
    ),
    "UUID": st.uuids().map(str),
    "JSON": TEXT,
    "NULL": st.none(),
}

_DECIMALS = st.integers(1, 38).flatmap(
    lambda p: st.builds(decimal_type, st.just(p), st.integers(0, p))
)
_SCALARS = st.sampled_from(sorted(SCALAR_VALUES)).map(scalar) | _DECIMALS


def _structs(kinds: st.SearchStrategy[ColumnType]) -> st.SearchStrategy[ColumnType]:
    return st.lists(kinds, min_size=1, max_size=3).map(
        lambda found: ColumnType("STRUCT", fields=tuple((f"f{i}", k) for i, k in enumerate(found)))
    )


column_types = st.recursive(
    _SCALARS, lambda kinds: kinds.map(list_of) | _structs(kinds), max_leaves=4
)
key_types = st.sampled_from([*sorted(INTEGER_BITS), "BOOLEAN", "VARCHAR", "DATE", "TIMESTAMP"])
key_column_types = key_types.map(scalar) | _DECIMALS


def values_of(kind: ColumnType, *, nulls: bool = True) -> st.SearchStrategy[object]:
    """Generate Python values of a column type, NULL now and then."""
    if kind.name == "DECIMAL":
        found: st.SearchStrategy[object] = _decimals(kind.precision or 18, kind.scale or 0)
    elif kind.name == "LIST":
        assert kind.element is not None
        found = st.lists(values_of(kind.element), max_size=4)
    elif kind.name == "STRUCT":
        found = st.fixed_dictionaries({name: values_of(field) for name, field in kind.fields})
    else:
        found = SCALAR_VALUES[kind.name]
    return st.none() | found if nulls else found


def exact(value: object) -> object:
    """Return the value so that equality means: the same to the bit."""
    if isinstance(value, float):
        return struct.pack("<d", value)
    if isinstance(value, dict):
        return {name: exact(field) for name, field in value.items()}
    if isinstance(value, list):
        return [exact(item) for item in value]
    return value


def exact_column(array: pa.Array | pa.ChunkedArray) -> list[object]:
    """Return a column's values so that equality means: the same to the bit."""
    return [exact(value) for value in array.to_pylist()]


@st.composite
def tables(
    draw: st.DrawFn, max_columns: int = 5, max_rows: int = 5
) -> tuple[list[ColumnType], list[pa.Array]]:
    """Generate column types with an array of each, all of one length."""
    kinds = draw(st.lists(column_types, max_size=max_columns))
    count = draw(st.integers(1, max_rows))
    return kinds, [draw(arrays(kind, count)) for kind in kinds]


@st.composite
def arrays(draw: st.DrawFn, kind: ColumnType, count: int) -> pa.Array:
    """Generate an array of `count` values, sometimes as a slice of a longer one."""
    before, after = draw(st.tuples(st.integers(0, 2), st.integers(0, 1)))
    size = before + count + after
    found: Sequence[object] = draw(st.lists(values_of(kind), min_size=size, max_size=size))
    return pa.array(found, kind.arrow).slice(before, count)
