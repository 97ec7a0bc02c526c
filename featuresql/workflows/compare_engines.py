"""The same models over the same rows on several engines: the same answers, or a failed test."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import pyarrow as pa
from sqlglot import exp

from featuresql.compiler.asof import column, relation
from featuresql.compiler.compile_project import CompiledProject
from featuresql.compiler.place_relations import SOURCES_SCHEMA, place_relations
from featuresql.compiler.relation_columns import relation_columns
from featuresql.compiler.write_sql import write_query
from featuresql.errors import FeatureSQLError, Location
from featuresql.plan.plan_run import plan_run
from featuresql.plan.select_models import ancestors
from featuresql.ports import Engine, EngineSession
from featuresql.quality.compare_rows import compare_rows
from featuresql.quality.test_report import TestResult, error_result
from featuresql.quality.text_table import MAX_ROWS, text_table
from featuresql.render.rendered import REF_SCHEMA
from featuresql.workflows.workspace import Workspace

SAMPLE_ROWS: Final = 10_000
# Engines add floats in no fixed order.
TOLERANCE: Final = 1e-12
_NAME: Final = "same rows"


@dataclass(frozen=True, slots=True)
class _Built:
    """The rows of models on one engine, or why there are none."""

    rows: Mapping[str, pa.Table]
    errors: Mapping[str, FeatureSQLError]


def compare_engines(
    workspace: Workspace,
    compiled: CompiledProject,
    selected: Sequence[str],
    engines: Sequence[str],
    *,
    sample_rows: int = SAMPLE_ROWS,
) -> list[TestResult]:
    """Build the selected models on each of `engines` over the same samples; compare their rows.

    The first `sample_rows` of each source by its event time are taken. Rows are compared as bags:
    exactly, but floats within one part in 10^12. A result for each model and engine but the first.
    """
    needed = ancestors(compiled.models, selected)
    part = replace(compiled, models={n: m for n, m in compiled.models.items() if n in needed})
    sources = {name for model in part.models.values() for name in model.sources}
    samples = _samples(workspace, part, sources, sample_rows)
    first, *others = [(name, workspace.other_engine(name)) for name in engines]
    expected = _build(part, selected, first[1], samples)
    results = []
    for name, engine in others:
        found = _build(part, selected, engine, samples)
        for model in selected:
            location = Location(part.models[model].path)
            pair = f"{_NAME} on {first[0]} and {name}"
            results.append(_compare(pair, model, location, expected, found))
    return results


def _samples(
    workspace: Workspace, part: CompiledProject, sources: Collection[str], count: int
) -> dict[str, pa.Table]:
    found = {}
    with workspace.engine.session() as session:
        for name in sorted(sources):
            columns, source = part.sources[name], part.project.sources[name]
            selects = [exp.alias_(column(c.name, "rows"), c.name, quoted=True) for c in columns]
            query = exp.select(*selects).from_(relation(SOURCES_SCHEMA, name, "rows"))
            names = [c.name for c in columns if c.type.name not in {"STRUCT", "LIST"}]
            names.sort(key=lambda each: each != source.event_time)
            order = [exp.Ordered(this=column(n, "rows"), nulls_first=True) for n in names]
            query.set("order", exp.Order(expressions=order))
            known = relation_columns(part)
            statement = write_query(query.limit(count), workspace.engine.dialect, known)
            found[name] = session.query(statement, columns=columns).read_all()
    return found


def _build(
    part: CompiledProject,
    selected: Sequence[str],
    engine: Engine,
    samples: Mapping[str, pa.Table],
) -> _Built:
    versions = dict.fromkeys(part.models, "sample")
    plan = plan_run(part, list(part.models), versions, (), dialect=engine.dialect)
    places = {step.model: step.relation for step in plan.steps}
    rows: dict[str, pa.Table] = {}
    errors: dict[str, FeatureSQLError] = {}
    with engine.scratch() as session:
        for name, sample in samples.items():
            session.load(SOURCES_SCHEMA, name, sample)
        for step in plan.steps:
            cause = next((errors[name] for name in step.parents if name in errors), None)
            try:
                if cause is not None:
                    raise cause
                session.execute(step.build)
                session.execute(step.swap)
                if step.model in selected:
                    rows[step.model] = _read(session, part, engine, places, step.model)
            except FeatureSQLError as error:
                errors[step.model] = error
    return _Built(rows, errors)


def _read(
    session: EngineSession,
    part: CompiledProject,
    engine: Engine,
    places: Mapping[str, tuple[str, str]],
    name: str,
) -> pa.Table:
    columns = part.models[name].columns
    selects = [exp.alias_(column(c.name, "rows"), c.name, quoted=True) for c in columns]
    query = exp.select(*selects).from_(relation(REF_SCHEMA, name, "rows"))
    placed = place_relations(query, lambda _schema, model: places[model])
    known = relation_columns(part, others={places[name]: columns})
    statement = write_query(placed, engine.dialect, known)
    return session.query(statement, columns=columns).read_all()


def _compare(
    name: str, model: str, location: Location, expected: _Built, found: _Built
) -> TestResult:
    for side in (expected, found):
        if model in side.errors:
            return error_result(name, "engines", model, location, side.errors[model])
    difference = compare_rows(expected.rows[model], found.rows[model], tolerance=TOLERANCE)
    if difference.is_empty:
        message = f"{found.rows[model].num_rows} rows"
        return TestResult(name, "engines", model, "pass", location, message=message)
    only_first, only_other = difference.missing, difference.unexpected
    return TestResult(
        name,
        "engines",
        model,
        "fail",
        location,
        message=f"{only_first.num_rows} rows are only on the first, "
        f"{only_other.num_rows} only on the other",
        failures=only_first.num_rows + only_other.num_rows,
        rows_shown=_shown(only_first, only_other),
    )


def _shown(first: pa.Table, other: pa.Table) -> str:
    sides = [
        rows.slice(0, MAX_ROWS).add_column(0, "on", pa.array([name] * min(rows.num_rows, MAX_ROWS)))
        for name, rows in (("first", first), ("other", other))
        if rows.num_rows
    ]
    return text_table(pa.concat_tables(sides), max_rows=2 * MAX_ROWS)
