"""ORDER BY with LIMIT, OFFSET, samples, DISTINCT ON: rows that are kept for their place."""

from __future__ import annotations

from sqlglot import exp

from featuresql.compiler.leakage.needs import NOTHING
from featuresql.compiler.leakage.rule_windows import (
    Frame,
    Over,
    lift_rows,
    order_bound,
    partition_bounds,
)
from featuresql.compiler.leakage.scope import Scope

_ROWS_BEFORE = Frame(None, 0)
_ALL_ROWS = Frame(None, None)


def limit(scope: Scope, query: exp.Expr) -> None:
    """Judge LIMIT and OFFSET: the first rows depend on those that stand before them.

    A share of the rows depends on all rows, and a computed number on what it is computed from.
    """
    clauses = [c for c in (query.args.get("limit"), query.args.get("offset")) if c is not None]
    if not clauses:
        return
    order = query.args.get("order")
    frame = _ALL_ROWS if any(map(_is_share, clauses)) else _ROWS_BEFORE
    items = list(order.expressions) if order is not None else []
    _keep_first(scope, [], items, clauses[0], frame)
    for clause in clauses:
        scope.needs |= NOTHING.union(*(scope.value(part).needs for part in _numbers(clause)))


def _is_share(clause: exp.Expr) -> bool:
    options = clause.args.get("limit_options")
    return options is not None and bool(options.args.get("percent"))


def _numbers(clause: exp.Expr) -> list[exp.Expr]:
    parts = (clause.args.get(name) for name in ("expression", "count"))
    return [part for part in parts if isinstance(part, exp.Expr)]


def distinct_on(scope: Scope, query: exp.Select, keys: list[exp.Expr]) -> None:
    """Judge DISTINCT ON: it keeps the first row of each key in the order of the query."""
    order = query.args.get("order")
    items = list(order.expressions) if order is not None else []
    while items and items[0].this in keys:
        items.pop(0)
    _keep_first(scope, keys, items, query.args["distinct"])


def sample(scope: Scope, query: exp.Expr) -> None:
    """Judge a sample: it is chance."""
    clause = query.args.get("sample")
    if clause is not None:
        text = "a sample is another one each time the model is run"
        scope.needs |= {scope.analysis.fault("leaks", text, query)}


def _keep_first(
    scope: Scope,
    keys: list[exp.Expr],
    items: list[exp.Ordered],
    node: exp.Expr,
    frame: Frame = _ROWS_BEFORE,
) -> None:
    values = [scope.value(item.this) for item in items]
    parts = [scope.value(key) for key in keys]
    own = NOTHING.union(*(value.needs for value in [*values, *parts]))
    needs = scope.needs | own
    if not needs:
        return
    bounds = partition_bounds(scope, parts)
    bound, why = order_bound(scope.facts, Over(keys, items, None), values, frame)
    if bound is not None:
        bounds.append(bound)
    elif not items:
        why = "without ORDER BY any row may be one of the first"
    scope.needs = needs | lift_rows(scope, scope.facts.copy(), bounds, needs, (node, node), why)
