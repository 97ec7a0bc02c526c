"""show: some rows of a model, as it is built."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
from sqlglot import exp

from featuresql.compiler.asof import column, relation, timestamp
from featuresql.compiler.compile_project import CompiledProject
from featuresql.compiler.draft import CompiledModel, ServicePlan
from featuresql.compiler.place_relations import place_relations
from featuresql.compiler.relation_columns import relation_columns
from featuresql.compiler.write_sql import write_query
from featuresql.errors import PlanError, UsageError, did_you_mean
from featuresql.ports import EngineSession
from featuresql.render.rendered import REF_SCHEMA
from featuresql.spec.model import Column
from featuresql.workflows.training_set import check_model_built, training_set
from featuresql.workflows.workspace import Workspace


def show_rows(
    workspace: Workspace,
    compiled: CompiledProject,
    name: str,
    *,
    limit: int,
    at: datetime | None = None,
) -> pa.Table:
    """Return up to `limit` rows of the model, the newest first where it has an event time.

    With `at`, in UTC, rows of a later event time are left out; the rows of a service are then as
    they were known at `at`. Raises `PlanError` for an unknown model, `UsageError` for `at` and a
    model without an event time, `RequestError` where a model is not built.
    """
    model = compiled.models.get(name)
    if model is None:
        hint = did_you_mean(name, compiled.models)
        raise PlanError(f"there is no model '{name}'", code="unknown-model", hint=hint)
    if model.service is not None:
        return _service_rows(workspace, compiled, model.service, limit, at)
    if at is not None and model.config.event_time is None:
        message = f"'{name}' has no event time, so it is the same at any instant"
        raise UsageError(message, code="no-event-time", hint="leave out --at")
    with workspace.engine.session() as session:
        check_model_built(compiled, name, session, session.relations(), "show")
        query = _newest(model, limit, at)
        return _read(workspace, compiled, session, query, model.columns)


def _service_rows(
    workspace: Workspace,
    compiled: CompiledProject,
    plan: ServicePlan,
    limit: int,
    at: datetime | None,
) -> pa.Table:
    """Return the training set over the newest rows of the service's own spine."""
    kind, name = plan.spine_relation
    with workspace.engine.session() as session:
        if kind == REF_SCHEMA:
            check_model_built(compiled, name, session, session.relations(), f"'{plan.name}'")
        query = _rows(plan.spine_relation, plan.spine, plan.spine_event_time, limit, at)
        spine = _read(workspace, compiled, session, query, plan.spine)
    with training_set(workspace, compiled, plan.name, spine, at) as rows:
        return rows.read_all()


def _newest(model: CompiledModel, limit: int, at: datetime | None) -> exp.Select:
    return _rows((REF_SCHEMA, model.name), model.columns, model.config.event_time, limit, at)


def _rows(
    place: tuple[str, str],
    columns: tuple[Column, ...],
    event_time: str | None,
    limit: int,
    at: datetime | None,
) -> exp.Select:
    query = exp.select(*[exp.alias_(column(c.name, "rows"), c.name, quoted=True) for c in columns])
    query = query.from_(relation(*place, alias="rows"))
    if event_time is not None and at is not None:
        until = timestamp(at.astimezone(UTC).replace(tzinfo=None))
        query = query.where(exp.LTE(this=column(event_time, "rows"), expression=until))
    first = [event_time] if event_time is not None else []
    rest = [c.name for c in columns if c.name != event_time]
    order = [exp.Ordered(this=column(n, "rows"), desc=True, nulls_first=False) for n in first]
    order += [exp.Ordered(this=column(n, "rows"), nulls_first=True) for n in rest]
    query.set("order", exp.Order(expressions=order))
    return query.limit(limit)


def _read(
    workspace: Workspace,
    compiled: CompiledProject,
    session: EngineSession,
    query: exp.Select,
    columns: tuple[Column, ...],
) -> pa.Table:
    dialect = workspace.engine.dialect
    statement = write_query(place_relations(query), dialect, relation_columns(compiled))
    return session.query(statement, columns=columns).read_all()
