"""The type that values of different types have together: in CASE, COALESCE, lists, comparisons."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from typing import Final

from featuresql.compiler.typing.argument import JSON, NULL, Argument
from featuresql.spec.column_type import (
    MAX_DECIMAL_PRECISION,
    VARCHAR,
    ColumnType,
    decimal,
    list_of,
    scalar,
)

# Digits of the DECIMAL that holds every value of an integer type.
INTEGER_DIGITS: Final = {
    "TINYINT": 3,
    "SMALLINT": 5,
    "INTEGER": 10,
    "BIGINT": 19,
    "HUGEINT": 38,
    "UTINYINT": 3,
    "USMALLINT": 5,
    "UINTEGER": 10,
    "UBIGINT": 20,
}
_SIGNED: Final = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
_UNSIGNED: Final = ("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")
_NOTHING: Final[Argument | None] = Argument(NULL)
_INSTANTS: Final = ("DATE", "TIMESTAMP", "TIMESTAMPTZ")
# What a set operation turns into text where the other side is text.
_AS_TEXT: Final = frozenset(
    {*_SIGNED, *_UNSIGNED, *_INSTANTS, "BOOLEAN", "FLOAT", "DOUBLE", "DECIMAL", "TIME", "INTERVAL"}
)


def common_argument(left: Argument, right: Argument) -> Argument | None:
    """Return what `left` and `right` become together, or None where DuckDB refuses to mix them.

    One literal adapts to the other side. Two of them give a plain type that adapts no more.
    """
    if left.is_null or right.is_null:
        return right if left.is_null else left
    if left.is_string_literal and right.is_string_literal:
        return Argument(VARCHAR)
    for literal, other in ((left, right), (right, left)):
        if literal.is_string_literal:
            return other
        if literal.is_integer_literal and not other.is_integer_literal and literal.fits(other.type):
            return other
    kind = common_type(left.type, right.type)
    return None if kind is None else Argument(kind)


def common_of(arguments: Iterable[Argument]) -> ColumnType | None:
    """Return the one type of all `arguments`, folded from the left, or None where there is none."""
    found = reduce(
        lambda left, right: None if left is None else common_argument(left, right),
        arguments,
        _NOTHING,
    )
    return None if found is None else found.type


def common_type(left: ColumnType, right: ColumnType) -> ColumnType | None:  # noqa: PLR0911 - one return a family
    """Return the type that holds both, or None where DuckDB wants an explicit cast."""
    if left == right or "NULL" in (left.name, right.name):
        return right if left.name == "NULL" else left
    if JSON in (left, right):
        return JSON
    if left.is_integer and right.is_integer:
        return _common_integer(left, right)
    if left.is_numeric and right.is_numeric:
        return _common_number(left, right)
    if {left.name, right.name} & {"BOOLEAN"} and (left.is_integer or right.is_integer):
        return left if left.is_integer else right
    if left.name in _INSTANTS and right.name in _INSTANTS:
        return max(left, right, key=lambda kind: _INSTANTS.index(kind.name))
    if left.element is not None and right.element is not None:
        element = common_type(left.element, right.element)
        return None if element is None else list_of(element)
    if left.fields and right.fields:
        return _common_fields(left, right)
    return None


def union_type(left: ColumnType, right: ColumnType) -> ColumnType | None:
    """Return a column's type after a set operation, or None where that is refused.

    Unlike elsewhere, text takes in numbers, booleans and times.
    """
    kind = common_type(left, right)
    if kind is not None:
        return kind
    if left.is_numeric and right.is_numeric:
        return None
    for one, other in ((left, right), (right, left)):
        if one.name == "VARCHAR" and other.name in _AS_TEXT:
            return VARCHAR
        if one.name == "BOOLEAN" and other.is_numeric:
            return other
    return None


def as_decimal(kind: ColumnType) -> tuple[int, int]:
    """Return (precision, scale) of the DECIMAL that holds an integer or decimal type."""
    if kind.name == "DECIMAL":
        return kind.precision or 0, kind.scale or 0
    return INTEGER_DIGITS[kind.name], 0


def _common_integer(left: ColumnType, right: ColumnType) -> ColumnType:
    names = [left.name, right.name]
    for family in (_SIGNED, _UNSIGNED):
        if all(name in family for name in names):
            return scalar(max(names, key=family.index))
    signed, unsigned = names if left.name in _SIGNED else reversed(names)
    needed = _UNSIGNED.index(unsigned) + 1
    return scalar(_SIGNED[max(_SIGNED.index(signed), needed)])


def _common_number(left: ColumnType, right: ColumnType) -> ColumnType:
    names = {left.name, right.name}
    if "DOUBLE" in names:
        return scalar("DOUBLE")
    if "FLOAT" in names:
        return scalar("FLOAT")
    (left_width, left_scale), (right_width, right_scale) = as_decimal(left), as_decimal(right)
    scale = max(left_scale, right_scale)
    digits = max(left_width - left_scale, right_width - right_scale)
    return decimal(min(digits + scale, MAX_DECIMAL_PRECISION), scale)


def _common_fields(left: ColumnType, right: ColumnType) -> ColumnType | None:
    if left.name != right.name or len(left.fields) != len(right.fields):
        return None
    fields = []
    for (left_name, left_kind), (right_name, right_kind) in zip(
        left.fields, right.fields, strict=True
    ):
        kind = common_type(left_kind, right_kind)
        if kind is None or left_name.lower() != right_name.lower():
            return None
        fields.append((left_name, kind))
    return ColumnType(left.name, fields=tuple(fields))
