{{ config(kind='feature_view', entity='thing', event_time='ts', available_at='seen_at') }}
select code, ts, seen_at, f from {{ source('single_rows') }}

-- compiled
SELECT
  "q"."code" AS "code",
  "q"."ts" AS "ts",
  CASE
    WHEN "q"."ts" IS NULL
    THEN "q"."seen_at"
    ELSE GREATEST("q"."seen_at", "q"."ts")
  END AS "seen_at",
  "q"."f" AS "f"
FROM (
  SELECT
    single_rows.code AS code,
    single_rows.ts AS ts,
    single_rows.seen_at AS seen_at,
    single_rows.f AS f
  FROM "sources"."single_rows" AS "single_rows"
) AS q
