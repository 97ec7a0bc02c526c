"""The leakage replay: feature views built again over sources that end at an instant."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from time import perf_counter

import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp

from featuresql.compiler.asof import ASOF_SCHEMA, ROW, column, path_query, relation
from featuresql.compiler.compile_project import CompiledProject
from featuresql.compiler.draft import CompiledModel
from featuresql.compiler.place_relations import place_relations
from featuresql.compiler.write_sql import DUCKDB
from featuresql.errors import EngineError, FeatureSQLError, Location
from featuresql.plan.select_models import ancestors
from featuresql.ports import EngineSession
from featuresql.quality.compare_rows import compare_rows
from featuresql.quality.replay import (
    FOUND_IN,
    FULL_BUILD,
    KNOWN_AT,
    REPLAY,
    TIMES,
    cut_query,
    difference_query,
    instants_query,
    is_cut,
    pick_fractions,
)
from featuresql.quality.test_report import TestResult, error_result
from featuresql.quality.text_table import MAX_ROWS, text_table
from featuresql.spec.model import FeatureView, Source
from featuresql.workflows.run_models import plan_models
from featuresql.workflows.workspace import Workspace

INSTANTS = 3
SEED = 20_130_101
NAME = "leakage"
# Temporary relations are the session's own: nobody else sees them, and they end with it.
TEMP_SCHEMA = "temp"
# An engine adds floats in no fixed order, so sums may differ in their last bits from run to run.
ROUNDING = 1e-12
MAX_COMPARED_ROWS = 10_000


@dataclass(slots=True)
class _Replay:
    """What a replay works on. `made` has the temporary relations, `broken` the failed models."""

    workspace: Workspace
    compiled: CompiledProject
    session: EngineSession
    built: dict[str, tuple[str, str]]
    results: dict[str, TestResult]
    needed: tuple[str, ...]
    made: dict[str, str] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)


def leakage_replay(
    workspace: Workspace,
    compiled: CompiledProject,
    views: tuple[str, ...],
    *,
    instants: int = INSTANTS,
    seed: int = SEED,
) -> tuple[TestResult, ...]:
    """Replay the feature views called `views` at seeded instants; one result for each.

    A row that was known at an instant and is changed, missing or extra in the full build is a leak.
    Rows that differ by nothing but the rounding of floats are a warning.
    """
    results = {name: _untested(compiled.models[name]) for name in views}
    if not views:
        return ()
    try:
        if workspace.engine.dialect != DUCKDB:
            raise EngineError(
                "the replay runs on DuckDB",
                code="unsupported",
                hint="test a target whose engine is duckdb: models mean the same on both engines",
            )
        plan, _, _ = plan_models(workspace, compiled, " ".join(views))
        steps = {step.model: step for step in plan.steps}
        built = {name: steps[name].relation for name in views if steps[name].action == "keep"}
        reach = ancestors(compiled.models, built)
        needed = tuple(name for name in compiled.models if name in reach)
        with workspace.engine.session() as session:
            replay = _Replay(workspace, compiled, session, built, results, needed)
            with _dropping(replay):
                _replay_all(replay, instants, seed)
    except FeatureSQLError as error:
        results = {
            name: error_result(NAME, "leakage", name, result.location, error)
            for name, result in results.items()
        }
    return tuple(results[name] for name in views)


def _replay_all(replay: _Replay, count: int, seed: int) -> None:
    """Replay at `count` instants; every view gets its result."""
    for name, result in replay.results.items():
        if name not in replay.built:
            message = f"'{name}' is not built from the present text and sources"
            hint = "run `featuresql run` first"
            replay.results[name] = replace(result, status="error", message=message, hint=hint)
    instants = _instants(replay, count, seed)
    for instant in instants:
        _replay_at(replay, instant)
    for name in () if instants else replay.built:
        message = "nothing to replay: no source has an event time and rows"
        replay.results[name] = replace(replay.results[name], message=message)


def _untested(model: CompiledModel) -> TestResult:
    return TestResult(NAME, "leakage", model.name, "pass", Location(model.path))


def _sources(replay: _Replay) -> list[Source]:
    names = {name for model in replay.needed for name in replay.compiled.models[model].sources}
    return [replay.compiled.project.sources[name] for name in sorted(names)]


def _instants(replay: _Replay, count: int, seed: int) -> list[datetime]:
    """Return the instants to replay at, earliest first; none where nothing has an event time."""
    cut = [source for source in _sources(replay) if is_cut(source)]
    if not cut:
        return []
    models = replay.compiled.models
    views = [
        (view, relation(*place))
        for name, place in sorted(replay.built.items())
        if (view := models[name].view) is not None
    ]
    query = place_relations(instants_query(cut, views, pick_fractions(count, seed)))
    found = replay.session.query(query.sql("duckdb")).read_all()[KNOWN_AT].to_pylist()
    instants = {instant.astimezone(UTC).replace(tzinfo=None) for instant in found if instant}
    return sorted(instants)


def _replay_at(replay: _Replay, instant: datetime) -> None:
    for source in _sources(replay):
        columns = replay.compiled.sources[source.name]
        query = place_relations(cut_query(source, columns, instant))
        _make(replay, "VIEW", ("source", source.name), query)
    read_as_of = {
        table.name
        for name in replay.needed
        for table in replay.compiled.models[name].tree.find_all(exp.Table)
        if table.db == ASOF_SCHEMA
    }
    replay.broken.clear()
    for name in replay.needed:
        model = replay.compiled.models[name]
        began = perf_counter()
        try:
            _check_parents(replay, model)
            _build(replay, model, with_path=name in read_as_of)
            if name in replay.built and replay.results[name].status == "pass":
                _compare(replay, model, instant)
        except FeatureSQLError as error:
            replay.broken.add(name)
            _fail_to_run(replay, name, error)
        if name in replay.results:
            result = replay.results[name]
            seconds = result.seconds + perf_counter() - began
            replay.results[name] = replace(result, seconds=seconds)


def _check_parents(replay: _Replay, model: CompiledModel) -> None:
    parent = next((name for name in model.refs if name in replay.broken), None)
    if parent is not None:
        raise FeatureSQLError(f"'{parent}', which it reads, could not be built again")


def _build(replay: _Replay, model: CompiledModel, *, with_path: bool) -> None:
    tree = place_relations(model.tree, _place)
    if model.view is None or not with_path:
        _make(replay, "TABLE", ("ref", model.name), tree)
        return
    numbered = exp.select(
        exp.alias_(exp.Window(this=exp.RowNumber()), ROW, quoted=True),
        *[column(c.name, "rows") for c in model.columns],
    ).from_(exp.alias_(tree.subquery(), "rows", table=True, quoted=True))
    _make(replay, "TABLE", ("ref", model.name), numbered)
    history = relation(*_place("ref", model.name))
    _make(replay, "TABLE", (ASOF_SCHEMA, model.name), path_query(model.view, history))


def _compare(replay: _Replay, model: CompiledModel, instant: datetime) -> None:
    assert model.view is not None  # noqa: S101 - only views are replayed
    full = relation(*replay.built[model.name])
    again = relation(*_place("ref", model.name))
    query = difference_query(model.view, model.columns, full, again, instant)
    differing = replay.session.query(query.sql("duckdb")).read_all()
    if not differing.num_rows:
        return
    is_rounding = _is_rounding(differing)
    what = "differ in the rounding of floats" if is_rounding else "are not what was known then"
    replay.results[model.name] = replace(
        replay.results[model.name],
        status="warn" if is_rounding else "fail",
        message=f"at {instant} {differing.num_rows} rows {what}",
        hint=_hint(model.view, is_rounding=is_rounding),
        failures=differing.num_rows,
        rows_shown=text_table(_shown(differing), max_rows=MAX_ROWS),
    )


def _shown(differing: pa.Table) -> pa.Table:
    rows = differing.drop_columns([TIMES])
    return rows.rename_columns(["found in", *rows.column_names[1:]])


def _is_rounding(differing: pa.Table) -> bool:
    if differing.num_rows > MAX_COMPARED_ROWS:
        return False
    sides = differing[FOUND_IN]
    full, again = (
        differing.filter(pc.equal(sides, side)).drop_columns([FOUND_IN])
        for side in (FULL_BUILD, REPLAY)
    )
    return compare_rows(full, again, tolerance=ROUNDING).is_empty


def _hint(view: FeatureView, *, is_rounding: bool) -> str:
    if is_rounding:
        return "sum decimals or integers where the last bits matter"
    known = f"'{view.available_at}'" if view.available_at else f"'{view.event_time}'"
    return (
        f"a value depends on rows that were known only after {known}: look for lead, FOLLOWING, "
        "windows and aggregates over more than the past, and for an instant that is too early"
    )


def _fail_to_run(replay: _Replay, name: str, error: FeatureSQLError) -> None:
    if name in replay.results and replay.results[name].status == "pass":
        place = replay.results[name].location
        replay.results[name] = error_result(NAME, "leakage", name, place, error)


def _place(schema: str, name: str) -> tuple[str, str]:
    kind = "source" if schema == "source" else ASOF_SCHEMA if schema == ASOF_SCHEMA else "ref"
    return TEMP_SCHEMA, f"replay__{kind}__{name}"


def _make(replay: _Replay, kind: str, logical: tuple[str, str], query: exp.Query) -> None:
    place = relation(*_place(*logical))
    create = exp.Create(
        this=place,
        kind=kind,
        replace=True,
        expression=query,
        properties=exp.Properties(expressions=[exp.TemporaryProperty()]),
    )
    drop = exp.Drop(tables=[place.copy()], kind=kind, exists=True)
    replay.made[place.sql("duckdb")] = drop.sql("duckdb")
    replay.session.execute([create.sql("duckdb")])


@contextmanager
def _dropping(replay: _Replay) -> Iterator[None]:
    """Drop what was made, whatever happens. The last made goes first: views stand on others."""
    try:
        yield
    finally:
        replay.session.execute(tuple(reversed(replay.made.values())))
