"""lookup: the online vectors of a service, by the same rule as offline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from featuresql.compiler.asof import visible
from featuresql.compiler.draft import CompiledModel, ServicePlan, ViewJoin
from featuresql.compiler.training_set_query import online_inputs, online_query
from featuresql.errors import InternalError, OnlineStoreError, RequestError
from featuresql.ports import Evaluator, OnlineStore, ServiceSchema, ViewAnswer, ViewLookup
from featuresql.spec.column_type import TIMESTAMP_ARROW
from featuresql.spec.model import EVERYBODY
from featuresql.wire.conform import conform
from featuresql.workflows.service_schema import service_schema

REQUEST = "the request"


@dataclass(frozen=True, slots=True)
class PreparedService:
    """A service made ready to be asked: what each view is read for, and the statement to evaluate.

    `reads` gives the features to read for each alias, `inputs` the (alias, column) pairs that
    `statement` needs, None where every output comes straight from a view or the request.
    """

    plan: ServicePlan
    schema: ServiceSchema
    reads: Mapping[str, tuple[str, ...]]
    inputs: tuple[tuple[str, str], ...]
    statement: str | None


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: `rows`, at `at` or at their own instants, or else at `now`."""

    rows: pa.RecordBatch
    now: datetime
    at: datetime | None = None
    include_metadata: bool = False


def prepare_service(model: CompiledModel) -> PreparedService:
    """Work out everything about a service that does not depend on a request."""
    plan = model.service
    if plan is None:
        raise InternalError(f"'{model.name}' is no service")
    query = online_query(plan)
    inputs = online_inputs(plan)
    wanted = set(inputs) | {output.origin for output in plan.outputs if output.origin}
    reads = {
        join.alias: tuple(f.name for f in join.view.features if (join.alias, f.name) in wanted)
        for join in plan.joins
    }
    statement = query.sql("duckdb") if query is not None else None
    return PreparedService(plan, service_schema(model, plan), reads, inputs, statement)


def lookup(
    prepared: PreparedService, store: OnlineStore, evaluator: Evaluator, question: Question
) -> pa.RecordBatch:
    """Return one row for each of `rows`, in their order: the service's columns without labels.

    The instant is `at`, or the rows' own event-time column, or else `now`. A view's values are NULL
    where no row of it is visible. With `include_metadata` three columns follow for each view,
    `ALIAS__event_ts`, `ALIAS__available_at` and `ALIAS__version`.

    Raises `RequestError` where the rows do not fit, `OnlineStoreError` where a view was never
    materialized. It costs one read of the store, whatever the number of views, and one statement of
    DuckDB's where the service has expressions.
    """
    request, instants = _request(prepared, question)
    plan = prepared.plan
    lookups = [
        ViewLookup(join.view.name, _keys(join, request), prepared.reads[join.alias])
        for join in plan.joins
    ]
    answers = store.read(lookups)
    cells: dict[tuple[str, str], pa.Array] = {
        (plan.spine_alias, name): request.column(name) for name in request.schema.names
    }
    cells[plan.spine_alias, plan.spine_event_time] = instants
    metadata: dict[str, pa.Array] | None = {} if question.include_metadata else None
    for join, asked, answer in zip(plan.joins, lookups, answers, strict=True):
        cells |= _view_cells(join, asked, answer, instants, metadata)
    columns = _outputs(prepared, evaluator, cells, request.num_rows)
    if metadata is None:
        return pa.RecordBatch.from_arrays(columns, schema=prepared.schema.online)
    names = [*prepared.schema.online.names, *metadata]
    return pa.RecordBatch.from_arrays([*columns, *metadata.values()], names=names)


def _request(prepared: PreparedService, question: Question) -> tuple[pa.RecordBatch, pa.Array]:
    name = prepared.plan.spine_event_time
    schema = prepared.schema.request
    if name not in schema.names:
        schema = schema.append(pa.field(name, TIMESTAMP_ARROW))
    request = conform(question.rows, schema, what=REQUEST, optional=frozenset({name}))
    brought = name in request.schema.names
    if brought and question.at is not None:
        raise RequestError(
            f"the request has its own instants in '{name}', and `at` as well",
            code="two-instants",
            hint="give one of the two",
        )
    if brought:
        return request, request.column(name)
    instant = pa.scalar(question.at or question.now, TIMESTAMP_ARROW)
    return request, pa.repeat(instant, request.num_rows)


def _keys(join: ViewJoin, request: pa.RecordBatch) -> pa.RecordBatch:
    arrays = {key: request.column(value.name) for key, value in join.keys}
    arrays = arrays or {EVERYBODY.name: pa.repeat(True, request.num_rows)}
    return pa.record_batch({key.name: arrays[key.name] for key in join.view.keys})


def _view_cells(
    join: ViewJoin,
    asked: ViewLookup,
    answer: ViewAnswer,
    instants: pa.Array,
    metadata: dict[str, pa.Array] | None,
) -> dict[tuple[str, str], pa.Array]:
    rows = answer.rows
    _check_version(join, asked, answer)
    seen = visible(rows.column("event_ts"), rows.column("available_at"), instants, join.view.ttl_us)
    view = join.view
    arrays = dict(zip(rows.schema.names, rows.columns, strict=True))
    arrays[view.event_time] = arrays["event_ts"]
    arrays |= zip(asked.keys.schema.names, asked.keys.columns, strict=True)
    if view.available_at is not None:
        arrays[view.available_at] = arrays["available_at"]
    if not pc.all(seen, min_count=0).as_py():
        arrays = {name: pc.if_else(seen, array, None) for name, array in arrays.items()}
    if metadata is not None:
        metadata[f"{join.alias}__event_ts"] = arrays["event_ts"]
        metadata[f"{join.alias}__available_at"] = arrays["available_at"]
        version = pa.repeat(pa.scalar(answer.version.version), len(instants))
        metadata[f"{join.alias}__version"] = pc.if_else(seen, version, None)
    return {(join.alias, name): array for name, array in arrays.items()}


def _check_version(join: ViewJoin, asked: ViewLookup, answer: ViewAnswer) -> None:
    """Refuse a stored version whose features are not of the types that the service expects."""
    stored = answer.version.view.features
    if stored == join.view.features:
        return
    types = {feature.name: feature.type for feature in stored}
    for feature in join.view.features:
        if feature.name in asked.columns and types.get(feature.name) != feature.type:
            raise OnlineStoreError(
                f"the online version of '{join.view.name}' has '{feature.name}' as "
                f"{types.get(feature.name)}, the service expects {feature.type}",
                code="stale-version",
                hint="run `featuresql run` and `featuresql materialize`",
            )


def _outputs(
    prepared: PreparedService,
    evaluator: Evaluator,
    cells: Mapping[tuple[str, str], pa.Array],
    rows: int,
) -> list[pa.Array]:
    made: dict[str, pa.Array] = {}
    if prepared.statement is not None:
        inputs = {f"{alias}.{name}": cells[alias, name] for alias, name in prepared.inputs}
        inputs = inputs or {"": pa.nulls(rows, pa.bool_())}
        result = evaluator.evaluate(prepared.statement, pa.RecordBatch.from_pydict(inputs))
        made = dict(zip(result.schema.names, result.columns, strict=True))
    columns = []
    for output, field in zip(prepared.plan.outputs, prepared.schema.online, strict=True):
        if output.origin is not None:
            columns.append(cells[output.origin])
        else:
            columns.append(made[output.name].cast(field.type))
    return columns
