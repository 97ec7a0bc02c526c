{{ config(kind='feature_service', event_time='asked_at', request=['weight'], labels=['target']) }}
select s.asked_at, a.f, b.f as other_f, p.t, a.f * s.weight as weighted, s.part + 1 as target
from {{ source('spine') }} s
left join {{ ref('single') }} a using (code)
left join {{ ref('single') }} b on s.other = b.code
left join {{ ref('pair') }} p on p.code = s.code and p.part = s.part

-- compiled
SELECT
  s.asked_at AS asked_at,
  a.f AS f,
  b.f AS other_f,
  p.t AS t,
  a.f * s.weight AS weighted,
  s.part + 1 AS target
FROM "sources"."spine" AS "s"
ASOF LEFT JOIN "as_of"."single" AS "a__asof"
  ON "a__asof"."code" = s.code AND "a__asof"."__valid_from" <= s.asked_at
LEFT JOIN "history"."single" AS "a"
  ON "a"."__row" = CASE
    WHEN EPOCH_US(s.asked_at) - EPOCH_US("a__asof"."__event_ts") <= 3
    THEN "a__asof"."__row"
  END
ASOF LEFT JOIN "as_of"."single" AS "b__asof"
  ON "b__asof"."code" = s.other AND "b__asof"."__valid_from" <= s.asked_at
LEFT JOIN "history"."single" AS "b"
  ON "b"."__row" = CASE
    WHEN EPOCH_US(s.asked_at) - EPOCH_US("b__asof"."__event_ts") <= 3
    THEN "b__asof"."__row"
  END
ASOF LEFT JOIN "as_of"."pair" AS "p__asof"
  ON "p__asof"."code" = s.code
  AND "p__asof"."part" = s.part
  AND "p__asof"."__valid_from" <= s.asked_at
LEFT JOIN "history"."pair" AS "p"
  ON "p"."__row" = "p__asof"."__row"
