{{ config(
  kind='feature_view',
  entity='airport',
  event_time='event_ts',
  ttl='6 hours',
  description='The weather at an airport. After six hours without an observation it is unknown.',
) }}
select
  origin,
  observed_at as event_ts,
  temperature_f,
  wind_speed_mph,
  precipitation_in,
  visibility_miles
from {{ ref('stg_weather') }}
