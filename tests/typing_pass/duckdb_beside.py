"""DuckDB beside the typing pass: one table with a column of every type, and both answers."""

from __future__ import annotations

from dataclasses import dataclass, field

import duckdb
from sqlglot import exp
from sqlglot.optimizer.qualify import qualify
from sqlglot.schema import MappingSchema

from featuresql.compiler.read_sql import read_sql
from featuresql.compiler.typing import annotate_types, output_columns
from featuresql.errors import CompileError
from featuresql.spec.column_type import ColumnType, parse_type
from featuresql.spec.model import Column

COLUMNS = {
    "b": "BOOLEAN",
    "i1": "TINYINT",
    "i2": "SMALLINT",
    "i4": "INTEGER",
    "i8": "BIGINT",
    "i16": "HUGEINT",
    "u1": "UTINYINT",
    "u2": "USMALLINT",
    "u4": "UINTEGER",
    "u8": "UBIGINT",
    "f4": "FLOAT",
    "f8": "DOUBLE",
    "d1": "DECIMAL(18,2)",
    "d2": "DECIMAL(4,1)",
    "d3": "DECIMAL(38,10)",
    "s": "VARCHAR",
    "bl": "BLOB",
    "dt": "DATE",
    "tm": "TIME",
    "ts": "TIMESTAMP",
    "tz": "TIMESTAMPTZ",
    "iv": "INTERVAL",
    "uu": "UUID",
    "js": "JSON",
    "li": "INTEGER[]",
    "ls": "VARCHAR[]",
    "st": "STRUCT(a INTEGER, b VARCHAR)",
}
# Types that DuckDB has and no column of a model may have.
FOREIGN = "no type of a column"


@dataclass(frozen=True)
class Both:
    """DuckDB and the typing pass over the same tables."""

    connection: duckdb.DuckDBPyConnection = field(repr=False)
    tables: dict[str, dict[str, str]] = field(repr=False)

    def duckdb_types(self, sql: str) -> list[ColumnType | str] | None:
        """Return what DuckDB says the columns of `sql` are, None where it refuses."""
        try:
            rows = self.connection.execute(f"DESCRIBE {sql}").fetchall()
        except duckdb.Error:
            return None
        return [known_type(row[1]) for row in rows]

    def typed(self, sql: str, *, qualified: bool = True) -> exp.Query:
        """Return the typed tree of `sql`; a query of one table need not be `qualified` first."""
        tree = read_sql(sql)[0]
        if not isinstance(tree, exp.Query):
            raise CompileError("no SELECT", code="not-select")
        if not qualified:
            return annotate_types(tree, self.relation_columns, allow_non_deterministic=True)
        schema = MappingSchema(self.tables, dialect="duckdb")
        tree = qualify(tree, dialect="duckdb", schema=schema, quote_identifiers=False)
        return annotate_types(tree, self.relation_columns, allow_non_deterministic=True)

    def our_types(self, sql: str, *, qualified: bool = True) -> list[ColumnType]:
        """Return what the typing pass says the columns of `sql` are."""
        tree = self.typed(sql, qualified=qualified)
        return [column.type for column in output_columns(tree)]

    def relation_columns(self, schema: str, name: str) -> tuple[Column, ...] | None:
        """Return the columns of a table."""
        columns = self.tables.get(name)
        if schema or columns is None:
            return None
        return tuple(Column(column, parse_type(kind)) for column, kind in columns.items())


def known_type(text: str) -> ColumnType | str:
    """Return DuckDB's type as a table's column would have it: a bare NULL is an INTEGER."""
    try:
        return parse_type(text.replace('"NULL"', "INTEGER"))
    except ValueError:
        return FOREIGN
