"""What "as of" means. The one definition, for every reader.

At instant `t` a row of a feature view is visible when its entity keys equal the asker's, none
of them NULL, `event_ts <= t`, `available_at <= t` and, where the view has a TTL, `event_ts >= t -
ttl`. The visible row with the greatest (`event_ts`, `available_at`, other columns) wins.

Two relations hold a built view. `history.VIEW` has all its rows with a row number, `__row`.
`as_of.VIEW` is narrow: the keys, `__valid_from` = greatest(`event_ts`, `available_at`), the
event's time and `__row`, and of all rows only those that win at some instant. Among these
`__valid_from` and the winning order grow together, so the newest by `__valid_from` is the winner,
and one ASOF join on it is exact. The winner is the last of them to age, so judging its age judges
them all.

The rows of a view without an entity count for everybody: they have the key `EVERYBODY`, TRUE for
each row and for each asker whose instant is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp

from featuresql.spec.column_type import ColumnType
from featuresql.spec.model import EVERYBODY, Column, FeatureView

ASOF_SCHEMA: Final = "as_of"
HISTORY_SCHEMA: Final = "history"
ROW: Final = "__row"
VALID_FROM: Final = "__valid_from"
EVENT_TS: Final = "__event_ts"
ASOF_SUFFIX: Final = "__asof"


def column(name: str, table: str | None = None) -> exp.Column:
    """Return a reference to a column, quoted."""
    return exp.column(name, table=table, quoted=True)


def relation(schema: str, name: str, alias: str | None = None) -> exp.Table:
    """Return a reference to a relation, quoted."""
    table = exp.table_(name, db=schema, quoted=True)
    if alias is not None:
        table.set("alias", exp.TableAlias(this=exp.to_identifier(alias, quoted=True)))
    return table


def timestamp(instant: datetime) -> exp.Expr:
    """Return a literal of an instant, given in UTC, to the microsecond."""
    text = instant.strftime("%Y-%m-%d %H:%M:%S.%f").rjust(26, "0")
    return exp.cast(exp.Literal.string(text), "TIMESTAMP", dialect="duckdb")


def path_query(view: FeatureView, history: exp.Table) -> exp.Select:
    """Return the query that makes `as_of.VIEW` from `history.VIEW`.

    It costs one aggregation over the narrow columns; only rows that tie in both instants are
    compared by all their columns. Rows with a NULL key or event time are never visible.
    """
    keys = [column(key.name) for key in view.keys]
    named = [column(key.name) for key in view.named_keys]
    event = column(view.event_time)
    instants = [*keys, column(EVENT_TS), column(VALID_FROM)]
    narrow = exp.select(
        *[exp.alias_(_key_value(key), key.name, quoted=True) for key in view.keys],
        exp.alias_(event, EVENT_TS, quoted=True),
        exp.alias_(_availability(view), VALID_FROM, quoted=True),
        column(ROW),
    ).from_(history.copy())
    narrow = narrow.where(
        *[exp.not_(exp.Is(this=c, expression=exp.null())) for c in [*named, event.copy()]]
    )
    distinct = (
        exp.select(
            *instants,
            exp.alias_(exp.Min(this=column(ROW)), ROW, quoted=True),
            exp.alias_(exp.Count(this=exp.Star()), "__tied", quoted=True),
        )
        .from_("narrow")
        .group_by(*instants)
    )
    single = exp.select(*instants, column(ROW)).from_("grouped").where(exp.column("__tied").eq(1))
    winners = exp.union(single, _tie_winners(view, history), distinct=False)
    query = _never_newest(keys) if view.available_at else _all_newest(keys)
    return (
        query.with_("narrow", as_=narrow)
        .with_("grouped", as_=distinct)
        .with_("winners", as_=winners)
    )


@dataclass(frozen=True, slots=True)
class Search:
    """How views are searched: at which instant, and knowing what.

    With `known_at`, UTC without a zone, only rows exist that were valid by then. With `asked`, a
    spine that has all that the keys are made of, only what a semi-join with it leaves of a view's
    path is sorted.
    """

    instant: exp.Expr
    known_at: datetime | None = None
    asked: exp.Table | None = None


def asof_joins(
    view: FeatureView,
    alias: str,
    keys: tuple[tuple[str, exp.Expr], ...],
    how: Search,
) -> tuple[exp.Join, exp.Join]:
    """Return the joins that bring the row of `view` that is visible, under `alias`.

    The first finds the row's number with a narrow ASOF join, the second gathers its columns.
    """
    path, instant = alias + ASOF_SUFFIX, how.instant
    if not view.named_keys:
        is_known = exp.not_(exp.Is(this=exp.paren(instant.copy()), expression=exp.null()))
        keys = ((EVERYBODY.name, exp.paren(is_known)),)
    searched: exp.Expr = relation(ASOF_SCHEMA, view.name, path)
    if how.asked is not None:
        searched = _asked_for(view, path, keys, how.asked)
    reach = instant if how.known_at is None else _not_after(instant, how.known_at)
    on = exp.and_(
        *[exp.EQ(this=column(key, path), expression=value.copy()) for key, value in keys],
        exp.LTE(this=column(VALID_FROM, path), expression=reach.copy()),
    )
    row: exp.Expr = column(ROW, path)
    if view.ttl_us is not None:
        # In microseconds: the instant less the TTL may lie before the first that an engine holds.
        age_us = exp.Sub(this=_us(instant.copy()), expression=_us(column(EVENT_TS, path)))
        fresh = exp.LTE(this=age_us, expression=exp.Literal.number(view.ttl_us))
        row = exp.Case().when(fresh, row)
    search = exp.Join(this=searched, method="ASOF", side="LEFT", on=on)
    gather = exp.Join(
        this=relation(HISTORY_SCHEMA, view.name, alias),
        side="LEFT",
        on=exp.EQ(this=column(ROW, alias), expression=row),
    )
    return search, gather


def _us(instant: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this="epoch_us", expressions=[instant])


def _asked_for(
    view: FeatureView, path: str, keys: tuple[tuple[str, exp.Expr], ...], asked: exp.Table
) -> exp.Subquery:
    """Return the rows of a view's path whose keys the spine has."""
    wanted = exp.select(*[exp.alias_(value.copy(), key, quoted=True) for key, value in keys])
    same = [exp.EQ(this=column(key, "p"), expression=column(key, "asked")) for key, _ in keys]
    names = [*(key.name for key in view.keys), VALID_FROM, EVENT_TS, ROW]
    rows = (
        exp.select(*[exp.alias_(column(name, "p"), name, quoted=True) for name in names])
        .from_(relation(ASOF_SCHEMA, view.name, "p"))
        .join(
            exp.alias_(wanted.from_(asked.copy()).subquery(), "asked", table=True, quoted=True),
            on=exp.and_(*same),
            join_type="SEMI",
        )
    )
    return rows.subquery(exp.to_identifier(path, quoted=True))


