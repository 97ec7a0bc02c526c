{{ config(
  kind='feature_service',
  event_time='departs_at',
  labels=['arr_delay'],
  request=['distance'],
  description='What is known about a flight when it is due to leave, to foretell how late it lands.',
) }}
select
  s.flight_id,
  s.departs_at,
  s.distance,
  c.arr_delay_mean,
  c.late_share,
  c.arrivals,
  c.arr_delay_mean * s.distance as delay_miles,
  o.departures as origin_departures,
  o.dep_delay_mean as origin_dep_delay_mean,
  o.dep_delay_max as origin_dep_delay_max,
  r.arr_delay_mean as route_arr_delay_mean,
  r.air_time_mean as route_air_time_mean,
  r.arrivals as route_arrivals,
  p.built_year as plane_built_year,
  p.manufacturer as plane_manufacturer,
  p.seats as plane_seats,
  w.temperature_f,
  w.wind_speed_mph,
  w.precipitation_in,
  w.visibility_miles,
  s.arr_delay
from {{ ref('departures') }} s
left join {{ ref('carrier_delay') }} c on c.carrier = s.carrier
left join {{ ref('origin_congestion') }} o on o.origin = s.origin
left join {{ ref('route_delay') }} r on r.origin = s.origin and r.dest = s.dest
left join {{ ref('plane') }} p on p.tailnum = s.tailnum
left join {{ ref('origin_weather') }} w on w.origin = s.origin
