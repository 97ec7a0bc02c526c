"""One expression -> its edges: every node is seen once, with the use that its place gives it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeAlias

from sqlglot import exp

from featuresql.compiler.lineage.column_lineage import Step
from featuresql.compiler.lineage.edges import (
    AGGREGATION,
    CONDITIONAL,
    FILTER,
    JOIN,
    MASKED_AGGREGATION,
    MASKED_TRANSFORMATION,
    SORT,
    TRANSFORMATION,
    WINDOW,
    Use,
    deciding,
    through,
)
from featuresql.compiler.typing.function_table import call_name, find_function

if TYPE_CHECKING:
    from featuresql.compiler.lineage.walk_query import QueryWalk

Part: TypeAlias = tuple[exp.Expr, Use]
Handler: TypeAlias = Callable[["ExpressionWalk", exp.Expr, Use], None]

_QUERIES: Final = (exp.Select, exp.SetOperation, exp.Subquery)
_MASKING: Final = frozenset({"md5", "md5_number", "sha1", "sha256", "hash"})
_COUNTING: Final = frozenset({"count", "count_if", "countif", "approx_count_distinct"})
_ARGUMENT_OF_EXTREMUM: Final = ("arg_max", "arg_min", "max_by", "min_by", "argmax", "argmin")


class ExpressionWalk:
    """The walk of one expression within the innermost level of `query`.

    `edges` grows on the way; `reads` collects the columns whose values flow.
    """

    __slots__ = ("_waiting", "edges", "query", "reads")

    def __init__(self, query: QueryWalk) -> None:
        """Begin with nothing."""
        self.query = query
        self.edges = 0
        self.reads: dict[int, Step] = {}
        self._waiting: list[Part] = []

    def walk(self, root: exp.Expr, use: Use) -> int:
        """Add what `root` reads when it is used by `use`, and return all edges so far."""
        waiting = self._waiting
        waiting.append((root, use))
        while waiting:
            node, use = waiting.pop()
            HANDLERS.get(type(node), _call)(self, node, use)
        return self.edges

    def push(self, part: object, use: Use) -> None:
        """Have a part of a node, or each part of a list of them, walked next."""
        if isinstance(part, exp.Expr):
            self._waiting.append((part, use))
        elif isinstance(part, list):
            self._waiting += [(node, use) for node in part if isinstance(node, exp.Expr)]

    def push_parts(self, node: exp.Expr, use: Use, skip: str = "") -> None:
        """Have all parts of a node walked next, but the one called `skip`."""
        for key, part in node.args.items():
            if key != skip:
                self.push(part, use)

    def add(self, step: Step, use: Use) -> None:
        """Add a column that is read."""
        self.edges |= self.query.planes.carry(step.edges, use)
        if use.flow is not None:
            self.reads[id(step)] = step


def _leaf(_walk: ExpressionWalk, _node: exp.Expr, _use: Use) -> None:
    """Pass over what reads nothing."""


def _same(walk: ExpressionWalk, node: exp.Expr, use: Use) -> None:
    walk.push(node.this, use)


def _distinct(walk: ExpressionWalk, node: exp.Expr, use: Use) -> None:
    walk.push(node.expressions, use)


def _call(walk: ExpressionWalk, node: exp.Expr, use: Use) -> None:
    """Walk a function or an operator: its arguments flow into its value, changed."""
    function = find_function(node)
    name = call_name(node) if function is None else function.name
    if function is not None and function.kind == "aggregate":
        _aggregate(walk, node, use, name)
    else:
        way = MASKED_TRANSFORMATION if name in _MASKING else TRANSFORMATION
        walk.push_parts(node, through(use, way))


def _aggregate(walk: ExpressionWalk, node: exp.Expr, use: Use, name: str) -> None:
    inner = through(use, MASKED_AGGREGATION if name in _COUNTING else AGGREGATION)
    if not name.startswith(_ARGUMENT_OF_EXTREMUM):
        walk.push_parts(node, inner)
        return
    # What is compared decides whose value is taken, and is not seen itself.
    value, *rest = node.expressions if isinstance(node, exp.Anonymous) else [node.this]
    walk.push(value, inner)
    walk.push(rest or node.args.get("expression"), deciding(inner, SORT))


def _column(walk: ExpressionWalk, node: exp.Expr, use: Use) -> None:
    for step in walk.query.resolve(node):
        walk.add(step, use)


def _case(walk: ExpressionWalk, node: exp.Expr, use: Use) -> None:
    walk.push(node.this, deciding(use, CONDITIONAL))
    walk.push(node.args.get("ifs"), use)
    walk.push(node.args.get("default"), through(use, TRANSFORMATION))


def _if(walk: ExpressionWalk, node: exp.Expr, use: Use) -> None:
    walk.push(node.this, deciding(use, CONDITIONAL))
    walk.push(node.args.get("true"), through(use, TRANSFORMATION))
    walk.push(node.args.get("false"), through(use, TRANSFORMATION))


def _nullif(walk: ExpressionWalk, node: exp.Expr, use: Use) -> None:
    walk.push(node.this, through(use, TRANSFORMATION))
    walk.push(node.expression, deciding(use, CONDITIONAL))


def _coalesce(walk: ExpressionWalk, node: exp.Expr, use: Use) -> None:
    """Walk `coalesce`, which is also what USING means: an equal column adds nothing."""
    inner = through(use, TRANSFORMATION)
    seen: list[exp.Expr] = []
    for part in (node.this, *node.expressions):
        if not any(walk.query.is_equal(first, part) for first in seen):
            seen.append(part)
    if len(seen) == 1:
        inner = use
    walk.push(seen, inner)


def _filter(walk: ExpressionWalk, node: exp.Expr, use: Use) -> None:
    walk.push(node.this, use)
    walk.push(node.expression.this, deciding(use, FILTER))


def _window(walk: ExpressionWalk, node: exp.Expr, use: Use) -> None:
    walk.push(node.this, use)
    inner = deciding(use, WINDOW)
    seen: set[str] = set()
    definition: exp.Expr | None = node
    while definition is not None:
        for key in ("partition_by", "order", "spec"):
            walk.push(definition.args.get(key), inner)
        # `over w`, `over (w order by ...)`, and a window that is named and begins with another.
        base = definition.args.get("alias")
        name = "" if base is None else base.name.lower()
        if name in seen or not name:
            break
        seen.add(name)
        definition = walk.query.scope.find_window(name)


def _order(walk: ExpressionWalk, node: exp.Expr, use: Use) -> None:
    """Walk the ORDER BY of an aggregate or a window.

    A window's has its use already. Of an aggregate that has no other argument it is the argument:
    `mode() within group`.
    """
    walk.push(node.this, use)
    is_argument = node.this is None and isinstance(node.parent, exp.AggFunc)
    is_window = isinstance(node.parent, exp.Window)
    walk.push(node.expressions, use if is_argument or is_window else deciding(use, SORT))


def _within_group(walk: ExpressionWalk, node: exp.Expr, use: Use) -> None:
    walk.push(node.this, use)
    reads_order = isinstance(node.this, exp.PercentileCont | exp.PercentileDisc | exp.Mode)
    inner = through(use, AGGREGATION) if reads_order else deciding(use, SORT)
    walk.push(node.expression.expressions, inner)


def _filtered_list(walk: ExpressionWalk, node: exp.Expr, use: Use) -> None:
    walk.push(node.this, through(use, TRANSFORMATION))
    walk.push(node.expression, deciding(use, CONDITIONAL))


def _anonymous(walk: ExpressionWalk, node: exp.Expr, use: Use) -> None:
    if call_name(node) in {"list_filter", "array_filter"}:
        walk.push(node.expressions[0], through(use, TRANSFORMATION))
        walk.push(node.expressions[1:], deciding(use, CONDITIONAL))
    else:
        _call(walk, node, use)


def _comprehension(walk: ExpressionWalk, node: exp.Expr, use: Use) -> None:
    inner = through(use, TRANSFORMATION)
    walk.push([node.this, node.args.get("iterator")], inner)
    walk.push(node.args.get("condition"), deciding(use, CONDITIONAL))


def _query(walk: ExpressionWalk, node: exp.Expr, use: Use) -> None:
    relation = walk.query.walk_query(node)
    for step in relation.columns.values():
        walk.add(step, use)
    walk.edges |= walk.query.planes.carry(relation.rows, use)


def _exists(walk: ExpressionWalk, node: exp.Expr, use: Use) -> None:
    """Walk EXISTS: which rows there are decides, what they hold does not."""
    if isinstance(node.this, _QUERIES):
        relation = walk.query.walk_query(node.this)
        walk.edges |= walk.query.planes.carry(relation.rows, use)
    else:
        _call(walk, node, use)


def _in(walk: ExpressionWalk, node: exp.Expr, use: Use) -> None:
    inner = through(use, TRANSFORMATION)
    walk.push(node.this, inner)
    walk.push(node.args.get("query"), inner)
    walk.push(node.args.get("unnest"), inner)
    walk.push(node.expressions, inner)


def _unnest(walk: ExpressionWalk, node: exp.Expr, use: Use) -> None:
    """Walk an unnest among values: it also makes as many rows as the list has elements."""
    walk.push_parts(node, through(use, TRANSFORMATION), skip="alias")
    query = walk.query
    for part in (node.this, *node.expressions):
        if isinstance(part, exp.Expr):
            query.scope.rows |= query.edges_of(part, deciding(use, JOIN))


def _field(walk: ExpressionWalk, node: exp.Expr, use: Use) -> None:
    """Walk a struct's field: where the struct was put together here, only that field flows."""
    edges = walk.query.field_edges(node)
    if edges is None:
        walk.push_parts(node, through(use, TRANSFORMATION))
    else:
        walk.edges |= walk.query.planes.carry(edges, through(use, TRANSFORMATION))
        base = node.this
        steps = walk.query.resolve(base) if isinstance(base, exp.Column) else ()
        walk.reads |= {id(step): step for step in steps if use.flow is not None}


