--- clean latest_before
select s.k, s.ts as event_ts, (
    select e.x from {{ source('events') }} e where e.k = s.k and e.ts <= s.ts order by e.ts desc, e.id desc limit 1
  ) as f
from {{ source('asks') }} s
--- clean maximum_before
select s.k, s.ts as event_ts, (select max(e.x) from {{ source('events') }} e where e.k = s.k and e.ts < s.ts) as f
from {{ source('asks') }} s
--- clean exists_before
select s.k, s.ts as event_ts, s.w as f from {{ source('asks') }} s
where exists (select 1 from {{ source('events') }} e where e.k = s.k and e.ts <= s.ts and e.kind = 'buy')
--- clean exists_as_a_feature
select s.k, s.ts as event_ts,
  exists (select 1 from {{ source('events') }} e where e.k = s.k and e.ts <= s.ts and e.x > 35) as f
from {{ source('asks') }} s
--- clean not_exists_before
select s.k, s.ts as event_ts, s.w as f from {{ source('asks') }} s
where not exists (select 1 from {{ source('events') }} e where e.k = s.k and e.ts <= s.ts and e.x > 30)
--- clean in_static
select k, ts as event_ts, x as f from {{ source('events') }}
where k in (select k from {{ source('places') }} where size > 2)
--- clean in_before
select s.k, s.ts as event_ts, s.w in (select e.y from {{ source('events') }} e where e.ts <= s.ts and e.y is not null) as f
from {{ source('asks') }} s
--- clean in_a_list
select k, ts as event_ts, x as f from {{ source('events') }} where kind in ('buy', 'sell')
--- clean in_same_instants
select k, ts as event_ts, x as f from {{ source('events') }}
where ts in (select ts from {{ source('asks') }} where w > 2)
--- clean time_of_the_last
select s.k, s.ts as event_ts, date_diff('minute', (
    select max(e.ts) from {{ source('events') }} e where e.k = s.k and e.ts < s.ts
  ), s.ts) as f
from {{ source('asks') }} s
--- clean any_before
select s.k, s.ts as event_ts, s.w > any (select e.y from {{ source('events') }} e where e.ts <= s.ts) as f
from {{ source('asks') }} s
--- clean nested
select s.k, s.ts as event_ts, (
    select count(*) from {{ source('events') }} e where e.k = s.k and e.ts <= s.ts and e.x > (
      select avg(o.x) from {{ source('events') }} o where o.ts <= e.ts)
  ) as f
from {{ source('asks') }} s
--- clean own_past
select e.k, e.ts as event_ts, (
    select count(*) from {{ source('events') }} o where o.k = e.k and o.ts < e.ts and o.kind = 'sell'
  ) as f
from {{ source('events') }} e
--- clean derived_table
select k, ts as event_ts, f from (select k, ts, x * 2 as f from {{ source('events') }} where y is not null) as d
--- leaking uncorrelated_average
select k, ts as event_ts, x - (select avg(x) from {{ source('events') }}) as f from {{ source('events') }}
--- leaking average_of_the_key
select s.k, s.ts as event_ts, (select avg(e.x) from {{ source('events') }} e where e.k = s.k) as f
from {{ source('asks') }} s
--- leaking exists_ever
select s.k, s.ts as event_ts, s.w as f from {{ source('asks') }} s
where exists (select 1 from {{ source('events') }} e where e.k = s.k and e.y = s.w and e.kind = 'buy')
--- leaking exists_later
select s.k, s.ts as event_ts, exists (select 1 from {{ source('events') }} e where e.k = s.k and e.ts > s.ts) as f
from {{ source('asks') }} s
--- leaking not_exists_ever
select s.k, s.ts as event_ts, s.w as f from {{ source('asks') }} s
where not exists (select 1 from {{ source('events') }} e where e.k = s.k and e.y = s.w)
--- leaking in_all
select s.k, s.ts as event_ts, s.rid, s.w as f from {{ source('asks') }} s
where s.rid in (select x from {{ source('events') }})
--- leaking not_in_all
select s.k, s.ts as event_ts, s.w as f from {{ source('asks') }} s
where s.rid not in (select x from {{ source('events') }} where x is not null)
--- leaking in_as_a_value
select k, ts as event_ts, x in (select w from {{ source('asks') }}) as f from {{ source('events') }}
--- leaking latest_of_all
select s.k, s.ts as event_ts, (
    select e.x from {{ source('events') }} e where e.k = s.k order by e.ts desc, e.id desc limit 1
  ) as f
