"""Random queries over two small tables: what an author might write, and what he would not."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

NUMBERS = ("k", "i")
COLUMNS = {
    "id": "INTEGER",
    "k": "INTEGER",
    "i": "BIGINT",
    "f": "DOUBLE",
    "s": "VARCHAR",
    "b": "BOOLEAN",
    "ts": "TIMESTAMP",
    "l": "INTEGER[]",
}
VALUES = {
    "k": ("0", "1", "1", "2", "NULL"),
    "i": ("-1", "0", "1", "2", "9000000000", "NULL"),
    "f": ("0.0", "'-0.0'", "0.5", "1.5", "'nan'", "'inf'", "NULL"),
    "s": ("''", "'a'", "'a'", "'é'", "'b'", "NULL"),
    "b": ("true", "false", "NULL"),
    "ts": (
        "'1969-12-31 23:59:59.999999'",
        "'2024-01-01'",
        "'2024-01-01 00:00:00.000001'",
        "NULL",
    ),
    "l": ("[]", "[1]", "[1, 2]", "[NULL]", "[2, NULL, 1]"),
}
KINDS = {"id": "number", "k": "number", "i": "number", "f": "float", "s": "text", "b": "truth"}
KINDS |= {"ts": "time", "l": "list"}


def make_table(random: Random, name: str, most: int = 7) -> str:
    """Return the statement that makes a table of random rows."""
    columns = ", ".join(f"{column} {kind}" for column, kind in COLUMNS.items())
    rows = [
        "(" + ", ".join([str(n), *(random.choice(VALUES[c]) for c in list(COLUMNS)[1:])]) + ")"
        for n in range(random.randint(0, most))
    ]
    made = f"CREATE OR REPLACE TABLE {name} ({columns});"
    return made + (f" INSERT INTO {name} VALUES {', '.join(rows)};" if rows else "")


@dataclass(frozen=True)
class Relation:
    """A relation as FROM has it, and its columns, (name, kind), under `alias`."""

    sql: str
    alias: str
    columns: tuple[tuple[str, str], ...]

    def of(self, *kinds: str) -> list[str]:
        """Return the columns of these kinds, of any kind where none is named."""
        return [f"{self.alias}.{n}" for n, kind in self.columns if not kinds or kind in kinds]


@dataclass
class Queries:
    """Makes queries by a source of randomness."""

    random: Random
    names: int = 0
    outer: list[Relation] = field(default_factory=list)

    def name(self, prefix: str) -> str:
        """Return a name that nothing else has."""
        self.names += 1
        return f"{prefix}{self.names}"

    def query(self, depth: int) -> tuple[str, tuple[tuple[str, str], ...]]:
        """Return a query and its columns."""
        choice = self.random.random()
        if depth > 0 and choice < 0.2:
            return self.set_operation(depth)
        if choice < 0.45:
            return self.grouped(depth)
        return self.plain(depth)

    def relation(self, depth: int) -> Relation:
        """Return a table or a derived one."""
        alias = self.name("r")
        if depth <= 0 or self.random.random() < 0.6:
            return Relation(f"{self.random.choice('pq')} AS {alias}", alias, tuple(KINDS.items()))
        sql, columns = self.query(depth - 1)
        return Relation(f"({sql}) AS {alias}", alias, columns)

    def source(self, depth: int) -> tuple[str, list[Relation]]:
        """Return what stands behind FROM, and the relations whose columns may be used."""
        left = self.relation(depth)
        choice = self.random.random()
        if choice < 0.45:
            return left.sql, [left]
        if choice < 0.55 and left.of("list"):
            alias = self.name("u")
            side = self.random.choice(("CROSS JOIN {}", "LEFT JOIN {} ON true"))
            unnest = f"UNNEST({self.random.choice(left.of('list'))}) AS {alias}(v)"
            elements = Relation("", alias, (("v", "number"),))
            return f"{left.sql} {side.format(unnest)}", [left, elements]
        if choice < 0.65 and left.of("number"):
            return self.lateral(left)
        right = self.relation(depth)
        if choice < 0.72 and left.of("time") and right.of("time"):
            return self.asof(left, right)
        condition = self.join_condition(left, right)
        kind = self.random.choice(("JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "SEMI", "ANTI"))
        if kind in {"SEMI", "ANTI"}:
            return f"{left.sql} {kind} JOIN {right.sql} ON {condition}", [left]
        return f"{left.sql} {kind} {right.sql} ON {condition}", [left, right]

    def lateral(self, left: Relation) -> tuple[str, list[Relation]]:
        """Return a join with a query about each row of `left`."""
        inner, alias = self.relation(0), self.name("t")
        outer = self.random.choice(left.of("number"))
        where = self.random.choice(
            (f"{inner.alias}.k = {outer}", f"{inner.alias}.i < {outer}", f"{outer} IS NULL")
        )
        items = self.random.choice(
            (
                "count(*) AS x, max({0}.k) AS y",
                "{0}.k AS x, {0}.i AS y",
                "sum({0}.i) AS x, coalesce(min({0}.k), -1) AS y",
            )
        ).format(inner.alias)
        query = f"SELECT {items} FROM {inner.sql} WHERE {where}"
        if "(" not in items and self.random.random() < 0.5:
            query += f" ORDER BY {inner.alias}.i DESC NULLS LAST, {inner.alias}.id LIMIT 1"
        join = self.random.choice(("JOIN", "LEFT JOIN"))
        found = Relation("", alias, (("x", "number"), ("y", "number")))
        return f"{left.sql} {join} LATERAL ({query}) AS {alias} ON true", [left, found]

    def asof(self, left: Relation, right: Relation) -> tuple[str, list[Relation]]:
        """Return an as-of join, of which only what its ties have in common may be used."""
        first, last = (self.random.choice(r.of("time")) for r in (left, right))
        operator = self.random.choice((">=", ">", "<=", "<"))
        side = self.random.choice(("ASOF JOIN", "ASOF LEFT JOIN"))
        condition = f"{first} {operator} {last}"
        lefts, rights = left.of("text"), right.of("text")
        if lefts and rights and self.random.random() < 0.5:
            condition = f"{lefts[0]} = {rights[0]} AND {condition}"
        same = Relation("", right.alias, ((last.split(".")[1], "time"),))
        return f"{left.sql} {side} {right.sql} ON {condition}", [left, same]

    def join_condition(self, left: Relation, right: Relation) -> str:
        """Return a condition on two relations."""
        found = []
        for _ in range(self.random.randint(1, 2)):
            kind = self.random.choice(("number", "number", "float", "text", "time", "truth"))
            lefts, rights = left.of(kind), right.of(kind)
            if lefts and rights:
                operator = self.random.choice(("=", "=", "=", "<", ">=", "IS NOT DISTINCT FROM"))
                found.append(f"{self.random.choice(lefts)} {operator} {self.random.choice(rights)}")
        if self.random.random() < 0.2:
            found.append(self.condition([self.random.choice((left, right))], 0))
        return " AND ".join(found) or "true"

    def value(self, relations: list[Relation], *kinds: str) -> str | None:
        """Return a column of one of these kinds, or something made of it."""
        columns = [column for relation in relations for column in relation.of(*kinds)]
        if not columns:
            return None
        column = self.random.choice(columns)
        choice = self.random.random()
        if kinds == ("number",) and choice < 0.2:
            return f"coalesce({column}, 1)"
        if kinds == ("number",) and choice < 0.3:
            return f"CASE WHEN {column} > 0 THEN {column} - 1 END"
        return column

    def condition(self, relations: list[Relation], depth: int) -> str:
        """Return a condition on columns of these relations."""
        choice = self.random.random()
        if depth > 0 and choice < 0.35:
            return self.about_rows(relations)
        if depth >= 0 and choice < 0.5:
            left, right = (self.condition(relations, -1) for _ in range(2))
            return f"({left} {self.random.choice(('AND', 'OR'))} NOT {right})"
        kind = self.random.choice(("number", "float", "text", "time", "truth"))
        column = self.value(relations, kind)
        if column is None:
            return "true"
        if choice < 0.65:
            return f"{column} IS {self.random.choice(('NULL', 'NOT NULL'))}"
        other = self.value(relations, kind)
        return f"{column} {self.random.choice(('=', '<>', '<', '>='))} {other}"

    def about_rows(self, relations: list[Relation]) -> str:
        """Return a condition by a query that may read the rows of `relations`."""
        inner = self.relation(0)
        outer = self.value(relations, "number")
        if outer is None:
            return "true"
        where = self.random.choice(
            (
                "true",
                f"{inner.alias}.k = {outer}",
                f"{inner.alias}.i >= {outer}",
                f"{inner.alias}.k IS NOT DISTINCT FROM {outer}",
            )
        )
        tail = f"FROM {inner.sql} WHERE {where}"
        operator = self.random.choice(("=", "<", ">="))
        return self.random.choice(
            (
                f"EXISTS (SELECT 1 {tail})",
                f"NOT EXISTS (SELECT {inner.alias}.s {tail})",
                f"{outer} IN (SELECT {inner.alias}.i {tail})",
                f"{outer} NOT IN (SELECT {inner.alias}.k {tail})",
                f"{outer} {operator} ANY (SELECT {inner.alias}.i {tail})",
                f"{outer} {operator} ALL (SELECT {inner.alias}.k {tail})",
                f"(SELECT count(*) {tail}) {operator} 1",
                f"(SELECT max({inner.alias}.i) {tail}) {operator} {outer}",
                f"{outer} IN (SELECT max({inner.alias}.k) {tail} GROUP BY {inner.alias}.s)",
                f"({outer}, 1) IN (SELECT z.k, z.i FROM p AS z)",
                (
                    f"EXISTS (SELECT {inner.alias}.s {tail} GROUP BY {inner.alias}.s "
                    f"HAVING count(*) > 1)"
                ),
                (
                    f"(SELECT {inner.alias}.k {tail} ORDER BY {inner.alias}.f DESC NULLS LAST, "
                    f"{inner.alias}.id LIMIT 1) {operator} {outer}"
                ),
                f"(SELECT coalesce(sum({inner.alias}.i), 0) + count({inner.alias}.b) {tail}) = 0",
                f"EXISTS (SELECT 1 {tail} AND {inner.alias}.k IN (SELECT z.i FROM q AS z))",
                (
                    f"EXISTS (SELECT 1 {tail} AND EXISTS (SELECT 1 FROM q AS z "
                    f"WHERE z.k = {inner.alias}.i))"
                ),
            )
        )

    def plain(self, depth: int) -> tuple[str, tuple[tuple[str, str], ...]]:
        """Return a SELECT without GROUP BY, with windows or queries in its list."""
        source, relations = self.source(depth)
        items = []
        for _ in range(self.random.randint(1, 3)):
            kind = self.random.choice(("number", "float", "text", "time", "truth", "list"))
            value = self.value(relations, kind)
            if value is not None:
                items.append((value, self.name("c"), kind))
        number = self.value(relations, "number")
        choice = self.random.random()
        if number is not None and choice < 0.3:
            items.append((self.window(relations, number), self.name("w"), "number"))
        elif number is not None and choice < 0.45 and depth:
            items.append((self.about_rows(relations), self.name("x"), "truth"))
        if not items:
            items.append(("1", self.name("c"), "number"))
        select = ", ".join(f"{value} AS {name}" for value, name, _ in items)
        distinct = "DISTINCT " if self.random.random() < 0.2 else ""
        sql = f"SELECT {distinct}{select} FROM {source}"
        if self.random.random() < 0.6:
            sql += f" WHERE {self.condition(relations, depth)}"
        if self.random.random() < 0.15 and not distinct and number is not None:
            sql += f" QUALIFY {self.window(relations, number)} <= 2"
        if self.random.random() < 0.2:
            order = ", ".join(
                name + self.random.choice((" NULLS FIRST", " DESC NULLS LAST", " DESC", ""))
                for _, name, _ in items
            )
            sql += f" ORDER BY {order} LIMIT {self.random.randint(1, 4)}"
        return sql, tuple((name, kind) for _, name, kind in items)

    def window(self, relations: list[Relation], number: str) -> str:
        """Return a window whose answer does not depend on the order of equal rows."""
        call = self.random.choice(
            ("rank()", "dense_rank()", f"sum({number})", "count(*)", f"max({number})")
        )
        partition = self.value(relations, self.random.choice(("number", "text", "float", "truth")))
        order = self.value(relations, self.random.choice(("number", "float", "time", "text")))
        order = order or number
        direction = self.random.choice(("", " DESC", " NULLS FIRST", " DESC NULLS LAST"))
        frame = ""
        if not call.endswith("rank()"):
            frame = self.random.choice(
                (
                    "",
                    " GROUPS BETWEEN 1 PRECEDING AND CURRENT ROW",
                    " RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW",
                    " RANGE BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING",
                    " ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING",
                )
            )
        by = f"PARTITION BY {partition} " if partition else ""
        return f"{call} OVER ({by}ORDER BY {order}{direction}{frame})"

    def grouped(self, depth: int) -> tuple[str, tuple[tuple[str, str], ...]]:
        """Return a SELECT with GROUP BY."""
        source, relations = self.source(depth)
        number = self.value(relations, "number") or "1"
        columns = [column for relation in relations for column in relation.of()]
        kinds = {f"{r.alias}.{name}": kind for r in relations for name, kind in r.columns}
        keys = self.random.sample(columns, k=min(len(columns), self.random.randint(0, 2)))
        aggregates = self.random.sample(
            ("count(*)", f"sum({number})", f"max({number})", f"count({number})", f"min({number})"),
            k=2,
        )
        items = [(key, self.name("g"), kinds[key]) for key in keys]
        items += [(aggregate, self.name("a"), "number") for aggregate in aggregates]
        if keys and self.random.random() < 0.2:
            window = f"rank() OVER (ORDER BY {aggregates[0]} DESC NULLS LAST)"
            items.append((window, self.name("w"), "number"))
        select = ", ".join(f"{value} AS {name}" for value, name, _ in items)
        sql = f"SELECT {select} FROM {source}"
        if self.random.random() < 0.4:
            sql += f" WHERE {self.condition(relations, depth)}"
        if keys:
            form = self.random.choice(("{}", "{}", "ROLLUP ({})", "CUBE ({})"))
            sql += f" GROUP BY {form.format(', '.join(keys))}"
        if self.random.random() < 0.2:
            sql += f" HAVING {self.random.choice(aggregates)} >= 1"
        return sql, tuple((name, kind) for _, name, kind in items)

    def set_operation(self, depth: int) -> tuple[str, tuple[tuple[str, str], ...]]:
        """Return a set operation of two SELECTs with columns of the same kinds."""
        kinds = self.random.sample(("k", "f", "s", "ts", "b", "l"), k=self.random.randint(1, 2))
        sides = []
        for _ in range(2):
            relation = self.relation(0)
            items = ", ".join(f"{relation.alias}.{column} AS {column}" for column in kinds)
            where = self.condition([relation], depth - 1)
            sides.append(f"SELECT {items} FROM {relation.sql} WHERE {where}")
        operator = self.random.choice(("UNION", "INTERSECT", "EXCEPT"))
        every = self.random.choice(("", " ALL"))
        if self.random.random() < 0.3:
            sides[0] = f"({sides[0]} {self.random.choice(('UNION', 'UNION ALL'))} {sides[1]})"
        named = self.random.choice(("", " BY NAME")) if operator == "UNION" else ""
        sql = f"{sides[0]} {operator}{every}{named} {sides[1]}"
        if self.random.random() < 0.2:
            sql += f" ORDER BY {', '.join(kinds)} LIMIT 3"
        return sql, tuple((c, KINDS[c]) for c in kinds)
