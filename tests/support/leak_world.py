"""A small world of sources, models over it, and cut and replay in one connection."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import duckdb
import pyarrow as pa
from small_project import HERE, columns
from sqlglot import exp

from featuresql.compiler.asof import ASOF_SCHEMA, HISTORY_SCHEMA, ROW, column, path_query, relation
from featuresql.compiler.compile_project import CompiledProject, compile_project
from featuresql.compiler.draft import CompiledModel
from featuresql.compiler.place_relations import place_relations
from featuresql.quality.replay import cut_query, difference_query
from featuresql.render.render_project import render_project
from featuresql.spec.model import (
    EngineConfig,
    Entity,
    MacroFile,
    ModelFile,
    OnlineConfig,
    Project,
    RegistryConfig,
    Source,
    Target,
)

START = datetime(2024, 3, 1)  # noqa: DTZ001 - UTC, as sources are read
SOURCES = {
    "events": {
        "id": "BIGINT",
        "k": "VARCHAR",
        "ts": "TIMESTAMP",
        "x": "BIGINT",
        "y": "BIGINT",
        "kind": "VARCHAR",
        "until_ts": "TIMESTAMP",
        "l": "BIGINT[]",
    },
    "trips": {
        "id": "BIGINT",
        "k": "VARCHAR",
        "started_at": "TIMESTAMP",
        "ended_at": "TIMESTAMP",
        "x": "BIGINT",
    },
    "asks": {"rid": "BIGINT", "k": "VARCHAR", "ts": "TIMESTAMP", "w": "BIGINT"},
    "places": {"k": "VARCHAR", "name": "VARCHAR", "size": "BIGINT"},
    "loose": {"k": "VARCHAR", "name": "VARCHAR", "size": "BIGINT"},
}
DECLARED = {
    "events": {"event_time": "ts"},
    "trips": {"event_time": "started_at", "available_at": "ended_at"},
    "asks": {"event_time": "ts"},
    "places": {"static": True},
    "loose": {},
}
KEYS = ("a", "b", "c")
# Stand in statements for what differs from cut to cut.
IN_SOURCES = "@sources"
IN_BUILD = "@build"
EVER = datetime(9999, 12, 31, 23, 59, 59, 999999)  # noqa: DTZ001 - UTC


def project_of(
    models: Mapping[str, str], macros: Mapping[str, str], variables: Mapping[str, object]
) -> Project:
    return Project(
        name="leaks",
        root=".",
        file="featuresql.yml",
        variables=variables,
        target=Target(
            "local",
            EngineConfig("duckdb"),
            OnlineConfig("lmdb"),
            RegistryConfig("sqlite://"),
            HERE,
        ),
        sources={
            name: Source(name, HERE, path=f"{name}.parquet", **DECLARED[name]) for name in SOURCES
        },
        entities={"thing": Entity("thing", columns({"k": "VARCHAR"}), HERE)},
        models={name: ModelFile(name, f"models/{name}.sql", text) for name, text in models.items()},
        macros=tuple(MacroFile(f"macros/{name}.sql", text) for name, text in macros.items()),
    )


def compile_models(
    models: Mapping[str, str],
    macros: Mapping[str, str] | None = None,
    variables: Mapping[str, object] | None = None,
) -> CompiledProject:
    project = project_of(models, macros or {}, variables or {})
    typed = {name: columns(types) for name, types in SOURCES.items()}
    return compile_project(project, render_project(project), typed)


def rows(seed: int, count: int) -> dict[str, pa.Table]:
    """Return seeded rows: ties, NULLs, late rows, rows known before they were true."""
    pick = random.Random(seed)  # noqa: S311 - seeded on purpose

    def at(hours: float) -> datetime:
        return START + timedelta(minutes=pick.choice((0, 10, 30)), hours=round(hours))

    def maybe(value: object, share: float = 0.08) -> object:
        return None if pick.random() < share else value

    def events(i: int) -> tuple[object, ...]:
        ts = at(pick.uniform(0, 24 * 6))
        until = ts + timedelta(hours=pick.choice((-3, 0, 1, 30)))
        x, y = maybe(pick.randint(-5, 40)), maybe(pick.randint(0, 6))
        letter, kind = pick.choice(KEYS), pick.choice(("buy", "sell", "look"))
        items = [pick.randint(0, 9) for _ in range(pick.randint(0, 3))]
        return (i, letter, maybe(ts, 0.05), x, y, kind, maybe(until), items)

    def trips(i: int) -> tuple[object, ...]:
        ts = at(pick.uniform(0, 24 * 6))
        ended = ts + timedelta(hours=pick.choice((-2, 0, 1, 5, 26)))
        return (i, pick.choice(KEYS), maybe(ts, 0.05), maybe(ended, 0.1), pick.randint(-5, 40))

    def asks(i: int) -> tuple[object, ...]:
        return (i, maybe(pick.choice(KEYS)), maybe(at(pick.uniform(0, 24 * 6)), 0.05), i % 7)

    def places(i: int) -> tuple[object, ...]:
        return (KEYS[i], f"place {i}", i * 3)

    made = {"events": (events, count), "trips": (trips, count), "asks": (asks, count // 2)}
    made |= {"places": (places, 3), "loose": (places, 3)}
    tables = {}
    for name, (make, number) in made.items():
        lines = [make(i) for i in range(number)]
        schema = pa.schema([(c.name, _arrow(c.type.arrow)) for c in columns(SOURCES[name])])
        parts = [
            pa.array(cells, f.type)
            for cells, f in zip(zip(*lines, strict=True), schema, strict=True)
        ]
        tables[name] = pa.table(parts, schema=schema)
    return tables


def _arrow(kind: pa.DataType) -> pa.DataType:
    return pa.timestamp("us") if pa.types.is_timestamp(kind) else kind


@dataclass(frozen=True)
class World:
    """A connection with the sources, whole and cut at each of `instants`."""

    connection: duckdb.DuckDBPyConnection
    compiled: CompiledProject
    instants: tuple[datetime, ...]
    statements: tuple[str, ...]


@dataclass(frozen=True)
class Ground:
    """A connection with the sources' rows, whole and cut at each of `instants`, and no models."""

    connection: duckdb.DuckDBPyConnection
    instants: tuple[datetime, ...]


