"""A column of a SELECT, of exactly the type that it is declared with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from featuresql.compiler.clickhouse import sql
from featuresql.compiler.clickhouse.comparable import distinguished
from featuresql.compiler.clickhouse.plain_values import to_plain
from featuresql.compiler.clickhouse.types import has_type, held
from featuresql.spec.model import Column

if TYPE_CHECKING:
    from featuresql.compiler.clickhouse.emitter import Emitter


def as_output(
    emitter: Emitter, item: exp.Expr, column: Column, *, plain: bool, distinct: bool = False
) -> exp.Expr:
    """Return the SELECT's item as the column `column`.

    With `distinct` its values have the same bytes where DuckDB holds them equal.
    """
    value = item.this if isinstance(item, exp.Alias) else item
    if not has_type(column.type) or (plain and column.type.name == "INTERVAL"):
        raise emitter.refuse_type(item, column.type)
    made = emitter.emit_as(value, column.type)
    if distinct:
        made = distinguished(made, column.type)
    if plain:
        made = to_plain(emitter, value, made, column.type)
    elif not isinstance(made, exp.Column):
        made = sql.cast(made, held(column.type))
    return exp.alias_(made, exp.to_identifier(column.name, quoted=True), copy=False)
