"""Between column types and sqlglot's DataType."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from sqlglot import exp

from featuresql.compiler.typing.argument import UNKNOWN, map_of, tuple_of
from featuresql.spec.column_type import ColumnType, decimal, list_of, scalar

_Type = exp.DataType.Type
_TO_SQLGLOT: Final = {
    "BOOLEAN": _Type.BOOLEAN,
    "TINYINT": _Type.TINYINT,
    "SMALLINT": _Type.SMALLINT,
    "INTEGER": _Type.INT,
    "BIGINT": _Type.BIGINT,
    "HUGEINT": _Type.INT128,
    "UTINYINT": _Type.UTINYINT,
    "USMALLINT": _Type.USMALLINT,
    "UINTEGER": _Type.UINT,
    "UBIGINT": _Type.UBIGINT,
    "FLOAT": _Type.FLOAT,
    "DOUBLE": _Type.DOUBLE,
    "VARCHAR": _Type.TEXT,
    "BLOB": _Type.VARBINARY,
    "DATE": _Type.DATE,
    "TIME": _Type.TIME,
    "TIMESTAMP": _Type.TIMESTAMP,
    "TIMESTAMPTZ": _Type.TIMESTAMPTZ,
    "INTERVAL": _Type.INTERVAL,
    "UUID": _Type.UUID,
    "JSON": _Type.JSON,
    "NULL": _Type.NULL,
    "UNKNOWN": _Type.UNKNOWN,
}
_FROM_SQLGLOT: Final = {
    **{kind: name for name, kind in _TO_SQLGLOT.items() if name != "UNKNOWN"},
    _Type.VARCHAR: "VARCHAR",
    _Type.CHAR: "VARCHAR",
    _Type.BPCHAR: "VARCHAR",
    _Type.NCHAR: "VARCHAR",
    _Type.NVARCHAR: "VARCHAR",
    _Type.BINARY: "BLOB",
    _Type.BLOB: "BLOB",
    _Type.TIMESTAMPNTZ: "TIMESTAMP",
    _Type.DATETIME: "TIMESTAMP",
}
_DEFAULT_DECIMAL: Final = (18, 3)


@lru_cache(maxsize=4096)
def to_data_type(kind: ColumnType) -> exp.DataType:
    """Return `kind` as sqlglot's type. The value is shared: copy it before putting it in a tree."""
    if kind.name == "DECIMAL":
        parameters = [
            exp.DataTypeParam(this=exp.Literal.number(n)) for n in (kind.precision, kind.scale)
        ]
        return exp.DataType(this=_Type.DECIMAL, expressions=parameters)
    if kind.element is not None:
        element = to_data_type(kind.element).copy()
        return exp.DataType(this=_Type.LIST, expressions=[element], nested=True)
    if kind.name == "MAP":
        parts = [to_data_type(field).copy() for _, field in kind.fields]
        return exp.DataType(this=_Type.MAP, expressions=parts, nested=True)
    if kind.name == "TUPLE":
        parts = [to_data_type(field).copy() for _, field in kind.fields]
        return exp.DataType(this=_Type.STRUCT, expressions=parts, nested=True)
    if kind.name == "STRUCT":
        fields = [
            exp.ColumnDef(this=exp.to_identifier(name), kind=to_data_type(field).copy())
            for name, field in kind.fields
        ]
        return exp.DataType(this=_Type.STRUCT, expressions=fields, nested=True)
    return exp.DataType(this=_TO_SQLGLOT[kind.name])


def from_data_type(data_type: exp.DataType) -> ColumnType | None:
    """Return sqlglot's type as a column type, or None where FeatureSQL has none for it."""
    kind = data_type.this
    parts = data_type.expressions
    if kind == _Type.DECIMAL:
        numbers = [int(part.name) for part in parts]
        precision, scale = (*numbers, 0)[:2] if numbers else _DEFAULT_DECIMAL
        try:
            return decimal(precision, scale)
        except ValueError:
            return None
    if kind in {_Type.ARRAY, _Type.LIST}:
        fixed_size = data_type.args.get("values")
        element = from_data_type(parts[0]) if parts and not fixed_size else None
        return None if element is None else list_of(element)
    if kind == _Type.MAP:
        found = [from_data_type(part) for part in parts]
        key, value = found if len(found) == 2 else (None, None)  # noqa: PLR2004 - key and value
        return None if key is None or value is None else map_of(key, value)
    if kind == _Type.STRUCT:
        return _from_struct(parts)
    name = _FROM_SQLGLOT.get(kind)
    return None if name is None else scalar(name)


def _from_struct(parts: list[exp.Expr]) -> ColumnType | None:
    fields = []
    for part in parts:
        inner = part.args["kind"] if isinstance(part, exp.ColumnDef) else part
        found = from_data_type(inner) if isinstance(inner, exp.DataType) else None
        if found is None:
            return None
        fields.append((part.name if isinstance(part, exp.ColumnDef) else "", found))
    if fields and not fields[0][0]:
        return tuple_of(tuple(kind for _, kind in fields))
    return ColumnType("STRUCT", fields=tuple(fields))


def column_type_of(expression: exp.Expr) -> ColumnType:
    """Return the type that `annotate_types` gave to `expression`.

    Raises `ValueError` where it has none.
    """
    data_type = expression.type
    found = None if data_type is None else from_data_type(data_type)
    if found is None or found == UNKNOWN:
        msg = f"'{expression.sql('duckdb')}' has no type"
        raise ValueError(msg)
    return found
