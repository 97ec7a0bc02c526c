"""Values that ClickHouse compares as DuckDB compares what they stand for."""

from __future__ import annotations

from sqlglot import exp

from featuresql.compiler.clickhouse import sql
from featuresql.compiler.clickhouse.functions.pieces import value_of
from featuresql.compiler.clickhouse.types import inner, is_composed
from featuresql.spec.column_type import ColumnType


def compares_as_it_is(kind: ColumnType) -> bool:
    """Return whether values of `kind`, none of them NULL, are ordered in the same way by both."""
    if kind.element is not None:
        return _is_plain(kind.element)
    if kind.fields:
        return all(_is_plain(field) for _, field in kind.fields)
    return not kind.is_float and kind.name != "UUID"


def comparable(value: exp.Expr, kind: ColumnType) -> exp.Expr:
    """Return what is ordered, and equal, in ClickHouse as `value` is in DuckDB; it is not NULL.

    NaN equals itself and is above every number, NULL within lists and structs is above all, a UUID
    is ordered from its first byte.
    """
    if kind.name == "UUID":
        return sql.call("toString", value)
    if kind.is_float:
        nan = sql.call("isNaN", value)
        zero = sql.cast(sql.number(0), inner(kind))
        number = sql.choose(nan.copy(), zero.copy(), sql.call("plus", value.copy(), zero))
        return sql.call("tuple", nan, number)
    if kind.element is not None:
        element = kind.element
        return sql.mapped(value_of(value), lambda each: _or_null(each, element))
    if kind.fields:
        whole = value_of(value)
        parts = [
            _or_null(sql.call("tupleElement", whole.copy(), sql.number(place)), field)
            for place, (_, field) in enumerate(kind.fields, 1)
        ]
        return sql.call("tuple", *parts)
    return value


def _or_null(value: exp.Expr, kind: ColumnType) -> exp.Expr:
    """Return a part of a list or struct with whether it is NULL before it."""
    if is_composed(kind):
        absent = sql.call("empty", value)
        return sql.call("tuple", absent, comparable(value.copy(), kind))
    known = sql.call("ifNull", value, sql.call("defaultValueOfTypeName", sql.text(inner(kind))))
    return sql.call("tuple", sql.is_null(value.copy()), comparable(known, kind))


def _is_plain(kind: ColumnType) -> bool:
    return not is_composed(kind) and compares_as_it_is(kind)


def has_floats(kind: ColumnType) -> bool:
    """Whether a value of `kind` is or holds floats."""
    if kind.element is not None:
        return has_floats(kind.element)
    return kind.is_float or any(has_floats(field) for _, field in kind.fields)


def distinguished(value: exp.Expr, kind: ColumnType) -> exp.Expr:
    """Return `value`, of the same type, with the same bytes for what DuckDB holds equal.

    0.0 and -0.0 are, and all NaN.
    """
    if not has_floats(kind):
        return value
    if kind.is_float:
        nan = sql.call("isNaN", value)
        zero = sql.cast(sql.number(0), inner(kind))
        return sql.choose(
            nan, sql.cast(sql.text("nan"), inner(kind)), sql.call("plus", value.copy(), zero)
        )
    return sql.mapped(value, lambda whole: _parts(whole, kind))


def _parts(whole: exp.Expr, kind: ColumnType) -> exp.Expr:
    if kind.element is not None:
        element = kind.element
        return sql.mapped(whole, lambda each: distinguished(each, element))
    parts = [
        distinguished(sql.call("tupleElement", whole.copy(), sql.number(place)), field)
        for place, (_, field) in enumerate(kind.fields, 1)
    ]
    return sql.call("tuple", *parts)
