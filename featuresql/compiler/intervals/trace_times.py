"""A compiled model -> what is known of its instants, and the pieces that it is built in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlglot import exp

from featuresql.compiler.draft import CompiledModel, Draft
from featuresql.compiler.intervals.plan_intervals import plan_intervals
from featuresql.compiler.intervals.times import SAME, Reading, Times
from featuresql.compiler.intervals.trace_query import Tracing, trace_query
from featuresql.render.rendered import REF_SCHEMA
from featuresql.spec.model import Column, FeatureView, Source

_INSTANTS = frozenset({"TIMESTAMP", "DATE"})


def trace_times(model: CompiledModel, sources: Mapping[str, Source], draft: Draft) -> CompiledModel:
    """Return the model with what is known of its instants; its parents are in `draft.catalog`.

    Raises `CompileError` where an incremental model cannot be cut into intervals.
    """
    known = _Known(sources, draft)
    tracing = Tracing(
        known=known.relation,
        cause=lambda what, node: f"{what} ({draft.locate(node)})",
        views=_views(model, draft),
        event_time=model.config.event_time or "",
    )
    traced = replace(model, times=trace_query(tracing, model.checked, {}))
    if model.config.materialized != "incremental":
        return traced
    return replace(traced, intervals=plan_intervals(traced, sources, draft))


@dataclass(frozen=True, slots=True)
class _Known:
    sources: Mapping[str, Source]
    draft: Draft

    def relation(self, schema: str, name: str) -> Times:
        """Return what is known of the rows of a relation when they are read."""
        catalog = self.draft.catalog
        columns = catalog.relation_columns(schema, name) or ()
        if schema != REF_SCHEMA:
            return (
                _read(Times(), (schema, name), columns) if is_timed(self.sources[name]) else Times()
            )
        times = catalog.models[name].times
        return _read(times, (schema, name), columns) if times.reads else Times()


def is_timed(source: Source) -> bool:
    """Whether a source's rows lie at instants, so that a change of some leaves others alone."""
    return source.event_time is not None and not source.static


def _read(times: Times, relation: tuple[str, str], columns: tuple[Column, ...]) -> Times:
    spans = {
        c.name: {c.name: SAME}
        for c in columns
        if c.type.name in _INSTANTS and c.name not in times.weak
    }
    reading = Reading(relation, spans)
    return Times(times.links, times.weak, (reading,), (reading,))


def _views(model: CompiledModel, draft: Draft) -> dict[str, FeatureView]:
    """Return the views that are joined as of the model's instants, by their aliases."""
    if model.config.kind == "staging":
        return {}
    found: dict[str, FeatureView] = {}
    for join in model.checked.args.get("joins") or ():
        table = join.this
        if isinstance(table, exp.Table) and table.db == REF_SCHEMA:
            view = draft.catalog.models[table.name].view
            if view is not None:
                found[join.alias_or_name] = view
    return found
