"""A service over a spine: the query of its training set."""

from __future__ import annotations

from datetime import datetime

from sqlglot import exp

from featuresql.compiler.asof import column
from featuresql.compiler.draft import CompiledModel, ServicePlan
from featuresql.compiler.inject_asof import with_asof_joins

SPINE_INPUT = "spine_input"
POSITION = "__position"


def training_set_query(
    service: CompiledModel,
    *,
    brought_spine: bool,
    known_at: datetime | None = None,
    is_pruned: bool = False,
) -> exp.Query:
    """Return one row for each spine row, each value as it was visible at the row's instant.

    A spine that was brought is the relation `spine_input` with its order in `__position`; the
    answer keeps that order. The service's own is ordered by event time and then by all columns.
    `known_at` is UTC without a zone: only what was known then exists. With `is_pruned` a brought
    spine's keys prune the views before they are searched, which pays where it is small.
    """
    plan = _plan(service)
    spine = exp.table_(SPINE_INPUT)
    spine.set("alias", exp.TableAlias(this=exp.to_identifier(plan.spine_alias, quoted=True)))
    asked = spine if brought_spine and is_pruned else None
    tree = with_asof_joins(service.checked, plan.joins, plan.event_time, known_at, asked)
    if brought_spine:
        tree.args["from_"].set("this", spine)
        order = [exp.Ordered(this=column(POSITION, plan.spine_alias), nulls_first=False)]
    else:
        names = [plan.event_time, *(c.name for c in service.columns if c.name != plan.event_time)]
        inner = exp.alias_(tree.subquery(), "rows", table=True, quoted=True)
        tree = exp.select(*[column(c.name, "rows") for c in service.columns]).from_(inner)
        order = [exp.Ordered(this=column(name, "rows"), nulls_first=True) for name in names]
    tree.set("order", exp.Order(expressions=order))
    return tree


def online_query(plan: ServicePlan) -> exp.Select | None:
    """Return the query over `request` that makes the outputs which are expressions, or None.

    `request` has a column `alias.column` for each column of the spine and the views that they use.
    """
    selects = []
    for output in plan.outputs:
        if output.origin is not None:
            continue
        value = output.expression.transform(_flat_column)
        selects.append(exp.alias_(value, output.name, quoted=True))
    return exp.select(*selects).from_("request") if selects else None


def online_inputs(plan: ServicePlan) -> tuple[tuple[str, str], ...]:
    """Return the (alias, column) pairs that `online_query` reads."""
    pairs = {
        (column.table, column.name)
        for output in plan.outputs
        if output.origin is None
        for column in output.expression.find_all(exp.Column)
    }
    return tuple(sorted(pairs))


def _flat_column(node: exp.Expr) -> exp.Expr:
    if isinstance(node, exp.Column) and node.table:
        return column(f"{node.table}.{node.name}")
    return node


def _plan(service: CompiledModel) -> ServicePlan:
    if service.service is None:
        raise ValueError(service.name)
    return service.service
