"""A model means the same on every engine, or says on which ones it runs."""

from __future__ import annotations

from typing import Final

from featuresql.compiler.clickhouse.emit_query import emit_query
from featuresql.compiler.draft import Draft

CLICKHOUSE_ENGINES: Final = frozenset({"clickhouse", "chdb"})


def require_portable(draft: Draft) -> Draft:
    """Return `draft` as it is; raise where its SQL cannot mean the same on DuckDB and ClickHouse.

    A model with `config(engines=['duckdb'])` is not asked. Raises `CompileError` with code
    `not-portable` and the place in the template.
    """
    engines = draft.rendered.config.engines
    if not engines or CLICKHOUSE_ENGINES & set(engines):
        emit_query(draft.tree, draft.catalog.relation_columns, draft.error)
    return draft
