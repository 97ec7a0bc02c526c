{{ config(kind='feature_view', entity='thing', event_time='ts', ttl='7 days') }}
select code, ts, avg(f) over w as f_mean, count(*) over w as events, sum(n) over w as n_sum
from {{ source('single_rows') }}
window w as (partition by code order by ts range between interval '1 day' preceding and current row)

-- compiled
SELECT
  single_rows.code AS code,
  single_rows.ts AS ts,
  AVG(single_rows.f) OVER w AS f_mean,
  COUNT(*) OVER w AS events,
  CAST(SUM(single_rows.n) OVER w AS BIGINT) AS n_sum
FROM "sources"."single_rows" AS "single_rows"
WINDOW w AS (
  PARTITION BY single_rows.code
  ORDER BY single_rows.ts
  range BETWEEN INTERVAL '1' DAY preceding AND CURRENT ROW
)
