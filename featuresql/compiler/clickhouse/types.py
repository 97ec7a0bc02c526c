"""How a value of each column type is held in ClickHouse.

A scalar is `Nullable(T)`. What is composed (a list, a struct, a map) cannot be NULL there, so it is
held as an Array of none or one: `[]` is NULL, `[x]` is x. Elements and fields are held in the same
way, all the way down. A missing row of a join then is NULL by itself, since an Array's default is
`[]`.
"""

from __future__ import annotations

from typing import Final

from featuresql.spec.column_type import ColumnType

_SCALARS: Final = {
    "BOOLEAN": "Bool",
    "TINYINT": "Int8",
    "SMALLINT": "Int16",
    "INTEGER": "Int32",
    "BIGINT": "Int64",
    "HUGEINT": "Int128",
    "UTINYINT": "UInt8",
    "USMALLINT": "UInt16",
    "UINTEGER": "UInt32",
    "UBIGINT": "UInt64",
    "FLOAT": "Float32",
    "DOUBLE": "Float64",
    "VARCHAR": "String",
    "BLOB": "String",
    "JSON": "String",
    "UUID": "UUID",
    "DATE": "Date32",
    "TIMESTAMP": "DateTime64(6, 'UTC')",
    "TIMESTAMPTZ": "DateTime64(6, 'UTC')",
    "NULL": "Int32",
    # Months, days and microseconds: DuckDB keeps the three apart.
    "INTERVAL": "Tuple(Int64, Int64, Int64)",
}


def is_composed(kind: ColumnType) -> bool:
    """Whether values of `kind` are held as an Array of none or one."""
    return kind.name in {"LIST", "STRUCT", "MAP", "TUPLE"}


def has_type(kind: ColumnType) -> bool:
    """Whether ClickHouse holds values of `kind` at all."""
    if kind.element is not None:
        return has_type(kind.element)
    if kind.fields:
        return all(has_type(field) for _, field in kind.fields)
    return kind.name in _SCALARS or kind.name == "DECIMAL"


def held(kind: ColumnType) -> str:
    """Return ClickHouse's type for values of `kind` as queries hold them, NULL among them."""
    if is_composed(kind):
        return f"Array({inner(kind)})"
    return f"Nullable({inner(kind)})"


def inner(kind: ColumnType) -> str:
    """Return ClickHouse's type for values of `kind` that are not NULL.

    Raises `KeyError` where there is none.
    """
    if kind.name == "DECIMAL":
        return f"Decimal({kind.precision}, {kind.scale})"
    if kind.element is not None:
        return f"Array({held(kind.element)})"
    if kind.name == "MAP":
        # Pairs in their order: ClickHouse's Map refuses NULL and composed keys.
        (_, key), (_, value) = kind.fields
        return f"Array(Tuple({held(key)}, {held(value)}))"
    if kind.fields:
        return "Tuple(" + ", ".join(held(field) for _, field in kind.fields) + ")"
    return _SCALARS[kind.name]


def plain(kind: ColumnType) -> str:
    """Return ClickHouse's type for values of `kind` as ClickHouse's own users hold them.

    Lists are Arrays, structs are named Tuples, maps are Maps: none of these can be NULL. A HUGEINT
    is a Decimal, since Arrow has no integer of its size.
    """
    if kind.name == "HUGEINT":
        return "Nullable(Decimal(38, 0))"
    if kind.element is not None:
        return f"Array({plain(kind.element)})"
    if kind.name == "MAP":
        (_, key), (_, value) = kind.fields
        return f"Map({inner(key)}, {plain(value)})"
    if kind.name == "TUPLE":
        return "Tuple(" + ", ".join(plain(field) for _, field in kind.fields) + ")"
    if kind.fields:
        return "Tuple(" + ", ".join(f"`{n}` {plain(field)}" for n, field in kind.fields) + ")"
    return held(kind)
