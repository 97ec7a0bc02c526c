--- clean union_all
select k, ts as event_ts, x as f from {{ source('events') }}
union all
select k, ts, w from {{ source('asks') }}
--- clean union_distinct
select k, ts as event_ts, x as f from {{ source('events') }}
union
select k, ts, w from {{ source('asks') }}
--- clean union_by_name
select k, ts as event_ts, x as f from {{ source('events') }}
union all by name
select w as f, k, ts as event_ts from {{ source('asks') }}
--- clean window_over_union
with both as (
  select k, ts, x as v, id as n from {{ source('events') }}
  union all
  select k, ts, w, 1000 + rid from {{ source('asks') }}
)
select k, ts as event_ts, sum(v) over (partition by k order by ts, n rows unbounded preceding) as f from both
--- clean days_of_union
with both as (
  select k, ts, x as v from {{ source('events') }} union all select k, ts + interval '1 hour', w from {{ source('asks') }}
)
select k, date_trunc('day', ts) + interval '1 day' as event_ts, sum(v) as f from both group by all
--- clean union_with_static
select k, ts as event_ts, x as f from {{ source('events') }}
union all
select k, timestamp '2024-03-01', size from {{ source('places') }}
--- clean except_of_same_rows
select k, ts as event_ts, y as f from {{ source('events') }}
except
select k, ts, w from {{ source('asks') }}
--- clean intersect_of_same_rows
select k, ts as event_ts, y as f from {{ source('events') }}
intersect
select k, ts, y from {{ source('events') }} where x > 10
--- clean three_branches
select k, ts as event_ts, x as f from {{ source('events') }} where kind = 'buy'
union all select k, ts, -x from {{ source('events') }} where kind = 'sell'
union all select k, greatest(started_at, ended_at), x from {{ source('trips') }}
--- leaking union_with_an_early_branch
select k, ts as event_ts, x as f from {{ source('events') }}
union all
select k, ts - interval '1 day', w from {{ source('asks') }}
--- leaking union_with_a_daily_branch
select k, ts as event_ts, x as f from {{ source('events') }}
union all
select k, date_trunc('day', ts), sum(w) from {{ source('asks') }} group by 1, 2
--- leaking union_of_late_rows
select k, ts as event_ts, x as f from {{ source('events') }}
union all
select k, started_at, x from {{ source('trips') }}
--- leaking except_without_time
select s.k, s.ts as event_ts, s.w as f from {{ source('asks') }} s
where s.rid in (select rid from {{ source('asks') }} except select id * 2 from {{ source('events') }} where kind = 'buy')
--- leaking intersect_without_time
select s.k, s.ts as event_ts, v.y as f from {{ source('asks') }} s
cross join (select y from {{ source('events') }} intersect select w from {{ source('asks') }}) v
--- leaking distinct_union_without_time
select s.k, s.ts as event_ts, v.n as f from {{ source('asks') }} s
cross join (select x as n from {{ source('events') }} union select w from {{ source('asks') }}) v
--- leaking window_over_an_early_union
with both as (
  select k, ts, x as v, id as n from {{ source('events') }}
  union all
  select k, ts - interval '6 hours', w, 1000 + rid from {{ source('asks') }}
)
select k, ts as event_ts, sum(v) over (partition by k order by ts, n rows unbounded preceding) as f from both
--- clean later_of_what_both_have
with both as (select k, ts, until_ts, x from {{ source('events') }} intersect select k, ts, until_ts, x from {{ source('events') }})
select k, greatest(ts, until_ts) as event_ts, x as f from both where ts is not null
--- leaking as_if_the_other_query_had_the_row
with s as (select k, id, ts, until_ts as u from {{ source('events') }} where ts is not null),
rest as (select k, id, ts - interval '2 days' as t, u from s except select k, id, ts as t, ts - interval '2 days' as u from s)
select k, t + interval '1 day' as event_ts, id as f from rest
--- leaking instants_of_what_is_taken_away
with s as (select k, id, ts as t, until_ts as u from {{ source('events') }} where ts is not null),
rest as (select k, id, t, u from s except all select k, id, t, t as u from s)
select k, u as event_ts, id as f from rest
