"""DuckDB's dialect -> ClickHouse: what is not known to mean the same is refused."""

from featuresql.compiler.clickhouse.emit_query import emit_query

__all__ = ["emit_query"]
