--- staging stg_events
select id, k, ts, x, y, kind, until_ts, coalesce(x, 0) * 2 as doubled from {{ source('events') }} where ts is not null
--- staging stg_known_trips
select id, k, started_at, greatest(started_at, ended_at) as known_at, x from {{ source('trips') }}
--- staging stg_days
select k, date_trunc('day', ts) as day, date_trunc('day', ts) + interval '1 day' as day_end, sum(x) as total, count(*) as n
from {{ ref('stg_events') }} group by all
--- staging stg_next
select k, ts, id, lead(x) over (partition by k order by ts, id) as next_x, lag(x) over (partition by k order by ts, id) as last_x
from {{ ref('stg_events') }}
--- staging stg_totals
select k, sum(x) as total from {{ ref('stg_events') }} group by k
--- staging stg_kinds
select distinct kind from {{ ref('stg_events') }}
--- clean over_staging
select k, ts as event_ts, doubled as f from {{ ref('stg_events') }}
--- clean trailing_over_staging
select k, ts as event_ts, avg(doubled) over (
    partition by k order by ts range between interval '1 day' preceding and current row) as f
from {{ ref('stg_events') }}
--- clean over_known_trips
select k, known_at as event_ts, x as f from {{ ref('stg_known_trips') }}
--- clean over_days
select k, day_end as event_ts, total as f, total - lag(total) over (partition by k order by day) as g from {{ ref('stg_days') }}
--- clean over_days_computed
select k, day + interval '1 day' as event_ts, n as f from {{ ref('stg_days') }}
--- clean only_the_last_value
select k, ts as event_ts, last_x as f from {{ ref('stg_next') }}
--- clean over_a_view
select k, event_ts, f * 2 as f2 from {{ ref('trailing_over_staging') }}
--- clean as_of_views
select s.k, s.ts as event_ts, t.f, o.f as g, t.f - s.w as h from {{ source('asks') }} s
left join {{ ref('trailing_over_staging') }} t on t.k = s.k
left join {{ ref('over_days') }} o on o.k = s.k
--- clean as_of_a_view_with_availability
select s.k, s.ts as event_ts, a.f, a.known_at as g from {{ source('asks') }} s
left join {{ ref('available_as_declared') }} a on a.k = s.k
--- clean window_over_as_of
select s.k, s.ts as event_ts, sum(o.f) over (partition by s.k order by s.ts, s.rid) as f from {{ source('asks') }} s
left join {{ ref('over_days') }} o on o.k = s.k
--- clean filtered_by_as_of
select s.k, s.ts as event_ts, s.w as f from {{ source('asks') }} s
left join {{ ref('over_days') }} o on o.k = s.k where o.f > 10
--- clean over_a_view_with_availability
{{ config(kind='feature_view', entity='thing', event_time='event_ts', available_at='known_at') }}
select k, event_ts, known_at, f + 1 as f2 from {{ ref('available_as_declared') }}
--- clean stamped_by_its_availability
select k, known_at as event_ts, f from {{ ref('available_as_declared') }}
--- clean long_chain
with a as (select * from {{ ref('stg_events') }}), b as (select *, x + y as z from a), c as (select * from b where z > 3),
d as (select k, date_trunc('hour', ts) as hour, avg(z) as mean from c group by all),
e as (select *, lag(mean) over (partition by k order by hour) as last_mean from d)
select k, hour + interval '1 hour' as event_ts, mean - last_mean as f from e
--- clean cte_read_twice
with a as (select * from {{ ref('stg_events') }})
select n.k, n.ts as event_ts, n.id, count(o.id) as f from a n left join a o on o.k = n.k and o.ts < n.ts group by all
--- clean aggregated_as_of_days
select s.k, s.ts as event_ts, s.rid, sum(d.total) as f from {{ source('asks') }} s
left join {{ ref('stg_days') }} d on d.k = s.k and d.day_end <= s.ts group by all
--- leaking over_days_too_early
select k, day as event_ts, total as f from {{ ref('stg_days') }}
--- leaking next_value_of_staging
select k, ts as event_ts, next_x as f from {{ ref('stg_next') }}
--- leaking start_of_known_trips
select k, started_at as event_ts, x as f from {{ ref('stg_known_trips') }}
--- leaking totals_of_staging
select s.k, s.ts as event_ts, t.total as f from {{ source('asks') }} s left join {{ ref('stg_totals') }} t on t.k = s.k
--- leaking kinds_of_staging
select s.k, s.ts as event_ts, t.kind as f from {{ source('asks') }} s cross join {{ ref('stg_kinds') }} t
--- leaking view_stamped_earlier
select k, event_ts - interval '1 day' as event_ts, f as f2 from {{ ref('trailing_over_staging') }}
--- leaking over_a_leaking_view
select k, event_ts, f as f2 from {{ ref('next_value_of_staging') }}
--- leaking as_of_a_leaking_view
select s.k, s.ts as event_ts, n.f from {{ source('asks') }} s left join {{ ref('over_days_too_early') }} n on n.k = s.k
--- leaking availability_lost
select k, event_ts, f as f2 from {{ ref('available_as_declared') }}
--- leaking days_joined_by_their_start
select s.k, s.ts as event_ts, s.rid, sum(d.total) as f from {{ source('asks') }} s
left join {{ ref('stg_days') }} d on d.k = s.k and d.day <= s.ts group by all
--- leaking chain_with_a_leak
with a as (select *, max(x) over (partition by k) as top from {{ ref('stg_events') }}),
b as (select k, ts, x, top from a), c as (select k, ts, x * 1.0 / top as share from b)
select k, ts as event_ts, share as f from c
--- leaking filtered_by_a_leak
select k, ts as event_ts, 1 as f from {{ ref('stg_next') }} where next_x > 10
--- leaking window_over_view_whole
select k, event_ts, f - avg(f) over (partition by k) as f2 from {{ ref('over_staging') }}
