"""What stands in FROM: tables, derived tables, VALUES, UNNEST, table functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from featuresql.compiler.typing import queries
from featuresql.compiler.typing.argument import UNKNOWN, Argument
from featuresql.compiler.typing.names import Columns
from featuresql.compiler.typing.values import mix
from featuresql.errors import CompileError
from featuresql.spec.column_type import BIGINT

if TYPE_CHECKING:
    from featuresql.compiler.typing.typer import Typer


def bind_source(typer: Typer, source: exp.Expr) -> Columns:
    """Type what is in `source`, make its columns known under its alias, and return them."""
    columns: Columns | None = None
    try:
        columns = renamed(_columns(typer, source), source.args.get("alias"))
    except CompileError as error:
        typer.report(source, error)
    pivots = source.args.get("pivots")
    typer.names.add_relation(pivots[-1].alias if pivots else source.alias_or_name, columns)
    for join in source.args.get("joins") or ():
        bind_source(typer, join.this)
        if join.args.get("on") is not None:
            typer.annotate(join.args["on"])
    return columns or ()


def renamed(columns: Columns, alias: exp.Expr | None) -> Columns:
    """Return `columns` under the names that `AS t(a, b)` gives to the first of them."""
    names = (
        [] if alias is None else [identifier.name for identifier in alias.args.get("columns") or ()]
    )
    return tuple(
        (names[i] if i < len(names) else name, kind) for i, (name, kind) in enumerate(columns)
    )


def _columns(typer: Typer, source: exp.Expr) -> Columns:
    inner = source.this
    if source.args.get("pivots") or isinstance(source, exp.Pivot):
        raise CompileError(
            "PIVOT and UNPIVOT are not supported",
            code="unsupported",
            hint="write one aggregate with FILTER (WHERE ...) for each column",
        )
    if isinstance(source, exp.Lateral) and isinstance(inner, exp.Subquery | exp.Unnest):
        return _columns(typer, inner)
    if isinstance(source, exp.Table) and isinstance(inner, exp.Identifier):
        return _table(typer, source)
    if isinstance(source, exp.Values):
        return _values(typer, source)
    if isinstance(source, exp.Unnest):
        return _unnest(typer, source)
    if isinstance(source, exp.Query) and not isinstance(source, exp.Table):
        query = inner if isinstance(source, exp.Subquery) else source
        return queries.bind_query(typer, query)
    is_wrapper = isinstance(source, exp.Table | exp.Lateral)
    return _table_function(typer, inner if is_wrapper else source)


def _table(typer: Typer, table: exp.Table) -> Columns:
    if not table.db:
        cte = typer.names.find_cte(table.name)
        if cte is not None:
            return cte
    columns = typer.relation_columns(table.db, table.name)
    if columns is None:
        raise CompileError(f"there is no relation '{table.sql('duckdb')}'", code="unknown-relation")
    return tuple((column.name, column.type) for column in columns)


def _table_function(typer: Typer, call: exp.Expr) -> Columns:
    kind = typer.annotate(call).type
    if kind.element is None:
        if kind == UNKNOWN:
            return ()
        raise CompileError(
            f"'{call.sql('duckdb')}' is no relation", code="unsupported", hint="use unnest()"
        )
    name = "range" if call.args.get("is_end_exclusive") else "generate_series"
    return ((name, kind.element),)


def _values(typer: Typer, values: exp.Values) -> Columns:
    rows = [[typer.annotate(cell) for cell in row.expressions] for row in values.expressions]
    if len({len(row) for row in rows}) != 1:
        raise CompileError("VALUES has rows of different lengths", code="type-mismatch")
    return tuple(
        (f"col{position}", mix((Argument(first.type), *rest), "VALUES").type)
        for position, (first, *rest) in enumerate(zip(*rows, strict=True))
    )


def _unnest(typer: Typer, unnest: exp.Unnest) -> Columns:
    columns = []
    if len(unnest.expressions) > 1:
        raise CompileError("unnest() takes one list", code="type-mismatch")
    for value in unnest.expressions:
        kind = typer.annotate(value).type
        if kind.element is None and kind != UNKNOWN:
            raise CompileError("unnest() takes a list", code="type-mismatch")
        columns.append(("unnest", kind.element or UNKNOWN))
    offset = unnest.args.get("offset")
    if offset:
        columns.append((offset.name if isinstance(offset, exp.Expr) else "ordinality", BIGINT))
    return tuple(columns)
