"""The compiler's lowest door: one SELECT over tables of known columns -> SQL for one engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from sqlglot import exp

from featuresql.compiler.annotate_types import annotate_types
from featuresql.compiler.clickhouse.emit_query import SETTINGS, emit_query
from featuresql.compiler.draft import Catalog, Draft
from featuresql.compiler.name_subscripts import name_subscripts
from featuresql.compiler.narrow_sums import narrow_sums
from featuresql.compiler.parse import parse
from featuresql.compiler.qualify_columns import qualify_columns
from featuresql.compiler.resolve_tables import resolve_tables
from featuresql.errors import Location, UsageError, did_you_mean
from featuresql.render.rendered import SOURCE_SCHEMA, RenderedModel
from featuresql.render.source_map import TemplateFile, make_source_map
from featuresql.spec.column_type import parse_type
from featuresql.spec.model import Column, ModelConfig

ENGINES = ("duckdb", "clickhouse")
PATH = "query.sql"


@dataclass(frozen=True, slots=True)
class Compiled:
    """SQL for one engine. `settings` stand in the SQL too, where the engine is ClickHouse."""

    sql: str
    settings: Mapping[str, int | str] = field(default_factory=dict)


def transpile(
    sql: str,
    tables: Mapping[str, Mapping[str, str]],
    engine: Literal["duckdb", "clickhouse"] = "clickhouse",
) -> Compiled:
    """Compile `sql`, one SELECT in DuckDB's dialect, for `engine`.

    `tables` gives the columns of each table and their types in DuckDB's spelling. In ClickHouse
    they may be Nullable or not. Raises `CompileError`, or `ManyErrors` of them, with the line and
    column where the query is wrong or could mean something else on one of the engines, and
    `UsageError` for an unknown engine or type.

    >>> transpile("select id + 1 as n from t", {"t": {"id": "BIGINT"}}, "duckdb").sql
    'SELECT t.id + 1 AS n FROM t AS t'
    """
    if engine not in ENGINES:
        hint = did_you_mean(engine, ENGINES)
        raise UsageError(f"there is no engine '{engine}'", code="engine", hint=hint)
    columns = {name: _columns(name, table) for name, table in tables.items()}
    draft = parse(Draft(_rendered(sql, tables), Catalog(columns, {}, {})))
    draft = resolve_tables(replace(draft, tree=_with_schema(draft.tree, columns)))
    draft = narrow_sums(name_subscripts(annotate_types(qualify_columns(draft))))
    made = emit_query(
        draft.tree,
        draft.catalog.relation_columns,
        draft.error,
        is_held=lambda _schema, _name: False,
        plain=True,
    )
    if engine == "clickhouse":
        return Compiled(_without_schema(made).sql("clickhouse"), dict(SETTINGS))
    return Compiled(_without_schema(draft.tree).sql("duckdb"))


def _columns(table: str, columns: Mapping[str, str]) -> tuple[Column, ...]:
    found = []
    for name, text in columns.items():
        try:
            found.append(Column(name.lower(), parse_type(text)))
        except ValueError as error:
            raise UsageError(f"{table}.{name}: {error}", code="type") from None
    return tuple(found)


def _rendered(sql: str, tables: Mapping[str, object]) -> RenderedModel:
    return RenderedModel(
        name="query",
        path=PATH,
        template=sql,
        sql=sql,
        source_map=make_source_map(TemplateFile(PATH, sql), sql, [(len(sql), 0, True)]),
        config=ModelConfig(),
        config_location=Location(PATH),
        refs={},
        sources={name: Location(PATH) for name in tables},
    )


def _with_schema(tree: exp.Query, tables: Mapping[str, object]) -> exp.Query:
    """Name the tables as sources, which is what the passes know."""
    tree = tree.copy()
    by_name = {name.lower(): name for name in tables}
    for table in tree.find_all(exp.Table):
        known = by_name.get(table.name.lower())
        if (
            table.db
            or known is None
            or _is_cte(table)
            or not isinstance(table.this, exp.Identifier)
        ):
            continue
        alias = table.alias or table.name
        if not table.args.get("alias"):
            table.set("alias", exp.TableAlias(this=exp.to_identifier(alias)))
        table.set("this", exp.to_identifier(known))
        table.set("db", exp.to_identifier(SOURCE_SCHEMA))
    return tree


def _is_cte(table: exp.Table) -> bool:
    node: exp.Expr | None = table
    while node is not None:
        clause = node.args.get("with_")
        if clause and table.name.lower() in {cte.alias.lower() for cte in clause.expressions}:
            return True
        node = node.parent
    return False


def _without_schema(tree: exp.Query) -> exp.Query:
    tree = tree.copy()
    prefix = f"{SOURCE_SCHEMA}__"
    for table in tree.find_all(exp.Table):
        if table.db == SOURCE_SCHEMA:
            table.set("db", None)
        elif table.name.startswith(prefix):
            table.set("this", exp.to_identifier(table.name.removeprefix(prefix), quoted=True))
    return tree
