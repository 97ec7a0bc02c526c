{{ config(
  kind='staging',
  description='Hourly weather at the origins, stamped with the end of the hour.',
) }}
select
  origin,
  -- `time_hour` names the hour that the observation was taken in; it is surely known when that ends.
  time_hour + interval '1 hour' as observed_at,
  temp as temperature_f,
  -- One reading claims 1,048 miles an hour. The strongest gust ever measured is under 260.
  case when wind_speed < 260 then wind_speed end as wind_speed_mph,
  precip as precipitation_in,
  visib as visibility_miles
from {{ source('weather') }}
