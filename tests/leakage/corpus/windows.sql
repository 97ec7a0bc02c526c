--- clean trailing_day
select k, ts as event_ts, sum(x) over (
    partition by k order by ts range between interval '1 day' preceding and current row) as f
from {{ source('events') }}
--- clean trailing_named
select k, ts as event_ts, avg(x) over w as f, count(*) over w as g, max(y) over w as h
from {{ source('events') }}
window w as (partition by k order by ts range between interval {{ var('window') }} preceding and current row)
--- clean running_sum
select k, ts as event_ts, sum(x) over (partition by k order by ts) as f from {{ source('events') }}
--- clean running_rows
select k, ts as event_ts, sum(x) over (partition by k order by ts, id rows unbounded preceding) as f
from {{ source('events') }}
--- clean last_five_rows
select k, ts as event_ts, sum(x) over (partition by k order by ts, id rows between 5 preceding and 1 preceding) as f
from {{ source('events') }}
--- clean without_the_last_hour
select k, ts as event_ts, sum(x) over (
    partition by k order by ts range between interval 2 day preceding and interval 1 hour preceding) as f
from {{ source('events') }}
--- clean previous_value
select k, ts as event_ts, x - lag(x) over (partition by k order by ts, id) as f,
  lag(x, 3, 0) over (partition by k order by ts, id) as g
from {{ source('events') }}
--- clean since_the_last
select k, ts as event_ts, date_diff('minute', lag(ts) over (partition by k order by ts, id), ts) as f
from {{ source('events') }}
--- clean numbered
select k, ts as event_ts, row_number() over (partition by k order by ts, id) as f,
  rank() over (partition by k order by ts) as g, dense_rank() over (partition by k order by ts) as h
from {{ source('events') }}
--- clean first_and_last_so_far
select k, ts as event_ts, first_value(x) over (partition by k order by ts, id) as f,
  last_value(y ignore nulls) over (partition by k order by ts, id rows between unbounded preceding and current row) as g
from {{ source('events') }}
--- clean first_of_all
select k, ts as event_ts, first_value(x) over (
    partition by k order by ts, id rows between unbounded preceding and unbounded following) as f
from {{ source('events') }}
--- clean first_event
select k, ts as event_ts, x as f from {{ source('events') }}
qualify row_number() over (partition by k order by ts, id) = 1
--- clean first_three
with numbered as (
  select *, row_number() over (partition by k order by ts, id) as n from {{ source('events') }}
)
select k, ts as event_ts, x as f from numbered where n <= 3
--- clean doubles_dropped
select k, ts as event_ts, x as f from {{ source('events') }}
qualify row_number() over (partition by k, ts order by id desc) = 1
--- clean days_since_first
select k, ts as event_ts, date_diff('day', min(ts) over (partition by k), ts) as f from {{ source('events') }}
--- clean backwards_order
select k, ts as event_ts, sum(x) over (
    partition by k order by ts desc nulls first range between current row and unbounded following) as f
from {{ source('events') }} where ts is not null
--- clean lead_backwards
select k, ts as event_ts, lead(x) over (partition by k order by ts desc, id desc) as f
from {{ source('events') }} where ts is not null
--- clean look_ahead_stamped_late
select k, ts + interval '1 hour' as event_ts, sum(x) over (
    partition by k order by ts range between current row and interval '1 hour' following) as f
from {{ source('events') }}
--- clean within_the_day
select k, date_trunc('day', ts) + interval '1 day' as event_ts, id, x,
  x * 1.0 / sum(x) over (partition by k, date_trunc('day', ts)) as f
from {{ source('events') }}
--- clean groups_frame
select k, ts as event_ts, count(*) over (
    partition by k order by ts groups between 2 preceding and current row) as f
from {{ source('events') }}
--- clean excluding_itself
select k, ts as event_ts, sum(x) over (
    partition by k order by ts, id rows between 4 preceding and current row exclude current row) as f
from {{ source('events') }}
--- clean filtered_window
select k, ts as event_ts, count(*) filter (where kind = 'buy') over (partition by k order by ts) as f
from {{ source('events') }}
--- clean window_over_days
select k, day + interval '1 day' as event_ts, sum(total) over (
    partition by k order by day rows between 2 preceding and current row) as f
from (select k, date_trunc('day', ts) as day, sum(x) as total from {{ source('events') }} group by 1, 2)
--- clean window_over_aggregate
select k, date_trunc('day', ts) + interval '1 day' as event_ts,
  sum(sum(x)) over (partition by k order by date_trunc('day', ts)) as f
from {{ source('events') }} group by k, date_trunc('day', ts)
--- clean window_over_static
select s.k, s.ts as event_ts, p.f from {{ source('asks') }} s
join (select k, size - avg(size) over () as f from {{ source('places') }}) p on p.k = s.k
--- clean sessions
with gaps as (
  select *, case when ts - lag(ts) over (partition by k order by ts, id) < interval '30 minutes' then 0 else 1 end as starts
  from {{ source('events') }}
)
select k, ts as event_ts, sum(starts) over (partition by k order by ts, id) as session_number from gaps
--- clean range_of_dates
select k, ts::date + interval '1 day' as event_ts, sum(x) over (
    partition by k order by ts::date range between interval '3 days' preceding and current row) as f