HANDLERS: Final[dict[type[exp.Expr], Handler]] = {
    **dict.fromkeys(
        (exp.Identifier, exp.Literal, exp.DataType, exp.Var, exp.Null, exp.Boolean), _leaf
    ),
    **dict.fromkeys((exp.Star, exp.JSONPath, exp.Typeof, exp.Placeholder), _leaf),
    **dict.fromkeys((exp.Alias, exp.Paren, exp.Ordered, exp.Where, exp.Having), _same),
    **dict.fromkeys((exp.Qualify, exp.IgnoreNulls, exp.RespectNulls), _same),
    **dict.fromkeys(_QUERIES, _query),
    **dict.fromkeys((exp.Union, exp.Except, exp.Intersect), _query),
    **dict.fromkeys((exp.Dot, exp.Bracket, exp.StructExtract), _field),
    **dict.fromkeys((exp.Explode, exp.Unnest), _unnest),
    exp.Anonymous: _anonymous,
    exp.ArrayFilter: _filtered_list,
    exp.Case: _case,
    exp.Coalesce: _coalesce,
    exp.Column: _column,
    exp.Comprehension: _comprehension,
    exp.Distinct: _distinct,
    exp.Exists: _exists,
    exp.Filter: _filter,
    exp.If: _if,
    exp.In: _in,
    exp.Nullif: _nullif,
    exp.Order: _order,
    exp.Window: _window,
    exp.WithinGroup: _within_group,
}
