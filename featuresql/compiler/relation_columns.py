"""The columns of every relation that a project's queries read, at their places."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from featuresql.compiler.asof import ASOF_SCHEMA, EVENT_TS, HISTORY_SCHEMA, ROW, VALID_FROM
from featuresql.compiler.compile_project import CompiledProject
from featuresql.compiler.draft import CompiledModel
from featuresql.compiler.place_relations import Places, by_name
from featuresql.compiler.typing.typer import RelationColumns
from featuresql.render.rendered import REF_SCHEMA, SOURCE_SCHEMA
from featuresql.spec.column_type import BIGINT, TIMESTAMP, from_arrow
from featuresql.spec.model import Column, FeatureView

Known = Mapping[tuple[str, str], tuple[Column, ...]]


def relation_columns(
    compiled: CompiledProject, places: Places = by_name, others: Known | None = None
) -> RelationColumns:
    """Return what tells the columns of a relation by (schema, name), None where there is none.

    It knows sources, models, and the history and as-of path of views, under their logical names
    and at their `places`, and `others`.
    """
    known: dict[tuple[str, str], tuple[Column, ...]] = {}
    for name, columns in compiled.sources.items():
        known[SOURCE_SCHEMA, name] = known[places(SOURCE_SCHEMA, name)] = columns
    for model in compiled.models.values():
        logical = _of_model(model)
        known |= {places(*key): columns for key, columns in logical.items()}
        known |= logical
    known |= others or {}
    return lambda schema, name: known.get((schema, name))


def history_columns(columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """Return the columns of a view's history: its own and the number of the row."""
    return Column(ROW, BIGINT), *columns


def path_columns(view: FeatureView) -> tuple[Column, ...]:
    """Return the columns of a view's as-of path."""
    instants = (Column(VALID_FROM, TIMESTAMP), Column(EVENT_TS, TIMESTAMP))
    return *view.keys, *instants, Column(ROW, BIGINT)


def table_columns(rows: pa.Table) -> tuple[Column, ...]:
    """Return the columns of an Arrow table that an engine is given."""
    return tuple(Column(field.name, from_arrow(field.type)) for field in rows.schema)


def _of_model(model: CompiledModel) -> Known:
    key = (REF_SCHEMA, model.name)
    if model.view is None:
        return {key: model.columns}
    return {
        key: model.columns,
        (HISTORY_SCHEMA, model.name): history_columns(model.columns),
        (ASOF_SCHEMA, model.name): path_columns(model.view),
    }
