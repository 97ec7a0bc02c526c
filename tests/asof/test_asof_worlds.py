"""The training set, time travel and materialization beside a naive oracle, on generated worlds."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from naive_oracle import Row, as_of
from small_project import compile_small
from sqlglot import exp
from worlds import (
    TTL_US,
    World,
    everybody_table,
    instant,
    pair_table,
    single_table,
    spine_table,
    worlds,
)

from featuresql.compiler.asof import (
    EVENT_TS,
    VALID_FROM,
    column,
    latest_query,
    relation,
    visible,
)
from featuresql.compiler.place_relations import place_relations
from featuresql.compiler.relation_columns import relation_columns, table_columns
from featuresql.compiler.training_set_query import POSITION, SPINE_INPUT, training_set_query
from featuresql.compiler.write_sql import write_query
from featuresql.engines.clickhouse_chdb import ChdbFolder
from featuresql.engines.clickhouse_engine import ClickHouseEngine
from featuresql.engines.duckdb_engine import DuckDBEngine
from featuresql.engines.duckdb_session import naive
from featuresql.plan.plan_run import plan_run
from featuresql.ports import EngineSession
from featuresql.spec.column_type import TIMESTAMP
from featuresql.spec.model import Column

PROJECT = compile_small()
SERVICE = PROJECT.models["service"]
VIEWS = {name: PROJECT.models[name] for name in ("single", "pair", "everybody")}
# A world takes thirty times as long in ClickHouse, which makes tables for data of another size.
WORLDS = {"duckdb": 100, "chdb": 15}
SETTINGS = settings(
    max_examples=1, deadline=None, suppress_health_check=list(HealthCheck), database=None
)


@dataclass(frozen=True)
class Opened:
    """An engine that is open, and the statements that build the views there."""

    session: EngineSession
    dialect: str
    build: tuple[str, ...]

    def load(self, world: World) -> None:
        """Put the rows of a world into the sources and build the views, as `run` does."""
        self.session.load("sources", "single_rows", naive(single_table(world)))
        self.session.load("sources", "pair_rows", naive(pair_table(world)))
        self.session.load("sources", "everybody_rows", naive(everybody_table(world)))
        self.session.execute(self.build)

    def query(
        self, tree: exp.Query, columns: tuple[Column, ...], inputs: dict[str, pa.Table]
    ) -> pa.Table:
        """Run a query over the project's relations."""
        brought = {("", name): table_columns(rows) for name, rows in inputs.items()}
        columns_of = relation_columns(PROJECT, others=brought)
        statement = write_query(place_relations(tree), self.dialect, columns_of)
        return self.session.query(statement, inputs, columns).read_all()


@pytest.fixture(scope="module", params=WORLDS)
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator:
    root: Path = tmp_path_factory.mktemp(request.param)
    made = (
        DuckDBEngine(root / "e.duckdb", root, {}, {"threads": 1})
        if request.param == "duckdb"
        else ClickHouseEngine(ChdbFolder(root / "e.chdb"), root, {})
    )
    plan = plan_run(PROJECT, VIEWS, dict.fromkeys(PROJECT.models, "1"), (), dialect=made.dialect)
    build = tuple(s for step in plan.steps for s in (*step.build, *step.swap))
    with made.session() as session:
        yield Opened(session, made.dialect, build)


def in_worlds(
    engine: Opened, share: float, check: Callable[[World], None], strategy: object = worlds
) -> None:
    """Check generated worlds: as many as the engine's speed allows."""
    count = max(1, int(WORLDS[engine.dialect if engine.dialect == "duckdb" else "chdb"] * share))
    settings(SETTINGS, max_examples=count)(given(world=strategy)(check))()


def training_set(
    engine: Opened,
    world: World,
    fault: Callable[[exp.Expr], exp.Expr] = lambda node: node,
    *,
    is_pruned: bool = False,
) -> list[dict]:
    known_at = instant(world.known_at)
    query = training_set_query(
        SERVICE,
        brought_spine=True,
        known_at=known_at and known_at.replace(tzinfo=None),
        is_pruned=is_pruned,
    )
    spine = naive(spine_table(world))
    numbers = pa.array(range(spine.num_rows), pa.int64())
    inputs = {SPINE_INPUT: spine.append_column(POSITION, numbers)}
    return engine.query(query.transform(fault), SERVICE.columns, inputs).to_pylist()


def expected(world: World) -> list[dict]:
    rows = []
    for code, other, part, asked_at, weight in world.spine:
        nothing = Row((), None, None, (None, None, None))
        a = as_of(world.single, (code,), asked_at, TTL_US, world.known_at) or nothing
        b = as_of(world.single, (other,), asked_at, TTL_US, world.known_at) or nothing
        p = as_of(world.pair, (code, part), asked_at, None, world.known_at)
        e = as_of(world.everybody, (), asked_at, None, world.known_at)
        known = [t for t in (b.event_ts, b.available_at) if t is not None and b is not nothing]
        rows.append(
            {
                "asked_at": instant(asked_at),
                "code": code,
                "f": a.values[0],
                "n": a.values[1],
                "l": a.values[2],
                "other_f": b.values[0],
                "other_ts": instant(b.event_ts),
                "other_seen_at": instant(max(known)) if known else None,
                "t": p.values[0] if p else None,
                "weighted": None if None in (a.values[0], weight) else a.values[0] * weight,
                "rate": e.values[0] if e else None,
                "rate_ts": instant(e.event_ts) if e else None,
            }
        )
    return rows


