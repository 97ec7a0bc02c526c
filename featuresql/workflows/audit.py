"""audit: what is online, beside what the engine answers for the same instant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from sqlglot import exp

from featuresql.compiler.asof import ASOF_SCHEMA, VALID_FROM, column, relation, timestamp, visible
from featuresql.compiler.compile_project import CompiledProject
from featuresql.compiler.place_relations import place_relations
from featuresql.compiler.relation_columns import relation_columns
from featuresql.compiler.write_sql import write_query
from featuresql.errors import RequestError
from featuresql.plan.select_models import select_models
from featuresql.ports import ModelVersion, OnlineVersion, Progress, ViewLookup
from featuresql.spec.instant import from_us
from featuresql.spec.model import EVERYBODY, FeatureView
from featuresql.workflows.compile_models import compile_models
from featuresql.workflows.current_places import current_places
from featuresql.workflows.get_features import get_features
from featuresql.workflows.workspace import Workspace

SAMPLE_KEYS = 1_000
_INSTANTS = ("event_ts", "available_at")


@dataclass(frozen=True, slots=True)
class Difference:
    """A value that is not the same online and in the engine; None is NULL. `cause` is likely."""

    view: str
    keys: Mapping[str, object]
    column: str
    online: object
    offline: object
    cause: str


@dataclass(frozen=True, slots=True)
class AuditedView:
    """How many entities of a view were compared, at which instant, and what differs."""

    view: str
    watermark_us: int
    keys: int
    values: int
    differences: tuple[Difference, ...]


def audit(
    workspace: Workspace,
    select: str | None = None,
    *,
    sample_keys: int = SAMPLE_KEYS,
    seed: int = 0,
) -> tuple[AuditedView, ...]:
    """Compare sampled entities of the selected views that are online, to the bit.

    The instant is that until which a view was materialized: there the online answer has to be the
    engine's. Entities are drawn by `seed` among those that the engine has a row of. Raises
    `RequestError` with code `not-materialized` where no selected view is online.
    """
    compiled = compile_models(workspace)
    selected = select_models(compiled, select)
    online = workspace.online().current()
    views = [v for n in selected if (v := compiled.models[n].view) is not None and n in online]
    if not views:
        hint = "run `featuresql materialize` first"
        raise RequestError("no selected view is online", code="not-materialized", hint=hint)
    built = workspace.registry().model_versions()
    audited = []
    for index, view in enumerate(views, 1):
        place = Progress("audit", view.name, "started", index, len(views))
        workspace.report(place)
        version = online[view.name]
        keys = _sample(workspace, compiled, view, version, sample_keys, seed)
        here, there = (
            _online(workspace, view, version, keys),
            _offline(workspace, compiled, view, version, keys),
        )
        cause = _cause(version, built.get(view.name))
        found = tuple(_differences(view, keys, here, there, cause))
        values = keys.num_rows * (len(view.features) + len(_INSTANTS))
        audited.append(AuditedView(view.name, version.watermark_us, keys.num_rows, values, found))
    return tuple(audited)


def _sample(  # noqa: PLR0913, PLR0917 - what a sample depends on
    workspace: Workspace,
    compiled: CompiledProject,
    view: FeatureView,
    version: OnlineVersion,
    count: int,
    seed: int,
) -> pa.Table:
    """Return keys that had a row at the watermark, in the engine's own order."""
    names = [key.name for key in view.keys]
    watermark = from_us(version.watermark_us).replace(tzinfo=None)
    until = exp.LTE(this=column(VALID_FROM, "p"), expression=timestamp(watermark))
    query = exp.select(*[exp.alias_(column(n, "p"), n, quoted=True) for n in names]).distinct()
    query = query.from_(relation(ASOF_SCHEMA, view.name, "p")).where(until)
    order = [exp.Ordered(this=column(n, "p"), nulls_first=True) for n in names]
    query.set("order", exp.Order(expressions=order))
    with workspace.engine.session() as session:
        built = workspace.registry().model_versions()
        places = current_places(built, session.relations())
        statement = write_query(
            place_relations(query, places),
            workspace.engine.dialect,
            relation_columns(compiled, places),
        )
        known = session.query(statement, columns=view.keys).read_all()
    random = np.random.default_rng(seed)
    chosen = random.choice(known.num_rows, min(count, known.num_rows), replace=False)
    return known.take(pa.array(np.sort(chosen)))


def _online(
    workspace: Workspace, view: FeatureView, version: OnlineVersion, keys: pa.Table
) -> pa.Table:
    """Return the rows that the store answers at the watermark."""
    batch = keys.combine_chunks().to_batches()
    names = tuple(feature.name for feature in view.features)
    if not batch:
        return pa.table({name: [] for name in (*_INSTANTS, *names)})
    (answer,) = workspace.online().read([ViewLookup(view.name, batch[0], names)])
    instants = pa.array([version.watermark_us] * keys.num_rows).cast(pa.timestamp("us", "UTC"))
    seen = visible(answer.rows["event_ts"], answer.rows["available_at"], instants, view.ttl_us)
    rows = pa.Table.from_batches([answer.rows])
    hidden = pa.compute.if_else(seen, pa.array(range(rows.num_rows)), None)
    return rows.take(hidden)


def _offline(
    workspace: Workspace,
    compiled: CompiledProject,
    view: FeatureView,
    version: OnlineVersion,
    keys: pa.Table,
) -> pa.Table:
    """Return what the engine answers at the watermark."""
    names = [f"{view.name}.{feature.name}" for feature in view.features]
    ids = keys.select([key.name for key in view.named_keys])
    if not view.named_keys:
        ids = keys
    at = from_us(version.watermark_us)
    rows = get_features(workspace, compiled, ids, names, at, include_metadata=True)
    columns = [*(f"{view.name}__{part}" for part in _INSTANTS), *names]
    own = [*_INSTANTS, *(feature.name for feature in view.features)]
    return rows.select(columns).rename_columns(own)


def _cause(online: OnlineVersion, built: ModelVersion | None) -> str:
    if built is None:
        return "the view is not built on this target any more"
    if built.version != online.version:
        return "the view was built again since it was materialized: materialize it again"
    return "the store does not hold what was written: materialize it again"


def _differences(
    view: FeatureView, keys: pa.Table, here: pa.Table, there: pa.Table, cause: str
) -> Iterator[Difference]:
    asked = [key.name for key in view.keys if key != EVERYBODY]
    lists = {name: keys[name].to_pylist() for name in asked}
    for name in there.column_names:
        ours, theirs = here[name].to_pylist(), there[name].to_pylist()
        for row, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            # As texts, so that NaN is NaN and -0.0 is not 0.0.
            if one is not other and repr(one) != repr(other):
                found = {key: values[row] for key, values in lists.items()}
                yield Difference(view.name, found, name, one, other, cause)