from {{ source('events') }}
--- leaking next_value
select k, ts as event_ts, lead(x) over (partition by k order by ts, id) as f from {{ source('events') }}
--- leaking negative_lag
select k, ts as event_ts, lag(x, -1) over (partition by k order by ts, id) as f from {{ source('events') }}
--- leaking whole_partition
select k, ts as event_ts, avg(x) over (partition by k) as f from {{ source('events') }}
--- leaking whole_table
select k, ts as event_ts, x - avg(x) over () as f from {{ source('events') }}
--- leaking following_row
select k, ts as event_ts, sum(x) over (partition by k order by ts, id rows between 1 preceding and 1 following) as f
from {{ source('events') }}
--- leaking following_hours
select k, ts as event_ts, sum(x) over (
    partition by k order by ts range between interval 1 day preceding and interval 3 hours following) as f
from {{ source('events') }}
--- leaking following_longer_than_stamp
select k, ts + interval '1 hour' as event_ts, sum(x) over (
    partition by k order by ts range between current row and interval '5 hours' following) as f
from {{ source('events') }}
--- leaking unbounded_following
select k, ts as event_ts, count(*) over (
    partition by k order by ts rows between current row and unbounded following) as f
from {{ source('events') }}
--- leaking groups_following
select k, ts as event_ts, count(*) over (
    partition by k order by ts groups between current row and 1 following) as f
from {{ source('events') }}
--- leaking last_of_partition
select k, ts as event_ts, last_value(x) over (
    partition by k order by ts, id rows between unbounded preceding and unbounded following) as f
from {{ source('events') }}
--- leaking first_of_the_latest
select k, ts as event_ts, first_value(x) over (partition by k order by ts desc, id) as f from {{ source('events') }}
--- leaking descending_running_sum
select k, ts as event_ts, sum(x) over (partition by k order by ts desc) as f from {{ source('events') }}
--- leaking ranked_by_value
select k, ts as event_ts, rank() over (partition by k order by x desc) as f from {{ source('events') }}
--- leaking ntiles
select k, ts as event_ts, ntile(4) over (partition by k order by ts, id) as f from {{ source('events') }}
--- leaking percent_ranks
select k, ts as event_ts, percent_rank() over (partition by k order by ts) as f from {{ source('events') }}
--- leaking cumulative_shares
select k, ts as event_ts, cume_dist() over (partition by k order by ts) as f from {{ source('events') }}
--- leaking latest_row_only
select k, ts as event_ts, x as f from {{ source('events') }}
qualify row_number() over (partition by k order by ts desc, id) = 1
--- leaking newest_by_cte
with numbered as (
  select *, row_number() over (partition by k, kind order by ts desc, id) as n from {{ source('events') }}
)
select k, ts as event_ts, x as f from numbered where n = 1
--- leaking named_window_too_wide
select k, ts as event_ts, avg(x) over w as f from {{ source('events') }}
window w as (partition by k order by ts rows between unbounded preceding and unbounded following)
--- leaking rest_of_the_day
select k, ts as event_ts, count(*) over (partition by k, date_trunc('day', ts)) as f from {{ source('events') }}
--- leaking ordered_by_id
select k, ts as event_ts, sum(x) over (partition by k order by id) as f from {{ source('events') }}
--- leaking ordered_by_another_instant
select k, ts as event_ts, sum(x) over (partition by k order by until_ts) as f from {{ source('events') }}
--- leaking nulls_come_first
select k, ts as event_ts, count(*) over (partition by k order by ts nulls first) as f from {{ source('events') }}
--- leaking nulls_come_last_backwards
select k, ts as event_ts, lead(x) over (partition by k order by ts desc, id) as f from {{ source('events') }}
--- leaking windowed_filter
select k, ts as event_ts, x as f from {{ source('events') }}
qualify x >= max(x) over (partition by k)
--- leaking maximum_instant
select k, ts as event_ts, date_diff('hour', ts, max(ts) over (partition by k)) as f from {{ source('events') }}
--- leaking minimum_of_what_follows
select k, ts as event_ts, min(ts) over (
    partition by k order by ts, id rows between 1 following and 2 following) as f
from {{ source('events') }}
--- leaking nth_value_of_all
select k, ts as event_ts, nth_value(x, 5) over (
    partition by k order by ts, id rows between unbounded preceding and unbounded following) as f
from {{ source('events') }}
--- leaking frame_as_long_as_there_are_rows
select k, ts as event_ts, sum(y) over (
    order by ts, id rows between (select count(*) // 4 from {{ source('trips') }}) preceding and current row) as f
from {{ source('events') }} where ts is not null
