"""What an expression is when an overload is chosen: a type, or a literal that still adapts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from featuresql.spec.column_type import VARCHAR, ColumnType, list_of, scalar

NULL: Final = scalar("NULL")
INTEGER: Final = scalar("INTEGER")
BIGINT: Final = scalar("BIGINT")
HUGEINT: Final = scalar("HUGEINT")
JSON: Final = scalar("JSON")
# Not a type of DuckDB's: what an expression has whose error has already been reported.
UNKNOWN: Final = ColumnType("UNKNOWN")

INTEGER_RANGES: Final = {
    "TINYINT": (-(2**7), 2**7 - 1),
    "SMALLINT": (-(2**15), 2**15 - 1),
    "INTEGER": (-(2**31), 2**31 - 1),
    "BIGINT": (-(2**63), 2**63 - 1),
    "HUGEINT": (-(2**127), 2**127 - 1),
    "UTINYINT": (0, 2**8 - 1),
    "USMALLINT": (0, 2**16 - 1),
    "UINTEGER": (0, 2**32 - 1),
    "UBIGINT": (0, 2**64 - 1),
}


@dataclass(frozen=True, slots=True)
class Argument:
    """A type, and the literal it comes from where it is one.

    `literal` is the value of an integer literal, the text of a string literal, otherwise None:
    DuckDB lets such literals take the type that the other side has.
    """

    type: ColumnType
    literal: int | str | None = None

    @property
    def is_integer_literal(self) -> bool:
        """Whether this is an integer literal."""
        return isinstance(self.literal, int)

    @property
    def is_string_literal(self) -> bool:
        """Whether this is a string literal."""
        return isinstance(self.literal, str)

    @property
    def is_null(self) -> bool:
        """Whether this is a bare NULL."""
        return self.type.name == "NULL"

    def fits(self, target: ColumnType) -> bool:
        """Whether this integer literal's value is one of the integer type `target`."""
        bounds = INTEGER_RANGES.get(target.name)
        if bounds is None or not isinstance(self.literal, int):
            return False
        return bounds[0] <= self.literal <= bounds[1]


def integer_literal(value: int) -> Argument:
    """Return an integer literal: an INTEGER, BIGINT or HUGEINT by its size.

    Raises `ValueError` where it is larger than a HUGEINT.
    """
    for kind in (INTEGER, BIGINT, HUGEINT):
        low, high = INTEGER_RANGES[kind.name]
        if low <= value <= high:
            return Argument(kind, value)
    msg = f"{value} is larger than a HUGEINT"
    raise ValueError(msg)


def string_literal(text: str) -> Argument:
    """Return a string literal: a VARCHAR until it meets another type."""
    return Argument(VARCHAR, text)


def map_of(key: ColumnType, value: ColumnType) -> ColumnType:
    """Return the type of maps. Expressions may have it, columns of a model may not."""
    return ColumnType("MAP", fields=(("key", key), ("value", value)))


def tuple_of(elements: tuple[ColumnType, ...]) -> ColumnType:
    """Return the type of a row without field names. Expressions may have it, columns may not."""
    return ColumnType("TUPLE", fields=tuple((str(i), kind) for i, kind in enumerate(elements, 1)))


def struct_of(fields: tuple[tuple[str, ColumnType], ...]) -> ColumnType:
    """Return the type of structs with those fields."""
    return ColumnType("STRUCT", fields=fields)


def is_storable(kind: ColumnType) -> bool:
    """Whether a model's column may have this type: no MAP, no TUPLE, nothing unknown inside."""
    if kind.name in {"MAP", "TUPLE", "UNKNOWN"}:
        return False
    if kind.element is not None:
        return is_storable(kind.element)
    return all(is_storable(field) for _, field in kind.fields)


def as_column(kind: ColumnType) -> ColumnType:
    """Return the type that a table's column has for an expression of type `kind`.

    DuckDB stores a bare NULL, also one within a list or struct, as INTEGER.
    """
    if kind.name == "NULL":
        return INTEGER
    if kind.element is not None:
        return list_of(as_column(kind.element))
    if kind.fields:
        return ColumnType(kind.name, fields=tuple((n, as_column(t)) for n, t in kind.fields))
    return kind


def describe(argument: Argument) -> str:
    """Give the argument as an error shows it: its type, or that it is a literal."""
    if argument.is_string_literal:
        return "a text literal"
    if argument.is_integer_literal:
        return "an integer literal"
    return type_text(argument.type)


def type_text(kind: ColumnType) -> str:
    """Give the type as DuckDB writes it, also where it can be no column's."""
    if kind.name == "MAP":
        return f"MAP({type_text(kind.fields[0][1])}, {type_text(kind.fields[1][1])})"
    if kind.name == "TUPLE":
        return "TUPLE(" + ", ".join(type_text(field) for _, field in kind.fields) + ")"
    if kind.element is not None:
        return f"{type_text(kind.element)}[]"
    return str(kind)
