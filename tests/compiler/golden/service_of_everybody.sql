{{ config(kind='feature_service', event_time='asked_at') }}
select s.asked_at, e.rate, p.t
from {{ source('spine') }} s
left join {{ ref('everybody') }} e on true
left join {{ ref('pair') }} p on p.code = s.code and p.part = s.part

-- compiled
SELECT
  s.asked_at AS asked_at,
  e.rate AS rate,
  p.t AS t
FROM "sources"."spine" AS "s"
ASOF LEFT JOIN "as_of"."everybody" AS "e__asof"
  ON "e__asof"."__everybody" = (
    NOT (
      s.asked_at
    ) IS NULL
  )
  AND "e__asof"."__valid_from" <= s.asked_at
LEFT JOIN "history"."everybody" AS "e"
  ON "e"."__row" = "e__asof"."__row"
ASOF LEFT JOIN "as_of"."pair" AS "p__asof"
  ON "p__asof"."code" = s.code
  AND "p__asof"."part" = s.part
  AND "p__asof"."__valid_from" <= s.asked_at
LEFT JOIN "history"."pair" AS "p"
  ON "p"."__row" = "p__asof"."__row"
