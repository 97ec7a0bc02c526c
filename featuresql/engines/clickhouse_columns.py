"""Names and types of relations in ClickHouse -> the product's own."""

from __future__ import annotations

import re
from typing import Final

from clickhouse_connect.driver.binding import quote_identifier
from clickhouse_connect.driver.client import Client

from featuresql.compiler.write_sql import TYPE_COMMENT
from featuresql.engines.clickhouse_errors import translated
from featuresql.errors import EngineError
from featuresql.spec.column_type import (
    MAX_DECIMAL_PRECISION,
    ColumnType,
    decimal,
    list_of,
    parse_type,
    scalar,
)

SCHEMAS: Final = ("sources", "versions", "as_of", "history")
GARBAGE: Final = ("loading__", "_tmp_replace_", ".inner")
_SCALARS: Final = {
    "Bool": "BOOLEAN",
    "Int8": "TINYINT",
    "Int16": "SMALLINT",
    "Int32": "INTEGER",
    "Int64": "BIGINT",
    "Int128": "HUGEINT",
    "UInt8": "UTINYINT",
    "UInt16": "USMALLINT",
    "UInt32": "UINTEGER",
    "UInt64": "UBIGINT",
    "Float32": "FLOAT",
    "Float64": "DOUBLE",
    "String": "VARCHAR",
    "UUID": "UUID",
    "Date": "DATE",
    "Date32": "DATE",
    "DateTime": "TIMESTAMP",
    "DateTime64": "TIMESTAMP",
    "Enum8": "VARCHAR",
    "Enum16": "VARCHAR",
}


def split_name(name: str) -> tuple[str, str] | None:
    """Return (schema, name) of a table, None where it is a build that was not finished."""
    if name.startswith(GARBAGE):
        return None
    schema, separator, rest = name.partition("__")
    return (schema, rest) if separator and schema in SCHEMAS else ("main", name)


def described(client: Client, table: str, database: str | None = None) -> list[tuple[str, str]]:
    """Return (name, type in DuckDB's spelling) of the columns of a table or view, in order.

    A type that the product does not know keeps ClickHouse's spelling. Raises `EngineError` where
    there is no such table.
    """
    place = f"{quote_identifier(database)}." if database else ""
    with translated():
        rows = client.query(f"DESCRIBE TABLE {place}{quote_identifier(table)}").result_rows
    return [(row[0], str(column_type(row[1], row[4]) or row[1])) for row in rows]


def column_type(text: str, comment: str = "") -> ColumnType | None:
    """Return the type of a column of ClickHouse's, None where the product does not know it.

    A table of the product's own says it in the column's comment.
    """
    if comment.startswith(TYPE_COMMENT):
        return parse_type(comment.removeprefix(TYPE_COMMENT))
    return _parse(text)


def held_type(text: str) -> ColumnType | None:
    """Return the type of values that are held as `text`, see `compiler.clickhouse.types`.

    Fields of structs have no names there: they are called 1, 2 and so on.
    """
    match = re.fullmatch(r"Array\((Array|Tuple)\((.*)\)\)", text, re.DOTALL)
    if match is None:
        return _parse(text)
    kinds = [held_type(part) for part in _parts(match[2])]
    known = [kind for kind in kinds if kind is not None]
    if len(known) < len(kinds):
        return None
    if match[1] == "Array":
        return list_of(known[0])
    fields = tuple((str(place), kind) for place, kind in enumerate(known, 1))
    return ColumnType("STRUCT", fields=fields)


def _parse(text: str) -> ColumnType | None:
    match = re.fullmatch(r"(\w+)(?:\((.*)\))?", text, re.DOTALL)
    name, inside = (match[1], match[2] or "") if match else ("", "")
    if name in _SCALARS:
        return scalar(_SCALARS[name])
    if name in {"Nullable", "LowCardinality"}:
        return _parse(inside)
    if name == "Array":
        element = _parse(inside)
        return list_of(element) if element else None
    if name == "Decimal":
        precision, scale = (int(part) for part in inside.split(","))
        return decimal(precision, scale) if precision <= MAX_DECIMAL_PRECISION else None
    return _struct(inside) if name == "Tuple" else None


def _struct(inside: str) -> ColumnType | None:
    fields = []
    for part in _parts(inside):
        match = re.fullmatch(r"(?:`([^`]+)`|(\w+)) (.+)", part, re.DOTALL)
        kind = _parse(match[3]) if match else None
        if match is None or kind is None:
            return None
        fields.append((match[1] or match[2], kind))
    return ColumnType("STRUCT", fields=tuple(fields))


def _parts(text: str) -> list[str]:
    """Return what stands between the commas that are in no brackets."""
    parts, level, start = [], 0, 0
    for position, character in enumerate(text):
        level += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and level == 0:
            parts.append(text[start:position].strip())
            start = position + 1
    return [*parts, text[start:].strip()]


def require_columns(found: list[tuple[str, str]], name: str) -> list[tuple[str, ColumnType]]:
    """Return the columns with their types; raise `EngineError` where one is not known."""
    columns = []
    for column, text in found:
        try:
            columns.append((column, parse_type(text)))
        except ValueError:
            message = f"'{name}': column '{column}' is {text}, which FeatureSQL does not know"
            raise EngineError(message, code="engine-type") from None
    return columns
