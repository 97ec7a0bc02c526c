"""What is known of a model's instants -> which rows each of its intervals is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import reduce

from featuresql.compiler.collect_columns import output
from featuresql.compiler.draft import CompiledModel, Draft
from featuresql.compiler.intervals.times import (
    Intervals,
    Reach,
    Reading,
    Relation,
    Span,
    Times,
)
from featuresql.errors import CompileError, raise_all
from featuresql.render.rendered import SOURCE_SCHEMA
from featuresql.spec.model import Source

Below = Callable[[Times], Iterable[Reading]]
HINT = (
    "give config(lookback='3 days') if rows older than that do not matter, or materialized='table'"
)


def plan_intervals(model: CompiledModel, sources: Mapping[str, Source], draft: Draft) -> Intervals:
    """Return how the model is built in intervals of its event time.

    Raises `CompileError` where a change of a source's rows may change rows at any other instant,
    and the model's config gives no `lookback`.
    """
    plan = _Plan(model, sources, draft)
    raise_all(list(plan.event_time_errors()))
    times = plan.times()
    changes = _merged(plan.changes(times.reads))
    rows = _merged(plan.rows(times.rows or ()))
    timed = {reach.relation[1] for reach in changes}
    reached = _sources(model, draft.catalog.models)
    whole = tuple(sorted(reached - timed))
    if not rows:
        place = draft.rendered.config_location
        message = "rows of an incremental model have to come from a source with an event time"
        raise draft.error_at("not-incremental", message, place, "use materialized='table'")
    return Intervals(plan.cuts(times.reads), changes, rows, whole)


class _Plan:
    """Works on one model. What is asserted by `lookback` is put in where nothing is known."""

    def __init__(self, model: CompiledModel, sources: Mapping[str, Source], draft: Draft) -> None:
        self.model = model
        self.sources = sources
        self.draft = draft
        self.event_time = model.config.event_time or ""
        self.models = draft.catalog.models

    def event_time_errors(self) -> Iterator[CompileError]:
        """Give what is wrong with the column by which the model is cut."""
        found = next((c for c in self.model.columns if c.name == self.event_time), None)
        place = self.draft.rendered.config_location
        if found is None:
            message = f"config names '{self.event_time}', the model has no such column"
            yield self.draft.error_at("unknown-column", message, place)
        elif found.type.name != "TIMESTAMP":
            message = f"an incremental model is cut by its instants; '{found.name}' is {found.type}"
            node = output(self.model.checked, found.name)
            yield self.draft.error("instant-type", message, node, "cast it to TIMESTAMP")

    def times(self) -> Times:
        """Return what is known, with the promise of `lookback`."""
        times = self.model.times
        reads = [self._promised(reading) for reading in times.reads]
        errors = [e for r in reads if (e := self._unbounded(r)) is not None]
        raise_all(errors)
        rows = None if times.rows is None else tuple(self._promised(r) for r in times.rows)
        return Times(times.links, times.weak, tuple(reads), rows)

    def _promised(self, reading: Reading) -> Reading:
        lookback_us = self.model.config.lookback_us
        own = self._own_time(reading.relation)
        if lookback_us is None or own is None or self._best(reading.spans) is not None:
            return reading
        return Reading(reading.relation, {own: {self.event_time: Span(lookback_us, 0)}})

    def _own_time(self, relation: Relation) -> str | None:
        schema, name = relation
        if schema == SOURCE_SCHEMA:
            return self.sources[name].event_time
        return self.models[name].config.event_time

    def _unbounded(self, reading: Reading) -> CompileError | None:
        if self._best(reading.spans) is not None:
            return None
        _, name = reading.relation
        if self.model.config.lookback_us is not None:
            message = f"'{name}' has no event time that a lookback could be counted by"
            hint = f"name one in the config() of '{name}'"
        else:
            cause = reading.cause or f"no condition says how old the rows of '{name}' may be"
            message = f"how far back of '{name}' an interval has to read is not known: {cause}"
            hint = HINT
        return self.draft.error_at("lookback", message, self.draft.rendered.config_location, hint)

    def _best(self, spans: Mapping[str, Mapping[str, Span]]) -> tuple[str, Span] | None:
        """Return the column that says most closely where the rows are beside the model's."""
        found = [
            (known[self.event_time], own)
            for own, known in spans.items()
            if self.event_time in known and known[self.event_time].is_finite
        ]
        if not found:
            return None
        span, own = min(found, key=lambda item: (item[0].back_us + item[0].ahead_us, item[1]))
        return own, span

    def cuts(self, reads: Iterable[Reading]) -> tuple[Reach, ...]:
        """Return by which column each relation is cut: all that read it have to agree on one."""
        by_relation: dict[Relation, list[Reading]] = {}
        for reading in reads:
            by_relation.setdefault(reading.relation, []).append(reading)
        cuts = []
        for relation, readings in by_relation.items():
            spans = {
                own: {self.event_time: reduce(Span.hull, found)}
                for own in readings[0].spans
                if len(found := _spans(readings, own, self.event_time)) == len(readings)
            }
            best = self._best(spans)
            if best is not None:
                cuts.append(_reach(relation, *best))
        return tuple(cuts)

    def changes(self, reads: Iterable[Reading]) -> Iterator[Reach]:
        """Give how far the rows of sources reach, through all models between."""
        for reading in reads:
            yield from self._through(reading, lambda times: times.reads)

    def rows(self, reads: Iterable[Reading]) -> Iterator[Reach]:
        """Give the rows of sources that make the model's rows be there."""
        for reading in reads:
            yield from self._through(reading, lambda times: times.rows or times.reads)

    def _through(self, reading: Reading, below: Below) -> Iterator[Reach]:
        schema, name = reading.relation
        if schema == SOURCE_SCHEMA:
            best = self._best(reading.spans)
            if best is not None:
                yield _reach(reading.relation, *best)
            return
        for inner in below(self.models[name].times):
            composed: dict[str, dict[str, Span]] = {}
            for own, known in inner.spans.items():
                spans = [
                    span.then(reading.spans[middle][self.event_time])
                    for middle, span in known.items()
                    if self.event_time in reading.spans.get(middle, {})
                ]
                if spans:
                    composed[own] = {self.event_time: reduce(Span.meet, spans)}
            moved = self._promised(Reading(inner.relation, composed, inner.cause))
            if self._best(moved.spans) is None:
                error = self._unbounded(moved)
                assert error is not None  # noqa: S101 - it has no bound
                raise error
            yield from self._through(moved, below)


def _spans(readings: Iterable[Reading], own: str, event_time: str) -> list[Span]:
    return [r.spans[own][event_time] for r in readings if event_time in r.spans.get(own, {})]


def _reach(relation: Relation, column: str, span: Span) -> Reach:
    return Reach(relation, column, int(span.back_us), int(span.ahead_us))


def _merged(found: Iterable[Reach]) -> tuple[Reach, ...]:
    """Return one reach a source and column: the widest."""
    spans: dict[tuple[Relation, str], Span] = {}
    for reach in found:
        key = reach.relation, reach.column
        span = Span(reach.back_us, reach.ahead_us)
        spans[key] = span.hull(spans[key]) if key in spans else span
    return tuple(_reach(relation, own, span) for (relation, own), span in sorted(spans.items()))


def _sources(model: CompiledModel, models: Mapping[str, CompiledModel]) -> set[str]:
    found = set(model.sources)
    for name in model.refs:
        found |= _sources(models[name], models)
    return found
