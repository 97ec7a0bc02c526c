-- Joins of every kind, with and without an equality.
SELECT a.n, b.n AS m FROM t AS a JOIN t AS b ON a.n < b.n;
SELECT a.n, b.n AS m FROM t AS a LEFT JOIN t AS b ON a.n < b.n;
SELECT a.n, b.n AS m FROM t AS a LEFT JOIN t AS b ON a.n < b.i4 AND b.n > 3;
SELECT a.n, b.n AS m FROM t AS a RIGHT JOIN t AS b ON a.i4 < b.n;
SELECT a.n, b.n AS m FROM t AS a FULL JOIN t AS b ON a.i4 < b.i4;
SELECT a.n FROM t AS a SEMI JOIN t AS b ON a.n < b.n - 5;
SELECT a.n FROM t AS a ANTI JOIN t AS b ON a.n < b.n - 5;
SELECT a.n, b.n AS m FROM t AS a ASOF JOIN t AS b ON a.n >= b.i4;
SELECT a.n, b.n AS m FROM t AS a ASOF LEFT JOIN t AS b ON a.ts >= b.ts2;
SELECT a.n, b.n AS m FROM t AS a ASOF LEFT JOIN t AS b ON a.g = b.g AND a.n > b.i4;
SELECT a.n, b.n AS m FROM t AS a JOIN t AS b ON a.f8 = b.f8;
SELECT a.n, b.n AS m FROM t AS a LEFT JOIN t AS b ON a.f8 = b.f8;
SELECT a.n, b.n AS m FROM t AS a LEFT JOIN t AS b ON a.li = b.li;
SELECT a.n, b.n AS m FROM t AS a JOIN t AS b ON a.li = b.li;
SELECT a.n, b.n AS m FROM t AS a LEFT JOIN t AS b ON a.g IS NOT DISTINCT FROM b.g AND a.n < b.n;
SELECT a.n, b.n AS m FROM t AS a FULL JOIN t AS b ON a.g IS NOT DISTINCT FROM b.g;
SELECT a.n, b.n AS m FROM t AS a LEFT JOIN t AS b ON a.n = b.i4 OR a.n = b.i1;
SELECT a.n, b.n AS m FROM t AS a FULL JOIN t AS b ON a.n = b.i4 OR a.n = b.i1;
SELECT a.n, b.n AS m FROM t AS a LEFT JOIN t AS b ON true;
SELECT a.n, b.n AS m FROM t AS a LEFT JOIN t AS b ON false;
SELECT a.n, b.n AS m FROM t AS a JOIN t AS b ON false;
SELECT a.n, b.n AS m FROM t AS a LEFT JOIN t AS b ON b.n > 9;
SELECT a.n, b.n AS m FROM t AS a LEFT JOIN t AS b ON a.n > 9;
SELECT a.n, b.n AS m FROM t AS a LEFT JOIN t AS b ON a.n = b.n AND a.n > 9 AND b.b;
SELECT a.n, b.n AS m FROM t AS a RIGHT JOIN t AS b ON a.n = b.i4 AND a.n > 2 AND b.b;
SELECT a.n, b.n AS m FROM t AS a FULL JOIN t AS b ON a.n = b.i4 AND a.n > 2 AND b.b;
SELECT a.n, b.n AS m, c.n AS k FROM t AS a LEFT JOIN t AS b ON a.n < b.i4 LEFT JOIN t AS c ON c.n = b.n;
SELECT a.n, b.n AS m, c.n AS k FROM t AS a LEFT JOIN t AS b ON a.n = b.i4 LEFT JOIN t AS c ON c.n > b.n AND c.n > a.n;
SELECT a.n, b.st, b.li FROM t AS a LEFT JOIN t AS b ON a.n = b.i4;
SELECT n, b.g FROM t AS a JOIN t AS b USING (n);
SELECT n, g, b.i4 FROM t AS a FULL JOIN t AS b USING (n, g);
SELECT n, (SELECT max(u.n) FROM t AS u JOIN t AS w ON u.n = w.i4 WHERE u.g = t.g) AS v FROM t AS t;
SELECT n, (SELECT max(u.n) FROM t AS u LEFT JOIN t AS w ON u.n < w.i4 WHERE u.g = t.g) AS v FROM t AS t;
SELECT a.n, b.n AS m FROM t AS a LEFT JOIN t AS b ON a.ts BETWEEN b.ts AND b.ts + INTERVAL 1 DAY;
SELECT a.n, b.n AS m FROM t AS a JOIN t AS b ON a.g = b.g AND b.ts < a.ts AND b.ts >= a.ts - INTERVAL 365 DAY;
SELECT count(*) AS c FROM t AS a LEFT JOIN t AS b ON a.n > b.n LEFT JOIN t AS c ON b.n > c.n;
-- refused: an ASOF join by DOUBLE
SELECT a.n FROM t AS a ASOF JOIN t AS b ON a.f8 >= b.f8;
-- refused: an ASOF join by DOUBLE
SELECT a.n, b.n AS m FROM t AS a ASOF LEFT JOIN t AS b ON a.f8 = b.f8 AND a.n >= b.n;
-- refused: an ASOF join along a VARCHAR
SELECT a.n, b.n AS m FROM t AS a ASOF JOIN t AS b ON a.g = b.g AND a.s >= b.s;
-- refused: this condition on an ASOF join
SELECT a.n, b.n AS m FROM t AS a ASOF JOIN t AS b ON a.g = b.g AND a.d1 >= b.d1 AND a.n <> b.n;
-- refused: an ASOF RIGHT JOIN
SELECT a.n, b.n AS m FROM t AS a ASOF RIGHT JOIN t AS b ON a.g = b.g AND a.n >= b.i4;
-- refused: this condition on an ASOF join
SELECT a.n, b.n AS m FROM t AS a ASOF JOIN t AS b ON a.g IS NOT DISTINCT FROM b.g AND a.n >= b.i4;
SELECT a.n, b.n AS m FROM t AS a ASOF LEFT JOIN t AS b ON a.g = b.g AND a.d >= b.d;
SELECT a.n, b.n AS m FROM t AS a ASOF LEFT JOIN t AS b ON a.d1 > b.d1;
SELECT a.n, b.n AS m FROM t AS a ASOF LEFT JOIN t AS b ON a.u8 >= b.u8;
SELECT a.n, b.n AS m FROM t AS a ASOF LEFT JOIN t AS b ON b.i1 < a.n;
-- refused: this condition on an ASOF join
SELECT a.n, b.n AS m FROM t AS a ASOF LEFT JOIN t AS b ON a.g = b.g AND a.n >= b.i4 AND b.b;
