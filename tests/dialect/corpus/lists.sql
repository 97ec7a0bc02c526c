-- Lists as values in whole queries.
SELECT n, unnest(li) AS v FROM t AS t;
-- refused: several unnest() in one SELECT
SELECT n, unnest(li) AS v, unnest(ls) AS w FROM t AS t;
SELECT n, unnest(li) + n AS v FROM t AS t WHERE n <> 4;
SELECT n, v FROM (SELECT n, unnest(li) AS v FROM t AS t) AS x WHERE v > 1;
SELECT v, count(*) AS c FROM (SELECT unnest(ls) AS v FROM t AS t) AS x GROUP BY v;
-- refused: a FROM that reads the rows around the query
SELECT n, (SELECT sum(v) FROM (SELECT unnest(li) AS v) AS x) AS s FROM t AS t;
SELECT n, unnest([li, [n]]) AS v FROM t AS t;
SELECT DISTINCT unnest(li) AS v FROM t AS t;
SELECT n, unnest(li) AS v FROM t AS t ORDER BY n, v;
SELECT n, unnest(li) AS v FROM t AS t ORDER BY n DESC, v DESC LIMIT 3;
SELECT n, [x + 1 FOR x IN li IF x < 100] AS v FROM t AS t;
SELECT n, list_transform(li, lambda x: x // 2) AS v FROM t AS t;
SELECT n, li[1] AS a, li[-1] AS b, li[2:3] AS c FROM t AS t;
SELECT g, list(n ORDER BY n) AS v FROM t AS t GROUP BY g;
SELECT g, list(n ORDER BY n)[1:2] AS v FROM t AS t GROUP BY g;
SELECT g, list(s ORDER BY n) FILTER (WHERE n > 2) AS v FROM t AS t GROUP BY g;
