"""What stands within an aggregate's own parentheses: DISTINCT and ORDER BY."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from featuresql.compiler.clickhouse.emission import Aggregation
from featuresql.spec.column_type import ColumnType

if TYPE_CHECKING:
    from featuresql.compiler.clickhouse.emitter import Emitter


def inside(emitter: Emitter, node: exp.Expr, around: Aggregation) -> Aggregation:
    """Return `around` with what the call's parentheses say of its rows."""
    for value in list(node.args.values()):
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, exp.Order) and part.this is not None:
                around = replace(around, order=order_of(emitter, part))
                part = part.this  # noqa: PLW2901 - DISTINCT stands within ORDER BY
            if isinstance(part, exp.Distinct):
                around = replace(around, distinct=True)
    return around


def order_of(
    emitter: Emitter, order: exp.Order
) -> tuple[tuple[exp.Expr, ColumnType, bool, bool], ...]:
    """Return the keys of an ORDER BY: value, type, descending, nulls first."""
    return tuple(
        (
            emitter.emit(ordered.this),
            emitter.kind(ordered.this),
            bool(ordered.args.get("desc")),
            bool(ordered.args.get("nulls_first")),
        )
        for ordered in order.expressions
    )
