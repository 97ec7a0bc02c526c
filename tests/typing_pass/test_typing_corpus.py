"""All queries of the corpus have DuckDB's types, or are refused for a reason written here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from duckdb_beside import FOREIGN, Both

from featuresql.errors import CompileError

CORPUS = Path(__file__).parent / "sql_corpus"
CASES = {
    f"{case['category']}-{case['name']}": case["sql"]
    for case in json.loads((CORPUS / "cases.json").read_text("utf-8"))
}
REFUSED = {
    "agg-histogram": "unsupported-type",
    "array-zip": "unsupported-type",
    "rel-pivot_in": "unsupported",
    "rel-unpivot": "not-select",
}


@pytest.fixture(scope="module")
def corpus() -> Iterator[Both]:
    connection = duckdb.connect()
    connection.execute((CORPUS / "tables.sql").read_text("utf-8"))
    tables: dict[str, dict[str, str]] = {}
    for table, column, kind in connection.execute(
        "SELECT table_name, column_name, data_type FROM information_schema.columns "
        "WHERE table_schema = 'main' ORDER BY table_name, ordinal_position"
    ).fetchall():
        tables.setdefault(table, {})[column] = kind
    yield Both(connection, tables)
    connection.close()


def test_the_corpus_is_whole() -> None:
    assert len(CASES) == 284
    assert len(REFUSED) / len(CASES) < 0.05


@pytest.mark.parametrize("name", CASES)
def test_a_query_of_the_corpus_has_the_types_of_duckdb(corpus: Both, name: str) -> None:
    sql = CASES[name]
    wanted = corpus.duckdb_types(sql)
    assert wanted is not None
    if name in REFUSED:
        with pytest.raises(CompileError) as caught:
            corpus.our_types(sql)
        assert caught.value.code == REFUSED[name]
    else:
        assert FOREIGN not in wanted
        assert corpus.our_types(sql) == wanted
