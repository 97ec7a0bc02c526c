"""Scalar expressions: a value depends on what its parts depend on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from sqlglot import exp

from featuresql.compiler.leakage.facts import MAX_CLAUSES, tidy
from featuresql.compiler.leakage.needs import NOTHING, Clause
from featuresql.compiler.leakage.relation import Value
from featuresql.compiler.leakage.scope import Scope, is_instant
from featuresql.compiler.typing import find_function

# What gives NULL for NULL: where the result is not NULL, no argument is.
_STRICT: Final = (
    *(exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod, exp.Neg, exp.Paren),
    *(exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Not, exp.Cast, exp.TryCast),
    *(exp.Interval, exp.ToDays, exp.Extract, exp.TimeToUnix, exp.DateDiff, exp.Abs, exp.Round),
    *(exp.Floor, exp.Ceil, exp.Year, exp.Month, exp.Day, exp.Hour, exp.Minute, exp.Second),
    *(exp.DateAdd, exp.TimestampTrunc, exp.DateTrunc, exp.Between, exp.Upper, exp.Lower),
)
_STRICT_CALLS: Final = frozenset(
    f"to_{unit}"
    for unit in (
        *("years", "months", "weeks", "days", "hours", "minutes", "seconds"),
        *("milliseconds", "microseconds"),
    )
)
_LEAVES: Final = (exp.DataType, exp.Identifier, exp.Var, exp.Star, exp.Literal, exp.Boolean)

EMPTY: Final = Value()
NULL: Final = Value(is_null=True)


def column(scope: Scope, node: exp.Expr) -> Value:
    """Look a column up in its relation; a name without one may be a lambda's parameter."""
    table = node.text("table").lower()
    name = node.name.lower()
    if not table and name in scope.parameters:
        return EMPTY
    found = scope.find(table, name)
    if found is None:
        fault = scope.analysis.fault("unproven", f"'{node.sql('duckdb')}' is not understood", node)
        return Value(frozenset((fault,)))
    return found


def null(_scope: Scope, _node: exp.Expr) -> Value:
    """Give NULL, which is never anything else."""
    return NULL


def leaf(_scope: Scope, _node: exp.Expr) -> Value:
    """Give what depends on nothing: constants, names and types."""
    return EMPTY


def inner(scope: Scope, node: exp.Expr) -> Value:
    """Give what stands in parentheses or under an alias."""
    return scope.value(node.this)


def lambda_(scope: Scope, node: exp.Expr) -> Value:
    """Judge a lambda: its parameters are parts of the list that it is applied to."""
    before = scope.parameters
    scope.parameters = before | {p.name.lower() for p in node.expressions}
    try:
        return scope.value(node.this)
    finally:
        scope.parameters = before


def general(scope: Scope, node: exp.Expr) -> Value:
    """Judge any other expression by its parts. Nobody knows the clock or chance beforehand."""
    function = find_function(node) if isinstance(node, exp.Func) else None
    if function is not None and not function.deterministic:
        hint = "take the instant from the data; a model must give the same each time it is run"
        text = f"{function.name}() is known only when the model is run"
        return Value(frozenset((scope.analysis.fault("leaks", text, node, hint),)))
    values = [scope.value(part) for part in parts(node)]
    known = all_known(values) if is_strict(node) else frozenset()
    return of_parts(scope, node, values, known)


def of_parts(
    scope: Scope, node: exp.Expr, values: Iterable[Value], known: frozenset[Clause]
) -> Value:
    """Return a value that depends on all of `values`; an instant if `node` is one."""
    needs = NOTHING.union(*(value.needs for value in values))
    if is_instant(node):
        return scope.instant(needs, known)
    return Value(needs, None, known)


def parts(node: exp.Expr) -> Iterator[exp.Expr]:
    """Give the expressions that stand directly in `node`."""
    for argument in node.args.values():
        for part in argument if isinstance(argument, list) else (argument,):
            if isinstance(part, exp.Expr) and not isinstance(part, _LEAVES):
                yield part


def is_strict(node: exp.Expr) -> bool:
    """Whether `node` is NULL where one of its parts is."""
    if isinstance(node, exp.Anonymous):
        return node.name.lower() in _STRICT_CALLS
    return isinstance(node, _STRICT)


def all_known(values: Iterable[Value]) -> frozenset[Clause]:
    """Return what holds where none of the values is NULL."""
    clauses = frozenset[Clause]().union(*(value.known for value in values))
    return tidy(clauses) if len(clauses) > MAX_CLAUSES else clauses
