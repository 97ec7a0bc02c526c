with recent as (select * from {{ source('single_rows') }} where ts >= timestamp '2024-01-01'),
counted as (select code, count(*) as rows, max(f) as most from recent group by 1 having rows > 1)
select r.code, r.ts, c.rows, c.most from recent r join counted c using (code)

-- compiled
WITH recent AS (
  SELECT
    single_rows.code AS code,
    single_rows.ts AS ts,
    single_rows.seen_at AS seen_at,
    single_rows.f AS f,
    single_rows.n AS n,
    single_rows.l AS l
  FROM "sources"."single_rows" AS "single_rows"
  WHERE
    single_rows.ts >= CAST('2024-01-01' AS TIMESTAMP)
), counted AS (
  SELECT
    recent.code AS code,
    COUNT(*) AS rows,
    MAX(recent.f) AS most
  FROM recent AS recent
  GROUP BY
    recent.code
  HAVING
    COUNT(*) > 1
)
SELECT
  r.code AS code,
  r.ts AS ts,
  c.rows AS rows,
  c.most AS most
FROM recent AS r
JOIN counted AS c
  ON r.code = c.code
