"""get_features: feature values of entities at any instant of the past."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp

from featuresql.compiler.asof import (
    Search,
    asof_joins,
    column,
    normalized_availability,
)
from featuresql.compiler.compile_project import CompiledProject
from featuresql.compiler.place_relations import place_relations
from featuresql.compiler.relation_columns import relation_columns, table_columns
from featuresql.compiler.training_set_query import POSITION, SPINE_INPUT
from featuresql.compiler.write_sql import write_query
from featuresql.errors import RequestError, did_you_mean
from featuresql.spec.column_type import TIMESTAMP
from featuresql.spec.model import Column, FeatureView
from featuresql.wire.conform import conform
from featuresql.workflows.current_places import current_places
from featuresql.workflows.service_schema import arrow_schema
from featuresql.workflows.training_set import check_model_built
from featuresql.workflows.workspace import Workspace

AS_OF = "as_of"
_IDS = "entity_ids"
_ASKED = "s"
_METADATA = ("event_ts", "available_at")


@dataclass(frozen=True, slots=True)
class AskedView:
    """A view with the features of it that are asked for, under its alias in the query."""

    view: FeatureView
    alias: str
    features: tuple[Column, ...]


def get_features(  # noqa: PLR0913 - what is asked, and of what
    workspace: Workspace,
    compiled: CompiledProject,
    entity_ids: pa.Table,
    feature_names: Sequence[str],
    as_of: datetime | Sequence[datetime],
    *,
    include_metadata: bool = False,
) -> pa.Table:
    """Return one row for each of `entity_ids`, in their order, as it was visible at `as_of`.

    `entity_ids` has the keys of every entity that is asked about; `feature_names` are
    `view.feature`. `as_of`, in UTC, is one instant or one for each row. The answer has the keys,
    `as_of`, and a column `view.feature` each; with `include_metadata` follow, for each view,
    `view__event_ts`, `view__available_at`, `view__version` and `view__age` (duration[us]).

    Raises `RequestError` for a name that is not known, keys that do not fit, or a view that is not
    built.
    """
    asked = find_views(compiled, feature_names)
    keys = _keys(asked)
    spine = _spine(entity_ids, keys, as_of)
    statement_columns = _columns(asked, keys, include_metadata=include_metadata)
    versions = workspace.registry().model_versions()
    with workspace.engine.session() as session:
        existing = session.relations()
        for found in asked:
            check_model_built(compiled, found.view.name, session, existing, "get_features")
        places = current_places(versions, existing)
        brought = {("", SPINE_INPUT): table_columns(spine)}
        query = features_query(asked, keys, include_metadata=include_metadata)
        statement = write_query(
            place_relations(query, places),
            workspace.engine.dialect,
            relation_columns(compiled, places, brought),
        )
        rows = session.query(statement, {SPINE_INPUT: spine}, statement_columns).read_all()
    for found in asked if include_metadata else ():
        rows = _with_age(rows, found.view, versions[found.view.name].version)
    return rows


def find_views(compiled: CompiledProject, feature_names: Sequence[str]) -> tuple[AskedView, ...]:
    """Return the views that `feature_names` name, in their order.

    Raises `RequestError` with code `unknown-feature`.
    """
    views = {m.name: m.view for m in compiled.models.values() if m.view is not None}
    known = [f"{view.name}.{f.name}" for view in views.values() for f in view.features]
    found: dict[str, list[Column]] = {}
    for name in feature_names:
        view_name, _, feature_name = name.partition(".")
        view = views.get(view_name)
        features = view.features if view is not None else ()
        feature = next((f for f in features if f.name == feature_name), None)
        if feature is None:
            message = f"there is no feature '{name}'"
            hint = did_you_mean(name, known)
            raise RequestError(message, code="unknown-feature", hint=hint)
        if feature not in found.setdefault(view_name, []):
            found[view_name].append(feature)
    if not found:
        hint = "give names such as 'carrier_delay.arr_delay_mean'"
        raise RequestError("no feature is asked for", code="unknown-feature", hint=hint)
    return tuple(
        AskedView(views[name], f"v{index}", tuple(features))
        for index, (name, features) in enumerate(found.items())
        if views[name] is not None
    )


def only_key(compiled: CompiledProject, feature_names: Sequence[str]) -> str:
    """Return the name of the key that the views of `feature_names` have, where it is only one.

    Raises `RequestError` with code `missing-column` where there are several, or none.
    """
    keys = [key.name for key in _keys(find_views(compiled, feature_names))]
    if len(keys) != 1:
        named = ", ".join(keys) or "none"
        message = f"a list of ids is for one key; these features have {named}"
        hint = "give a dict of lists, one for each key"
        raise RequestError(message, code="missing-column", hint=hint)
    return keys[0]


def features_query(
    asked: Sequence[AskedView], keys: Sequence[Column], *, include_metadata: bool
) -> exp.Select:
    """Return the query over `spine_input`, which has the keys, `as_of` and the rows' positions."""
    own = [key.name for key in keys] + [AS_OF]
    query = exp.select(*[exp.alias_(column(n, _ASKED), n, quoted=True) for n in own])
    query = query.from_(exp.alias_(exp.to_table(SPINE_INPUT), _ASKED, table=True))
    how = Search(column(AS_OF, _ASKED))
    joins: list[exp.Join] = []
    for found in asked:
        view, alias = found.view, found.alias
        wanted = tuple((key.name, column(key.name, _ASKED)) for key in view.named_keys)
        joins += asof_joins(view, alias, wanted, how)
        for feature in found.features:
            name = f"{view.name}.{feature.name}"
            query = query.select(exp.alias_(column(feature.name, alias), name, quoted=True))
        event = column(view.event_time, alias)
        known = column(view.available_at or view.event_time, alias)
        instants = (event, normalized_availability(event, known))
        for name, value in zip(_METADATA, instants, strict=True) if include_metadata else ():
            query = query.select(exp.alias_(value, f"{view.name}__{name}", quoted=True))
    query.set("joins", joins)
    order = exp.Ordered(this=column(POSITION, _ASKED), nulls_first=False)
    query.set("order", exp.Order(expressions=[order]))
    return query


