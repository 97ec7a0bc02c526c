--- clean plain_rows
select k, ts as event_ts, x as f, y as g from {{ source('events') }}
--- clean filtered_rows
select k, ts as event_ts, x as f from {{ source('events') }} where kind = 'buy' and x > 3 and ts is not null
--- clean arithmetic
select k, ts as event_ts, x * 2 + coalesce(y, 0) as f, case when x > 10 then 'high' when x > 0 then 'low' end as g,
  length(kind) as h, x is null as i, round(x / 3.0, 2) as j
from {{ source('events') }}
--- clean calendar_parts
select k, ts as event_ts, extract(hour from ts) as hour_of_day, dayofweek(ts) as weekday, ts::date as day,
  date_trunc('month', ts) as month, strftime(ts, '%H:%M') as clock
from {{ source('events') }}
--- clean stamped_an_hour_later
select k, ts + interval '1 hour' as event_ts, x as f from {{ source('events') }}
--- clean stamped_with_a_month
select k, ts + interval '1 month' as event_ts, x as f from {{ source('events') }}
--- clean next_midnight
select k, date_trunc('day', ts) + interval '1 day' as event_ts, x as f from {{ source('events') }}
--- clean end_of_month
select k, last_day(ts) + interval '1 day' as event_ts, x as f from {{ source('events') }}
--- clean end_of_bucket
select k, time_bucket(interval '6 hours', ts) + interval '6 hours' as event_ts, x as f from {{ source('events') }}
--- clean end_of_week
select k, date_trunc('week', ts) + interval 7 day as event_ts, x as f from {{ source('events') }}
--- clean end_of_quarter
select k, date_trunc('quarter', ts) + interval '3 months' as event_ts, x as f from {{ source('events') }}
--- clean end_of_year
select k, date_trunc('year', ts) + interval 1 year as event_ts, x as f from {{ source('events') }}
--- clean day_after
select k, cast(ts::date + 1 as timestamp) as event_ts, x as f from {{ source('events') }}
--- clean later_of_two
select k, greatest(ts, until_ts) as event_ts, x as f from {{ source('events') }} where ts is not null
--- clean later_of_two_by_case
select k, case when until_ts > ts then until_ts else ts end as event_ts, x as f from {{ source('events') }}
--- clean checked_end
select k, until_ts as event_ts, x as f from {{ source('events') }} where until_ts >= ts
--- clean list_elements
select k, ts as event_ts, unnest(l) as f from {{ source('events') }}
--- clean list_elements_joined
select e.k, e.ts as event_ts, u.v as f from {{ source('events') }} e, unnest(e.l) as u(v)
--- clean list_functions
select k, ts as event_ts, list_sum(l) as f, list_transform(l, v -> v + x) as g, len(l) as h from {{ source('events') }}
--- clean with_a_macro
select k, {{ end_of('hour', 'ts') }} as event_ts, {{ clipped('x', 0, 20) }} as f from {{ source('events') }}
--- clean with_a_variable
select k, ts as event_ts, x as f from {{ source('events') }} where x < {{ var('limit') }}
--- clean fixed_period
select k, ts as event_ts, x - (
    select avg(x) from {{ source('events') }} where ts < timestamp '2024-03-02 00:00:00'
  ) as f
from {{ source('events') }} where ts >= timestamp '2024-03-02'
--- clean plain_coalesced
select k, coalesce(ts, timestamp '2024-03-01') as event_ts, 1 as f from {{ source('places') }} p
join (values ('a', timestamp '2024-03-02')) v(key, ts) on v.key = p.k
--- leaking stamped_an_hour_earlier
select k, ts - interval '1 hour' as event_ts, x as f from {{ source('events') }}
--- leaking stamped_at_the_day
select k, date_trunc('day', ts) as event_ts, x as f from {{ source('events') }}
--- leaking stamped_by_a_cast
select k, ts::date::timestamp as event_ts, x as f from {{ source('events') }}
--- leaking end_of_day_too_early
select k, date_trunc('day', ts) + interval '12 hours' as event_ts, x as f from {{ source('events') }}
--- leaking start_of_bucket
select k, time_bucket(interval '6 hours', ts) as event_ts, x as f from {{ source('events') }}
--- leaking last_day_itself
select k, last_day(ts)::timestamp - interval '30 days' as event_ts, x as f from {{ source('events') }}
--- leaking day_of_clocks
select k, make_timestamp(year(ts), month(ts), day(ts), 0, 0, 0) as event_ts, x as f from {{ source('events') }}
--- leaking earlier_of_two
select k, least(ts, until_ts) as event_ts, x as f from {{ source('events') }}
--- leaking unchecked_end
select k, until_ts as event_ts, x as f from {{ source('events') }}
--- leaking constant_stamp
select k, timestamp '2024-03-01' as event_ts, x as f from {{ source('events') }}
--- leaking wrong_case
select k, case when until_ts < ts then until_ts else ts end as event_ts, x as f from {{ source('events') }}
--- leaking stamped_by_a_macro
select k, {{ start_of('hour', 'ts') }} as event_ts, x as f from {{ source('events') }}
--- leaking rounded_text
select k, strptime(strftime(ts, '%Y-%m-%d'), '%Y-%m-%d') as event_ts, x as f from {{ source('events') }}
--- leaking coalesced_end
select k, coalesce(until_ts, ts) as event_ts, x as f from {{ source('events') }}
--- leaking greatest_of_what_may_be_null
select k, greatest(ts, until_ts) as event_ts, x as f from {{ source('events') }}
--- leaking unfixed_period
select k, ts as event_ts, x - (select avg(x) from {{ source('events') }} where ts < timestamp '2024-03-05') as f
from {{ source('events') }}
