"""ORDER BY: NULL and NaN where DuckDB has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from featuresql.compiler.clickhouse import sql
from featuresql.compiler.clickhouse.comparable import comparable, compares_as_it_is
from featuresql.compiler.clickhouse.types import is_composed
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
    if is_composed(kind) and not compares_as_it_is(kind):
        compared = comparable(compared, kind)
    keys.append(_key(compared, descending=descending, nulls_first=nulls_first))
    return keys


def _key(value: exp.Expr, *, descending: bool, nulls_first: bool) -> exp.Ordered:
    return exp.Ordered(this=value, desc=descending, nulls_first=nulls_first)
