"""The allow-list on random values, and composed of one another at random."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_values import random_rows
from two_engines import Outcome, TwoEngines

from featuresql.compiler.clickhouse.allow_list import ENTRIES
from featuresql.compiler.clickhouse.emission import Emission
from featuresql.errors import FeatureSQLError

ROWS = 60
OUT_OF_RANGE = "ClickHouse holds days and instants of the years 1900 to 2299 only"
SEEDS = (1,)
COMPOSED = 120
COLUMN = re.compile(r"\b(i1|i2|i4|i8|u4|u8|f4|f8|f9|d1|d2|b|c|s|s2|d|ts|ts2|js|li|lf|ls|st|n)\b")
EXPRESSIONS = [
    case
    for entry in ENTRIES
    if isinstance(entry, Emission)
    for case in entry.cases
    if not case.upper().startswith(("SELECT", "WITH")) and " OVER " not in case.upper()
    if "unnest" not in case
]


@pytest.fixture(scope="module")
def engines() -> Iterator[TwoEngines]:
    """Return the engines with a table `t1`, `t2`, ... for each seed."""
    with TwoEngines.open() as opened:
        opened.duckdb.execute((Path(__file__).parent / "values.sql").read_text())
        schema = opened.duckdb.sql("SELECT * FROM t").to_arrow_table().schema
        for seed in SEEDS:
            opened.duckdb.register("rows", random_rows(schema, seed, ROWS))
            opened.duckdb.execute(f"CREATE TABLE t{seed} AS SELECT * FROM t WHERE false")
            opened.duckdb.execute(f"INSERT INTO t{seed} SELECT * FROM rows")
            opened.add(f"t{seed}")
        yield opened


def agree(engines: TwoEngines, expression: str, table: str) -> Outcome:
    """Compare an expression on all rows; where one engine fails, row by row: both fail or none."""
    query = f"SELECT n, {expression} AS v FROM {table} AS t"
    try:
        found = engines.compare(query)
        if found.verdict != "failed":
            return found
    except (duckdb.Error, FeatureSQLError):
        found = Outcome("equal")
    for row in range(1, ROWS + 1):
        one = f"{query} WHERE n = {row}"
        try:
            found = engines.compare(one)
        except duckdb.Error as error:
            if engines.clickhouse_answers(one):
                return Outcome("different", f"row {row}: only DuckDB says {error}", one)
        else:
            if found.verdict != "equal" and OUT_OF_RANGE not in found.detail:
                return found
    return Outcome("equal")


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_an_entry_agrees_on_random_values(engines: TwoEngines, expression: str, seed: int) -> None:
    found = agree(engines, expression, f"t{seed}")
    assert found.verdict == "equal", f"{found.detail}\n{found.sql}"


def _typed(connection: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    """Return the allow-list's expressions by their types."""
    found: dict[str, list[str]] = {}
    for case in EXPRESSIONS:
        kind = connection.execute(f"DESCRIBE SELECT {case} AS v FROM t").fetchall()[0][1]
        found.setdefault(kind, []).append(case)
    return found


def test_composed_entries_agree_or_are_refused(engines: TwoEngines) -> None:
    pool = _typed(engines.duckdb)
    kinds = dict(engines.tables["t1"])

    @settings(
        max_examples=COMPOSED,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(data=st.data())
    def check(data: st.DataObject) -> None:
        outer = data.draw(st.sampled_from(EXPRESSIONS))
        columns = sorted(set(COLUMN.findall(outer)) & kinds.keys())
        if not columns:
            return
        column = data.draw(st.sampled_from(columns))
        inner = data.draw(st.sampled_from(pool.get(kinds[column], [column])))
        composed = re.sub(rf"\b{column}\b", lambda _: f"({inner})", outer)
        found = agree(engines, composed, "t1")
        assert found.verdict in {"equal", "refused"}, f"{composed}\n{found.detail}\n{found.sql}"

    check()
