"""Compiled models and what exists already -> the steps of a run."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from sqlglot import exp

from featuresql.compiler.asof import (
    ASOF_SCHEMA,
    HISTORY_SCHEMA,
    ROW,
    VALID_FROM,
    path_query,
    relation,
)
from featuresql.compiler.compile_project import CompiledProject
from featuresql.compiler.draft import CompiledModel
from featuresql.compiler.place_relations import (
    NAMES_SCHEMA,
    SOURCES_SCHEMA,
    Places,
    place_relations,
)
from featuresql.compiler.relation_columns import (
    history_columns,
    path_columns,
    relation_columns,
)
from featuresql.compiler.write_sql import DUCKDB, write_drop
from featuresql.plan.build_intervals import build_intervals
from featuresql.plan.check_queries import count_query, outside_query
from featuresql.plan.find_chunks import ALL, Named, State
from featuresql.plan.steps import BuildStep, RunPlan
from featuresql.plan.stored_rows import numbered_rows, path_of, selected
from featuresql.plan.version_relation import version_relation
from featuresql.plan.writer import Writer
from featuresql.render.rendered import REF_SCHEMA, SOURCE_SCHEMA
from featuresql.spec.model import Column

CHANGED: Final = "its sources have changed"


def plan_run(  # noqa: PLR0913 - a plan depends on all of them
    project: CompiledProject,
    selected: Collection[str],
    versions: Mapping[str, str],
    existing: Collection[tuple[str, str]],
    *,
    dialect: str = DUCKDB,
    full_refresh: bool = False,
    states: Mapping[str, State] = MappingProxyType({}),
    named: Named = ALL,
) -> RunPlan:
    """Return the steps that bring `selected` to `versions`, parents first.

    Parents that were not selected are read in the version that they should have; where it does not
    exist they are built too. `existing` are the engine's relations as (schema, name), `dialect` is
    the engine's. `states` has the incremental models that are built by intervals, and `named` says
    which of these; the other models are built whole.
    """
    homes = {
        name: version_relation(name, states[name].suffix if name in states else versions[name])
        for name in project.models
    }
    needed: dict[str, str] = {}
    for name in reversed(tuple(project.models)):
        model, place = project.models[name], homes[name]
        is_there = place in existing and (model.view is None or path_of(place) in existing)
        is_old = name in states and states[name].digests is not None
        if name in selected:
            changed = "" if is_there and not is_old else "new version" if not is_there else CHANGED
            needed[name] = "full refresh" if full_refresh else changed
        elif (not is_there or is_old) and any(
            needed.get(child) and name in project.models[child].refs for child in project.models
        ):
            needed[name] = "a selected model reads it"

    def places(schema: str, name: str) -> tuple[str, str]:
        if schema == SOURCE_SCHEMA:
            return SOURCES_SCHEMA, name
        return path_of(homes[name]) if schema == ASOF_SCHEMA else homes[name]

    writer = Writer(dialect, relation_columns(project, places))
    steps = []
    for name, model in project.models.items():
        if name not in needed:
            continue
        step = _step(model, places, versions[name], needed[name], writer)
        if name in states:
            step = build_intervals(
                step,
                model,
                states[name],
                named=named,
                places=places,
                writer=writer,
                is_shown=(NAMES_SCHEMA, name) in existing,
            )
        steps.append(step)
    return RunPlan(tuple(steps))


def _step(
    model: CompiledModel, places: Places, version: str, reason: str, writer: Writer
) -> BuildStep:
    place = places(REF_SCHEMA, model.name)
    tree = place_relations(model.tree, places)
    event_time = model.config.event_time if model.view else None
    outside = outside_query(place, event_time, writer.dialect) if event_time else None
    return BuildStep(
        model=model.name,
        path=model.path,
        parents=model.refs,
        kind=model.config.kind,
        action="build" if reason else "keep",
        version=version,
        relation=place,
        columns=model.columns,
        build=_build(model, tree, place, writer),
        swap=_swap(model, place, writer),
        reason=reason or "nothing changed",
        stored=_is_stored(model),
        count=writer.query(count_query(place)),
        outside=writer.query(outside) if outside is not None else None,
        event_time=event_time,
    )


def _is_stored(model: CompiledModel) -> bool:
    return model.view is not None or model.config.materialized in {"table", "incremental"}


def _build(
    model: CompiledModel, tree: exp.Query, place: tuple[str, str], writer: Writer
) -> tuple[str, ...]:
    if model.view is None:
        made = writer.table if _is_stored(model) else writer.view
        return (made(place, tree),)
    numbered = numbered_rows(model, tree)
    path = path_query(model.view, relation(*place))
    keys = [key.name for key in model.view.keys]
    tables = (
        writer.table(place, numbered, [ROW]),
        writer.table(path_of(place), path, [*keys, VALID_FROM]),
    )
    # Without transactions nobody may find the rows of a refresh by the numbers of the old ones.
    return tables if writer.dialect == DUCKDB else (write_drop(path_of(place)), *tables)


def _swap(model: CompiledModel, place: tuple[str, str], writer: Writer) -> tuple[str, ...]:
    def shown(name: tuple[str, str], of: tuple[str, str], columns: Sequence[Column]) -> str:
        query = exp.select(*selected(columns)).from_(relation(*of, alias="rows"))
        return writer.view(name, query)

    names = [shown((NAMES_SCHEMA, model.name), place, model.columns)]
    if model.view is not None:
        history, path = history_columns(model.columns), path_columns(model.view)
        names.append(shown((HISTORY_SCHEMA, model.name), place, history))
        names.append(shown((ASOF_SCHEMA, model.name), path_of(place), path))
    return tuple(names)
