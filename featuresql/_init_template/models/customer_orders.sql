{{ config(
  kind='feature_view',
  entity='customer',
  event_time='event_ts',
  ttl='90 days',
  description='What a customer has ordered lately. An order counts once it is paid.',
) }}
with paid as (
  select customer_id, amount, greatest(ordered_at, paid_at) as paid_at
  from {{ source('orders') }}
  where ordered_at is not null and paid_at is not null
)
select
  customer_id,
  paid_at as event_ts,
  count(*) over w as order_count,
  avg(amount) over w as amount_mean
from paid
window w as {{ trailing('customer_id', 'paid_at', var('window')) }}
