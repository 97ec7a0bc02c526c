"""The training set, time travel and materialization beside a naive oracle, on generated worlds."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from datetime import datetime

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from naive_oracle import Row, as_of
from small_project import compile_small
from sqlglot import exp
from worlds import TTL_US, World, instant, pair_table, single_table, spine_table, worlds

from featuresql.compiler.asof import (
    EVENT_TS,
    ROW,
    VALID_FROM,
    latest_query,
    path_query,
    relation,
    visible,
)
from featuresql.compiler.place_relations import place_relations
from featuresql.compiler.training_set_query import POSITION, training_set_query
from featuresql.engines.duckdb_session import naive

PROJECT = compile_small()
SERVICE = PROJECT.models["service"]
VIEWS = {name: PROJECT.models[name] for name in ("single", "pair")}
WORLDS = settings(
    max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), database=None
)


@pytest.fixture(scope="module")
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:", config={"threads": "1"}) as connection:
        connection.execute("SET TimeZone='UTC'")
        for schema in ("sources", "as_of", "history"):
            connection.execute(f"CREATE SCHEMA {schema}")
        yield connection


def build(engine: duckdb.DuckDBPyConnection, world: World) -> None:
    tables = {"single": single_table(world), "pair": pair_table(world)}
    for name, table in tables.items():
        engine.register("rows", naive(table))
        engine.execute(f"CREATE OR REPLACE TABLE sources.{name}_rows AS SELECT * FROM rows")
        sql = place_relations(VIEWS[name].tree).sql("duckdb")
        engine.execute(
            f"CREATE OR REPLACE TABLE history.{name} AS "
            f'SELECT row_number() OVER () AS "{ROW}", * FROM ({sql})'
        )
        path = path_query(VIEWS[name].view, relation("history", name)).sql("duckdb")
        engine.execute(f"CREATE OR REPLACE TABLE as_of.{name} AS {path}")


def training_set(
    engine: duckdb.DuckDBPyConnection,
    world: World,
    fault: Callable[[exp.Expr], exp.Expr] = lambda node: node,
) -> list[dict]:
    known_at = instant(world.known_at)
    query = training_set_query(
        SERVICE, brought_spine=True, known_at=known_at and known_at.replace(tzinfo=None)
    )
    spine = naive(spine_table(world))
    numbers = pa.array(range(spine.num_rows), pa.int64())
    engine.register("spine_input", spine.append_column(POSITION, numbers))
    return (
        engine.sql(place_relations(query).transform(fault).sql("duckdb"))
        .to_arrow_table()
        .to_pylist()
    )


def expected(world: World) -> list[dict]:
    rows = []
    for code, other, part, asked_at, weight in world.spine:
        nothing = Row((), None, None, (None, None, None))
        a = as_of(world.single, (code,), asked_at, TTL_US, world.known_at) or nothing
        b = as_of(world.single, (other,), asked_at, TTL_US, world.known_at) or nothing
        p = as_of(world.pair, (code, part), asked_at, None, world.known_at)
        known = [t for t in (b.event_ts, b.available_at) if t is not None and b is not nothing]
        rows.append(
            {
                "asked_at": bare(asked_at),
                "code": code,
                "f": a.values[0],
                "n": a.values[1],
                "l": a.values[2],
                "other_f": b.values[0],
                "other_ts": bare(b.event_ts),
                "other_seen_at": bare(max(known)) if known else None,
                "t": p.values[0] if p else None,
                "weighted": None if None in (a.values[0], weight) else a.values[0] * weight,
            }
        )
    return rows


def bare(value: int | None) -> datetime | None:
    found = instant(value)
    return found and found.replace(tzinfo=None)


def bits(value: object) -> object:
    """Values that are equal to the bit have equal `bits`; NaN is one value."""
    if isinstance(value, float):
        return "nan" if math.isnan(value) else value.hex()
    if isinstance(value, list):
        return [bits(item) for item in value]
    if isinstance(value, dict):
        return {name: bits(item) for name, item in value.items()}
    return value


@WORLDS
@given(world=worlds)
def test_training_set_is_what_the_oracle_says(
    engine: duckdb.DuckDBPyConnection, world: World
) -> None:
    build(engine, world)
    assert bits(training_set(engine, world)) == bits(expected(world))


@settings(WORLDS, max_examples=60)
@given(world=worlds)
def test_the_stored_row_answers_as_the_oracle_with_known_at(
    engine: duckdb.DuckDBPyConnection, world: World
) -> None:
    """What is materialized until w answers at t >= w what was known at w."""
    build(engine, world)
    watermark = world.known_at if world.known_at is not None else 4
    view = VIEWS["single"].view
    bound = instant(watermark).replace(tzinfo=None)
    query = latest_query(view, relation("as_of", "single"), relation("history", "single"), bound)
    stored = engine.sql(query.sql("duckdb")).to_arrow_table()
    assert len(set(stored["code"].to_pylist())) == stored.num_rows
    for later in (watermark, watermark + 1, watermark + 4):
        instants = pa.array([later] * stored.num_rows, pa.int64()).cast(pa.timestamp("us"))
        seen = visible(
            stored["event_ts"].combine_chunks(),
            stored["available_at"].combine_chunks(),
            instants,
            view.ttl_us,
        )
        answers = {row["code"]: row for row in stored.filter(seen).to_pylist()}
        for code in {row.keys[0] for row in world.single} - {None}:
            wanted = as_of(world.single, (code,), later, TTL_US, watermark)
            found = answers.get(code)
            assert (found is None) == (wanted is None)
            if found is not None:
                assert bits([found["f"], found["n"], found["l"]]) == bits(list(wanted.values))


@settings(WORLDS, max_examples=40)
@given(world=worlds)
def test_rows_that_never_win_are_left_out_of_the_path(
    engine: duckdb.DuckDBPyConnection, world: World
) -> None:
    build(engine, world)
    path = engine.sql(f'SELECT code, "{VALID_FROM}" AS v FROM as_of.single').fetchall()
    assert len(path) == len(set(path))
    rows = [r for r in world.single if r.keys[0] is not None and r.event_ts is not None]
    from_oracle = {
        (
            row.keys[0],
            max(row.event_ts, row.event_ts if row.available_at is None else row.available_at),
        )
        for row in rows
    }
    assert {(code, value) for code, value in path} <= {
        (code, bare(value)) for code, value in from_oracle
    }


def strict_bound(node: exp.Expr) -> exp.Expr:
    """A row is not seen at its own instant."""
    if isinstance(node, exp.LTE) and node.this.name == VALID_FROM:
        return exp.LT(this=node.this, expression=node.expression)
    return node


def late_rows_ignored(node: exp.Expr) -> exp.Expr:
    """A row is seen from its event on, though it was known only later."""
    if isinstance(node, exp.Column) and node.name == VALID_FROM:
        return exp.column(EVENT_TS, table=node.table, quoted=True)
    return node


def strict_age(node: exp.Expr) -> exp.Expr:
    """A row of exactly the TTL's age is not seen."""
    if isinstance(node, exp.GTE) and node.this.name == EVENT_TS:
        return exp.GT(this=node.this, expression=node.expression)
    return node


EDGES = World(
    spine=[("a", "a", 0, asked_at, 1.0) for asked_at in (0, 1, 3, 4, 5, 8, 9)],
    single=[Row(("a",), 1, None, (1.0, 1, None)), Row(("a",), 2, 5, (2.0, 2, None))],
    pair=[],
    known_at=None,
)


@pytest.mark.parametrize("fault", [strict_bound, late_rows_ignored, strict_age])
def test_a_deliberate_fault_is_found(
    engine: duckdb.DuckDBPyConnection, fault: Callable[[exp.Expr], exp.Expr]
) -> None:
    build(engine, EDGES)
    assert bits(training_set(engine, EDGES)) == bits(expected(EDGES))
    assert bits(training_set(engine, EDGES, fault)) != bits(expected(EDGES))