def latest_query(
    view: FeatureView, path: exp.Table, history: exp.Table, watermark: datetime
) -> exp.Select:
    """Return the query of the rows that are the newest at `watermark`, as online stores take them.

    Columns: the keys, `event_ts`, `available_at`, the features. Age is not judged here.
    """
    newest = (
        exp.select(
            exp.alias_(exp.func("arg_max", column(ROW), column(VALID_FROM)), ROW, quoted=True)
        )
        .from_(path.copy())
        .where(exp.LTE(this=column(VALID_FROM), expression=timestamp(watermark)))
        .group_by(*[column(key.name) for key in view.keys])
    )
    instants = (
        exp.alias_(column(view.event_time, "h"), "event_ts", quoted=True),
        exp.alias_(_availability(view, "h"), "available_at", quoted=True),
    )
    keys = (exp.alias_(_key_value(key, "h"), key.name, quoted=True) for key in view.keys)
    wide = [*keys, *instants]
    wide += [column(feature.name, "h") for feature in view.features]
    return (
        exp.select(*wide)
        .from_(exp.alias_(newest.subquery(), "newest", table=True))
        .join(
            exp.alias_(history.copy(), "h", table=True),
            on=exp.EQ(this=column(ROW, "h"), expression=column(ROW, "newest")),
        )
    )


def visible(
    event_ts: pa.Array, available_at: pa.Array, instant: pa.Array, ttl_us: int | None
) -> pa.Array:
    """Return, for each stored row, whether it is visible at `instant`; False where any is NULL.

    All three are timestamp[us, tz=UTC] and of one length. The row is the newest of its entity.
    """
    seen = pc.and_(pc.less_equal(event_ts, instant), pc.less_equal(available_at, instant))
    if ttl_us is not None:
        age_us = pc.subtract(instant.cast(pa.int64()), event_ts.cast(pa.int64()))
        seen = pc.and_(seen, pc.less_equal(age_us, ttl_us))
    return pc.fill_null(seen, False)


def normalized_availability(event_time: exp.Expr, available_at: exp.Expr) -> exp.Expr:
    """Return `available_at` as it is read: never NULL, never before the event."""
    known = exp.func("greatest", available_at.copy(), event_time.copy(), dialect="duckdb")
    missing = exp.Is(this=event_time.copy(), expression=exp.null())
    return exp.Case().when(missing, available_at.copy()).else_(known)


def order_keys(col: Column, table: str | None = None) -> list[exp.Ordered]:
    """Return how rows are ordered by `col`, greatest first: NULL least, NaN above numbers."""
    reference = column(col.name, table)
    keys = [exp.Ordered(this=_order_value(reference, col.type), desc=True, nulls_first=False)]
    if col.type.is_float:
        negative = exp.func("signbit", reference.copy(), dialect="duckdb")
        keys.append(exp.Ordered(this=negative, desc=False, nulls_first=False))
    return keys


def _availability(view: FeatureView, table: str | None = None) -> exp.Expr:
    """Return when a built row was known: it is stored normalized, see `stamp_availability`."""
    return column(view.available_at or view.event_time, table)


