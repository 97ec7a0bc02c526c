"""One query -> its columns' edges: the one walk over a model's tree."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeAlias

from sqlglot import exp

from featuresql.compiler.lineage.column_lineage import Step
from featuresql.compiler.lineage.edges import (
    AS_IS,
    FILTER,
    GROUP_BY,
    JOIN,
    SORT,
    TRANSFORMATION,
    Planes,
    Use,
    through,
)
from featuresql.compiler.lineage.scope import Relation, Scope
from featuresql.compiler.lineage.walk_expression import ExpressionWalk
from featuresql.errors import InternalError

BaseRelation: TypeAlias = Callable[[str, str], Relation]


class QueryWalk:
    """The walk of one model's tree. `scope` is the level that it is at.

    `base_relation(schema, name)` gives the columns of the models and sources that are read.
    Where `resolved` is set to a dict it keeps what each column meant, by the id of its node.
    `joined_views` gives, for the alias of each view that is joined as-of in the outermost SELECT,
    the edges that decide which of the view's rows is taken; they are known once FROM is bound.
    """

    def __init__(
        self,
        planes: Planes,
        base_relation: BaseRelation,
        joined_views: Mapping[str, Callable[[QueryWalk], int]],
    ) -> None:
        """Begin above the outermost query."""
        self.planes = planes
        self.scope = Scope()
        self.resolved: dict[int, tuple[Step, ...]] | None = None
        self._base_relation = base_relation
        self._joined_views = joined_views

    def walk_query(self, query: exp.Expr) -> Relation:
        """Return the columns of `query`, and what decides which rows it has."""
        with self._level():
            self._bind_ctes(query)
            if isinstance(query, exp.Subquery):
                relation = self._tail(query, self.walk_query(query.this))
            elif isinstance(query, exp.SetOperation):
                relation = self._tail(query, self._set_operation(query))
            elif isinstance(query, exp.Select):
                relation = self._select(query)
            else:
                relation = self._source(query)
        return relation

    def edges_of(self, node: object, use: Use = AS_IS) -> int:
        """Return the edges of an expression, or of several together, that is used by `use`."""
        walk = ExpressionWalk(self)
        for part in node if isinstance(node, list) else [node]:
            if isinstance(part, exp.Expr):
                walk.walk(part, use)
        return walk.edges

    def resolve(self, column: exp.Expr) -> tuple[Step, ...]:
        """Return the column that a name means; none for a lambda's parameter."""
        table = str(column.text("table"))
        found = self.scope.find_columns(table, column.name)
        if self.resolved is not None:
            self.resolved[id(column)] = found
        if found or _is_parameter(column, table or column.name):
            return found
        raise InternalError(f"lineage finds no column '{column.sql('duckdb')}'", code="lineage")

    def is_equal(self, first: exp.Expr, second: exp.Expr) -> bool:
        """Whether `second` is NULL wherever `first` is, and otherwise equal to it or NULL."""
        if not (isinstance(first, exp.Column) and isinstance(second, exp.Column)):
            return False
        return (_place(first), _place(second)) in self.scope.equal

    def field_edges(self, node: exp.Expr) -> int | None:
        """Return the edges of the field that `node` takes; None where they are not known apart."""
        key = node.expressions[0] if isinstance(node, exp.Bracket) else node.expression
        name = key.name.lower() if key.is_string or isinstance(key, exp.Identifier) else ""
        fields = self._fields(node.this)
        return None if fields is None else fields.get(name)

    def _fields(self, node: exp.Expr) -> Mapping[str, int] | None:
        while isinstance(node, exp.Paren | exp.Alias):
            node = node.this
        if isinstance(node, exp.Column):
            found = self.resolve(node)
            return found[0].fields if len(found) == 1 else None
        parts = node.expressions if isinstance(node, exp.Struct) else []
        if not parts or not all(isinstance(part, exp.PropertyEQ) for part in parts):
            return None
        return {part.name.lower(): self.edges_of(part.expression) for part in parts}

    @contextmanager
    def _level(self) -> Iterator[None]:
        before = self.scope
        self.scope = Scope(before)
        try:
            yield
        finally:
            self.scope = before

    def _bind_ctes(self, query: exp.Expr) -> None:
        clause = query.args.get("with_")
        if clause is None:
            return
        for cte in clause.expressions:
            name, alias = cte.alias.lower(), cte.args["alias"]
            if clause.args.get("recursive") and isinstance(cte.this, exp.SetOperation):
                self._recursive(cte.this, alias, name)
            else:
                self.scope.ctes[name] = self.walk_query(cte.this).renamed(alias, cte.alias)

    def _recursive(self, body: exp.SetOperation, alias: exp.Expr, name: str) -> None:
        """Walk a recursive CTE until its edges grow no more: what is added is never taken back."""
        relation = self.walk_query(body.this).renamed(alias, name)
        while True:
            self.scope.ctes[name] = relation
            grown = self.walk_query(body).renamed(alias, name)
            if _edges(grown) == _edges(relation):
                return
            relation = grown

    def _select(self, select: exp.Select) -> Relation:
        scope = self.scope
        scope.windows = {w.name.lower(): w for w in select.args.get("windows") or ()}
        self._bind_sources(select)
        columns = {}
        for item in select.expressions:
            step = self._step(item)
            columns[step.name.lower()] = step
        scope.aliases = columns
        for key in ("where", "having", "qualify"):
            if select.args.get(key) is not None:
                self._decide(select.args[key].this, FILTER)
        self._group(select, columns.values())
        return self._tail(select, Relation(columns))

    def _step(self, item: exp.Expr) -> Step:
        value = item.unalias()
        walk = ExpressionWalk(self)
        edges = walk.walk(value, AS_IS)
        reads = tuple(walk.reads.values())
        step = Step(item.alias_or_name, edges, "", value, reads)
        if isinstance(value, exp.Struct):
            step.fields = self._fields(value)
        elif isinstance(value, exp.Column) and len(reads) == 1:
            step.fields = reads[0].fields
        return step

    def _group(self, select: exp.Select, steps: Iterable[Step]) -> None:
        group = select.args.get("group")
        if group is not None and group.args.get("all"):
            for step in steps:
                item = step.expression
                if item is None or item.find(exp.AggFunc) is None:
                    self.scope.rows |= self.planes.decide(step.edges, GROUP_BY)
        elif group is not None:
            for part in group.args.values():
                self._decide(part, GROUP_BY)
        distinct = select.args.get("distinct")
        if distinct is not None and distinct.args.get("on") is not None:
            self._decide(distinct.args["on"], GROUP_BY)
        elif distinct is not None:
            for step in steps:
                self.scope.rows |= self.planes.decide(step.edges, GROUP_BY)

    def _tail(self, query: exp.Expr, relation: Relation) -> Relation:
        """Add what stands after a query's body: the order, and how many rows are taken."""
        scope = self.scope
        scope.rows |= relation.rows
        scope.aliases = scope.aliases or relation.columns
        order = query.args.get("order")
        for part in order.expressions if order is not None else ():
            if isinstance(part.this, exp.Var):  # ORDER BY ALL
                scope.rows |= self.planes.decide(relation.all_edges(), SORT)
            else:
                self._decide(part.this, SORT)
        for key in ("limit", "offset"):
            self._decide(query.args.get(key), FILTER)
        return Relation(relation.columns, scope.rows)

    def _decide(self, node: object, kind: int) -> None:
        self.scope.rows |= self.edges_of(node, Use(None, frozenset({kind})))

    def _bind_sources(self, select: exp.Select) -> None:
        source = select.args.get("from_")
        if source is not None:
            self._bind_source(source.this)
        views = self._joined_views if select.parent is None else {}
        for join in select.args.get("joins") or ():
            alias = join.alias_or_name
            if alias in views:
                # One row of the view or none is joined to each row, so no other column is touched.
                name, relation = self._relation(join.this)
                self.scope.relations[name] = relation
                chosen = self.edges_of(join.args["on"], Use(None, frozenset({JOIN})))
                self.scope.relations[name] = relation.with_edges(chosen | views[alias](self))
                continue
            self._bind_source(join.this)
            self._decide(join.args.get("on"), JOIN)
            self._note_equal(join)
        for lateral in select.args.get("laterals") or ():
            self._bind_source(lateral)

    def _bind_source(self, source: exp.Expr) -> None:
        name, relation = self._relation(source)
        self.scope.relations[name] = relation
        self.scope.rows |= relation.rows
        for join in source.args.get("joins") or ():
            self._bind_source(join.this)
            self._decide(join.args.get("on"), JOIN)

    def _relation(self, source: exp.Expr) -> tuple[str, Relation]:
        name = source.alias_or_name
        relation = self._source(source).renamed(source.args.get("alias"), name)
        return name.lower(), relation

    def _source(self, source: exp.Expr) -> Relation:
        inner = source.this
        if isinstance(source, exp.Table) and isinstance(inner, exp.Identifier):
            cte = None if source.db else self.scope.find_cte(source.name)
            return cte if cte is not None else self._base_relation(source.db, source.name)
        if isinstance(source, exp.Lateral) and isinstance(inner, exp.Subquery | exp.Unnest):
            return self._source(inner)
        if isinstance(source, exp.Values):
            return self._values(source)
        if isinstance(source, exp.Unnest):
            return self._elements(source, "unnest", source.expressions)
        if isinstance(source, exp.Query) and not isinstance(source, exp.Table):
            return self.walk_query(source)
        call = inner if isinstance(source, exp.Table | exp.Lateral) else source
        is_range = call.args.get("is_end_exclusive")
        return self._elements(call, "range" if is_range else "generate_series", [call])

    def _elements(self, source: exp.Expr, name: str, lists: list[exp.Expr]) -> Relation:
        """Return the columns of lists whose elements are rows: their lengths decide how many."""
        columns = {}
        for position, values in enumerate(lists):
            edges = self.edges_of(values, through(AS_IS, TRANSFORMATION))
            key = name if position == 0 else f"{name}_{position}"
            columns[key] = Step(name, edges, "", values)
        if source.args.get("offset"):
            columns["ordinality"] = Step("ordinality", 0)
        rows = self.edges_of(lists, Use(None, frozenset({JOIN})))
        return Relation(columns, rows)

    def _values(self, values: exp.Values) -> Relation:
        columns: dict[str, Step] = {}
        for row in values.expressions:
            for position, cell in enumerate(row.expressions):
                step = columns.setdefault(f"col{position}", Step(f"col{position}", 0))
                step.edges |= self.edges_of(cell)
        return Relation(columns)

    def _set_operation(self, operation: exp.SetOperation) -> Relation:
        left, right = self.walk_query(operation.this), self.walk_query(operation.expression)
        rows = left.rows | right.rows
        decided = left.all_edges() | right.all_edges()
        if not isinstance(operation, exp.Union):
            return Relation(left.columns, rows | self.planes.decide(decided, FILTER))
        if operation.args.get("distinct"):
            rows |= self.planes.decide(decided, GROUP_BY)
        if operation.args.get("by_name"):
            names = dict.fromkeys((*left.columns, *right.columns))
            pairs = [(left.columns.get(name), right.columns.get(name)) for name in names]
        else:
            pairs = list(zip(left.columns.values(), right.columns.values(), strict=True))
        columns = {}
        for one, other in pairs:
            both = [step for step in (one, other) if step is not None]
            columns[both[0].name.lower()] = _union(both)
        return Relation(columns, rows)

    def _note_equal(self, join: exp.Join) -> None:
        """Note which columns an inner or left join makes equal: the new one adds nothing."""
        condition = join.args.get("on")
        if condition is None or join.side not in {"", "LEFT"}:
            return
        name = join.alias_or_name.lower()
        parts = condition.flatten() if isinstance(condition, exp.And) else [condition]
        for part in parts:
            if not isinstance(part, exp.EQ):
                continue
            sides = (part.this, part.expression)
            if all(isinstance(side, exp.Column) for side in sides):
                places = sorted((_place(side) for side in sides), key=lambda p: p[0] == name)
                self.scope.equal.add((places[0], places[1]))


def _place(column: exp.Expr) -> tuple[str, str]:
    return str(column.text("table")).lower(), column.name.lower()


def _edges(relation: Relation) -> list[int]:
    return [relation.rows, *(step.edges for step in relation.columns.values())]


def _union(steps: list[Step]) -> Step:
    if len(steps) == 1:
        return steps[0]
    first, second = steps
    return Step(first.name, first.edges | second.edges, "", first.expression, tuple(steps))


def _is_parameter(column: exp.Expr, name: str) -> bool:
    node = column.parent
    while node is not None:
        if isinstance(node, exp.Lambda) and name in {p.name for p in node.expressions}:
            return True
        if isinstance(node, exp.Comprehension) and name == node.expression.name:
            return True
        node = node.parent
    return False
