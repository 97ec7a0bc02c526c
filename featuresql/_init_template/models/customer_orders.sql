{{ config(
  kind='feature_view',
  entity='customer',
  event_time='event_ts',
  ttl='90 days',
  description='What a customer has ordered lately. An order counts once it is paid.',
) }}
select
  customer_id,
  paid_at as event_ts,
  count(*) over w as order_count,
  avg(amount) over w as amount_mean
from {{ source('orders') }}
window w as {{ trailing('customer_id', 'paid_at', var('window')) }}
