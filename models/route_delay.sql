{{ config(
  kind='feature_view',
  entity='route',
  event_time='event_ts',
  ttl='30 days',
  description='How late the flights of a route have landed lately, and how long they flew.',
) }}
select
  origin,
  dest,
  arrived_at as event_ts,
  avg(arr_delay) over w as arr_delay_mean,
  avg(air_time) over w as air_time_mean,
  count(*) over w as arrivals
from {{ ref('stg_flights') }}
where arrived_at is not null
window w as {{ trailing('origin, dest', 'arrived_at', var('route_window')) }}
