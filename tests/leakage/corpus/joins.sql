--- clean static_dimension
select s.k, s.ts as event_ts, p.size as f, p.name as g from {{ source('asks') }} s
left join {{ source('places') }} p on p.k = s.k
--- clean static_inner
select s.k, s.ts as event_ts, p.size * s.w as f from {{ source('asks') }} s join {{ source('places') }} p using (k)
--- clean static_full
select p.k, s.ts as event_ts, p.size as f from {{ source('places') }} p right join {{ source('asks') }} s on p.k = s.k
--- clean before_the_ask
select s.k, s.ts as event_ts, s.rid, sum(e.x) as f, count(e.id) as g from {{ source('asks') }} s
left join {{ source('events') }} e on e.k = s.k and e.ts <= s.ts
group by s.k, s.ts, s.rid
--- clean within_seven_days
select s.k, s.ts as event_ts, s.rid, avg(e.x) as f from {{ source('asks') }} s
left join {{ source('events') }} e
  on e.k = s.k and e.ts between s.ts - interval '7 days' and s.ts - interval '1 hour'
group by all
--- clean inner_before
select s.k, s.ts as event_ts, e.x as f, e.kind as g from {{ source('asks') }} s
join {{ source('events') }} e on e.k = s.k where e.ts < s.ts
--- clean later_of_both
select s.k, greatest(s.ts, e.ts) as event_ts, e.x as f from {{ source('asks') }} s
join {{ source('events') }} e on e.k = s.k and s.ts is not null and e.ts is not null
--- clean same_instant
select s.k, s.ts as event_ts, e.x as f from {{ source('asks') }} s
join {{ source('events') }} e on e.k = s.k and e.ts = s.ts
--- clean same_day
with days as (select k, date_trunc('day', ts) as day, sum(x) as total from {{ source('events') }} group by all),
asked as (select k, date_trunc('day', ts) as day, count(*) as asks from {{ source('asks') }} group by all)
select d.k, d.day + interval '1 day' as event_ts, d.total as f, a.asks as g
from days d left join asked a on a.k = d.k and a.day = d.day
--- clean day_before
with days as (select k, ts::date as day, sum(x) as total from {{ source('events') }} group by all)
select s.k, s.ts as event_ts, d.total as f from {{ source('asks') }} s
left join days d on d.k = s.k and d.day = s.ts::date - 1
--- clean asof_written_out
select s.k, s.ts as event_ts, e.x as f from {{ source('asks') }} s
asof left join (select k, ts, max(x) as x from {{ source('events') }} group by all) e on e.k = s.k and e.ts <= s.ts
--- clean semi_before
select s.k, s.ts as event_ts, s.w as f from {{ source('asks') }} s
semi join {{ source('events') }} e on e.k = s.k and e.ts < s.ts
--- clean anti_before
select s.k, s.ts as event_ts, s.w as f from {{ source('asks') }} s
anti join {{ source('events') }} e on e.k = s.k and e.ts <= s.ts and e.kind = 'sell'
--- clean self_join_before
select a.k, a.ts as event_ts, a.id, count(b.id) as f from {{ source('events') }} a
left join {{ source('events') }} b on b.k = a.k and b.ts < a.ts and b.kind = a.kind
group by a.k, a.ts, a.id
--- clean by_distance
select s.k, s.ts as event_ts, s.rid, sum(e.x) as f from {{ source('asks') }} s
left join {{ source('events') }} e on e.k = s.k and s.ts - e.ts between interval 0 seconds and interval '3 days'
group by all
--- clean lateral_latest
select s.k, s.ts as event_ts, l.x as f from {{ source('asks') }} s
left join lateral (
  select e.x from {{ source('events') }} e where e.k = s.k and e.ts <= s.ts order by e.ts desc, e.id desc limit 1
) l on true
--- clean calendar_of_static_keys
select p.k, d.day as event_ts, count(e.id) as f from {{ source('places') }} p
cross join generate_series(timestamp '2024-03-01', timestamp '2024-03-08', interval '1 day') as d(day)
left join {{ source('events') }} e on e.k = p.k and e.ts < d.day
group by p.k, d.day
--- clean three_way
select s.k, s.ts as event_ts, s.rid, p.name as g, sum(e.x) as f from {{ source('asks') }} s
left join {{ source('places') }} p on p.k = s.k
left join {{ source('events') }} e on e.k = s.k and e.ts <= s.ts
group by s.k, s.ts, s.rid, p.name
--- clean filtered_aggregate_before
select s.k, s.ts as event_ts, s.rid, count(*) filter (where e.kind = 'buy') as f from {{ source('asks') }} s
join {{ source('events') }} e on e.k = s.k and e.ts <= s.ts group by all
--- clean full_of_static
select coalesce(a.k, b.k) as k, timestamp '2024-03-01' as event_ts, a.size + b.size as f
from {{ source('places') }} a full join {{ source('places') }} b on a.k = b.k
--- clean matched_only
select s.k, greatest(s.ts, e.ts) as event_ts, e.x as f from {{ source('asks') }} s
left join {{ source('events') }} e on e.k = s.k where e.ts is not null and s.ts is not null
--- clean values_of_the_model
select s.k, s.ts as event_ts, v.weight * s.w as f from {{ source('asks') }} s
left join (values ('a', 2), ('b', 3)) as v(k, weight) on v.k = s.k
--- leaking unbounded_join
select s.k, s.ts as event_ts, e.x as f from {{ source('asks') }} s join {{ source('events') }} e on e.k = s.k
--- leaking unbounded_left_join
select s.k, s.ts as event_ts, s.rid, count(e.id) as f from {{ source('asks') }} s
left join {{ source('events') }} e on e.k = s.k group by all
--- leaking only_a_lower_bound
select s.k, s.ts as event_ts, s.rid, count(e.id) as f from {{ source('asks') }} s
left join {{ source('events') }} e on e.k = s.k and e.ts >= s.ts - interval '7 days' group by all
--- leaking wrong_way_round
select s.k, s.ts as event_ts, s.rid, sum(e.x) as f from {{ source('asks') }} s
left join {{ source('events') }} e on e.k = s.k and e.ts > s.ts group by all
--- leaking an_hour_too_much
select s.k, s.ts as event_ts, s.rid, sum(e.x) as f from {{ source('asks') }} s
left join {{ source('events') }} e on e.k = s.k and e.ts <= s.ts + interval '1 hour' group by all
--- leaking same_day_whole
select s.k, s.ts as event_ts, s.rid, sum(e.x) as f from {{ source('asks') }} s
left join {{ source('events') }} e on e.k = s.k and e.ts::date = s.ts::date group by all
--- leaking same_day_sum
with days as (select k, ts::date as day, sum(x) as total from {{ source('events') }} group by all)
select s.k, s.ts as event_ts, d.total as f from {{ source('asks') }} s
left join days d on d.k = s.k and d.day = s.ts::date
--- leaking forward_asof
select s.k, s.ts as event_ts, e.x as f from {{ source('asks') }} s
asof left join (select k, ts, max(x) as x from {{ source('events') }} group by all) e on e.k = s.k and e.ts >= s.ts
--- leaking semi_join_unbounded
select s.k, s.ts as event_ts, s.w as f from {{ source('asks') }} s
semi join {{ source('events') }} e on e.k = s.k and e.y = s.w
--- leaking anti_join_unbounded
select s.k, s.ts as event_ts, s.w as f from {{ source('asks') }} s
anti join {{ source('events') }} e on e.k = s.k and e.y = s.w
--- leaking existence_by_left_join
select s.k, s.ts as event_ts, s.w as f from {{ source('asks') }} s
left join {{ source('events') }} e on e.k = s.k and e.y = s.w where e.id is null
--- leaking full_join
select coalesce(s.k, e.k) as k, coalesce(s.ts, e.ts) as event_ts, e.x as f from {{ source('asks') }} s
full join {{ source('events') }} e on e.k = s.k and e.ts = s.ts + interval '1 hour'
--- leaking right_join_unbounded
select s.k, s.ts as event_ts, e.x as f from {{ source('events') }} e right join {{ source('asks') }} s on e.k = s.k and e.y = s.w
--- leaking lateral_unbounded
select s.k, s.ts as event_ts, l.m as f from {{ source('asks') }} s
left join lateral (select max(e.x) as m from {{ source('events') }} e where e.k = s.k) l on true
--- leaking calendar_of_seen_keys
select p.k, d.day as event_ts, 1 as f from (select distinct k, kind from {{ source('events') }}) p
cross join generate_series(timestamp '2024-02-28', timestamp '2024-03-08', interval '1 day') as d(day)
--- leaking days_until_next
select s.k, s.ts as event_ts, s.rid, min(e.ts) as f from {{ source('asks') }} s
left join {{ source('events') }} e on e.k = s.k and e.ts > s.ts group by all
--- leaking condition_on_left_only
select s.k, s.ts as event_ts, s.rid, count(e.id) as f from {{ source('asks') }} s
left join {{ source('events') }} e on e.k = s.k and s.ts > timestamp '2024-03-02' group by all
--- leaking disjunction
select s.k, s.ts as event_ts, s.rid, count(e.id) as f from {{ source('asks') }} s
left join {{ source('events') }} e on e.k = s.k and (e.ts <= s.ts or e.kind = 'buy') group by all
--- leaking stamped_by_the_wrong_side
select s.k, e.ts as event_ts, s.w as f from {{ source('asks') }} s join {{ source('events') }} e on e.k = s.k and e.ts <= s.ts
--- leaking day_borders_counted
select s.k, s.ts as event_ts, s.rid, count(e.id) as f from {{ source('asks') }} s
left join {{ source('events') }} e on e.k = s.k and date_diff('day', e.ts, s.ts) >= 0 group by all
--- clean days_before_this_one
select s.k, s.ts as event_ts, s.rid, count(e.id) as f from {{ source('asks') }} s
left join {{ source('events') }} e on e.k = s.k and date_trunc('day', e.ts) < date_trunc('day', s.ts) group by all
--- clean dates_before_this_one
select s.k, s.ts as event_ts, s.rid, count(e.id) as f from {{ source('asks') }} s
left join {{ source('events') }} e on e.k = s.k and e.ts::date < s.ts::date group by all
--- leaking dates_up_to_this_one
select s.k, s.ts as event_ts, s.rid, count(e.id) as f from {{ source('asks') }} s
left join {{ source('events') }} e on e.k = s.k and e.ts::date <= s.ts::date group by all
--- clean available_when_both_are_known
{{ config(kind='feature_view', entity='thing', event_time='event_ts', available_at='known_at') }}
select k, date_trunc('day', ts) as event_ts, greatest(ts, until_ts) as known_at, x as f from {{ source('events') }}
