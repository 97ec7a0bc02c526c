"""training-set: one row for each spine row, each value as it was visible then."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import pyarrow as pa

from featuresql.compiler.compile_project import CompiledProject
from featuresql.compiler.draft import ServicePlan
from featuresql.compiler.place_relations import place_relations
from featuresql.compiler.relation_columns import relation_columns, table_columns
from featuresql.compiler.training_set_query import POSITION, SPINE_INPUT, training_set_query
from featuresql.compiler.write_sql import write_query
from featuresql.errors import EngineError, RequestError
from featuresql.ports import EngineSession
from featuresql.spec.model import Column
from featuresql.wire.conform import conform
from featuresql.workflows.current_places import current_places
from featuresql.workflows.find_service import find_service
from featuresql.workflows.service_schema import arrow_schema
from featuresql.workflows.workspace import Workspace

SPINE = "the spine"
# Up to here a semi-join of the views with the spine costs less than it saves of the search's sort.
PRUNING_SPINE_ROWS: Final = 100_000


@dataclass(frozen=True, slots=True)
class TrainingSetPlan:
    """The statement of a training set, with what it is given. `is_pruned` is for showing."""

    statement: str
    inputs: Mapping[str, pa.Table]
    columns: tuple[Column, ...]
    is_pruned: bool


@contextmanager
def training_set(
    workspace: Workspace,
    compiled: CompiledProject,
    service: str,
    spine: pa.Table | None = None,
    known_at: datetime | None = None,
) -> Iterator[pa.RecordBatchReader]:
    """Open the training set as a stream of batches; the engine is held until it is closed.

    `spine` may lack the labels, which are NULL then, and may carry the other columns of the
    service's own spine. `known_at` is UTC. Raises `RequestError` where the spine does not fit or a
    view that the service reads was not built.
    """
    with workspace.engine.session() as session:
        plan = plan_training_set(
            workspace, compiled, session, service, spine=spine, known_at=known_at
        )
        yield session.query(plan.statement, plan.inputs, plan.columns)


def plan_training_set(  # noqa: PLR0913 - a plan depends on all of them
    workspace: Workspace,
    compiled: CompiledProject,
    session: EngineSession,
    service: str,
    *,
    spine: pa.Table | None = None,
    known_at: datetime | None = None,
) -> TrainingSetPlan:
    """Return what `training_set` runs, see there."""
    model, plan = find_service(compiled, service)
    known = known_at.replace(tzinfo=None) if known_at is not None else None
    inputs = {} if spine is None else {SPINE_INPUT: conform_spine(compiled, plan, spine)}
    is_pruned = spine is not None and spine.num_rows <= PRUNING_SPINE_ROWS
    query = training_set_query(
        model, brought_spine=spine is not None, known_at=known, is_pruned=is_pruned
    )
    brought = {("", name): table_columns(rows) for name, rows in inputs.items()}
    existing = check_built(compiled, service, session)
    places = current_places(workspace.registry().model_versions(), existing)
    statement = write_query(
        place_relations(query, places),
        workspace.engine.dialect,
        relation_columns(compiled, places, brought),
    )
    return TrainingSetPlan(statement, inputs, model.columns, is_pruned)


def conform_spine(compiled: CompiledProject, plan: ServicePlan, spine: pa.Table) -> pa.Table:
    """Return the spine with exactly the columns that the service reads, and its rows numbered.

    Raises `RequestError` for what is missing, unknown or of another type.
    """
    kind, name = plan.spine_relation
    columns = compiled.models[name].columns if kind == "ref" else compiled.sources[name]
    whole = arrow_schema(columns)
    read = {column.name for column in plan.spine}
    optional = frozenset(whole.names) - (read - plan.label_columns)
    given = conform(spine, whole, what=SPINE, optional=optional)
    arrays = {
        column.name: given.column(column.name)
        if column.name in given.schema.names
        else pa.nulls(given.num_rows, column.type.arrow)
        for column in plan.spine
    }
    arrays[POSITION] = pa.array(np.arange(given.num_rows, dtype=np.int64))
    return pa.table(arrays)


def check_built(
    compiled: CompiledProject, service: str, session: EngineSession
) -> frozenset[tuple[str, str]]:
    """Check that all that the service reads is built, with the columns that it is read for.

    Returns the engine's relations. Raises `RequestError` with code `not-built`.
    """
    existing = session.relations()
    for name in compiled.models[service].refs:
        check_model_built(compiled, name, session, existing, f"'{service}'")
    return existing


def check_model_built(
    compiled: CompiledProject,
    name: str,
    session: EngineSession,
    existing: frozenset[tuple[str, str]],
    reader: str,
) -> None:
    """Check that a model is built as it is read. Raises `RequestError` with code `not-built`."""
    made = {}
    if ("main", name) in existing:
        try:
            made = {c.name: c.type for c in session.columns("main", name)}
        except EngineError:
            made = {}
    if made != {c.name: c.type for c in compiled.models[name].columns}:
        state = "is built from an earlier text" if made else "is not built yet"
        raise RequestError(
            f"'{name}', which {reader} reads, {state}",
            code="not-built",
            hint="run `featuresql run` first",
        )
