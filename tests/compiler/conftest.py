"""One DuckDB for the tests that run what was compiled."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest
from raw_beside import ROWS, TABLES, Raw


@pytest.fixture(scope="session")
def raw() -> Iterator[Raw]:
    with duckdb.connect(":memory:") as connection:
        connection.execute("CREATE SCHEMA sources")
        for name, columns in TABLES.items():
            declared = ", ".join(f"{column} {kind}" for column, kind in columns.items())
            connection.execute(f"CREATE TABLE sources.{name} ({declared})")
        connection.execute(ROWS)
        yield Raw(connection)