@contextmanager
def world(
    compiled: CompiledProject, seed: int = 7, count: int = 60, cuts: int = 8
) -> Iterator[World]:
    with ground(seed, count, cuts) as made:
        yield build(made, compiled)


@contextmanager
def ground(seed: int = 7, count: int = 60, cuts: int = 8) -> Iterator[Ground]:
    connection = duckdb.connect()
    try:
        connection.execute("set threads = 1; set TimeZone = 'UTC'")
        tables = rows(seed, count)
        connection.execute("create schema sources")
        for name, table in tables.items():
            connection.register("arriving", table)
            connection.execute(f'create table sources."{name}" as from arriving')
            connection.unregister("arriving")
        instants = _instants(tables, cuts)
        sources = project_of({}, {}, {}).sources
        for index, instant in enumerate(instants):
            connection.execute(f"create schema cut{index}")
            for name, source in sources.items():
                query = place_relations(cut_query(source, columns(SOURCES[name]), instant))
                connection.execute(f'create table cut{index}."{name}" as {query.sql("duckdb")}')
        yield Ground(connection, tuple(instants))
    finally:
        connection.close()


def _instants(tables: Mapping[str, pa.Table], cuts: int) -> list[datetime]:
    known = {
        instant
        for name, table in tables.items()
        for part in DECLARED[name].values()
        if isinstance(part, str)
        for instant in table[part].to_pylist()
        if instant
    }
    ordered = sorted(known)
    step = max(1, len(ordered) // cuts)
    picked = ordered[step // 2 :: step][:cuts]
    # Some cuts lie on an instant, some between two, some on a midnight.
    instants = [t + timedelta(minutes=5) if i % 3 == 2 else t for i, t in enumerate(picked)]
    instants[0] = datetime(2024, 3, 3)  # noqa: DTZ001 - UTC
    return instants


def build(on: Ground, compiled: CompiledProject) -> World:
    """Make the models over all rows and over those of each cut, in place of those before."""
    made = World(on.connection, compiled, on.instants, tuple(_statements(compiled)))
    _build(made, None)
    for index in range(len(made.instants)):
        _build(made, index)
    return made


def _statements(compiled: CompiledProject) -> Iterator[str]:
    """Give the statements that make every model, over the sources and in the schema to be named."""

    def place(schema: str, name: str) -> tuple[str, str]:
        if schema == "source":
            return IN_SOURCES, name
        return IN_BUILD, f"path {name}" if schema == ASOF_SCHEMA else name

    for name, model in compiled.models.items():
        if model.service is not None:
            continue
        tree = place_relations(model.tree, place)
        if model.view is not None:
            numbered = exp.alias_(exp.Window(this=exp.RowNumber()), ROW, quoted=True)
            inner = exp.alias_(tree.subquery(), "rows", table=True, quoted=True)
            shown = [column(c.name, "rows") for c in model.columns]
            tree = exp.select(numbered, *shown).from_(inner)
        is_read = any(name in other.refs for other in compiled.models.values())
        kind = "table" if is_read else "view"
        yield f'create {kind} "{IN_BUILD}"."{name}" as {tree.sql("duckdb")}'
        if model.view is not None and _is_joined(compiled, name):
            path = path_query(model.view, relation(IN_BUILD, name)).sql("duckdb")
            yield f'create table "{IN_BUILD}"."path {name}" as {path}'


def _build(made: World, index: int | None) -> None:
    """Make every model, over all rows or over those of a cut."""
    build = "whole" if index is None else f"replay{index}"
    sources = "sources" if index is None else f"cut{index}"
    made.connection.execute(f"drop schema if exists {build} cascade; create schema {build}")
    for statement in made.statements:
        text = statement.replace(f'"{IN_BUILD}"', build).replace(f'"{IN_SOURCES}"', sources)
        if index is None:
            text = text.replace("create view", "create table", 1)
        made.connection.execute(text)


def _is_joined(compiled: CompiledProject, name: str) -> bool:
    return any(
        table.db in {ASOF_SCHEMA, HISTORY_SCHEMA} and table.name == name
        for model in compiled.models.values()
        for table in model.tree.find_all(exp.Table)
    )


def differing(made: World, model: CompiledModel, features: Sequence[str]) -> tuple[datetime, ...]:
    """Return the cuts whose replay is not what the whole has, in keys, instants, `features`."""
    view = model.view
    assert view is not None
    named = {key.name for key in view.keys} | {view.event_time, view.available_at, *features}
    shown = [c for c in model.columns if c.name in named]
    narrow = replace(view, features=tuple(c for c in view.features if c.name in features))
    sides = relation("whole", model.name), relation(IN_BUILD, model.name)
    text = difference_query(narrow, shown, *sides, EVER).sql("duckdb")
    found = []
    for index, instant in enumerate(made.instants):
        query = text.replace(f'"{IN_BUILD}"', f"replay{index}").replace(str(EVER), str(instant))
        if made.connection.execute(query).fetchone() is not None:
            found.append(instant)
    return tuple(found)
