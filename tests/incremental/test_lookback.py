"""How far back an interval reads is computed from the model, or asked for by name."""

from __future__ import annotations

import pytest
from small_project import compile_small

from featuresql.compiler.intervals.times import WHOLE_PAST_US, Intervals, Reach
from featuresql.errors import FeatureSQLError

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
EVENTS = {"k": "BIGINT", "ts": "TIMESTAMP", "ts2": "TIMESTAMP", "day": "DATE", "v": "DOUBLE"}
SOURCES = {"e": EVENTS, "f": EVENTS, "d": {"k": "BIGINT", "v": "DOUBLE"}}
CONFIG = "{{ config(materialized='incremental', event_time='ts', interval='1 day') }} "
VIEW = (
    "{{ config(kind='feature_view', entity='k', event_time='ts', TTL materialized='incremental', "
    "interval='1 day') }} "
)
E, F, D = "{{ source('e') }}", "{{ source('f') }}", "{{ source('d') }}"
PARENTS = {
    "cleaned": f"select k, ts as at, ts2, v from {E} where ts2 <= ts",
    "padded": f"select e.k, e.ts, f.ts as other from {E} e left join {F} f on f.ts = e.ts",
    "running": f"select k, ts, sum(v) over (partition by k order by ts) as v from {E}",
    "aging": VIEW.replace("TTL", "ttl='2 days',") + f"select k, ts, v from {E}",
    "ageless": VIEW.replace("TTL", "") + f"select k, ts, v from {E}",
}


def intervals_of(text: str) -> Intervals:
    """Compile a model called `m` beside the parents that it reads; return how it is cut."""
    models = {name: sql for name, sql in PARENTS.items() if f"ref('{name}')" in text}
    compiled = compile_small(
        {**models, "m": text}, SOURCES, {"k": {"k": "BIGINT"}}, {"e": "ts", "f": "ts"}
    )
    found = compiled.models["m"].intervals
    assert found is not None
    return found


def reach(relation: str, column: str, back_us: int, ahead_us: int = 0) -> Reach:
    schema, name = relation.split(".")
    return Reach((schema, name), column, back_us, ahead_us)


DAYS_3 = "sum(v) over (partition by k order by ts range interval '3 days' preceding)"
AROUND = """sum(v) over (partition by k order by ts
  range between interval '1 day' preceding and interval '2 hours' following)"""
BACKWARDS = """sum(v) over (order by ts desc
  range between interval '1 hour' preceding and interval '2 hours' following)"""


@pytest.mark.parametrize(
    ("select", "changes"),
    [
        (f"select k, ts from {E}", [reach("source.e", "ts", 0)]),
        (f"select k, ts2 as ts from {E}", [reach("source.e", "ts2", 0)]),
        (
            f"select t.ts2 as ts from (select ts, ts2 from {E}) as t(ts2, ts)",
            [reach("source.e", "ts", 0)],
        ),
        (
            f"with t(ts2, ts) as (select ts, ts2 from {E}) select ts2 as ts from t",
            [reach("source.e", "ts", 0)],
        ),
        (f"select x.a as ts from {E} as x(k, b, a)", [reach("source.e", "ts2", 0)]),
        (
            f"select k, ts + interval '3 hours' as ts from {E}",
            [reach("source.e", "ts", 3 * HOUR_US, -3 * HOUR_US)],
        ),
        (
            f"select ts, {DAYS_3} as s from {E}",
            [reach("source.e", "ts", 3 * DAY_US)],
        ),
        (
            f"select ts, {AROUND} as s, max(v) over (partition by ts::date) as m from {E}",
            [reach("source.e", "ts", DAY_US, DAY_US)],
        ),
        (
            f"select ts, {BACKWARDS} as s from {E}",
            [reach("source.e", "ts", 2 * HOUR_US, HOUR_US)],
        ),
        (
            (
                f"select ts, lag(v) over (partition by k, date_trunc('hour', ts) order by ts) as s "
                f"from {E}"
            ),
            [reach("source.e", "ts", HOUR_US, HOUR_US)],
        ),
        (
            (
                f"select k, date_trunc('day', ts) + interval '1 day' as ts, sum(v) as s from {E} "
                "group by k, date_trunc('day', ts)"
            ),
            [reach("source.e", "ts", DAY_US)],
        ),
        (
            f"select max(ts) as ts, sum(v) as s from {E} group by date_trunc('week', ts)",
            [reach("source.e", "ts", 7 * DAY_US, 7 * DAY_US)],
        ),
        (
            (
                f"with h as (select date_trunc('hour', ts) as hour, v from {E}) "
                "select hour + interval '1 hour' as ts, sum(v) as s from h group by all"
            ),
            [reach("source.e", "ts", HOUR_US)],
        ),
        (
            (
                f"select a.ts, b.v from {E} a left join {F} b on b.k = a.k "
                "and b.ts between a.ts - interval '2 hours' and a.ts"
            ),
            [reach("source.e", "ts", 0), reach("source.f", "ts", 2 * HOUR_US)],
        ),
        (
            (
                f"select a.ts, b.v from {E} a join {F} b on b.k = a.k "
                "where b.ts2 > a.ts - interval '1 day' and b.ts2 <= a.ts"
            ),
            [reach("source.e", "ts", 0), reach("source.f", "ts2", DAY_US)],
        ),
        (f"select a.ts, d.v from {E} a left join {D} d on d.k = a.k", [reach("source.e", "ts", 0)]),
        (
            f"select ts from {E} union all select ts2 + interval '1 day' from {F}",
            [reach("source.e", "ts", 0), reach("source.f", "ts2", DAY_US, -DAY_US)],
        ),
        (
            (
                f"select coalesce(ts2, ts) as ts from {E} "
                "where ts2 between ts and ts + interval '1 hour'"
            ),
            [reach("source.e", "ts", HOUR_US)],
        ),
        (
            f"select ts from {E} qualify row_number() over (partition by k, ts order by v) = 1",
            [reach("source.e", "ts", 0)],
        ),
        (
            (
                "select k, at as ts, sum(v) over (partition by k order by at "
                "range between interval '1 day' preceding and current row) as s "
                "from {{ ref('cleaned') }}"
            ),
            [reach("source.e", "ts", DAY_US)],
        ),
    ],
)
def test_it_is_computed_from_frames_groups_and_joins(select: str, changes: list[Reach]) -> None:
    assert intervals_of(CONFIG + select).changes == tuple(changes)


