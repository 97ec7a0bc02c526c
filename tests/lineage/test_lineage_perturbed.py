"""Perturbations over generated queries and whole projects: what changes is in the lineage."""

from __future__ import annotations

import duckdb
import pytest
from generated_queries import FILL, TABLES, queries
from hypothesis import HealthCheck, given, settings
from perturb import Outcome, World
from small_project import MODELS, compile_small

from featuresql.errors import FeatureSQLError


def world(models: dict[str, str], sources: dict[str, dict[str, str]], fill: str) -> World:
    read = {
        name: kinds for name, kinds in sources.items() if any(name in m for m in models.values())
    }
    compiled = compile_small(models, read)
    connection = duckdb.connect()
    connection.execute(fill)
    return World(compiled, connection)


@given(queries())
@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_changes_a_generated_query_is_in_its_lineage(sql: str) -> None:
    sources = {name: kinds for name, kinds in TABLES.items() if f"source('{name}')" in sql}
    compiled = compile_small({"m": sql}, sources)
    with duckdb.connect() as connection:
        connection.execute(FILL)
        assert World(compiled, connection).perturb(Outcome()).misses == []
