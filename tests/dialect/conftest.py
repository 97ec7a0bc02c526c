"""DuckDB and ClickHouse side by side. What opens them closes them: a process has one chdb."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from two_engines import TwoEngines

CORPUS = Path(__file__).parents[1] / "typing_pass" / "sql_corpus"


@pytest.fixture(scope="module")
def corpus_engines() -> Iterator[TwoEngines]:
    with TwoEngines.open() as engines:
        engines.duckdb.execute((CORPUS / "tables.sql").read_text())
        for (name,) in engines.duckdb.execute("SELECT table_name FROM duckdb_tables()").fetchall():
            engines.add(name)
        yield engines


@pytest.fixture(scope="module")
def value_engines() -> Iterator[TwoEngines]:
    """Return the engines with the table `t`, which has the awkward values of every type."""
    with TwoEngines.open() as engines:
        engines.duckdb.execute((Path(__file__).parent / "values.sql").read_text())
        engines.add("t")
        engines.add("empty")
        yield engines
