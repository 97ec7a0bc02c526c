{{ config(
  kind='feature_view',
  entity='carrier',
  event_time='event_ts',
  ttl='7 days',
  description='How late the flights of a carrier have landed lately.',
) }}
select
  carrier,
  arrived_at as event_ts,
  avg(arr_delay) over w as arr_delay_mean,
  {{ late_share('arr_delay', 'w') }} as late_share,
  count(*) over w as arrivals
from {{ ref('stg_flights') }}
where arrived_at is not null
window w as {{ trailing('carrier', 'arrived_at', var('window')) }}
