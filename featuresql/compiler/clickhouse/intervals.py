"""Intervals: months, days and microseconds, kept apart as in DuckDB."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from featuresql.compiler.clickhouse import sql
from featuresql.compiler.clickhouse.calendar import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from featuresql.compiler.clickhouse.types import held
from featuresql.compiler.typing.function_table import call_name
from featuresql.spec.column_type import scalar

if TYPE_CHECKING:
    from featuresql.compiler.clickhouse.emitter import Emitter

INTERVAL: Final = scalar("INTERVAL")
DAYS_A_MONTH: Final = 30


@dataclass(frozen=True, slots=True)
class Parts:
    """An interval's parts, whole numbers: constants, or expressions of ClickHouse's."""

    months: int | exp.Expr = 0
    days: int | exp.Expr = 0
    us: int | exp.Expr = 0


_UNITS: Final[dict[str, Parts]] = {
    name: parts
    for names, parts in (
        ("microsecond us usec", Parts(us=1)),
        ("millisecond ms msec", Parts(us=1_000)),
        ("second s sec", Parts(us=SECOND_US)),
        ("minute m min", Parts(us=MINUTE_US)),
        ("hour h hr", Parts(us=HOUR_US)),
        ("day d", Parts(days=1)),
        ("week w", Parts(days=7)),
        ("month mon", Parts(months=1)),
        ("quarter", Parts(months=3)),
        ("year y yr", Parts(months=12)),
        ("decade dec", Parts(months=120)),
        ("century centurie cent c", Parts(months=1_200)),
        ("millennium millenium mil", Parts(months=12_000)),
    )
    for name in names.split()
}
_UNIT_SIZES: Final = {
    parts: tuple(size for size in (parts.months, parts.days, parts.us) if isinstance(size, int))
    for parts in _UNITS.values()
}
_PART: Final = re.compile(r"\s*([+-]?\d+(?:\.\d+)?)\s*([a-zA-Z]+)\s*")


def unit_parts(name: str) -> Parts | None:
    """Return the interval of one unit, by any of its names."""
    lower = name.lower().strip("'")
    return _UNITS.get(lower) or _UNITS.get(lower.removesuffix("s"))


def constant_parts(node: exp.Expr) -> Parts | None:
    """Return the parts of an interval that is a literal, or None."""
    while isinstance(node, exp.Paren):
        node = node.this
    if isinstance(node, exp.Interval):
        unit, count = node.args.get("unit"), node.this
        while isinstance(count, exp.Paren):
            count = count.this
        if not isinstance(count, exp.Literal):
            return None
        return _read(f"{count.name} {unit.name}" if unit is not None else count.name)
    if isinstance(node, exp.Cast) and isinstance(node.this, exp.Literal) and node.this.is_string:
        return _read(node.this.name) if node.to.this == exp.DType.INTERVAL else None
    name = call_name(node)
    count = node.this if isinstance(node, exp.ToDays) else next(iter(node.expressions), None)
    while isinstance(count, exp.Paren):
        count = count.this
    if name.startswith("to_") and isinstance(count, exp.Literal):
        return _read(f"{count.name} {name.removeprefix('to_')}")
    return None


def _read(text: str) -> Parts | None:
    position, months, days, us = 0, 0, 0, 0
    while position < len(text):
        found = _PART.match(text, position)
        unit = _UNIT_SIZES.get(unit_parts(found[2]) or Parts()) if found else None
        if found is None or unit is None:
            return None
        made = [Fraction(found[1]) * size for size in unit]
        if any(part.denominator != 1 for part in made):
            return None
        months, days, us = months + int(made[0]), days + int(made[1]), us + int(made[2])
        position = found.end()
    return Parts(months, days, us)


def parts_of(node: exp.Expr, emitted: exp.Expr) -> Parts:
    """Return the parts of an interval; `emitted` is what it is in ClickHouse."""
    constant = constant_parts(node)
    if constant is not None:
        return constant
    return Parts(*(_element(emitted.copy(), place) for place in (1, 2, 3)))


def _element(value: exp.Expr, place: int) -> exp.Expr:
    return sql.call("tupleElement", value, sql.number(place))


def negated(parts: Parts) -> Parts:
    """Return the interval that goes the other way."""
    return mapped(parts, lambda part: sql.call("negate", part), lambda part: -part)


def mapped(
    parts: Parts,
    of_expression: Callable[[exp.Expr], exp.Expr],
    of_constant: Callable[[int], int | exp.Expr],
) -> Parts:
    """Return an interval whose parts are made of those of `parts`."""
    made = [
        of_expression(part) if isinstance(part, exp.Expr) else of_constant(part)
        for part in (parts.months, parts.days, parts.us)
    ]
    return Parts(*made)


def added(left: Parts, right: Parts) -> Parts:
    """Return the sum of two intervals."""
    pairs = (
        (left.months, right.months),
        (left.days, right.days),
        (left.us, right.us),
    )
    return Parts(*(_sum(one, other) for one, other in pairs))


def _sum(one: int | exp.Expr, other: int | exp.Expr) -> int | exp.Expr:
    if isinstance(one, int) and isinstance(other, int):
        return one + other
    return sql.call("plus", whole(one), whole(other))


def whole(part: int | exp.Expr) -> exp.Expr:
    """Return a part as an expression."""
    return sql.integer(part) if isinstance(part, int) else part


def held_interval(parts: Parts, guards: tuple[exp.Expr, ...] = ()) -> exp.Expr:
    """Return an interval as it is held; NULL where one of the scalars `guards` is."""
    made = [
        sql.call("accurateCast", sql.cast(whole(part), "Nullable(Int128)"), sql.text(kind))
        for part, kind in zip(
            (parts.months, parts.days, parts.us),
            ("Nullable(Int32)", "Nullable(Int32)", "Nullable(Int64)"),
            strict=True,
        )
    ]
    known = [sql.call("toInt64", sql.call("assumeNotNull", part)) for part in made]
    value = sql.cast(sql.call("tuple", *known), held(INTERVAL))
    if not guards:
        return value
    absent = sql.either(*(sql.is_null(guard.copy()) for guard in guards))
    return sql.choose(absent, sql.cast(sql.null(), held(INTERVAL)), value)


def scaled(unit: Parts, count: exp.Expr) -> Parts:
    """Return `count` times an interval that is constant."""
    wide = sql.cast(count, "Nullable(Int128)")

    def times(part: int) -> int | exp.Expr:
        return sql.call("multiply", wide.copy(), sql.integer(part)) if part else 0

    return mapped(unit, lambda part: part, times)


def total_us(value: exp.Expr) -> exp.Expr:
    """Return what intervals are compared by: a month is 30 days."""
    months, days, us = (
        sql.cast(_element(value.copy(), place), "Nullable(Int128)") for place in (1, 2, 3)
    )
    month = sql.call("multiply", months, sql.integer(DAYS_A_MONTH * DAY_US))
    day = sql.call("multiply", days, sql.integer(DAY_US))
    return sql.call("plus", sql.call("plus", month, day), us)


def _interval(emitter: Emitter, node: exp.Expr) -> exp.Expr:
    constant = constant_parts(node)
    if constant is not None:
        return held_interval(constant)
    unit = unit_parts(node.args["unit"].name) if node.args.get("unit") is not None else None
    if unit is None or isinstance(node.this, exp.Literal):
        raise emitter.refuse(
            node, "an interval in this form", "write it as INTERVAL '3 days 2 hours'"
        )
    if not emitter.kind(node.this).is_integer:
        raise emitter.refuse(node, "an interval of a fraction", "write to_seconds() or cast it")
    count = emitter.emit(node.this)
    return held_interval(scaled(unit, count), (count,))


HANDLERS: Final[dict[type[exp.Expr], Callable[[Emitter, exp.Expr], exp.Expr]]] = {
    exp.Interval: _interval,
}
