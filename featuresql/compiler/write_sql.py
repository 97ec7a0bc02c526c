"""Trees in DuckDB's dialect -> the text of statements for one engine.

Everything that an engine is asked to run is written here, so that what `compile` and `--dry-run`
show is what is executed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlglot import exp

from featuresql.compiler.asof import relation
from featuresql.compiler.clickhouse.emit_query import emit_query
from featuresql.compiler.clickhouse.relations import table_name
from featuresql.compiler.clickhouse.types import held
from featuresql.compiler.typing.annotate_types import annotate_types, output_columns, plain_error
from featuresql.compiler.typing.typer import MakeError, RelationColumns
from featuresql.spec.model import Column

DUCKDB: Final = "duckdb"
CLICKHOUSE: Final = "clickhouse"
TYPE_COMMENT: Final = "featuresql: "


def write_query(
    tree: exp.Query,
    dialect: str,
    columns_of: RelationColumns,
    make_error: MakeError = plain_error,
    *,
    pretty: bool = False,
) -> str:
    """Return a qualified query as text for the engine whose dialect is `dialect`.

    `columns_of(schema, name)` gives the columns of the relations that it reads. Raises
    `CompileError` with code `not-portable` where the engine would mean something else.
    """
    if dialect == DUCKDB:
        return tree.sql(DUCKDB, pretty=pretty)
    return emit_query(tree, columns_of, make_error).sql(CLICKHOUSE, pretty=pretty)


def query_columns(tree: exp.Query, columns_of: RelationColumns) -> tuple[Column, ...]:
    """Return the columns of a qualified query's answer."""
    return output_columns(annotate_types(tree, columns_of, allow_non_deterministic=True))


def write_table(
    place: tuple[str, str],
    tree: exp.Query,
    dialect: str,
    columns_of: RelationColumns,
    order_by: Sequence[str] = (),
) -> str:
    """Return the statement that makes a table of a query's rows, in place of what was there.

    Until the table is complete nobody sees it. `order_by` are the columns by which it is mostly
    searched, which DuckDB need not be told.
    """
    if dialect == DUCKDB:
        return _create("TABLE", place, tree).sql(DUCKDB)
    head = write_empty_table(place, query_columns(tree, columns_of), order_by)
    return f"{head} AS {write_query(tree, dialect, columns_of)}"


def write_view(
    place: tuple[str, str], tree: exp.Query, dialect: str, columns_of: RelationColumns
) -> str:
    """Return the statement that makes a view of a query, in place of what was there."""
    if dialect == DUCKDB:
        return _create("VIEW", place, tree).sql(DUCKDB)
    columns = _declared(query_columns(tree, columns_of))
    query = write_query(tree, dialect, columns_of)
    return f"CREATE OR REPLACE VIEW {write_name(place)} ({columns}) AS {query}"


def write_drop(place: tuple[str, str]) -> str:
    """Return ClickHouse's statement that drops a table, where there is one."""
    return f"DROP TABLE IF EXISTS {write_name(place)}"


def write_empty_table(
    place: tuple[str, str], columns: Sequence[Column], order_by: Sequence[str] = ()
) -> str:
    """Return ClickHouse's statement that makes an empty table, in place of what was there."""
    order = ", ".join(_quoted(name) for name in order_by)
    return (
        f"CREATE OR REPLACE TABLE {write_name(place)} ({_declared(columns)}) "
        f"ENGINE = MergeTree ORDER BY ({order}) SETTINGS allow_nullable_key = 1"
    )


def write_name(place: tuple[str, str]) -> str:
    """Return the name that a relation has in ClickHouse, where a target has one database."""
    return _quoted(table_name(*place))


def _create(kind: str, place: tuple[str, str], query: exp.Query) -> exp.Create:
    return exp.Create(this=relation(*place), kind=kind, replace=True, expression=query)


def _declared(columns: Sequence[Column]) -> str:
    """Return columns with their types; a comment keeps what ClickHouse's own type does not say."""
    return ", ".join(
        f"{_quoted(c.name)} {held(c.type)} COMMENT {_text(TYPE_COMMENT + str(c.type))}"
        for c in columns
    )


def _quoted(name: str) -> str:
    return exp.to_identifier(name, quoted=True).sql(CLICKHOUSE)


def _text(value: str) -> str:
    return exp.Literal.string(value).sql(CLICKHOUSE)
