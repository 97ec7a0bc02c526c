"""Aggregates: a value of a group depends on all rows of the group."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from featuresql.compiler.leakage.facts import Facts
from featuresql.compiler.leakage.grouping import LATER_ROWS, Grouping, first_bounds
from featuresql.compiler.leakage.lift import Bound, Lifting
from featuresql.compiler.leakage.needs import NOTHING, Atom, Fault, Needs, Point
from featuresql.compiler.leakage.relation import Value
from featuresql.compiler.leakage.rule_conditions import assume
from featuresql.compiler.leakage.rule_scalars import parts
from featuresql.compiler.leakage.scope import Scope, is_instant, known_as

# Aggregates that give the argument of one of the rows.
_PICKING: Final = (
    *(exp.Min, exp.Max, exp.AnyValue, exp.First, exp.Last, exp.Mode, exp.ArgMax, exp.ArgMin),
)


def aggregate(scope: Scope, node: exp.Expr) -> Value:
    """Judge an aggregate: it needs all rows of its group."""
    return _aggregate(scope, node, None)


def filtered(scope: Scope, node: exp.Expr) -> Value:
    """With FILTER only the rows count for which the condition is true."""
    condition = node.expression
    if isinstance(condition, exp.Where):
        condition = condition.this
    return _aggregate(scope, node.this, condition)


def ordered(scope: Scope, node: exp.Expr) -> Value:
    """`WITHIN GROUP (ORDER BY x)` is one more argument."""
    value = _aggregate(scope, node.this, None, more=node.expression)
    return Value(value.needs) if not is_instant(node) else scope.instant(value.needs)


def _aggregate(
    scope: Scope, node: exp.Expr, condition: exp.Expr | None, more: exp.Expr | None = None
) -> Value:
    grouping = scope.grouping
    if grouping is None:
        fault = scope.analysis.fault("unproven", f"'{node.sql('duckdb')}' is not understood", node)
        return Value(frozenset((fault,)))
    base, facts = grouping.base, grouping.base.facts
    arguments = [base.value(part) for part in parts(node)]
    needs = grouping.needs.union(*(value.needs for value in arguments))
    if more is not None:
        needs |= base.value(more).needs
    if condition is not None:
        needs |= base.value(condition).needs
        facts = facts.copy()
        assume(base, facts, condition)
    bounds = grouping.bounds
    result = scope.new_atom()
    argument = arguments[0].point if arguments and isinstance(node, _PICKING) else None
    is_least = isinstance(node, exp.Min) and len(arguments) == 1 and condition is None
    if argument is not None and is_least:
        bounds = [*bounds, Bound(argument.atom, result, argument.offset_us)]
        first_bounds(scope, grouping, argument, result)
    lifted = _lift(scope, grouping, node, facts, bounds, needs)
    if not is_instant(node):
        return Value(lifted)
    if argument is not None:
        _between(scope, facts, node, argument, result)
    return Value(lifted, Point(result), known_as(Point(result)))


def _lift(  # noqa: PLR0913, PLR0917 - what a lift takes
    scope: Scope,
    grouping: Grouping,
    node: exp.Expr,
    facts: Facts,
    bounds: list[Bound],
    needs: Needs,
) -> Needs:
    if needs == NOTHING:
        return needs
    name = node.sql("duckdb")
    cause = scope.analysis.cause(f"{name} takes in all rows of its group", node, LATER_ROWS)
    whole = "its group" if grouping.keys else "the whole relation"
    text = f"{name} takes in the rows of {whole} whatever their time, also later ones"
    fault = Fault("leaks", scope.analysis.cause(text, node, LATER_ROWS))
    lifting = Lifting(
        scope.own(), facts, scope.facts, bounds, cause, scope.analysis.fresh_atom, fault
    )
    return lifting.needs(needs)


def _between(scope: Scope, facts: Facts, node: exp.Expr, argument: Point, result: Atom) -> None:
    """Note the bounds of the picked instant: those that the argument of every row has."""
    grouping = scope.grouping
    assert grouping is not None  # noqa: S101 - the caller has seen it
    atom, offset = argument
    given = facts.given((atom,))
    down, up = facts.reach_down(atom, given), facts.reach_up(atom, given)
    for bound in grouping.bounds:
        if bound.atom in down:
            scope.facts.at_least(result, bound.atom, down[bound.atom] + offset)
        if bound.atom in up:
            scope.facts.at_least(bound.atom, result, up[bound.atom] - offset)
    if isinstance(node, exp.Max):
        scope.facts.at_least(result, atom, offset)
    if isinstance(node, exp.Min):
        scope.facts.at_least(atom, result, -offset)
