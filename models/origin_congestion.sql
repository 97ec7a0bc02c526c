{{ config(
  kind='feature_view',
  entity='airport',
  event_time='event_ts',
  ttl='2 hours',
  description='How many flights have left an airport lately, and how late.',
) }}
-- A delay at departure is known at once; nobody has to wait for the landing.
select
  origin,
  departure_known_at as event_ts,
  count(*) over w as departures,
  avg(dep_delay) over w as dep_delay_mean,
  max(dep_delay) over w as dep_delay_max
from {{ ref('stg_flights') }}
where departure_known_at is not null
window w as {{ trailing('origin', 'departure_known_at', var('congestion_window')) }}
