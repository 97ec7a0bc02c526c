"""What holds for the rows for which a condition is true."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from featuresql.compiler.leakage.constants import (
    DAY_US,
    constant_instant_us,
    constant_length,
    constant_number,
    unit_length,
)
from featuresql.compiler.leakage.facts import Facts
from featuresql.compiler.leakage.needs import EPOCH, Point
from featuresql.compiler.leakage.scope import Scope, is_date, is_instant, is_zoned

_OPPOSITE: Final[dict[type[exp.Expr], type[exp.Expr]]] = {
    exp.LT: exp.GTE,
    exp.LTE: exp.GT,
    exp.GT: exp.LTE,
    exp.GTE: exp.LT,
    exp.NEQ: exp.EQ,
    exp.EQ: exp.NEQ,
}
_COMPARISONS: Final = (exp.LT, exp.LTE, exp.GT, exp.GTE, exp.EQ)


def assume(scope: Scope, facts: Facts, node: exp.Expr) -> None:
    """Add to `facts` what holds where the condition is true; the scope gives names a meaning."""
    if isinstance(node, exp.Paren):
        assume(scope, facts, node.this)
    elif isinstance(node, exp.And):
        assume(scope, facts, node.this)
        assume(scope, facts, node.expression)
    elif isinstance(node, exp.Not):
        _assume_not(scope, facts, node.this)
    elif isinstance(node, exp.Between):
        low, high = node.args["low"], node.args["high"]
        _compare(scope, facts, exp.GTE, node.this, low)
        _compare(scope, facts, exp.LTE, node.this, high)
        facts.present |= scope.value(node).known
    else:
        if isinstance(node, _COMPARISONS):
            _compare(scope, facts, type(node), node.this, node.expression)
        if not isinstance(node, exp.Or):
            facts.present |= scope.value(node).known


def _assume_not(scope: Scope, facts: Facts, node: exp.Expr) -> None:
    """Add what holds where the condition is false; it is not NULL then."""
    if isinstance(node, exp.Paren | exp.Alias):
        _assume_not(scope, facts, node.this)
    elif isinstance(node, exp.Not):
        assume(scope, facts, node.this)
    elif isinstance(node, exp.Or):
        _assume_not(scope, facts, node.this)
        _assume_not(scope, facts, node.expression)
    elif isinstance(node, exp.Is) and isinstance(node.expression, exp.Null):
        facts.present |= scope.value(node.this).known
    elif type(node) in _OPPOSITE:
        _compare(scope, facts, _OPPOSITE[type(node)], node.this, node.expression)
        facts.present |= scope.value(node).known


def deny(scope: Scope, facts: Facts, node: exp.Expr) -> None:
    """Add what holds where the condition is false or NULL, which is less than where it is false."""
    if isinstance(node, exp.Paren):
        deny(scope, facts, node.this)
    elif isinstance(node, exp.Or):
        deny(scope, facts, node.this)
        deny(scope, facts, node.expression)
    elif type(node) in _OPPOSITE:
        # Facts hold where neither side is NULL; then the comparison is not NULL either.
        _compare(scope, facts, _OPPOSITE[type(node)], node.this, node.expression)


def _compare(
    scope: Scope, facts: Facts, kind: type[exp.Expr], left: exp.Expr, right: exp.Expr
) -> None:
    if kind in {exp.LT, exp.LTE}:
        _not_before(scope, facts, right, left, is_later=kind is exp.LT)
    if kind in {exp.GT, exp.GTE}:
        _not_before(scope, facts, left, right, is_later=kind is exp.GT)
    if kind is exp.EQ:
        _not_before(scope, facts, right, left, is_later=False)
        _not_before(scope, facts, left, right, is_later=False)


def _not_before(
    scope: Scope, facts: Facts, high: exp.Expr, low: exp.Expr, *, is_later: bool
) -> None:
    """Note that `high >= low`, or `high > low`: a microsecond is the least there is."""
    upper, lower = _point(scope, high), _point(scope, low)
    least_us = 1 if is_later else 0
    if upper is not None and lower is not None:
        least_us *= _grid_us(high, low)
        facts.at_least(upper.atom, lower.atom, lower.offset_us - upper.offset_us + least_us)
        return
    # A distance of two instants that is bounded: `a - b >= length` or `length >= a - b`.
    ends = _distance(scope, high)
    length = constant_length(low)
    if ends is not None and length is not None and length.months == 0:
        _apart(facts, ends, length.us + least_us)
    ends, length = _distance(scope, low), constant_length(high)
    if ends is not None and length is not None and length.months == 0:
        _apart(facts, ends[::-1], least_us - length.us)
    _counted(scope, facts, high, low, is_later=is_later)


def _grid_us(one: exp.Expr, other: exp.Expr) -> int:
    """Return how far apart the two instants are at least, where they differ.

    Dates, and beginnings of intervals of one length, lie on a grid.
    """
    if all(is_date(node) for node in (one, other)):
        return DAY_US
    units = {_unit(node) for node in (one, other)}
    length = unit_length(min(units)) if len(units) == 1 else None
    return max(1, length.least_us) if length is not None else 1


def _unit(node: exp.Expr) -> str:
    while isinstance(node, exp.Paren):
        node = node.this
    unit = node.args.get("unit") if isinstance(node, exp.TimestampTrunc | exp.DateTrunc) else None
    is_named = isinstance(unit, exp.Literal | exp.Var) and not is_zoned(node)
    return unit.name.lower() if unit is not None and is_named else ""


def _counted(scope: Scope, facts: Facts, high: exp.Expr, low: exp.Expr, *, is_later: bool) -> None:
    """`date_diff(unit, a, b)` counts the borders between `a` and `b`."""
    for node, other, sign in ((high, low, 1), (low, high, -1)):
        number = constant_number(other)
        if not isinstance(node, exp.DateDiff) or number is None:
            continue
        unit = node.args.get("unit")
        length = unit_length(unit.name) if unit is not None else None
        later, earlier = _point(scope, node.this), _point(scope, node.expression)
        if length is None or length.months or later is None or earlier is None:
            continue
        count = int(number) + (sign if is_later and number.denominator == 1 else 0)
        if sign > 0:
            _apart(facts, (later, earlier), (count - 1) * length.us + 1)
        else:
            _apart(facts, (earlier, later), 1 - (count + 1) * length.us)


def _apart(facts: Facts, ends: tuple[Point, ...], least_us: int) -> None:
    high, low = ends
    facts.at_least(high.atom, low.atom, low.offset_us - high.offset_us + least_us)


def _point(scope: Scope, node: exp.Expr) -> Point | None:
    if is_instant(node):
        return scope.value(node).point
    us = constant_instant_us(node)
    return None if us is None else Point(EPOCH, us)


def _distance(scope: Scope, node: exp.Expr) -> tuple[Point, Point] | None:
    if isinstance(node, exp.Paren):
        return _distance(scope, node.this)
    if (
        not isinstance(node, exp.Sub)
        or not is_instant(node.this)
        or not is_instant(node.expression)
    ):
        return None
    high, low = scope.value(node.this).point, scope.value(node.expression).point
    return None if high is None or low is None else (high, low)
