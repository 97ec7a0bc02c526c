{{ config(
  kind='staging',
  materialized='view',
  description='The spine: each scheduled departure, at the instant when its delay is to be foretold.',
) }}
select
  flight_id,
  scheduled_at as departs_at,
  carrier,
  origin,
  dest,
  tailnum,
  distance,
  arr_delay
from {{ ref('stg_flights') }}
