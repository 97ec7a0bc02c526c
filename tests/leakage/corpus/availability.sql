--- clean available_as_declared
{{ config(kind='feature_view', entity='thing', event_time='event_ts', available_at='known_at') }}
select k, started_at as event_ts, ended_at as known_at, x as f from {{ source('trips') }}
--- clean stamped_when_both_are_known
select k, greatest(started_at, ended_at) as event_ts, x as f from {{ source('trips') }}
--- clean ended_and_checked
select k, ended_at as event_ts, x as f from {{ source('trips') }} where ended_at >= started_at
--- clean trailing_when_known
with known as (select k, greatest(started_at, ended_at) as known_at, x from {{ source('trips') }})
select k, known_at as event_ts, sum(x) over (
    partition by k order by known_at range between interval '2 days' preceding and current row) as f
from known where known_at is not null
--- clean daily_when_known
with known as (select *, greatest(started_at, ended_at) as known_at from {{ source('trips') }})
select k, date_trunc('day', known_at) + interval '1 day' as event_ts, sum(x) as f from known group by 1, 2
--- clean later_availability
{{ config(kind='feature_view', entity='thing', event_time='event_ts', available_at='known_at') }}
select k, ts as event_ts, greatest(ts, until_ts) + interval '1 hour' as known_at, x as f from {{ source('events') }}
--- clean next_value_available_then
{{ config(kind='feature_view', entity='thing', event_time='event_ts', available_at='known_at') }}
select k, date_trunc('day', ts) as event_ts, date_trunc('day', ts) + interval '1 day' as known_at, sum(x) as f
from {{ source('events') }} group by all
--- clean joined_when_known
select s.k, s.ts as event_ts, s.rid, count(t.id) as f from {{ source('asks') }} s
left join {{ source('trips') }} t on t.k = s.k and t.started_at <= s.ts and t.ended_at <= s.ts
group by all
--- clean joined_by_the_later
select s.k, s.ts as event_ts, s.rid, sum(t.x) as f from {{ source('asks') }} s
left join {{ source('trips') }} t on t.k = s.k and greatest(t.started_at, t.ended_at) <= s.ts
group by all
--- clean availability_by_case
select k, case when ended_at > started_at then ended_at else started_at end as event_ts, x as f from {{ source('trips') }}
where ended_at is not null
--- leaking started_is_too_early
select k, started_at as event_ts, x as f from {{ source('trips') }}
--- leaking ended_may_be_too_early
select k, ended_at as event_ts, x as f from {{ source('trips') }}
--- leaking started_plus_an_hour
select k, started_at + interval '1 hour' as event_ts, x as f from {{ source('trips') }}
--- leaking window_by_start
select k, started_at as event_ts, count(*) over (partition by k order by started_at) as f from {{ source('trips') }}
--- leaking daily_by_start
select k, date_trunc('day', started_at) + interval '1 day' as event_ts, sum(x) as f from {{ source('trips') }} group by 1, 2
--- leaking joined_by_start
select s.k, s.ts as event_ts, s.rid, count(t.id) as f from {{ source('asks') }} s
left join {{ source('trips') }} t on t.k = s.k and t.started_at <= s.ts
group by all
--- leaking joined_by_end
select s.k, s.ts as event_ts, s.rid, count(t.id) as f from {{ source('asks') }} s
left join {{ source('trips') }} t on t.k = s.k and t.ended_at <= s.ts
group by all
--- leaking window_by_start_available_at_end
{{ config(kind='feature_view', entity='thing', event_time='event_ts', available_at='known_at') }}
select k, started_at as event_ts, ended_at as known_at, sum(x) over (partition by k order by started_at) as f
from {{ source('trips') }}
--- leaking available_too_early
{{ config(kind='feature_view', entity='thing', event_time='event_ts', available_at='known_at') }}
select k, started_at as event_ts, ended_at - interval '1 hour' as known_at, x as f from {{ source('trips') }}
--- leaking end_as_a_feature
select k, started_at as event_ts, ended_at as f from {{ source('trips') }}
--- leaking lead_available_now
{{ config(kind='feature_view', entity='thing', event_time='event_ts', available_at='known_at') }}
select k, ts as event_ts, greatest(ts, until_ts) as known_at, lead(x) over (partition by k order by ts, id) as f
from {{ source('events') }}
--- leaking existence_by_availability
select s.k, s.ts as event_ts, s.w as f from {{ source('asks') }} s
where exists (select 1 from {{ source('trips') }} t where t.k = s.k and t.started_at <= s.ts and t.x > 20)
--- leaking restated_by_late_rows
{{ config(kind='feature_view', entity='thing', event_time='event_ts', available_at='known_at') }}
select k, started_at as event_ts, max(ended_at) over w as known_at, sum(x) over w as f from {{ source('trips') }}
window w as (partition by k order by started_at range between interval '1 day' preceding and current row)
