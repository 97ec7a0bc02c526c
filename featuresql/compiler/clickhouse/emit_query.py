"""A query in DuckDB's dialect -> the same query in ClickHouse's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sqlglot import exp

from featuresql.compiler.clickhouse import (
    conditions,
    extremes,
    intervals,
    lists_and_structs,
    selects,
    subqueries,
    values,
    windowed,
)
from featuresql.compiler.clickhouse.allow_list import BY_NAME
from featuresql.compiler.clickhouse.emitter import Emitter, Handler
from featuresql.compiler.typing.annotate_types import plain_error, type_tree
from featuresql.compiler.typing.typer import MakeError, RelationColumns

HANDLERS: Final[dict[type[exp.Expr], Handler]] = {
    **values.HANDLERS,
    **conditions.HANDLERS,
    **extremes.HANDLERS,
    **intervals.HANDLERS,
    **lists_and_structs.HANDLERS,
    **windowed.HANDLERS,
    **subqueries.HANDLERS,
}
# What makes ClickHouse mean what the emissions take for granted.
SETTINGS: Final[dict[str, int | str]] = {
    "join_use_nulls": 1,
    "group_by_use_nulls": 1,
    "transform_null_in": 0,
    "aggregate_functions_null_for_empty": 0,
    "short_circuit_function_evaluation": "force_enable",
    "allow_experimental_correlated_subqueries": 1,
    "enable_nullable_tuple_type": 1,
    "cast_keep_nullable": 0,
    "session_timezone": "UTC",
    "decimal_check_overflow": 1,
    # ASOF joins find nothing in a relation whose columns ARRAY JOIN has replicated lazily.
    "enable_lazy_columns_replication": 0,
}


def emit_query(
    tree: exp.Query,
    relation_columns: RelationColumns,
    make_error: MakeError = plain_error,
    *,
    is_held: Callable[[str, str], bool] = lambda _schema, _name: True,
    plain: bool = False,
) -> exp.Query:
    """Return a qualified query, which DuckDB would run, as ClickHouse runs it to the same rows.

    `relation_columns(schema, name)` gives the columns of a table. `is_held` tells of a table
    whether its columns are held as `types.held` says; those of any other are converted where they
    are read. With `plain` the answer's lists, structs and maps are ClickHouse's own. Raises
    `CompileError` with code `not-portable`.
    """
    tree = tree.copy()
    typer = type_tree(tree, relation_columns, make_error, allow_non_deterministic=True)
    emitter = Emitter(typer, HANDLERS, BY_NAME, is_held)
    made = selects.emit_query_node(emitter, tree, plain=plain)
    if not isinstance(made, exp.Select):
        whole = exp.alias_(made.subquery(copy=False), "rows", table=True)
        made = exp.select("*").from_(whole, copy=False)
    made.set(
        "settings", [exp.EQ(this=exp.var(k), expression=_setting(v)) for k, v in SETTINGS.items()]
    )
    return made


def _setting(value: int | str) -> exp.Expr:
    return exp.Literal.string(value) if isinstance(value, str) else exp.Literal.number(value)
