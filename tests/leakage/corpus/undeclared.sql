--- undeclared joined_dimension
select s.k, s.ts as event_ts, p.size as f from {{ source('asks') }} s left join {{ source('loose') }} p on p.k = s.k
--- undeclared rows_of_it
select k, timestamp '2024-03-01' as event_ts, size as f from {{ source('loose') }}
--- undeclared exists_in_it
select k, ts as event_ts, x as f from {{ source('events') }} where k in (select k from {{ source('loose') }})
--- undeclared aggregated
select s.k, s.ts as event_ts, (select sum(size) from {{ source('loose') }}) as f from {{ source('asks') }} s
