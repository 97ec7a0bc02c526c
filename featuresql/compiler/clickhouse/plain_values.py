"""Between values as queries hold them and as ClickHouse's own users do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from featuresql.compiler.clickhouse import sql
from featuresql.compiler.clickhouse.types import held, is_composed, plain
from featuresql.spec.column_type import ColumnType, scalar

if TYPE_CHECKING:
    from featuresql.compiler.clickhouse.emitter import Emitter

VALUE = "__plain"
HUGEINT = scalar("HUGEINT")


def from_plain(value: exp.Expr, kind: ColumnType, depth: int = 0) -> exp.Expr:
    """Return a user's own value as queries hold it; an Array or Tuple there is never NULL."""
    if kind.element is not None:
        element = f"{VALUE}{depth}"
        body = from_plain(sql.name(element), kind.element, depth + 1)
        made = sql.call("array", sql.call("arrayMap", sql.function((element,), body), value))
        return sql.cast(made, held(kind))
    if kind.name == "STRUCT":
        fields = [
            from_plain(sql.call("tupleElement", value.copy(), sql.number(i)), field, depth)
            for i, (_, field) in enumerate(kind.fields, 1)
        ]
        return sql.cast(sql.call("array", sql.call("tuple", *fields)), held(kind))
    return sql.cast(value, held(kind))


def to_plain(emitter: Emitter, node: exp.Expr, value: exp.Expr, kind: ColumnType) -> exp.Expr:
    """Return a held value as ClickHouse's own users hold it.

    What may be NULL and is composed becomes a Variant, which alone can say so.
    """
    if not is_composed(kind):
        return _scalar(value, kind)
    first = sql.cast(
        _inside(emitter, node, sql.call("arrayElement", value, sql.number(1)), kind), plain(kind)
    )
    if never_null(emitter, node):
        return first
    absent = sql.call("empty", value.copy())
    variant = f"Variant({plain(kind)})"
    return sql.choose(absent, sql.cast(sql.null(), variant), sql.cast(first, variant))


def _scalar(value: exp.Expr, kind: ColumnType) -> exp.Expr:
    if kind != HUGEINT:
        return sql.cast(value, held(kind))
    # There is no CAST from Int128 to Decimal, but both are the same bytes.
    whole = sql.cast(value, held(kind))
    return sql.cast(sql.call("reinterpret", whole, sql.text("Decimal(38, 0)")), plain(kind))


def _inside(
    emitter: Emitter, node: exp.Expr, value: exp.Expr, kind: ColumnType, depth: int = 0
) -> exp.Expr:
    """Return what stands inside of a held value that is not NULL, as users hold it."""
    if kind.element is not None:
        if not is_composed(kind.element):
            if kind.element.name != "HUGEINT":
                return value
            return sql.mapped(value, lambda it: _scalar(it, HUGEINT))
        element = f"{VALUE}{depth}"
        first = sql.call("arrayElement", sql.name(element), sql.number(1))
        body = _inside(emitter, node, first, kind.element, depth + 1)
        return sql.call("arrayMap", sql.function((element,), body), value)
    if kind.name == "MAP":
        raise emitter.refuse(node, "a MAP as a column", "take out of it what is needed")
    fields = []
    for i, (_, field) in enumerate(kind.fields, 1):
        part: exp.Expr = sql.call("tupleElement", value.copy(), sql.number(i))
        if is_composed(field):
            first = sql.call("arrayElement", part, sql.number(1))
            part = _inside(emitter, node, first, field, depth)
        elif field == HUGEINT:
            part = _scalar(part, field)
        fields.append(part)
    return sql.call("tuple", *fields)


def never_null(emitter: Emitter, node: exp.Expr) -> bool:
    """Whether a list or struct cannot be NULL by the way it is written."""
    if isinstance(node, exp.Paren | exp.Alias):
        return never_null(emitter, node.this)
    return isinstance(node, exp.Array | exp.Struct | exp.Tuple)
