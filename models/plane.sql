{{ config(
  kind='feature_view',
  entity='plane',
  event_time='event_ts',
  description='What the registry says of a plane. It does not age, so there is no ttl.',
) }}
-- The registry has no time of its own: the source is `static`. Its rows are stamped with the start of
-- the year of the data, before the first flight, so that every flight sees them.
select
  tailnum,
  timestamp '2013-01-01 00:00:00' as event_ts,
  year as built_year,
  manufacturer,
  engines,
  seats
from {{ source('planes') }}
