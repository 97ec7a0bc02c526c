"""Flights that are due after an instant."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
from sqlglot import exp

from featuresql.compiler.asof import column, relation, timestamp
from featuresql.compiler.compile_project import CompiledProject
from featuresql.compiler.place_relations import NAMES_SCHEMA
from featuresql.workflows.find_service import find_service
from featuresql.workflows.workspace import Workspace


def read_spine(
    workspace: Workspace, compiled: CompiledProject, service: str, after: datetime, rows: int
) -> pa.Table:
    """Return the first `rows` rows of the service's own spine that are later than `after`."""
    _, plan = find_service(compiled, service)
    instant = column(plan.spine_event_time)
    watermark = timestamp(after.astimezone(UTC).replace(tzinfo=None))
    names = [c.name for c in plan.spine]
    query = (
        exp.select(*[column(name) for name in names])
        .from_(relation(NAMES_SCHEMA, plan.spine_relation[1]))
        .where(exp.GT(this=instant, expression=watermark))
        .order_by(instant, *[column(name) for name in names if name != plan.spine_event_time])
        .limit(rows)
    )
    with workspace.engine.session() as session:
        return session.query(query.sql("duckdb")).read_all()
