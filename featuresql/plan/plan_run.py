"""Compiled models and what exists already -> the steps of a run."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlglot import exp

from featuresql.compiler.asof import (
    ASOF_SCHEMA,
    ASOF_SUFFIX,
    HISTORY_SCHEMA,
    ROW,
    column,
    path_query,
    relation,
)
from featuresql.compiler.compile_project import CompiledProject
from featuresql.compiler.draft import CompiledModel
from featuresql.compiler.place_relations import NAMES_SCHEMA, SOURCES_SCHEMA, place_relations
from featuresql.plan.steps import BuildStep, RunPlan

VERSIONS_SCHEMA = "versions"


def plan_run(
    project: CompiledProject,
    selected: Collection[str],
    versions: Mapping[str, str],
    existing: Collection[tuple[str, str]],
    *,
    full_refresh: bool = False,
) -> RunPlan:
    """Return the steps that bring `selected` to `versions`, parents first.

    Parents that were not selected are read in the version that they should have; where it does not
    exist they are built too. `existing` are the engine's relations as (schema, name).
    """
    needed: dict[str, str] = {}
    for name in reversed(tuple(project.models)):
        model = project.models[name]
        place = version_relation(name, versions[name])
        if name in selected:
            missing = place not in existing or (model.view and _path_of(place) not in existing)
            needed[name] = "full refresh" if full_refresh else "new version" if missing else ""
        elif place not in existing and any(
            needed.get(child) and name in project.models[child].refs for child in project.models
        ):
            needed[name] = "a selected model reads it"
    steps = [
        _step(project.models[name], versions, needed[name])
        for name in project.models
        if name in needed
    ]
    return RunPlan(tuple(steps))


def version_relation(model: str, version: str) -> tuple[str, str]:
    """Return (schema, name) of the relation that holds a version of a model."""
    return VERSIONS_SCHEMA, f"{model}__{version}"


def _path_of(place: tuple[str, str]) -> tuple[str, str]:
    return place[0], place[1] + ASOF_SUFFIX


def _step(model: CompiledModel, versions: Mapping[str, str], reason: str) -> BuildStep:
    place = version_relation(model.name, versions[model.name])

    def places(schema: str, name: str) -> tuple[str, str]:
        if schema == "source":
            return SOURCES_SCHEMA, name
        version = version_relation(name, versions[name])
        return _path_of(version) if schema == ASOF_SCHEMA else version

    tree = place_relations(model.tree, places)
    return BuildStep(
        model=model.name,
        path=model.path,
        parents=model.refs,
        kind=model.config.kind,
        action="build" if reason else "keep",
        version=versions[model.name],
        relation=place,
        columns=model.columns,
        build=tuple(s.sql("duckdb") for s in _build(model, tree, place)),
        swap=tuple(s.sql("duckdb") for s in _swap(model, place)),
        reason=reason or "nothing changed",
        stored=_is_stored(model),
        event_time=model.config.event_time if model.view else None,
    )


def _is_stored(model: CompiledModel) -> bool:
    return model.view is not None or model.config.materialized in {"table", "incremental"}


def _build(model: CompiledModel, tree: exp.Query, place: tuple[str, str]) -> list[exp.Create]:
    if model.view is None:
        return [_create("TABLE" if _is_stored(model) else "VIEW", place, tree)]
    numbered = exp.select(
        exp.alias_(exp.Window(this=exp.RowNumber()), ROW, quoted=True),
        *[column(c.name, "rows") for c in model.columns],
    ).from_(exp.alias_(tree.subquery(), "rows", table=True, quoted=True))
    path = path_query(model.view, relation(*place))
    return [_create("TABLE", place, numbered), _create("TABLE", _path_of(place), path)]


def _swap(model: CompiledModel, place: tuple[str, str]) -> list[exp.Create]:
    shown = exp.select(*[column(c.name) for c in model.columns]).from_(relation(*place))
    statements = [_create("VIEW", (NAMES_SCHEMA, model.name), shown)]
    if model.view is not None:
        whole = exp.select("*")
        statements += [
            _create("VIEW", (HISTORY_SCHEMA, model.name), whole.from_(relation(*place))),
            _create("VIEW", (ASOF_SCHEMA, model.name), whole.from_(relation(*_path_of(place)))),
        ]
    return statements


def _create(kind: str, place: tuple[str, str], query: exp.Query) -> exp.Create:
    return exp.Create(this=relation(*place), kind=kind, replace=True, expression=query)
