"""Every table is a `ref` or a `source`, a CTE, or unnested values: nothing else is read."""

from __future__ import annotations

from sqlglot import exp

from featuresql.compiler.draft import Draft
from featuresql.compiler.typing.function_table import call_name
from featuresql.errors import CompileError, raise_all
from featuresql.render.rendered import REF_SCHEMA, SOURCE_SCHEMA

SAFE_TABLE_FUNCTIONS = ("UNNEST", "GENERATE_SERIES", "RANGE")


def resolve_tables(draft: Draft) -> Draft:
    """Refuse tables that were not named by `ref()` or `source()`, and all that is not a query.

    Raises `CompileError` for each of them.
    """
    errors = [_table_error(draft, table) for table in draft.tree.find_all(exp.Table)]
    errors += [
        draft.error("not-select", f"{node.key.upper()} is no part of a model", node)
        for node in draft.tree.find_all(exp.DDL, exp.DML, exp.Command, exp.Into, exp.Parameter)
        if not isinstance(node, exp.Query)
    ]
    errors += [
        draft.error("placeholder", "a model has no parameters", node, "use var('name')")
        for node in draft.tree.find_all(exp.Placeholder)
    ]
    raise_all([error for error in errors if error is not None])
    return draft


def _table_error(draft: Draft, table: exp.Table) -> CompileError | None:
    if not isinstance(table.this, exp.Identifier):
        return _function_error(draft, table)
    name, schema = table.name, table.db
    if not schema and not table.catalog:
        if _is_cte(table):
            return None
        hint = (
            f"write {{{{ ref('{name}') }}}} for a model or {{{{ source('{name}') }}}} for a source"
        )
        return draft.error("bare-table", f"'{name}' is named without ref or source", table, hint)
    named = {REF_SCHEMA: draft.rendered.refs, SOURCE_SCHEMA: draft.rendered.sources}.get(schema, {})
    if table.catalog or name not in named:
        hint = "every table is named by ref() or source()"
        return draft.error(
            "bare-table", f"'{table.sql('duckdb')}' is no ref or source", table, hint
        )
    return None


def _function_error(draft: Draft, table: exp.Table) -> CompileError | None:
    function = table.this
    name = call_name(function)
    if name.upper() in SAFE_TABLE_FUNCTIONS:
        return None
    return draft.error(
        "table-function",
        f"'{name.lower()}' is no table function that a model may call",
        table,
        "declare the data as a source in featuresql.yml",
    )


def _is_cte(table: exp.Table) -> bool:
    """Return whether a CTE of that name is in reach, in this query or one around it."""
    node: exp.Expr | None = table
    while node is not None:
        with_ = node.args.get("with_")
        names = [cte.alias.lower() for cte in with_.expressions] if with_ else []
        if table.name.lower() in names:
            return True
        node = node.parent
    return False
