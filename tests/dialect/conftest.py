"""DuckDB and ClickHouse side by side, once for all tests of the dialect."""

from __future__ import annotations

from pathlib import Path

import pytest
from two_engines import TwoEngines

CORPUS = Path(__file__).parents[1] / "typing_pass" / "sql_corpus"


@pytest.fixture(scope="session")
def corpus_engines() -> TwoEngines:
    engines = TwoEngines.open()
    engines.duckdb.execute((CORPUS / "tables.sql").read_text())
    for (name,) in engines.duckdb.execute("SELECT table_name FROM duckdb_tables()").fetchall():
        engines.add(name)
    return engines


@pytest.fixture(scope="session")
def value_engines() -> TwoEngines:
    """Return the engines with the table `t`, which has the awkward values of every type."""
    engines = TwoEngines.open()
    engines.duckdb.execute((Path(__file__).parent / "values.sql").read_text())
    engines.add("t")
    engines.add("empty")
    return engines