def _keys(asked: Sequence[AskedView]) -> tuple[Column, ...]:
    keys: dict[str, Column] = {}
    for found in asked:
        for key in found.view.named_keys:
            if keys.setdefault(key.name, key).type != key.type:
                message = f"the key '{key.name}' of '{found.view.name}' has another type elsewhere"
                hint = "ask for these features in two calls"
                raise RequestError(message, code="wrong-type", hint=hint)
    return tuple(keys.values())


def _columns(
    asked: Sequence[AskedView], keys: Sequence[Column], *, include_metadata: bool
) -> tuple[Column, ...]:
    columns = [*keys, Column(AS_OF, TIMESTAMP)]
    for found in asked:
        name = found.view.name
        columns += [Column(f"{name}.{f.name}", f.type) for f in found.features]
        if include_metadata:
            columns += [Column(f"{name}__{part}", TIMESTAMP) for part in _METADATA]
    return tuple(columns)


def _spine(
    entity_ids: pa.Table, keys: tuple[Column, ...], as_of: datetime | Sequence[datetime]
) -> pa.Table:
    given = conform(entity_ids, arrow_schema(keys), what=_IDS)
    count = entity_ids.num_rows
    instants = [as_of] * count if isinstance(as_of, datetime) else list(as_of)
    if len(instants) != count:
        message = f"as_of has {len(instants)} instants, entity_ids has {count} rows"
        raise RequestError(message, code="row-count", hint="give one instant, or one for each row")
    columns = {key.name: given.column(key.name) for key in keys}
    columns[AS_OF] = pa.array(instants, TIMESTAMP.arrow)
    columns[POSITION] = pa.array(np.arange(count, dtype=np.int64))
    return pa.table(columns)


def _with_age(rows: pa.Table, view: FeatureView, version: str) -> pa.Table:
    """Append the version that the values come from, and their age, where there is a row."""
    event = rows[f"{view.name}__event_ts"]
    versions = pc.if_else(pc.is_valid(event), version, pa.scalar(None, pa.string()))
    age = pc.subtract(rows[AS_OF], event)
    rows = rows.append_column(f"{view.name}__version", versions)
    return rows.append_column(f"{view.name}__age", age)
