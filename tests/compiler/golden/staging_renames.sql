{{ config(kind='staging') }}
-- a comment that is gone
select CODE as Name, n + 1 as next, next * 2 as doubled, sum(n) over (partition by code) as total
from {{ source('single_rows') }} where f is not null

-- compiled
SELECT
  single_rows.code AS name,
  single_rows.n + 1 AS next,
  (
    single_rows.n + 1
  ) * 2 AS doubled,
  CAST(SUM(single_rows.n) OVER (PARTITION BY single_rows.code) AS BIGINT) AS total
FROM "sources"."single_rows" AS "single_rows"
WHERE
  NOT single_rows.f IS NULL
