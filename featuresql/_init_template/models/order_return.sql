{{ config(
  kind='feature_service',
  event_time='ordered_at',
  labels=['was_returned'],
  request=['amount'],
  description='What is known when an order is placed, to foretell whether it comes back.',
) }}
select
  s.order_id,
  s.ordered_at,
  s.amount,
  o.order_count,
  o.amount_mean,
  s.amount / o.amount_mean as amount_ratio,
  coalesce(r.return_count, 0) as return_count,
  s.was_returned
from {{ ref('placed_orders') }} s
left join {{ ref('customer_orders') }} o on o.customer_id = s.customer_id
left join {{ ref('customer_returns') }} r on r.customer_id = s.customer_id
