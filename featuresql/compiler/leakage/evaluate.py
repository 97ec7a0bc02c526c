"""Which rule each expression follows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlglot import exp

from featuresql.compiler.leakage import (
    rule_choices,
    rule_instants,
    rule_scalars,
    rule_subqueries,
    rule_windows,
)
from featuresql.compiler.leakage.grouping import is_aggregate
from featuresql.compiler.leakage.relation import Value
from featuresql.compiler.leakage.rule_aggregates import aggregate, filtered, ordered
from featuresql.compiler.leakage.scope import Rule, Scope

RULES: Final[Mapping[type[exp.Expr], Rule]] = {
    exp.Column: rule_scalars.column,
    exp.Null: rule_scalars.null,
    exp.Literal: rule_scalars.leaf,
    exp.Boolean: rule_scalars.leaf,
    exp.Star: rule_scalars.leaf,
    exp.DataType: rule_scalars.leaf,
    exp.Identifier: rule_scalars.leaf,
    exp.Var: rule_scalars.leaf,
    exp.Alias: rule_scalars.inner,
    exp.Paren: rule_scalars.inner,
    exp.Lambda: rule_scalars.lambda_,
    exp.Cast: rule_instants.cast,
    exp.TryCast: rule_instants.cast,
    exp.Add: rule_instants.add,
    exp.Sub: rule_instants.add,
    exp.DateAdd: rule_instants.add,
    exp.TimestampTrunc: rule_instants.truncate,
    exp.DateTrunc: rule_instants.truncate,
    exp.DateBin: rule_instants.bucket,
    exp.LastDay: rule_instants.last_day,
    exp.Case: rule_choices.case,
    exp.If: rule_choices.if_,
    exp.Coalesce: rule_choices.coalesce,
    exp.Greatest: rule_choices.extremum,
    exp.Least: rule_choices.extremum,
    exp.Nullif: rule_choices.nullif,
    exp.Window: rule_windows.window,
    exp.Subquery: rule_subqueries.scalar,
    exp.Select: rule_subqueries.scalar,
    exp.Union: rule_subqueries.scalar,
    exp.Except: rule_subqueries.scalar,
    exp.Intersect: rule_subqueries.scalar,
    exp.Exists: rule_subqueries.exists,
    exp.In: rule_subqueries.in_,
    exp.Any: rule_subqueries.compared,
    exp.All: rule_subqueries.compared,
}


def evaluate(scope: Scope, node: exp.Expr) -> Value:
    """Return what `node` is for each row of the scope."""
    grouping = scope.grouping
    if grouping is not None:
        key = grouping.keys.get(node) if grouping.keys else None
        if key is not None:
            return key
        if isinstance(node, exp.Filter) and is_aggregate(node.this):
            return filtered(scope, node)
        if isinstance(node, exp.WithinGroup):
            return ordered(scope, node)
        if is_aggregate(node):
            return aggregate(scope, node)
    return RULES.get(type(node), rule_scalars.general)(scope, node)
