"""What an ASOF join may be on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlglot import exp

from featuresql.compiler.clickhouse.conditions import common
from featuresql.compiler.clickhouse.types import is_composed

if TYPE_CHECKING:
    from featuresql.compiler.clickhouse.emitter import Emitter

_ORDERED: Final = frozenset({"TIMESTAMP", "TIMESTAMPTZ", "DATE", "DECIMAL"})


def check_asof(emitter: Emitter, join: exp.Join, side: str) -> None:
    """Refuse an ASOF join that is on anything but equalities and one inequality.

    ClickHouse takes no other condition, and compares floats and texts in another way or not.
    """
    on = join.args.get("on")
    if side not in {"", "LEFT"}:
        raise emitter.refuse(join, f"an ASOF {side} JOIN", "write ASOF LEFT JOIN the other way")
    conditions = list(on.flatten() if isinstance(on, exp.And) else [on]) if on is not None else []
    inequalities = [c for c in conditions if isinstance(c, exp.LT | exp.LTE | exp.GT | exp.GTE)]
    name = join.this.alias_or_name
    for condition in conditions:
        if not isinstance(condition, exp.EQ) and condition not in inequalities:
            hint = "put it into a subquery, or into WHERE"
            raise emitter.refuse(condition, "this condition on an ASOF join", hint)
        sides = [
            {column.table for column in part.find_all(exp.Column)}
            for part in (condition.this, condition.expression)
        ]
        if not (sides[0] and sides[1]) or (name in sides[0]) == (name in sides[1]):
            hint = "filter the relation in a subquery"
            raise emitter.refuse(condition, "a condition on one side of an ASOF join", hint)
        kind = common(emitter, condition.this, condition.expression)
        if kind.is_float or is_composed(kind):
            raise emitter.refuse(
                condition, f"an ASOF join by {kind}", "cast it, or join by another"
            )
        is_ordered = kind.name in _ORDERED or (kind.is_integer and kind.name != "HUGEINT")
        if condition in inequalities and not is_ordered:
            raise emitter.refuse(condition, f"an ASOF join along a {kind}", "order it by a time")
    if len(inequalities) != 1:
        raise emitter.refuse(join, "an ASOF join of several inequalities, or of none")