from {{ source('asks') }} s
--- leaking after_the_last_event
select k, ts as event_ts, x as f from {{ source('events') }}
where ts > (select max(ts) - interval '2 days' from {{ source('events') }})
--- leaking any_of_all
select s.k, s.ts as event_ts, s.rid > all (select e.y * 4 from {{ source('events') }} e where e.y is not null and e.k = s.k) as f
from {{ source('asks') }} s
--- leaking nested_and_unbounded
select s.k, s.ts as event_ts, (
    select count(*) from {{ source('events') }} e where e.k = s.k and e.ts <= s.ts and e.x > (
      select avg(o.x) from {{ source('events') }} o where o.k = e.k)
  ) as f
from {{ source('asks') }} s
--- leaking an_instant_of_all
select s.k, s.ts as event_ts, date_diff('hour', s.ts, (select max(e.ts) from {{ source('events') }} e where e.k = s.k)) as f
from {{ source('asks') }} s
--- leaking in_same_days
select k, ts as event_ts, x as f from {{ source('events') }}
where ts::date in (select ts::date from {{ source('asks') }} where w > 2)
--- leaking condition_of_one_branch_only
select a.k, a.ts as event_ts, a.id, (select count(*) from (
    select b.id from {{ source('asks') }} s, {{ source('events') }} b where b.ts <= a.until_ts and a.until_ts <= a.ts and s.ts <= a.ts
    union all select b.id from {{ source('events') }} b where b.ts <= a.until_ts) z) as f
from {{ source('events') }} a where a.until_ts is not null and a.ts is not null
--- leaking condition_of_an_empty_lateral
select a.k, a.ts as event_ts, (select count(*) from {{ source('events') }} c where c.ts <= a.until_ts) as f
from {{ source('events') }} a, lateral (select max(b.x) as m from {{ source('events') }} b where b.ts <= a.ts and a.until_ts <= a.ts) z
--- leaking condition_by_way_of_an_empty_lateral
select a.k, a.ts as event_ts, (select count(*) from {{ source('events') }} c where c.ts <= a.until_ts) as f
from {{ source('events') }} a, lateral (select max(b.x) as m from {{ source('events') }} b where b.ts <= a.ts and a.until_ts <= b.ts) z
--- leaking condition_of_a_lateral_without_a_row
select a.k, a.ts as event_ts, (select count(*) from {{ source('events') }} c where c.ts <= a.until_ts) as f
from {{ source('events') }} a
left join lateral (select b.x from {{ source('events') }} b where b.k = a.k and b.ts <= a.ts and a.until_ts <= a.ts) z on true
--- leaking condition_of_an_empty_aggregate
select a.k, a.ts as event_ts, (
    select (select count(*) from {{ source('events') }} c where c.ts <= a.until_ts) + coalesce(max(b.x), 0)
    from {{ source('events') }} b where b.ts <= a.ts and a.until_ts <= a.ts) as f
from {{ source('events') }} a
--- clean condition_of_a_row_that_is_there
select a.k, a.ts as event_ts, a.id, (select count(*) from {{ source('events') }} c where c.ts <= a.until_ts) as f
from {{ source('events') }} a
semi join {{ source('asks') }} b on b.ts <= a.ts and a.until_ts <= a.ts