def bits(value: object) -> object:
    """Values that are equal to the bit have equal `bits`; NaN is one value."""
    if isinstance(value, float):
        return "nan" if math.isnan(value) else value.hex()
    if isinstance(value, list):
        return [bits(item) for item in value]
    if isinstance(value, dict):
        return {name: bits(item) for name, item in value.items()}
    return value


def test_the_sign_of_a_zero_in_a_list_stays(engine: Opened) -> None:
    row = Row(("a",), 0, None, (None, None, [-0.0]))
    world = World([("a", None, None, 1, None)], [row], [], [], None)
    engine.load(world)
    assert bits(training_set(engine, world)) == bits(expected(world))


def test_training_set_is_what_the_oracle_says(engine: Opened) -> None:
    def check(world: World) -> None:
        engine.load(world)
        for is_pruned in (False, True):
            found = training_set(engine, world, is_pruned=is_pruned)
            assert bits(found) == bits(expected(world))

    in_worlds(engine, 1, check)


@pytest.mark.parametrize("name", ["single", "everybody"])
def test_the_stored_row_answers_as_the_oracle_with_known_at(engine: Opened, name: str) -> None:
    """What is materialized until w answers at t >= w what was known at w."""
    view = VIEWS[name].view
    columns = (
        *view.keys,
        Column("event_ts", TIMESTAMP),
        Column("available_at", TIMESTAMP),
        *view.features,
    )

    def check(world: World) -> None:
        engine.load(world)
        watermark = world.known_at if world.known_at is not None else 4
        bound = instant(watermark).replace(tzinfo=None)
        path, history = relation("as_of", name), relation("history", name)
        stored = engine.query(latest_query(view, path, history, bound), columns, {})
        key = view.keys[0].name
        assert len(set(stored[key].to_pylist())) == stored.num_rows
        rows = {"single": world.single, "everybody": world.everybody}[name]
        for later in (watermark, watermark + 1, watermark + 4):
            instants = pa.array([later] * stored.num_rows, pa.int64())
            seen = visible(
                stored["event_ts"].combine_chunks(),
                stored["available_at"].combine_chunks(),
                instants.cast(pa.timestamp("us", tz="UTC")),
                view.ttl_us,
            )
            answers = {row[key]: row for row in stored.filter(seen).to_pylist()}
            for keys in {row.keys for row in rows} - {(None,)}:
                wanted = as_of(rows, keys, later, view.ttl_us, watermark)
                found = answers.get(keys[0] if keys else True)
                assert (found is None) == (wanted is None)
                if found is not None:
                    values = [found[feature.name] for feature in view.features]
                    assert bits(values) == bits(list(wanted.values))

    in_worlds(engine, 0.3, check)


def test_rows_that_never_win_are_left_out_of_the_path(engine: Opened) -> None:
    columns = (*VIEWS["single"].view.keys, Column(VALID_FROM, TIMESTAMP))
    query = exp.select(*(column(c.name) for c in columns)).from_(relation("as_of", "single"))

    def check(world: World) -> None:
        engine.load(world)
        found = engine.query(query.copy(), columns, {})
        path = list(zip(*found.to_pydict().values(), strict=True))
        assert len(path) == len(set(path))
        rows = [r for r in world.single if r.keys[0] is not None and r.event_ts is not None]
        from_oracle = {(row.keys[0], max(row.event_ts, _known(row))) for row in rows}
        assert set(path) <= {(code, instant(value)) for code, value in from_oracle}

    in_worlds(engine, 0.3, check)


def _known(row: Row) -> int:
    return row.event_ts if row.available_at is None else row.available_at


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
    if isinstance(node, exp.LTE) and isinstance(node.this, exp.Sub):
        return exp.LT(this=node.this, expression=node.expression)
    return node


EDGES = World(
    spine=[("a", "a", 0, asked_at, 1.0) for asked_at in (0, 1, 3, 4, 5, 8, 9)],
    single=[Row(("a",), 1, None, (1.0, 1, None)), Row(("a",), 2, 5, (2.0, 2, None))],
    pair=[],
    everybody=[Row((), 2, 4, (0.5,)), Row((), 3, None, (0.25,))],
    known_at=None,
)


@pytest.mark.parametrize("fault", [strict_bound, late_rows_ignored, strict_age])
def test_a_deliberate_fault_is_found(engine: Opened, fault: Callable[[exp.Expr], exp.Expr]) -> None:
    engine.load(EDGES)
    assert bits(training_set(engine, EDGES)) == bits(expected(EDGES))
    assert bits(training_set(engine, EDGES, fault)) != bits(expected(EDGES))
