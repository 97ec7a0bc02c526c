"""Compiled models and what exists already -> the steps of a run."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from featuresql.compiler.asof import (
    ASOF_SCHEMA,
    ASOF_SUFFIX,
    HISTORY_SCHEMA,
    ROW,
    VALID_FROM,
    column,
    path_query,
    relation,
)
from featuresql.compiler.clickhouse.windowed import ANY_ORDER
from featuresql.compiler.compile_project import CompiledProject
from featuresql.compiler.draft import CompiledModel
from featuresql.compiler.place_relations import NAMES_SCHEMA, SOURCES_SCHEMA, place_relations
from featuresql.compiler.relation_columns import (
    history_columns,
    path_columns,
    relation_columns,
)
from featuresql.compiler.typing.typer import RelationColumns
from featuresql.compiler.write_sql import (
    DUCKDB,
    write_drop,
    write_query,
    write_table,
    write_view,
)
from featuresql.plan.check_queries import count_query, outside_query
from featuresql.plan.steps import BuildStep, RunPlan
from featuresql.spec.model import Column

VERSIONS_SCHEMA = "versions"


def plan_run(  # noqa: PLR0913 - a plan depends on all of them
    project: CompiledProject,
    selected: Collection[str],
    versions: Mapping[str, str],
    existing: Collection[tuple[str, str]],
    *,
    dialect: str = DUCKDB,
    full_refresh: bool = False,
) -> RunPlan:
    """Return the steps that bring `selected` to `versions`, parents first.

    Parents that were not selected are read in the version that they should have; where it does not
    exist they are built too. `existing` are the engine's relations as (schema, name), `dialect` is
    the engine's.
    """
    needed: dict[str, str] = {}
    for name in reversed(tuple(project.models)):
        model = project.models[name]
        place = version_relation(name, versions[name])
        if name in selected:
            missing = place not in existing or (model.view and path_of(place) not in existing)
            needed[name] = "full refresh" if full_refresh else "new version" if missing else ""
        elif place not in existing and any(
            needed.get(child) and name in project.models[child].refs for child in project.models
        ):
            needed[name] = "a selected model reads it"

    def places(schema: str, name: str) -> tuple[str, str]:
        if schema == "source":
            return SOURCES_SCHEMA, name
        version = version_relation(name, versions[name])
        return path_of(version) if schema == ASOF_SCHEMA else version

    writer = _Writer(dialect, relation_columns(project, places))
    steps = []
    for name, model in project.models.items():
        if name in needed:
            tree = place_relations(model.tree, places)
            steps.append(_step(model, tree, versions[name], needed[name], writer))
    return RunPlan(tuple(steps))


def version_relation(model: str, version: str) -> tuple[str, str]:
    """Return (schema, name) of the relation that holds a version of a model."""
    return VERSIONS_SCHEMA, f"{model}__{version}"


def path_of(place: tuple[str, str]) -> tuple[str, str]:
    """Return where the as-of path of a view's version is."""
    return place[0], place[1] + ASOF_SUFFIX


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes statements for one engine over relations at their places."""

    dialect: str
    columns_of: RelationColumns

    def query(self, tree: exp.Query) -> str:
        return write_query(tree, self.dialect, self.columns_of)

    def table(self, place: tuple[str, str], tree: exp.Query, order_by: Sequence[str] = ()) -> str:
        return write_table(place, tree, self.dialect, self.columns_of, order_by)

    def view(self, place: tuple[str, str], tree: exp.Query) -> str:
        return write_view(place, tree, self.dialect, self.columns_of)


def _step(
    model: CompiledModel, tree: exp.Query, version: str, reason: str, writer: _Writer
) -> BuildStep:
    place = version_relation(model.name, version)
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
    model: CompiledModel, tree: exp.Query, place: tuple[str, str], writer: _Writer
) -> tuple[str, ...]:
    if model.view is None:
        made = writer.table if _is_stored(model) else writer.view
        return (made(place, tree),)
    number = exp.Window(this=exp.RowNumber())
    # Which row has which number does not matter, if only each has its own.
    number.meta[ANY_ORDER] = True
    numbered = exp.select(
        exp.alias_(number, ROW, quoted=True),
        *_selected(model.columns),
    ).from_(exp.alias_(tree.subquery(), "rows", table=True, quoted=True))
    path = path_query(model.view, relation(*place))
    keys = [key.name for key in model.view.keys]
    tables = (
        writer.table(place, numbered, [ROW]),
        writer.table(path_of(place), path, [*keys, VALID_FROM]),
    )
    # Without transactions nobody may find the rows of a refresh by the numbers of the old ones.
    return tables if writer.dialect == DUCKDB else (write_drop(path_of(place)), *tables)


def _swap(model: CompiledModel, place: tuple[str, str], writer: _Writer) -> tuple[str, ...]:
    def shown(name: tuple[str, str], of: tuple[str, str], columns: Sequence[Column]) -> str:
        query = exp.select(*_selected(columns)).from_(relation(*of, alias="rows"))
        return writer.view(name, query)

    names = [shown((NAMES_SCHEMA, model.name), place, model.columns)]
    if model.view is not None:
        history, path = history_columns(model.columns), path_columns(model.view)
        names.append(shown((HISTORY_SCHEMA, model.name), place, history))
        names.append(shown((ASOF_SCHEMA, model.name), path_of(place), path))
    return tuple(names)


def _selected(columns: Sequence[Column]) -> list[exp.Expr]:
    return [exp.alias_(column(c.name, "rows"), c.name, quoted=True) for c in columns]
