--- clean daily_sum
select k, date_trunc('day', ts) + interval '1 day' as event_ts, sum(x) as f, count(*) as g
from {{ source('events') }} group by 1, 2
--- clean daily_sum_group_by_all
select k, date_trunc('day', ts) + interval 1 day as event_ts, max(x) as f from {{ source('events') }} group by all
--- clean monthly
select k, date_trunc('month', ts) + interval '1 month' as event_ts, count(distinct kind) as f
from {{ source('events') }} group by k, date_trunc('month', ts)
--- clean hourly_buckets
select k, time_bucket(interval '3 hours', ts) + interval '3 hours' as event_ts, avg(x) as f
from {{ source('events') }} group by k, time_bucket(interval '3 hours', ts)
--- clean daily_with_having
select k, ts::date + interval '1 day' as event_ts, sum(x) as f from {{ source('events') }}
group by k, ts::date having count(*) > 2
--- clean daily_filtered
select k, date_trunc('day', ts) + interval '1 day' as event_ts, count(*) filter (where kind = 'buy') as f,
  sum(case when kind = 'sell' then x else 0 end) as g
from {{ source('events') }} group by k, date_trunc('day', ts)
--- clean per_instant
select k, ts as event_ts, sum(x) as f, list_sort(list(y)) as g from {{ source('events') }} group by k, ts
--- clean last_of_the_day
select k, date_trunc('day', ts) + interval '1 day' as event_ts, arg_max(x, id) as f from {{ source('events') }}
group by k, date_trunc('day', ts)
--- clean day_and_kind
with days as (
  select k, kind, date_trunc('day', ts) as day, count(*) as n from {{ source('events') }} group by all
)
select k, day + interval '1 day' as event_ts, max(n) as f, sum(n) as g from days group by k, day
--- clean first_event_of_key
select k, min(ts) as event_ts, 1 as f from {{ source('events') }} group by k
--- clean distinct_instants
select distinct k, ts as event_ts, x as f from {{ source('events') }}
--- clean distinct_days
select distinct k, date_trunc('day', ts) + interval '1 day' as event_ts, 1 as f from {{ source('events') }}
--- clean distinct_on_instants
select distinct on (k, ts) k, ts as event_ts, x as f from {{ source('events') }} order by k, ts, id
--- clean distinct_on_first
select distinct on (k) k, ts as event_ts, x as f from {{ source('events') }} order by k, ts, id
--- clean static_totals
select s.k, s.ts as event_ts, p.total as f from {{ source('asks') }} s
join (select k, sum(size) as total from {{ source('places') }} group by k) p on p.k = s.k
--- clean quantiles
select k, date_trunc('day', ts) + interval '1 day' as event_ts, median(x) as f, quantile_cont(x, 0.9) as g
from {{ source('events') }} group by 1, 2
--- clean grouped_later_stamp
select k, date_trunc('day', ts) + interval '3 days' as event_ts, sum(x) as f from {{ source('events') }}
group by k, date_trunc('day', ts)
--- clean latest_within_the_day
select k, max(ts) as last_at, date_trunc('day', ts) + interval '1 day' as event_ts from {{ source('events') }}
group by k, date_trunc('day', ts)
--- clean ratio_of_sums
select k, date_trunc('day', ts) + interval '1 day' as event_ts,
  sum(x) * 1.0 / nullif(count(y), 0) as f
from {{ source('events') }} group by k, date_trunc('day', ts)
--- clean ordered_list
select k, date_trunc('day', ts) + interval '1 day' as event_ts, list(x order by ts, id) as f,
  string_agg(kind, ',' order by ts, id) as g
from {{ source('events') }} group by 1, 2
--- leaking daily_sum_at_its_start
select k, date_trunc('day', ts) as event_ts, sum(x) as f from {{ source('events') }} group by 1, 2
--- leaking daily_sum_by_date
select k, cast(ts::date as timestamp) as event_ts, sum(x) as f from {{ source('events') }} group by 1, 2
--- leaking monthly_after_thirty_days
select k, date_trunc('month', ts) + interval '30 days' - interval '28 days' as event_ts, count(*) as f
from {{ source('events') }} group by 1, 2
--- leaking bucket_at_its_start
select k, time_bucket(interval '12 hours', ts) as event_ts, count(*) as f from {{ source('events') }} group by 1, 2
--- leaking daily_sum_an_hour_early
select k, date_trunc('day', ts) + interval '23 hours' as event_ts, sum(x) as f from {{ source('events') }}
group by k, date_trunc('day', ts)
--- leaking whole_history
select k, max(ts) as event_ts, sum(x) as f from {{ source('events') }} group by k
--- leaking history_stamped_first
select k, min(ts) as event_ts, count(*) as f from {{ source('events') }} group by k
--- leaking maximum_as_feature
select k, min(ts) as event_ts, max(ts) as f from {{ source('events') }} group by k
--- leaking having_counts_all
select k, min(ts) as event_ts, 1 as f from {{ source('events') }} group by k having count(*) > 15
--- leaking having_on_days
select k, date_trunc('day', ts) as event_ts, 1 as f from {{ source('events') }} group by 1, 2 having count(*) > 3
--- leaking distinct_days_at_their_start
select distinct k, date_trunc('day', ts) as event_ts, 1 as f from {{ source('events') }}
--- leaking distinct_without_time
with keys as (select distinct kind from {{ source('events') }})
select s.k, s.ts as event_ts, keys.kind as f from {{ source('asks') }} s cross join keys
--- leaking distinct_on_latest
select distinct on (k) k, ts as event_ts, x as f from {{ source('events') }} order by k, ts desc, id
--- leaking distinct_on_largest
select distinct on (k, kind) k, ts as event_ts, x as f from {{ source('events') }} order by k, kind, x desc, id
--- leaking globally_normalized
with stats as (select avg(x) as mean, stddev(x) as deviation from {{ source('events') }})
select e.k, e.ts as event_ts, (e.x - stats.mean) / stats.deviation as f from {{ source('events') }} e cross join stats
--- leaking mean_of_the_key
with means as (select k, avg(x) as mean from {{ source('events') }} group by k)
select e.k, e.ts as event_ts, e.x - m.mean as f from {{ source('events') }} e join means m on m.k = e.k
--- leaking target_encoding
select e.k, e.ts as event_ts, (select avg(o.x) from {{ source('events') }} o where o.kind = e.kind) as f
from {{ source('events') }} e
--- leaking two_keys_of_which_one_is_early
select k, date_trunc('day', ts) as event_ts, sum(x) as f from {{ source('events') }}
group by k, date_trunc('day', ts), date_trunc('month', ts)
--- leaking minimum_of_two_joined
select a.k, greatest(min(a.ts), min(s.ts)) as event_ts, 1 as f
from {{ source('events') }} a join {{ source('asks') }} s on s.k = a.k and s.w = a.y group by a.k, a.id % 3
