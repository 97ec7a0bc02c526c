"""Instants: literals, casts, sums with lengths of time, and beginnings of intervals."""

from __future__ import annotations

from sqlglot import exp

from featuresql.compiler.leakage.constants import (
    DAY_US,
    LONGEST_MONTH_US,
    Length,
    constant_instant_us,
    constant_length,
    constant_number,
    unit_length,
)
from featuresql.compiler.leakage.needs import EPOCH, Atom, Point
from featuresql.compiler.leakage.relation import Value
from featuresql.compiler.leakage.rule_scalars import general
from featuresql.compiler.leakage.scope import Scope, is_date, is_instant, is_zoned, known_as


def cast(scope: Scope, node: exp.Expr) -> Value:
    """Read a constant, or give the beginning of the day for a cast to DATE."""
    us = constant_instant_us(node.this) if is_instant(node) else None
    if us is not None and not is_zoned(node):
        day = us // DAY_US * DAY_US
        return Value(point=Point(EPOCH, day if is_date(node) else us))
    if not is_instant(node) or not is_instant(node.this):
        return general(scope, node)
    if is_zoned(node) != is_zoned(node.this):
        return general(scope, node)
    value = scope.value(node.this)
    if value.point is None or not is_date(node) or is_date(node.this):
        return value
    return _start(scope, value, "day", Length(0, DAY_US))


def add(scope: Scope, node: exp.Expr) -> Value:
    """Add a constant length of time to an instant, or a number of days to a date."""
    if not is_instant(node):
        return general(scope, node)
    sign = -1 if isinstance(node, exp.Sub) else 1
    base, other = node.this, node.expression
    if not is_instant(base) and is_instant(other):
        base, other = other, base
    length = constant_length(other)
    if length is None and is_date(base):
        days = constant_number(other)
        length = None if days is None else Length(0, int(days * DAY_US))
    value = scope.value(base) if length is not None else None
    if value is None or length is None or value.point is None:
        return general(scope, node)
    return shift(scope, value, Length(sign * length.months, sign * length.us))


def truncate(scope: Scope, node: exp.Expr) -> Value:
    """Give `date_trunc(unit, x)`: the beginning of the interval that `x` lies in."""
    unit = node.args.get("unit")
    length = unit_length(unit.name) if isinstance(unit, exp.Literal | exp.Var) else None
    fits = length is not None and is_instant(node) and not is_zoned(node)
    value = scope.value(node.this) if fits else None
    if value is None or length is None or value.point is None:
        return general(scope, node)
    return _start(scope, value, unit.name.lower() if unit is not None else "", length)


def bucket(scope: Scope, node: exp.Expr) -> Value:
    """Give `time_bucket(length, x)`: the beginning of the bucket that `x` lies in."""
    length, origin = constant_length(node.this), node.args.get("unit")
    value = scope.value(node.expression)
    is_fixed = origin is None or (origin.find(exp.Column, exp.Query) is None)
    zoned = is_zoned(node)
    if length is None or not is_fixed or zoned or value.point is None or min(length) < 0:
        return general(scope, node)
    name = f"bucket {length.months} {length.us} {origin.sql('duckdb') if origin else ''}"
    return _start(scope, value, name, length)


def last_day(scope: Scope, node: exp.Expr) -> Value:
    """Give `last_day(x)`: the beginning of the last day of the month of `x`."""
    value = scope.value(node.this)
    if value.point is None or is_zoned(node.this):
        return general(scope, node)
    base = value.point
    atom = Atom(base.atom.row, f"last_day({base.atom.name} {base.offset_us})")
    _made_of(scope, atom, base.atom)
    scope.facts.at_least(atom, base.atom, base.offset_us - DAY_US + 1)
    scope.facts.at_least(base.atom, atom, -LONGEST_MONTH_US - base.offset_us)
    return Value(value.needs, Point(atom), known_as(Point(atom)))


def shift(scope: Scope, value: Value, length: Length) -> Value:
    """Return the instant that is `length` after `value`, which is an instant."""
    base = value.point
    assert base is not None  # noqa: S101 - the caller has seen that it is one
    if length.months == 0:
        return Value(value.needs, Point(base.atom, base.offset_us + length.us), value.known)
    atom = _months_after(base, length.months)
    _made_of(scope, atom, base.atom)
    months = Length(length.months, 0)
    scope.facts.at_least(atom, base.atom, base.offset_us + months.least_us)
    scope.facts.at_least(base.atom, atom, -base.offset_us - months.most_us)
    point = Point(atom, length.us)
    return Value(value.needs, point, known_as(point))


def _start(scope: Scope, value: Value, name: str, length: Length) -> Value:
    """Return the beginning of the interval of that length in which the instant lies.

    The same beginning of the same instant is the same atom, wherever it is computed.
    """
    base = value.point
    assert base is not None  # noqa: S101 - the caller has seen that it is one
    if base.atom == EPOCH:
        return scope.instant(value.needs)
    atom = Atom(base.atom.row, f"{name}({base.atom.name} {base.offset_us})")
    _made_of(scope, atom, base.atom)
    scope.facts.at_least(atom, base.atom, base.offset_us - length.most_us + 1)
    scope.facts.at_least(base.atom, atom, -base.offset_us)
    if length.months:
        # The end of a month is a month after its beginning, whatever its length.
        end = _months_after(Point(atom), length.months)
        _made_of(scope, end, atom)
        scope.facts.at_least(end, base.atom, base.offset_us + 1)
    return Value(value.needs, Point(atom), known_as(Point(atom)))


def _months_after(base: Point, months: int) -> Atom:
    return Atom(base.atom.row, f"{base.atom.name} {base.offset_us} {months:+} months")


def _made_of(scope: Scope, atom: Atom, origin: Atom) -> None:
    scope.facts.made_of[atom] = origin
    scope.facts.implies(atom, [frozenset((origin,))])
    scope.facts.implies(origin, [frozenset((atom,))])
