"""Parts of generated models: what looks back, and what looks ahead or may do so."""
# ruff: noqa: E501 - a part reads best as one line

from __future__ import annotations

PAST = (
    "b.t <= a.t",
    "b.t < a.t",
    "b.t <= a.u and a.u <= a.t",
    "b.t <= a.t and a.u <= a.t",
    "b.t = a.t",
    "b.t between a.t - interval '1 day' and a.t",
    "b.t >= a.t - interval '30 hours' and b.t <= a.t - interval '1 hour'",
    "b.t + interval '1 hour' <= a.t",
    "a.t - b.t >= interval '1 hour'",
    "date_trunc('day', b.t) < date_trunc('day', a.t)",
    "b.t <= date_trunc('day', a.t)",
    "date_trunc('day', b.t) + interval '1 day' <= a.t",
    "date_diff('day', b.t, a.t) > 0",
    "b.t <= least(a.t, a.u)",
    "greatest(b.t, b.u) <= a.t",
    "b.t <= a.t and (b.v > a.v or b.id <> a.id)",
    "not b.t > a.t",
    "b.t <= case when a.u < a.t then a.u else a.t end",
    "b.t <= time_bucket(interval '6 hours', a.t)",
    "b.t <= a.t and b.u > a.t",
    "last_day(b.t) + interval '1 day' <= a.t",
)
FUTURE = (
    "b.t >= a.t",
    "b.t <= a.t + interval '1 day'",
    "b.t <> a.t",
    "b.u <= a.t",
    "b.t <= a.u",
    "b.v > a.v",
    "date_trunc('day', b.t) = date_trunc('day', a.t)",
    "date_trunc('day', b.t) <= a.t",
    "cast(b.t as date) <= cast(a.t as date)",
    "date_diff('hour', b.t, a.t) >= 0",
    "abs(date_diff('hour', b.t, a.t)) < 5",
    "b.t <= a.t or b.v > 3",
    "not (b.t > a.t and b.v > 2)",
    "last_day(b.t) <= a.t",
    "b.t <= greatest(a.t, a.u)",
    "b.t <= coalesce(a.u, a.t)",
    "least(b.t, b.u) <= a.t",
    "b.t - interval '1 hour' <= a.t",
    "b.t < time_bucket(interval '6 hours', a.t) + interval '6 hours'",
    "coalesce(b.u, b.t) <= a.t",
    "b.t <= a.t is not false",
    "b.t + to_hours(b.v) <= a.t",
    "b.t <= a.t + to_hours(a.v)",
    "a.t between b.t and b.u or b.u is null",
    "date_trunc('month', b.t) <= date_trunc('month', a.t)",
    "b.t < date_trunc('day', a.t) + interval '24 hours'",
    "(a.k, a.t) >= (b.k, b.t)",
    "b.t not between a.t and a.t + interval '1 day'",
)
OWN = (
    "{a}.v > 3",
    "{a}.v is not null",
    "{a}.u > {a}.t",
    "{a}.u <= {a}.t + interval '1 day'",
    "{a}.t >= timestamp '2024-03-02 06:00:00'",
    "{a}.t < timestamp '2024-03-05'",
    "{a}.v % 2 = 0 or {a}.u is null",
    "{a}.k <> 'b'",
    "hour({a}.t) between 6 and 18",
    "not ({a}.v < 5 and {a}.u >= {a}.t)",
    "{a}.u - {a}.t <= interval '1 hour'",
    "coalesce({a}.u >= {a}.t, true)",
    "{a}.k in (select p.k from {{{{ source('places') }}}} p where p.size < 6)",
)
AGGREGATES = (
    "count(*)",
    "count(b.v)",
    "sum(b.v)",
    "max(b.v)",
    "min(b.v)",
    "count(distinct b.v)",
    "arg_max(b.v, (b.t, b.id, b.v))",
    "sum(b.v) filter (where b.v > 3)",
    "list_sum(list(b.v order by b.id, b.v))",
    "cast(avg(b.v) as bigint)",
    "date_diff('hour', min(b.t), max(b.t))",
    "count(*) filter (where b.u <= b.t)",
    "bit_xor(b.id)",
)
ROW_CALLS = (
    *("lag(a.v)", "lag(a.v, 2)", "lag(a.v, 1, 0)", "lead(a.v, -1)", "first_value(a.v)", "last_value(a.v)"),
    *("nth_value(a.v, 2)", "row_number()", "rank()", "dense_rank()", "sum(a.v)", "count(*)", "max(a.v)"),
    *("min(a.id)", "count(*) filter (where a.v > 3)", "count(a.u)", "arg_max(a.v, (a.id, a.v))"),
    *("date_diff('hour', lag(a.t), a.t)", "count(distinct a.v)", "any_value(a.id)", "lag(a.v ignore nulls)"),
)  # fmt: skip
FUTURE_CALLS = (
    *("lead(a.v)", "lag(a.v, -1)", "percent_rank()", "cume_dist()", "ntile(3)", "lag(a.v, a.id - 20)"),
    *("first_value(a.v)", "last_value(a.v)", "count(*)", "lead(a.v, 0)", "lead(a.v ignore nulls)"),
)  # fmt: skip
FRAMES = (
    *("", "", "", "rows between unbounded preceding and current row", "rows between 3 preceding and current row"),
    *("rows between 3 preceding and 1 preceding", "rows 2 preceding"),
    *("rows between unbounded preceding and 1 preceding",),
    *("rows between unbounded preceding and current row exclude current row",),
)  # fmt: skip
FUTURE_FRAMES = (
    *("rows between 1 preceding and 1 following", "rows between current row and unbounded following"),
    *("rows between unbounded preceding and unbounded following", "rows between 1 following and 2 following"),
    *("rows between unbounded preceding and 0 following", "groups between unbounded preceding and 1 following"),
    *("groups between 1 preceding and current row", "groups between 2 preceding and 1 preceding"),
)  # fmt: skip
RANGES = (
    *("range between interval '1 day' preceding and current row", "range between unbounded preceding and current row"),
    *("range between interval '2 days' preceding and interval '1 hour' preceding", "range interval '5 hours' preceding"),
    *("range between interval '1 day' preceding and current row exclude current row",),
    *("range between interval '1 day' preceding and current row exclude ties",),
)  # fmt: skip
FUTURE_RANGES = (
    *("range between interval '1 day' preceding and interval '1 day' following",),
    *("range between current row and interval '2 hours' following", "range between current row and unbounded following"),
    *("range between unbounded preceding and unbounded following exclude current row",),
    *("range between interval '2 hours' following and interval '1 day' following",),
    *("range between to_hours(a.v) preceding and current row",),
)  # fmt: skip
RANGE_CALLS = ("sum(a.v)", "count(*)", "max(a.v)", "min(a.v)", "count(distinct a.v)", "arg_max(a.v, (a.id, a.v))",
               "count(*) filter (where a.u > a.t)", "bit_xor(a.id)")  # fmt: skip
