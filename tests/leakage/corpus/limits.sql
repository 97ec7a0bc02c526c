--- clean first_five
select k, ts as event_ts, x as f from {{ source('events') }} order by ts, id limit 5
--- clean after_the_first_five
select k, ts as event_ts, x as f from {{ source('events') }} order by ts, id limit 10 offset 5
--- clean ordered_only
select k, ts as event_ts, x as f from {{ source('events') }} order by x desc
--- clean first_of_static
select s.k, s.ts as event_ts, (select name from {{ source('places') }} order by size desc limit 1) as f
from {{ source('asks') }} s
--- leaking last_five
select k, ts as event_ts, x as f from {{ source('events') }} order by ts desc, id limit 5
--- leaking largest_five
select k, ts as event_ts, x as f from {{ source('events') }} order by x desc, id limit 5
--- leaking any_five
select k, ts as event_ts, x as f from {{ source('events') }} order by y, id limit 5
--- leaking best_in_a_cte
with best as (select k, kind from {{ source('events') }} order by x desc, id limit 3)
select s.k, s.ts as event_ts, count(b.kind) as f from {{ source('asks') }} s left join best b on b.k = s.k
group by s.k, s.ts, s.rid
--- leaking union_limited
(select k, ts as event_ts, x as f from {{ source('events') }} union all select k, ts, w from {{ source('asks') }})
order by f, k, event_ts limit 7
--- leaking skipped_from_the_end
select k, ts as event_ts, x as f from {{ source('events') }} order by ts desc, id offset 10
--- leaking first_half
select k, ts as event_ts, x as f from {{ source('events') }} where ts is not null order by ts, id limit 50%
--- leaking as_many_as_there_are_trips
select k, ts as event_ts, x as f from {{ source('events') }} where ts is not null
order by ts, id limit (select count(*) // 3 from {{ source('trips') }})
--- leaking all_but_as_many_as_are_late
select k, ts as event_ts, x as f from {{ source('events') }} where ts is not null
order by ts, id offset (select count(*) // 2 from {{ source('trips') }} where ended_at > started_at)
