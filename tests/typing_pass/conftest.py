"""One DuckDB for all tests of the typing pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import duckdb
import pytest
from duckdb_beside import COLUMNS, Both


@pytest.fixture(scope="session")
def both() -> Iterator[Both]:
    connection = duckdb.connect()
    columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
    connection.execute(f"CREATE TABLE t ({columns})")
    connection.execute("CREATE TABLE other (i4 INTEGER, k BIGINT, ts TIMESTAMP, v DECIMAL(9,2))")
    other = {"i4": "INTEGER", "k": "BIGINT", "ts": "TIMESTAMP", "v": "DECIMAL(9,2)"}
    yield Both(connection, {"t": COLUMNS, "other": other})
    connection.close()


@pytest.fixture(scope="session")
def same(both: Both) -> Callable[[str], None]:
    """Return the check that DuckDB and the pass give a query's columns the same types."""

    def check(sql: str) -> None:
        wanted = both.duckdb_types(sql)
        assert wanted is not None, f"DuckDB refuses {sql}"
        assert both.our_types(sql) == wanted

    return check