INSTANTS = (
    *(
        "t",
        "greatest(t, u)",
        "t + interval '1 hour'",
        "date_trunc('day', t) + interval '1 day'",
    ),
    *(
        "date_trunc('month', t) + interval '1 month'",
        "time_bucket(interval '6 hours', t) + interval '6 hours'",
    ),
    *(
        "case when u > t then u else t end",
        "last_day(t) + interval '1 day'",
        "greatest(t, timestamp '2024-03-03')",
    ),
    *(
        "cast(cast(t as date) + 1 as timestamp)",
        "date_trunc('week', t) + interval '7 days'",
        "if(u >= t, u, t)",
    ),
)
EARLY_INSTANTS = (
    *(
        "u",
        "least(t, u)",
        "coalesce(u, t)",
        "t - interval '1 hour'",
        "date_trunc('day', t)",
        "last_day(t)",
    ),
    *(
        "t + to_hours(v)",
        "t + v * interval '1 hour'",
        "case when v > 3 then t else u end",
        "nullif(t, u)",
    ),
    *(
        "timestamp '2024-03-04'",
        "cast(t as date)",
        "date_trunc('month', t) + interval '30 days'",
    ),
    *(
        "t + (u - t)",
        "t + interval '1 month' - interval '30 days'",
        "time_bucket(interval '6 hours', t)",
    ),
    *(
        "case when u is null then t else u end",
        "coalesce(greatest(t, u), t)",
        "date_trunc('day', u) + interval '1 day'",
    ),
    *(
        "t + interval (v) hours",
        "make_timestamp(epoch_us(t))",
        "cast(cast(t as varchar) as timestamp)",
    ),
    *(
        "cast(t as timestamptz) at time zone 'UTC'",
        "t at time zone 'America/New_York' at time zone 'UTC'",
    ),
    *(
        "case when t < u then u when t >= u then t end",
        "date_trunc('day', t + interval '12 hours')",
    ),
    *(
        "date_trunc('day', t) + interval '23 hours'",
        "to_timestamp(epoch(t)) at time zone 'UTC'",
    ),
)
