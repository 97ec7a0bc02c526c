"""A query as its author wrote it beside what the compiler makes of it, both on DuckDB."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import duckdb
from small_project import compile_small

from featuresql.compiler.place_relations import place_relations

TABLES = {
    "n": {
        "k": "BIGINT",
        "i": "INTEGER",
        "d": "DOUBLE",
        "s": "VARCHAR",
        "ts": "TIMESTAMP",
        "l": "INTEGER[]",
        "ll": "INTEGER[][]",
        "ls": "STRUCT(q INTEGER, w VARCHAR)[]",
        "st": "STRUCT(a INTEGER, b VARCHAR, xs INTEGER[])",
        "js": "JSON",
    },
    "o": {"k": "BIGINT", "ts": "TIMESTAMP", "v": "VARCHAR", "n": "INTEGER", "s": "VARCHAR"},
}
ROWS = """
    INSERT INTO sources.n VALUES
      (1, 2, 1.5, 'héllo', '2024-01-01', [1, 2, 3], [[1], [2, 3]], [{'q': 1, 'w': 'p'}],
        {'a': 1, 'b': 'x', 'xs': [4, 5]}, '{"a": [5, 6], "a.b": 1, "b": {"c": 2}}'),
      (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
      (1, -1, 0, '', '2024-01-03', [], [[], NULL], [], {'a': NULL, 'b': NULL, 'xs': []}, '[1, 2]'),
      (3, 1, -2, 'ab', '2024-01-02', [NULL, 7], [], [NULL, {'q': 3, 'w': NULL}],
        {'a': 2, 'b': 'y', 'xs': NULL}, '{}');
    INSERT INTO sources.o VALUES (1, '2024-01-01', 'a', 1, 'x'), (1, '2024-01-02', 'b', 2, NULL),
      (3, '2024-01-02', NULL, 3, 'y'), (NULL, '2024-01-01', 'c', 4, 'z'), (4, NULL, 'd', 5, '')"""


@dataclass(frozen=True)
class Raw:
    """DuckDB with the tables in it. In SQL a table is written `<name>`."""

    connection: duckdb.DuckDBPyConnection = field(repr=False)

    def written(self, sql: str) -> list[str]:
        """Return the rows of `sql` itself, as text, sorted."""
        return self.rows(re.sub(r"<(\w+)>", r"sources.\1", sql))

    def compiled(self, sql: str) -> list[str]:
        """Return the rows of what the compiler makes of `sql`."""
        return self.rows(compiled_sql(sql))

    def rows(self, sql: str) -> list[str]:
        """Return the rows of DuckDB's answer, as text, sorted."""
        return sorted(map(repr, self.connection.execute(sql).fetchall()))


# What cannot be said in ClickHouse is tried too.
DUCKDB_ONLY = "{{ config(engines=['duckdb']) }}"


def compiled_sql(sql: str) -> str:
    """Return the SQL for DuckDB that the compiler makes of `sql`."""
    template = DUCKDB_ONLY + re.sub(r"<(\w+)>", r"{{ source('\1') }}", sql)
    model = compile_small({"tried": template}, sources=TABLES).models["tried"]
    return place_relations(model.tree).sql("duckdb")
