"""Perturbations over generated queries and whole projects: what changes is in the lineage."""

from __future__ import annotations

from pathlib import Path

import duckdb
from generated_queries import FILL, TABLES, queries
from hypothesis import HealthCheck, given, settings
from perturb import Outcome, World
from small_project import MODELS, SOURCES, compile_small

from featuresql.bootstrap import close_workspace, open_workspace
from featuresql.compiler.lineage import ColumnRef
from featuresql.workflows.compile_models import compile_models

ROOT = Path(__file__).parents[2]
# Rows that tie in both instants, late rows, keys that meet none.
SMALL = """
CREATE SCHEMA base;
CREATE TABLE base.spine AS SELECT
  ['a', 'b', 'z'][1 + i % 3] AS code, ['b', 'a'][1 + i % 2] AS other,
  CAST(i % 2 AS BIGINT) AS part, TIMESTAMP '2024-01-01' + to_microseconds(3 * i) AS asked_at,
  CAST(i AS DOUBLE) AS weight FROM range(8) r(i);
CREATE TABLE base.single_rows AS SELECT ['a', 'b'][1 + i % 2] AS code,
  TIMESTAMP '2024-01-01' + to_microseconds(2 * (i // 4)) AS ts,
  TIMESTAMP '2024-01-01' + to_microseconds(2 * (i // 4) + i % 3) AS seen_at,
  CAST(i % 5 AS DOUBLE) AS f, CAST(i * 7 % 6 AS BIGINT) AS n, [CAST(i % 3 AS DOUBLE)] AS l
  FROM range(40) r(i);
CREATE TABLE base.pair_rows AS SELECT ['a', 'b'][1 + i % 2] AS code, CAST(i % 3 AS BIGINT) AS part,
  TIMESTAMP '2024-01-01' + to_microseconds(i // 3) AS ts, 't' || (i * 7 % 5) AS t
  FROM range(30) r(i);
CREATE TABLE base.everybody_rows AS SELECT TIMESTAMP '2024-01-01' + to_microseconds(i // 3) AS ts,
  TIMESTAMP '2024-01-01' + to_microseconds(i // 3 + i % 2) AS seen_at,
  CAST(i * 7 % 5 AS DOUBLE) AS rate FROM range(30) r(i);
"""
STACKED = {
    "counted": """select code, count(*) as n from {{ source('single_rows') }}
        where f > 1 group by code""",
    "total": "select count(*) as models, 1 as one from {{ ref('counted') }}",
    "crossed": """select s.part, s.t from {{ source('pair_rows') }} s
        cross join (select * from {{ ref('counted') }} where n > 3) c""",
    "daily": """{{ config(kind='feature_view', entity='thing', event_time='ts') }}
        select code, ts, sum(f) as f, max(n) as n from {{ source('single_rows') }}
        group by code, ts""",
    "over": """{{ config(kind='feature_view', entity='thing', event_time='at', ttl='1 hour') }}
        select s.code, s.asked_at as at, d.f, d.n + s.weight as n, p.t
        from {{ source('spine') }} s
        left join {{ ref('daily') }} d on d.code = s.code
        left join {{ ref('tied') }} p on p.code = s.code and p.part = s.part""",
    "tied": """{{ config(kind='feature_view', entity='thing_part', event_time='ts') }}
        select code, part, ts, t, upper(t) as u from {{ source('pair_rows') }}""",
}


@given(queries())
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_changes_a_generated_query_is_in_its_lineage(sql: str) -> None:
    sources = {name: kinds for name, kinds in TABLES.items() if f"source('{name}')" in sql}
    compiled = compile_small({"m": "{{ config(engines=['duckdb']) }}" + sql}, sources)
    with duckdb.connect() as connection:
        connection.execute(FILL)
        assert World(compiled, connection).perturb(Outcome()).misses == []


def test_what_changes_services_and_views_of_views_is_in_their_lineage() -> None:
    for models in (MODELS, STACKED):
        sources = {n: k for n, k in SOURCES.items() if any(n in sql for sql in models.values())}
        with duckdb.connect() as connection:
            connection.execute(SMALL)
            outcome = World(compile_small(models, sources), connection).perturb(Outcome())
        assert outcome.misses == []
        assert outcome.changed > 30


def test_what_changes_the_example_project_is_in_its_lineage() -> None:
    workspace = open_workspace(ROOT)
    compiled = compile_models(workspace)
    close_workspace(workspace)
    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA base")
        for name, filtered in {
            "flights": "WHERE month = 6 AND day < 4 AND flight % 9 = 0",
            "weather": "WHERE month = 6 AND day < 4",
            "airports": "",
            "planes": "",
        }.items():
            connection.execute(
                f"CREATE TABLE base.{name} AS "
                f"SELECT * FROM read_parquet('{ROOT}/data/{name}.parquet') {filtered}"
            )
        outcome = World(compiled, connection).perturb(Outcome())
    assert outcome.misses == []
    assert outcome.tried > 100
    assert outcome.changed > 300


def test_a_lineage_that_lacks_an_input_is_found_out() -> None:
    with duckdb.connect() as connection:
        connection.execute(SMALL)
        world = World(compile_small(), connection)
        world.inputs[ColumnRef("service", "f")].discard(ColumnRef("source.single_rows", "seen_at"))
        misses = world.perturb(Outcome()).misses
    assert misses
    assert all("seen_at" in miss and "service.f" in miss for miss in misses)