def _key_value(key: Column, table: str | None = None) -> exp.Expr:
    """Return a key of a view's row, which for everybody's rows is no column of theirs."""
    return exp.true() if key == EVERYBODY else column(key.name, table)


def _not_after(instant: exp.Expr, known_at: datetime) -> exp.Expr:
    """Return the earlier of the two. LEAST would read a NULL instant as `known_at`."""
    bound = timestamp(known_at)
    late = exp.GT(this=exp.paren(instant.copy()), expression=bound)
    return exp.Case().when(late, bound.copy()).else_(instant.copy())


def _tie_winners(view: FeatureView, history: exp.Table) -> exp.Select:
    """Of the rows that tie in both instants, the greatest by all other columns."""
    keys = [key.name for key in view.keys]
    pairs = [(name, name) for name in keys] + [(EVENT_TS, EVENT_TS), (VALID_FROM, VALID_FROM)]
    tied = exp.select(*[column(name) for name, _ in pairs])
    tied = tied.from_("grouped").where(exp.column("__tied") > 1)
    order = [ordered for feature in view.features for ordered in order_keys(feature, "h")]
    partition = [column(name, "g") for name, _ in pairs]
    rank = exp.Window(
        this=exp.RowNumber(),
        partition_by=[c.copy() for c in partition],
        order=exp.Order(expressions=order) if order else None,
    )
    instants = {EVENT_TS: column(view.event_time, "h"), VALID_FROM: _availability(view, "h")}
    here = instants | {key.name: _key_value(key, "h") for key in view.keys}
    on = [exp.EQ(this=column(name, "g"), expression=here[name]) for name, _ in pairs]
    ranked = (
        exp.select(*partition, column(ROW, "h"), exp.alias_(rank, "__rank", quoted=True))
        .from_(exp.alias_(tied.subquery(), "g", table=True))
        .join(exp.alias_(history.copy(), "h", table=True), on=exp.and_(*on))
    )
    names = [*keys, EVENT_TS, VALID_FROM, ROW]
    return (
        exp.select(*[column(name) for name in names])
        .from_(exp.alias_(ranked.subquery(), "ranked", table=True))
        .where(column("__rank").eq(1))
    )


def _all_newest(keys: list[exp.Column]) -> exp.Select:
    """Without an availability of its own every event is valid from its own time."""
    columns = [*keys, column(VALID_FROM), column(EVENT_TS), column(ROW)]
    return (
        exp.select(*[c.copy() for c in columns])
        .from_("winners")
        .order_by(*[c.copy() for c in keys], column(EVENT_TS))
    )


def _never_newest(keys: list[exp.Column]) -> exp.Select:
    """Leave out the rows that, once known, are older than one that was known by then."""
    newest_first = [
        exp.Ordered(this=column(EVENT_TS), desc=True, nulls_first=False),
        exp.Ordered(this=column(VALID_FROM), desc=True, nulls_first=False),
    ]
    rank = exp.Window(
        this=exp.RowNumber(),
        partition_by=[c.copy() for c in keys],
        order=exp.Order(expressions=newest_first),
    )
    ranked = exp.select(
        *keys,
        column(VALID_FROM),
        column(EVENT_TS),
        column(ROW),
        exp.alias_(rank, "__rank", quoted=True),
    ).from_("winners")
    best = exp.Window(
        this=exp.Min(this=column("__rank")),
        partition_by=[c.copy() for c in keys],
        order=exp.Order(expressions=[exp.Ordered(this=column(VALID_FROM), nulls_first=False)]),
        spec=exp.WindowSpec(
            kind="RANGE", start="UNBOUNDED", start_side="PRECEDING", end="CURRENT ROW"
        ),
    )
    columns = [*keys, column(VALID_FROM), column(EVENT_TS), column(ROW)]
    compared = exp.select(
        *columns, column("__rank"), exp.alias_(best, "__best", quoted=True)
    ).from_(exp.alias_(ranked.subquery(), "ranked", table=True))
    return (
        exp.select(*[c.copy() for c in columns])
        .from_(exp.alias_(compared.subquery(), "compared", table=True))
        .where(exp.EQ(this=column("__rank"), expression=column("__best")))
        .order_by(*[c.copy() for c in keys], column(VALID_FROM))
    )


def _order_value(value: exp.Expr, kind: ColumnType) -> exp.Expr:
    """Return what orders like `value`. Within lists an engine may put NULL above all."""
    if kind.name != "LIST" or kind.element is None:
        return value
    item = exp.to_identifier("item")
    element = exp.Column(this=item)
    parts = {
        "known": exp.not_(exp.Is(this=element.copy(), expression=exp.null())),
        "value": _order_value(element, kind.element),
    }
    if kind.element.is_float:
        parts["positive"] = exp.not_(exp.func("signbit", element.copy(), dialect="duckdb"))
    pair = exp.Struct(
        expressions=[
            exp.PropertyEQ(this=exp.to_identifier(name), expression=part)
            for name, part in parts.items()
        ]
    )
    return exp.func(
        "list_transform", value, exp.Lambda(this=pair, expressions=[item.copy()]), dialect="duckdb"
    )