@pytest.mark.parametrize(
    ("select", "where"),
    [
        (f"select ts, lag(v) over (partition by k order by ts) as s from {E}", "LAG(e.v)"),
        (f"select ts, sum(v) over (partition by k order by ts) as s from {E}", "SUM(e.v)"),
        (
            (
                f"select ts, sum(v) over (order by ts rows between 3 preceding and current row) "
                f"as s from {E}"
            ),
            "SUM(e.v)",
        ),
        (f"select max(ts) as ts, k from {E} group by k", "aggregates"),
        (f"select a.ts, b.v from {E} a left join {F} b on b.k = a.k", "no condition"),
        (
            f"select a.ts, b.v from {E} a left join {F} b on b.k = a.k and b.ts <= a.ts",
            "no condition",
        ),
        (f"select ts from {E} where v > (select avg(v) from {F})", "a query within"),
        (f"select distinct on (k) k, ts from {E} order by k, ts", "DISTINCT ON"),
        (f"select ts from {E} order by ts, k, v limit 3", "LIMIT"),
        ("select ts, v from {{ ref('running') }}", "SUM(e.v)"),
        # Rows that have no match in `padded` share a NULL, whatever their own instants are.
        (
            (
                f"select p.ts, sum(v) over (partition by p.other) as s "
                f"from {{{{ ref('padded') }}}} p join {E} e on e.ts = p.ts"
            ),
            "",
        ),
    ],
)
def test_where_it_is_not_bounded_it_is_asked_for(select: str, where: str) -> None:
    with pytest.raises(FeatureSQLError) as caught:
        intervals_of(CONFIG + select)
    said = str(caught.value)
    assert said.startswith("lookback: ")
    assert where in said
    assert "config(lookback='3 days')" in said


def test_a_promise_takes_the_place_of_what_is_not_known() -> None:
    promised = CONFIG.replace("interval=", "lookback='3 days', interval=")
    found = intervals_of(promised + f"select ts, lag(v) over (order by ts) as s from {E}")
    assert found.cuts == found.changes == (reach("source.e", "ts", 3 * DAY_US),)
    assert found.rows == (reach("source.e", "ts", 0),)


def test_views_are_read_back_as_far_as_their_rows_live() -> None:
    join = "select e.k, e.ts, v.v from {} e left join {{{{ ref('{}') }}}} v on v.k = e.k"
    aging = intervals_of(VIEW.replace("TTL", "") + join.format(F, "aging"))
    assert reach("source.e", "ts", 2 * DAY_US) in aging.changes
    ageless = intervals_of(VIEW.replace("TTL", "") + join.format(F, "ageless"))
    assert reach("source.e", "ts", WHOLE_PAST_US) in ageless.changes
    assert ageless.rows == (reach("source.f", "ts", 0),)


def test_sources_without_time_change_everything() -> None:
    found = intervals_of(CONFIG + f"select e.ts from {E} e left join {D} d on d.k = e.k")
    assert found.whole == ("d",)
    with pytest.raises(FeatureSQLError, match="have to come from a source with an event time"):
        intervals_of(CONFIG + f"select timestamp '2024-01-01' as ts from {D}")
