"""Generated models as incremental ones: what an interval reads is all that it needs."""

from __future__ import annotations

import random
from collections.abc import Iterator

import duckdb
import pytest
from generated_models import write_models
from hypothesis import HealthCheck, event, given, reject, settings
from hypothesis import strategies as st
from leak_world import IN_BUILD, IN_SOURCES, SOURCES, Ground, World, build, compile_models, ground
from sqlglot import exp

from featuresql.compiler.asof import ASOF_SCHEMA, column, relation
from featuresql.compiler.draft import CompiledModel
from featuresql.compiler.intervals.times import Intervals
from featuresql.errors import FeatureSQLError
from featuresql.plan.cut_reads import cut_reads, within

HOUR_US = 3_600_000_000
INTERVAL_US = 7 * HOUR_US
EXAMPLES = 60
TRIED = 3
SEEDS = 200
MIN_CUT_SHARE = 0.2


@pytest.fixture(scope="module")
def grounds() -> Iterator[tuple[Ground, ...]]:
    with ground(seed=7, count=60, cuts=1) as one, ground(seed=11, count=90, cuts=1) as two:
        yield Ground(one.connection, ()), Ground(two.connection, ())


def incremental(models: dict[str, str]) -> dict[str, str]:
    options = "materialized='incremental', interval='7 hours', "
    return {**models, "last": models["last"].replace("config(", f"config({options}", 1)}


def intervals_with_rows(made: World) -> list[int]:
    found = made.connection.execute(
        f"select distinct floor(epoch_us(event_ts) / {INTERVAL_US})::bigint from whole.last "
        "where event_ts is not null order by 1"
    ).fetchall()
    return [number * INTERVAL_US for (number,) in found]


def same_rows(made: World, model: CompiledModel, part: exp.Query, start_us: int) -> bool:
    """Whether a query has the rows that the whole has in an interval."""
    names = [column(c.name, "rows") for c in model.columns]
    inside = within(column("event_ts", "rows"), start_us, start_us + INTERVAL_US)
    sides = [
        exp.select(*names).from_(rows).where(*inside)
        for rows in (
            exp.alias_(part.subquery(), "rows", table=True),
            relation("whole", "last", "rows"),
        )
    ]
    for one, other in (sides, sides[::-1]):
        query = exp.except_(one, other, distinct=False).limit(1)
        if made.connection.execute(query.sql("duckdb")).fetchone() is not None:
            return False
    return True


def place(schema: str, name: str) -> tuple[str, str]:
    if schema == "source":
        return "sources", name
    return "whole", f"path {name}" if schema == ASOF_SCHEMA else name


def build_from_changes(made: World, found: Intervals, start_us: int) -> None:
    """Build all models over only those rows of the sources that may change the interval."""
    made.connection.execute("drop schema if exists part cascade; create schema part")
    made.connection.execute("drop schema if exists near cascade; create schema near")
    for source in SOURCES:
        reaches = [reach for reach in found.changes if reach.relation[1] == source]
        query = exp.select("*").from_(relation("sources", source))
        if reaches:
            ends = start_us, start_us + INTERVAL_US
            conditions = [
                exp.and_(*within(column(r.column), ends[0] - r.back_us, ends[1] + r.ahead_us))
                for r in reaches
            ]
            query = query.where(exp.or_(*conditions))
        made.connection.execute(f'create table near."{source}" as {query.sql("duckdb")}')
    for statement in made.statements:
        text = statement.replace(f'"{IN_BUILD}"', "part").replace(f'"{IN_SOURCES}"', "near")
        made.connection.execute(text)


def is_rooted(made: World, found: Intervals, start_us: int) -> bool:
    """Whether some source has a row that an interval with rows can come from."""
    for reach in found.rows:
        _, source = reach.relation
        near = within(
            column(reach.column),
            start_us - reach.back_us,
            start_us + INTERVAL_US + reach.ahead_us,
        )
        query = exp.select("1").from_(relation("sources", source)).where(*near).limit(1)
        if made.connection.execute(query.sql("duckdb")).fetchone() is not None:
            return True
    return False


@given(pick=st.randoms(use_true_random=False), which=st.integers(0, 1))
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
def test_an_interval_needs_no_rows_but_those_that_it_reads(
    grounds: tuple[Ground, ...], pick: random.Random, which: int
) -> None:
    models = incremental(write_models(pick, is_careful=pick.random() < 0.5))
    try:
        compiled = compile_models(models)
        model = compiled.models["last"]
        made = build(grounds[which], compiled)
    except (FeatureSQLError, duckdb.OutOfRangeException):
        reject()
    found = model.intervals
    assert found is not None
    starts = intervals_with_rows(made)
    event("cut" if found.cuts else "read whole")
    for start_us in pick.sample(starts, min(TRIED, len(starts))):
        end_us = start_us + INTERVAL_US
        tree = cut_reads(model.tree, found.cuts, start_us, end_us, place)
        assert same_rows(made, model, tree, start_us), (models, found, "cut")
        build_from_changes(made, found, start_us)
        near = exp.select("*").from_(relation("part", "last"))
        assert same_rows(made, model, near, start_us), (models, found, "changes")
        assert is_rooted(made, found, start_us), (models, found, "rows")


def test_many_models_can_be_cut() -> None:
    cut = 0
    for seed in range(SEEDS):
        models = incremental(write_models(random.Random(seed), is_careful=True))  # noqa: S311 - seeded
        try:
            cut += compile_models(models).models["last"].intervals is not None
        except FeatureSQLError:
            continue
    assert cut >= MIN_CUT_SHARE * SEEDS
