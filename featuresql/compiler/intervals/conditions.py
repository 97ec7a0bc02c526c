"""What a condition says of two instants."""

from __future__ import annotations

import math
from collections.abc import Iterator

from sqlglot import exp

from featuresql.compiler.intervals.level import Level, Node, Terms
from featuresql.compiler.intervals.terms import terms
from featuresql.compiler.intervals.times import Span

Link = tuple[Node, Node, Span]


def links(level: Level, condition: exp.Expr | None) -> list[Link]:
    """Return what holds of instants wherever `condition` is true."""
    return [link for part in _parts(condition) for link in _links(level, part)]


def _parts(condition: exp.Expr | None) -> Iterator[exp.Expr]:
    if isinstance(condition, exp.Paren):
        yield from _parts(condition.this)
    elif isinstance(condition, exp.And):
        yield from _parts(condition.this)
        yield from _parts(condition.expression)
    elif condition is not None:
        yield condition


def _links(level: Level, node: exp.Expr) -> Iterator[Link]:
    if isinstance(node, exp.Between):
        value = terms(level, node.this)
        yield from _not_after(terms(level, node.args["low"]), value)
        yield from _not_after(value, terms(level, node.args["high"]))
    elif isinstance(node, exp.LT | exp.LTE | exp.EQ | exp.GT | exp.GTE):
        one, other = terms(level, node.this), terms(level, node.expression)
        if not isinstance(node, exp.GT | exp.GTE):
            yield from _not_after(one, other)
        if not isinstance(node, exp.LT | exp.LTE):
            yield from _not_after(other, one)


def _not_after(early: Terms, late: Terms) -> Iterator[Link]:
    if len(early) == 1 and len(late) == 1:
        a, b = early[0], late[0]
        yield a.node, b.node, Span(math.inf, b.high_us - a.low_us)
