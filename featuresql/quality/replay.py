"""The leakage replay, as queries: what was known at an instant must not have changed since.

A source is cut at an instant, everything above it is built again over the cut, and the rows that a
feature view had by then must be the same bag of rows as in the full build.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlglot import exp

from featuresql.compiler.asof import column, normalized_availability, relation, timestamp
from featuresql.render.rendered import SOURCE_SCHEMA
from featuresql.spec.model import Column, FeatureView, Source

KNOWN_AT: Final = "known_at"
FOUND_IN: Final = "__found_in"
TIMES: Final = "__times"
FULL_BUILD: Final = "full build"
REPLAY: Final = "replay"
_SIDE: Final = "__side"


def is_cut(source: Source) -> bool:
    """Whether the replay cuts the source: static ones and those without event time stay whole."""
    return source.event_time is not None and not source.static


def cut_query(source: Source, columns: Sequence[Column], instant: datetime) -> exp.Select:
    """Return the rows of `source.NAME` that were known at `instant`, in UTC without a zone."""
    query = exp.select(*[column(c.name) for c in columns])
    query = query.from_(relation(SOURCE_SCHEMA, source.name))
    if not is_cut(source):
        return query
    return query.where(exp.LTE(this=exp.paren(_known_at(source)), expression=timestamp(instant)))


def instants_query(
    sources: Sequence[Source],
    views: Sequence[tuple[FeatureView, exp.Table]],
    fractions: Sequence[float],
) -> exp.Select:
    """Return the instants by which those fractions of the rows were known, as `known_at`.

    The rows of all `sources`, each of which `is_cut`, and of all built `views` count together: a
    source may know whole hours only, and a cut on the hour hides what a cut between would show.
    Without rows the only answer is NULL.
    """
    parts = [
        exp.select(exp.alias_(_known_at(source), KNOWN_AT, quoted=True)).from_(
            relation(SOURCE_SCHEMA, source.name)
        )
        for source in sources
    ]
    parts += [
        exp.select(
            exp.alias_(column(view.available_at or view.event_time), KNOWN_AT, quoted=True)
        ).from_(place.copy())
        for view, place in views
    ]
    together = exp.union(*parts, distinct=False) if len(parts) > 1 else parts[0]
    wanted = exp.Array(expressions=[exp.Literal.number(str(f)) for f in fractions])
    quantiles = exp.Anonymous(this="quantile_disc", expressions=[column(KNOWN_AT), wanted])
    instants = exp.Explode(this=quantiles)
    return exp.select(exp.alias_(instants, KNOWN_AT, quoted=True)).from_(
        exp.alias_(together.subquery(), "known", table=True)
    )


def pick_fractions(count: int, seed: int) -> tuple[float, ...]:
    """Return `count` fractions, one from each of as many equal parts of 0 to 1.

    Instants are picked by the share of rows known by then, so that they fall where data are.
    """
    numbers = random.Random(seed)  # noqa: S311 - a sample that can be repeated, no secret
    return tuple(round((part + numbers.random()) / count, 9) for part in range(count))


def difference_query(
    view: FeatureView,
    columns: Sequence[Column],
    full: exp.Table,
    replayed: exp.Table,
    instant: datetime,
) -> exp.Select:
    """Return the rows known at `instant` that one of `full` and `replayed` has more often.

    Each is given once: the first columns are the side that has more of it, `__found_in`, and how
    many more, `__times`. Rows stand in the order of keys and event time. NULL equals NULL, NaN NaN.
    """
    names = [c.name for c in columns]
    sides = exp.union(
        _known_rows(view, names, full, 1, instant),
        _known_rows(view, names, replayed, -1, instant),
        distinct=False,
    )
    surplus = exp.Sum(this=column(_SIDE))
    where = exp.Case().when(
        exp.GT(this=surplus.copy(), expression=exp.Literal.number(0)),
        exp.Literal.string(FULL_BUILD),
    )
    where = where.else_(exp.Literal.string(REPLAY))
    shown = [*(key.name for key in view.named_keys), view.event_time]
    shown += [name for name in names if name not in shown]
    return (
        exp.select(
            exp.alias_(where, FOUND_IN, quoted=True),
            exp.alias_(exp.Abs(this=surplus.copy()), TIMES, quoted=True),
            *[column(name) for name in shown],
        )
        .from_(exp.alias_(sides.subquery(), "sides", table=True))
        .group_by(*[column(name) for name in names])
        .having(exp.NEQ(this=surplus.copy(), expression=exp.Literal.number(0)))
        .order_by(*[column(name) for name in shown], column(FOUND_IN))
    )


def _known_rows(
    view: FeatureView, names: Sequence[str], place: exp.Table, side: int, instant: datetime
) -> exp.Select:
    """Built views carry their availability normalized: it is never before the event."""
    known = column(view.available_at or view.event_time)
    number = exp.Literal.number(side)
    return (
        exp.select(*[column(name) for name in names], exp.alias_(number, _SIDE, quoted=True))
        .from_(place.copy())
        .where(
            exp.LTE(this=column(view.event_time), expression=timestamp(instant)),
            exp.LTE(this=known, expression=timestamp(instant)),
        )
    )


def _known_at(source: Source) -> exp.Expr:
    event = column(source.event_time or "")
    if source.available_at is None:
        return event
    return normalized_availability(event, column(source.available_at))
