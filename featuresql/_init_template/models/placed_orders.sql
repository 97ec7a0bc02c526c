{{ config(description='The spine: each order at the instant it is placed, and what became of it.') }}
select
  o.order_id,
  o.ordered_at,
  o.customer_id,
  o.amount,
  r.order_id is not null as was_returned
from {{ source('orders') }} o
left join {{ source('returns') }} r on r.order_id = o.order_id
