{{ config(
  kind='staging',
  materialized='table',
  description='Every flight, with its instants in UTC.',
) }}
-- When did a flight land? The data give `arr_time`, a clock's time at the destination, without a date.
--
-- 1. The destination's offset from UTC is its zone's, and an hour more in summer time. Which of them
--    held is judged at `departed_at + air_time`: the flight cannot have landed earlier, and the rest
--    of its way, the taxiing, is minutes.
-- 2. So `arr_time` is a minute of the UTC day, and the landing is the first such minute after the
--    departure: no flight takes a day.
--
-- It could be had from `arr_delay` too, but only by way of `sched_arr_time`, which needs the same two
-- steps. Both ways agree on every flight of the year.
--
-- `greatest(time_hour, …)` says that a row is never known before the event time of its source. No
-- landing is. A departure may be, by some minutes: what was due at 10:00 and left at 09:55 counts as
-- known from 10:00.
with flights as (
  select
    f.carrier || cast(f.flight as varchar) || '-' || f.origin || '-'
      || cast(f.year * 10000 + f.month * 100 + f.day as varchar) as flight_id,
    f.carrier,
    f.origin,
    f.dest,
    f.tailnum,
    f.distance,
    f.time_hour,
    f.time_hour + to_minutes(f.minute) as scheduled_at,
    f.time_hour + to_minutes(f.minute + f.dep_delay) as departed_at,
    f.dep_delay,
    f.arr_time,
    f.arr_delay,
    f.air_time,
    -- The list of airports lacks Puerto Rico (BQN, PSE, SJU) and the Virgin Islands (STT), which are
    -- four hours behind UTC all year. Any other that it lacked would fail a data test.
    case when f.dest in ('BQN', 'PSE', 'SJU', 'STT') then -4 else a.tz end as utc_offset_hours,
    coalesce(a.dst, 'N') = 'A' as keeps_summer_time
  from {{ source('flights') }} f
  left join {{ source('airports') }} a on a.faa = f.dest
),

clocks as (
  select
    *,
    utc_offset_hours * 60 + {{ summer_time_minutes(
      'departed_at + to_minutes(air_time + utc_offset_hours * 60)', 'keeps_summer_time'
    ) }} as utc_offset_minutes
  from flights
),

durations as (
  select
    *,
    -- A cancelled flight has no times at all. A diverted one may have reached its destination in the
    -- end, but the data tell neither its air time nor its delay: it counts as never landed.
    case
      when air_time is not null
      then (
        {{ hhmm_to_minutes('arr_time') }} - utc_offset_minutes
        - {{ minute_of_day('departed_at') }} + 1440
      ) % 1440
    end as elapsed_minutes
  from clocks
)

select
  flight_id,
  carrier,
  origin,
  dest,
  tailnum,
  distance,
  scheduled_at,
  departed_at,
  case
    when departed_at is not null
    then greatest(time_hour, departed_at)
  end as departure_known_at,
  case
    when elapsed_minutes is not null
    then greatest(time_hour, departed_at + to_minutes(elapsed_minutes))
  end as arrived_at,
  dep_delay,
  arr_delay,
  air_time,
  elapsed_minutes,
  utc_offset_hours
from durations
