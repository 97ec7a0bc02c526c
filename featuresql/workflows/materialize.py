"""materialize: the newest visible row of each entity goes into the online store."""

from __future__ import annotations

from datetime import UTC, datetime
from time import perf_counter

from featuresql.compiler.asof import ASOF_SCHEMA, HISTORY_SCHEMA, latest_query, relation
from featuresql.compiler.compile_project import CompiledProject
from featuresql.compiler.place_relations import place_relations
from featuresql.compiler.relation_columns import relation_columns
from featuresql.compiler.write_sql import write_query
from featuresql.errors import RequestError, UsageError
from featuresql.plan.fingerprint import fingerprints
from featuresql.plan.select_models import select_models
from featuresql.ports import OnlineVersion, Progress
from featuresql.spec.column_type import TIMESTAMP
from featuresql.spec.instant import to_us
from featuresql.spec.model import Column, FeatureView
from featuresql.workflows.compile_models import compile_models
from featuresql.workflows.current_places import current_places
from featuresql.workflows.workspace import Workspace


def materialize(
    workspace: Workspace, select: str | None = None, until: datetime | None = None
) -> tuple[OnlineVersion, ...]:
    """Write the selected feature views, as they stand at `until` in UTC, or now.

    Each view is a new online version that takes the place of the old one when it is complete.
    Raises `RequestError` with code `not-built` where a view's version in the engine is not the
    project's.
    """
    compiled = compile_models(workspace)
    selected = select_models(compiled, select)
    views = [v for name in selected if (v := compiled.models[name].view) is not None]
    if not views:
        raise UsageError(
            "no feature view is selected", code="selection", hint="try --select kind:feature_view"
        )
    watermark = until if until is not None else workspace.clock()
    done = []
    for index, view in enumerate(views, 1):
        workspace.report(Progress("materialize", view.name, "started", index, len(views)))
        began = perf_counter()
        version = _write(workspace, compiled, view, watermark)
        workspace.registry().record_online_version(version, workspace.clock())
        seconds = perf_counter() - began
        workspace.report(
            Progress("materialize", view.name, "done", index, len(views), seconds, version.rows)
        )
        done.append(version)
    return tuple(done)


def _write(
    workspace: Workspace, compiled: CompiledProject, view: FeatureView, watermark: datetime
) -> OnlineVersion:
    built = workspace.registry().model_versions().get(view.name)
    if built is None or built.fingerprint != fingerprints(compiled)[view.name]:
        state = "is not built yet" if built is None else "has changed since it was built"
        hint = "run `featuresql run` first"
        raise RequestError(f"the view '{view.name}' {state}", code="not-built", hint=hint)
    query = latest_query(
        view,
        relation(ASOF_SCHEMA, view.name),
        relation(HISTORY_SCHEMA, view.name),
        watermark.astimezone(UTC).replace(tzinfo=None),
    )
    instants = [Column(name, TIMESTAMP) for name in ("event_ts", "available_at")]
    with workspace.engine.session() as session:
        places = current_places({view.name: built}, session.relations())
        statement = write_query(
            place_relations(query, places),
            workspace.engine.dialect,
            relation_columns(compiled, places),
        )
        rows = session.query(statement, columns=(*view.keys, *instants, *view.features))
        return workspace.online().write(view, built.version, to_us(watermark), rows)
