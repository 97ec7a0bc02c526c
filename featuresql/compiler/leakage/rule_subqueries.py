"""Subqueries where a value is wanted: scalar ones, EXISTS, IN, ANY, ALL."""

from __future__ import annotations

from sqlglot import exp

from featuresql.compiler.leakage.facts import Facts
from featuresql.compiler.leakage.lift import Lifting, outer_bounds
from featuresql.compiler.leakage.needs import NOTHING, Atom, Fault, Needs, Point
from featuresql.compiler.leakage.relation import Relation, Value
from featuresql.compiler.leakage.rule_scalars import general
from featuresql.compiler.leakage.scope import Scope, is_instant, known_as

_HINT = "compare its instant with the row's own: WHERE e.ts <= s.ts"


def scalar(scope: Scope, node: exp.Expr) -> Value:
    """Judge a scalar subquery: it needs all its rows."""
    relation = scope.analysis.query(node, scope, scope.ctes)
    column = next(iter(relation.columns.values()), Value())
    needs = from_inside(scope, relation, relation.needs | column.needs, node)
    if not is_instant(node) and column.point is None:
        return Value(needs)
    result = scope.new_atom()
    if column.point is not None:
        _bounded(scope, relation, column.point, result)
    return Value(needs, Point(result), known_as(Point(result)))


def exists(scope: Scope, node: exp.Expr) -> Value:
    """Judge EXISTS: it needs every row that it could find."""
    relation = scope.analysis.query(node.this, scope, scope.ctes)
    return Value(from_inside(scope, relation, relation.needs, node))


def in_(scope: Scope, node: exp.Expr) -> Value:
    """Judge IN: it needs all rows of the query, whose NULLs count too.

    Where rows are kept for which it is true, only those rows of the query count that are equal.
    """
    query = node.args.get("query")
    if query is None:
        return general(scope, node)
    value = scope.value(node.this)
    relation = scope.analysis.query(query, scope, scope.ctes)
    column = next(iter(relation.columns.values()), Value())
    if _is_kept(node) and value.point is not None and column.point is not None:
        facts = relation.facts.copy()
        one, other = value.point, column.point
        facts.at_least(one.atom, other.atom, other.offset_us - one.offset_us)
        facts.at_least(other.atom, one.atom, one.offset_us - other.offset_us)
        facts.present.add(frozenset((other.atom,)))
        relation = Relation(relation.columns, relation.needs, facts, relation.rows)
    needs = from_inside(scope, relation, relation.needs | column.needs, node)
    return Value(needs | value.needs, None, value.known if _is_kept(node) else frozenset())


def compared(scope: Scope, node: exp.Expr) -> Value:
    """Judge `x > ANY (query)` and `ALL`: they need all rows of the query."""
    query = node.this
    if not isinstance(query, exp.Query):
        return general(scope, node)
    relation = scope.analysis.query(query, scope, scope.ctes)
    return Value(from_inside(scope, relation, relation.all_needs(), node))


def from_inside(scope: Scope, relation: Relation, needs: Needs, node: exp.Expr) -> Needs:
    """Return what a row of `scope` needs that depends on all rows of a subquery in it."""
    scope.rows |= relation.rows
    if needs == NOTHING:
        return needs
    own = relation.rows
    cause = scope.analysis.cause("the subquery takes in other rows", node, _HINT)
    text = "the subquery takes in rows whatever their time, also later ones"
    fault = Fault("leaks", scope.analysis.cause(text, node, _HINT))
    bounds = outer_bounds(relation.facts, own)
    fresh = scope.analysis.fresh_atom
    return Lifting(own, relation.facts, scope.facts, bounds, cause, fresh, fault).needs(needs)


def _bounded(scope: Scope, relation: Relation, point: Point, result: Atom) -> None:
    """Note the bounds that the rows around the subquery put on its value."""
    facts: Facts = relation.facts
    atom, offset = point
    given = facts.given((atom,))
    for low, n in facts.reach_down(atom, given).items():
        if low.row not in relation.rows:
            scope.facts.at_least(result, low, n + offset)
    for high, n in facts.reach_up(atom, given).items():
        if high.row not in relation.rows:
            scope.facts.at_least(high, result, n - offset)


def _is_kept(node: exp.Expr) -> bool:
    """Whether only those rows stay for which `node` is true."""
    current = node
    while isinstance(current.parent, exp.And | exp.Paren):
        current = current.parent
    return isinstance(current.parent, exp.Where | exp.Having | exp.Qualify)
