{{ config(
  kind='feature_view',
  entity='customer',
  event_time='event_ts',
  description='What a customer has ever sent back. It does not age, so there is no ttl.',
) }}
select
  customer_id,
  returned_at as event_ts,
  count(*) over (
    partition by customer_id
    order by returned_at
    range between unbounded preceding and current row
  ) as return_count
from {{ source('returns') }}
