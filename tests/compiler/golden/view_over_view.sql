{{ config(kind='feature_view', entity='thing', event_time='ts') }}
select r.code, r.ts, r.n * v.f as scaled
from {{ source('single_rows') }} r
left join {{ ref('single') }} v on v.code = r.code
where r.n > 0

-- compiled
SELECT
  r.code AS code,
  r.ts AS ts,
  r.n * v.f AS scaled
FROM "sources"."single_rows" AS "r"
ASOF LEFT JOIN "as_of"."single" AS "v__asof"
  ON "v__asof"."code" = r.code AND "v__asof"."__valid_from" <= r.ts
LEFT JOIN "history"."single" AS "v"
  ON "v"."__row" = CASE
    WHEN EPOCH_US(r.ts) - EPOCH_US("v__asof"."__event_ts") <= 3
    THEN "v__asof"."__row"
  END
WHERE
  r.n > 0
