"""Implicit and explicit casts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from featuresql.compiler.clickhouse import sql
from featuresql.compiler.clickhouse.types import has_type, held
from featuresql.compiler.typing.argument import NULL, type_text
from featuresql.spec.column_type import ColumnType

if TYPE_CHECKING:
    from featuresql.compiler.clickhouse.emitter import Emitter


def convert(
    emitter: Emitter,
    node: exp.Expr,
    value: exp.Expr,
    source: ColumnType,
    target: ColumnType,
    *,
    trying: bool = False,
) -> exp.Expr:
    """Return `value`, said in ClickHouse and of type `source`, cast to `target` as DuckDB casts.

    `node` is what it was, for errors and constants. With `trying` what cannot be cast is NULL,
    otherwise it is the engine's error. Raises `CompileError` with code `not-portable` where the two
    engines cast differently.
    """
    if source == target:
        return value
    if not has_type(target):
        raise emitter.refuse_type(node, target)
    if source == NULL:
        return sql.cast(value, held(target))
    if _is_widening(source, target):
        return sql.cast(value, held(target))
    raise emitter.refuse(node, f"a cast of {type_text(source)} to {type_text(target)}")


_RANKS = {
    name: rank for rank, name in enumerate(("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"))
}
_UNSIGNED_RANKS = {"UTINYINT": 0, "USMALLINT": 1, "UINTEGER": 2, "UBIGINT": 3}


def _is_widening(source: ColumnType, target: ColumnType) -> bool:
    """Whether every value of `source` is exactly one of `target`."""
    if target.name == "DOUBLE":
        return source.is_integer or source.name == "FLOAT"
    left = _RANKS.get(source.name)
    if left is not None:
        return left < _RANKS.get(target.name, -1)
    unsigned = _UNSIGNED_RANKS.get(source.name)
    if unsigned is None:
        return False
    return unsigned < max(_RANKS.get(target.name, -1), _UNSIGNED_RANKS.get(target.name, -1))
