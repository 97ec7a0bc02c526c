-- Structs and rows.
SELECT n, st.a AS a, st.b AS b FROM t AS t;
SELECT n, {'a': n, 'b': g, 'c': li} AS v FROM t AS t;
SELECT n, struct_pack(a := n, b := {'c': g}) AS v FROM t AS t;
SELECT n, {'a': {'b': n}}.a.b AS v FROM t AS t;
SELECT n, st = {'a': 1, 'b': 'x'} AS v FROM t AS t;
SELECT n, st <> {'a': 1, 'b': 'x'} AS v FROM t AS t;
SELECT n, st < {'a': 5, 'b': 'x'} AS v FROM t AS t;
SELECT n, st IS NULL AS v, st IS NOT DISTINCT FROM {'a': NULL, 'b': NULL} AS w FROM t AS t;
SELECT n, st IN ({'a': 1, 'b': 'x'}, {'a': 2, 'b': 'y'}) AS v FROM t AS t;
SELECT n, (n, g) = (1, 'a') AS v, (n, g) IN ((1, 'a'), (2, 'b')) AS w FROM t AS t;
SELECT n, (n, i4) > (3, 3) AS v FROM t AS t;
SELECT n, (n, i4) <= (i4, n) AS v FROM t AS t;
SELECT n, (n, i4, g) >= (3, 3, 'b') AS v FROM t AS t;
SELECT n, (f8, n) < (2.5, 5) AS v FROM t AS t;
-- refused: 'v' is TUPLE(INTEGER, VARCHAR), which no column may be
SELECT n, row(n, g) AS v FROM t AS t;
SELECT n, row(n, g)[1] AS v FROM t AS t;
SELECT n, [st, {'a': 1, 'b': 'z'}][2].b AS v FROM t AS t;
SELECT n, CASE WHEN n > 5 THEN st END AS v FROM t AS t;
SELECT n, (CASE WHEN n > 5 THEN st END).a AS v FROM t AS t;
SELECT n, struct_extract(st, 'a') AS v, st['b'] AS w FROM t AS t;
SELECT max(st.a) AS v FROM t AS t;
SELECT n, st FROM t AS t ORDER BY st, n;
SELECT st.a AS a, count(*) AS c FROM t AS t GROUP BY st.a;
-- refused: 'c' is given by name
SELECT n, struct_insert(st, c := n) AS v FROM t AS t;
-- refused: there is no function struct_keys()
SELECT n, struct_keys(st) AS v FROM t AS t;
SELECT n, li < [3] AS v, li >= [3, 1] AS w FROM t AS t;
-- refused: unnest() does not take STRUCT("a" INTEGER, "b" VARCHAR)
SELECT n, unnest(st) FROM t AS t;
-- refused: a star cannot be expanded here
SELECT n, st.* FROM t AS t;
SELECT n, coalesce(CASE WHEN n > 5 THEN st END, {'a': 0, 'b': 'none'}) AS v FROM t AS t;
