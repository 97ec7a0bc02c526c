"""Constants in SQL: numbers, instants and lengths of time."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from fractions import Fraction
from typing import Final, NamedTuple

from sqlglot import exp

SECOND_US: Final = 1_000_000
HOUR_US: Final = 3_600 * SECOND_US
DAY_US: Final = 24 * HOUR_US
SHORTEST_MONTH_US: Final = 28 * DAY_US
LONGEST_MONTH_US: Final = 31 * DAY_US


class Length(NamedTuple):
    """A length of time: months, whose own length changes, and microseconds."""

    months: int
    us: int

    @property
    def least_us(self) -> int:
        """The fewest microseconds that it can be."""
        month = SHORTEST_MONTH_US if self.months > 0 else LONGEST_MONTH_US
        return self.months * month + self.us

    @property
    def most_us(self) -> int:
        """The most microseconds that it can be."""
        month = LONGEST_MONTH_US if self.months > 0 else SHORTEST_MONTH_US
        return self.months * month + self.us


_UNITS: Final[dict[str, Length]] = {
    name: length
    for names, length in (
        ("microsecond us usec", Length(0, 1)),
        ("millisecond ms msec", Length(0, 1_000)),
        ("second s sec", Length(0, SECOND_US)),
        ("minute m min", Length(0, 60 * SECOND_US)),
        ("hour h hr", Length(0, HOUR_US)),
        ("day d", Length(0, DAY_US)),
        ("week w", Length(0, 7 * DAY_US)),
        ("month mon", Length(1, 0)),
        ("quarter", Length(3, 0)),
        ("year y yr", Length(12, 0)),
        ("decade dec", Length(120, 0)),
        ("century cent c centurie", Length(1_200, 0)),
        ("millennium mil millennia millenium", Length(12_000, 0)),
    )
    for name in names.split()
}
_TO_UNIT: Final = re.compile(r"to_([a-z]+?)s?$")
_PART: Final = re.compile(r"\s*([+-]?\d+(?:\.\d+)?)\s*([a-zA-Z]+)\s*")


def unit_length(name: str) -> Length | None:
    """Return the length that a unit's name stands for, in any of DuckDB's spellings."""
    lower = name.lower().strip("'")
    return _UNITS.get(lower) or _UNITS.get(lower.removesuffix("s"))


def constant_number(node: exp.Expr | None) -> Fraction | None:
    """Return the number that the expression always is, or None."""
    if isinstance(node, exp.Paren | exp.Cast):
        return constant_number(node.this)
    if isinstance(node, exp.Neg):
        inner = constant_number(node.this)
        return None if inner is None else -inner
    if isinstance(node, exp.Literal):
        try:
            return Fraction(node.name)
        except ValueError:
            return None
    return None


def constant_length(node: exp.Expr | None) -> Length | None:  # noqa: PLR0911 - one a form
    """Return the length of time that the expression always is, or None."""
    if isinstance(node, exp.Paren):
        return constant_length(node.this)
    if isinstance(node, exp.Neg):
        return _times(constant_length(node.this), Fraction(-1))
    if isinstance(node, exp.Interval):
        return _interval(node)
    if isinstance(node, exp.Cast) and isinstance(node.this, exp.Literal):
        return _text(node.this.name) if node.this.is_string else None
    if isinstance(node, exp.Mul):
        for one, other in ((node.this, node.expression), (node.expression, node.this)):
            length, number = constant_length(one), constant_number(other)
            if length is not None and number is not None:
                return _times(length, number)
        return None
    if isinstance(node, exp.Add | exp.Sub):
        left, right = constant_length(node.this), constant_length(node.expression)
        if left is None or right is None:
            return None
        sign = 1 if isinstance(node, exp.Add) else -1
        return Length(left.months + sign * right.months, left.us + sign * right.us)
    return _call(node)


def _call(node: exp.Expr | None) -> Length | None:
    if isinstance(node, exp.ToDays):
        return _times(_UNITS["day"], constant_number(node.this))
    if isinstance(node, exp.Anonymous) and len(node.expressions) == 1:
        match = _TO_UNIT.match(node.name.lower())
        unit = unit_length(match[1]) if match else None
        if unit is not None:
            return _times(unit, constant_number(node.expressions[0]))
    return None


def _interval(node: exp.Interval) -> Length | None:
    unit = node.args.get("unit")
    if unit is None:
        return _text(node.this.name) if isinstance(node.this, exp.Literal) else None
    length = unit_length(unit.name)
    return None if length is None else _times(length, constant_number(node.this))


def _text(text: str) -> Length | None:
    """Read `1 day 2 hours`."""
    months, us, position = 0, 0, 0
    for match in _PART.finditer(text):
        length = unit_length(match[2])
        part = None if length is None else _times(length, Fraction(match[1]))
        if match.start() != position or part is None:
            return None
        position = match.end()
        months, us = months + part.months, us + part.us
    return Length(months, us) if position == len(text) and text.strip() else None


def _times(length: Length | None, number: Fraction | None) -> Length | None:
    if length is None or number is None:
        return None
    months, us = length.months * number, length.us * number
    if months.denominator != 1 or us.denominator != 1:
        return None
    return Length(int(months), int(us))


def constant_instant_us(node: exp.Expr) -> int | None:
    """Return the microseconds after 1970 of a text that is an instant without a zone, or None."""
    if not isinstance(node, exp.Literal) or not node.is_string:
        return None
    try:
        instant = datetime.fromisoformat(node.name.strip())
    except ValueError:
        return None
    if instant.tzinfo is not None:
        return None
    since = instant.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * SECOND_US + since.microseconds
