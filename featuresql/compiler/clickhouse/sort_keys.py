"""ORDER BY: NULL and NaN where DuckDB has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from featuresql.compiler.clickhouse import sql
from featuresql.compiler.clickhouse.comparable import comparable
from featuresql.compiler.clickhouse.types import inner, is_composed
from featuresql.compiler.clickhouse.values import missing
from featuresql.spec.column_type import ColumnType

if TYPE_CHECKING:
    from featuresql.compiler.clickhouse.emitter import Emitter


def sort_keys(emitter: Emitter, ordered: exp.Ordered) -> list[exp.Ordered]:
    """Return the keys that order as one key of DuckDB's does."""
    kind = emitter.kind(ordered.this)
    if kind.name in {"INTERVAL", "JSON", "MAP"}:
        raise emitter.refuse(ordered, f"an order of {kind.name}s")
    value = emitter.emit(ordered.this)
    descending = bool(ordered.args.get("desc"))
    return keys_of(
        value, kind, descending=descending, nulls_first=bool(ordered.args.get("nulls_first"))
    )


def keys_of(
    value: exp.Expr, kind: ColumnType, *, descending: bool, nulls_first: bool
) -> list[exp.Ordered]:
    """Return the keys that order `value`: NaN above every number, NULL at the end that is named.

    ClickHouse puts NaN with NULL, so floats take a key of their own for it.
    """
    if kind.name == "UUID":
        value = comparable(value, kind)
    if not kind.is_float and not is_composed(kind):
        return [_key(value, descending=descending, nulls_first=nulls_first)]
    rank = sql.choose(missing(value, kind), sql.number(0), sql.number(1))
    keys = [_key(rank, descending=not nulls_first, nulls_first=False)]
    if kind.is_float:
        nan = sql.call("ifNull", sql.call("isNaN", value.copy()), sql.number(0))
        keys.append(_key(nan, descending=descending, nulls_first=False))
    compared = value.copy()
    if is_composed(kind):
        # ClickHouse puts a NULL within a list last in both directions, DuckDB in one.
        compared = comparable(compared, kind)
    keys.append(_key(compared, descending=descending, nulls_first=nulls_first))
    return keys


def _key(value: exp.Expr, *, descending: bool, nulls_first: bool) -> exp.Ordered:
    return exp.Ordered(this=value, desc=descending, nulls_first=nulls_first)


def first_by(emitter: Emitter, keys: list[exp.Ordered], row: exp.Expr) -> exp.Expr:
    """Return the aggregate that gives `row` of the first of all rows in the order `keys`."""
    upwards = not keys[0].args.get("desc")
    ranks = [rank for key in keys for rank in _ranks(emitter, key, upwards=upwards)]
    return sql.call("argMin" if upwards else "argMax", row, sql.call("tuple", *ranks))


def _ranks(emitter: Emitter, ordered: exp.Ordered, *, upwards: bool) -> list[exp.Expr]:
    """Return values, never NULL, that order as a key does, from the least on or from the greatest.

    Raises `CompileError` for a key whose order cannot be turned round.
    """
    kind = emitter.kind(ordered.this)
    if kind.name in {"INTERVAL", "JSON", "NULL"} or is_composed(kind):
        raise emitter.refuse(ordered, f"a first row by {kind.name}s")
    value = emitter.emit(ordered.this)
    first = bool(ordered.args.get("nulls_first"))
    rank = sql.choose(
        sql.is_null(value), sql.number(int(first != upwards)), sql.number(int(first == upwards))
    )
    default = sql.call("defaultValueOfTypeName", sql.text(inner(kind)))
    known = sql.call("ifNull", value.copy(), default)
    if bool(ordered.args.get("desc")) != upwards:
        return [rank, comparable(known, kind)]
    if kind.is_float:
        nan = sql.negated(sql.call("isNaN", known))
        number = sql.choose(nan.copy(), sql.call("negate", known.copy()), sql.number(0))
        return [rank, nan, number]
    if kind.name == "TIMESTAMP":
        return [rank, sql.call("bitNot", sql.call("toUnixTimestamp64Micro", known))]
    if kind.name == "DATE":
        return [rank, sql.call("bitNot", sql.call("toInt32", known))]
    if kind.is_integer and kind.name != "HUGEINT":
        return [rank, sql.call("bitNot", known)]
    raise emitter.refuse(ordered, f"a first row by a {kind.name} in another direction")
