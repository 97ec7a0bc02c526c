"""Expressions that are an instant and a known length of time."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from featuresql.compiler.intervals.level import Level, Node, Term, Terms
from featuresql.compiler.leakage.constants import (
    DAY_US,
    Length,
    constant_length,
    constant_number,
    unit_length,
)
from featuresql.compiler.leakage.scope import is_date, is_instant, is_zoned

_CHOICES: Final = (exp.Coalesce, exp.Greatest, exp.Least)
_DAY: Final = Length(0, DAY_US)


def terms(level: Level, node: exp.Expr | None) -> Terms:
    """Return what an expression is made of: the instants of which it is one, and how far from it.

    Nothing where that is not known. With one term it is NULL just where its node is.
    """
    if node is None:
        return ()
    if isinstance(node, exp.Paren | exp.Alias):
        return terms(level, node.this)
    own = _own_node(level, node)
    if own is not None:
        return (Term(own, 0, 0),)
    return _made(level, node) if is_instant(node) and not is_zoned(node) else ()


def _own_node(level: Level, node: exp.Expr) -> Node | None:
    """Return the node that the expression is: a column or, in a group, a key or an extreme."""
    if level.named is not None:
        return level.named.get(node.sql("duckdb"))
    is_node = isinstance(node, exp.Column) and is_instant(node) and not is_zoned(node)
    return (node.text("table"), node.name) if is_node else None


def _made(level: Level, node: exp.Expr) -> Terms:
    if isinstance(node, exp.Add | exp.Sub):
        return _sum(level, node)
    if isinstance(node, exp.Cast):
        inner = terms(level, node.this)
        return _start(inner, _DAY) if is_date(node) and not is_date(node.this) else inner
    return _begun(level, node) or _chosen(level, node)


def _sum(level: Level, node: exp.Expr) -> Terms:
    base, other = node.this, node.expression
    if not is_instant(base) and is_instant(other):
        base, other = other, base
    length = constant_length(other)
    if length is None and is_date(base):
        days = constant_number(other)
        length = None if days is None else Length(0, int(days * DAY_US))
    if length is None:
        return ()
    if isinstance(node, exp.Sub):
        length = Length(-length.months, -length.us)
    low, high = length.least_us, length.most_us
    return [Term(t.node, t.low_us + low, t.high_us + high) for t in terms(level, base)]


def _begun(level: Level, node: exp.Expr) -> Terms:
    """Return the terms of the beginning of an interval: of a unit, or of a bucket."""
    if isinstance(node, exp.TimestampTrunc | exp.DateTrunc):
        unit = node.args.get("unit")
        length = unit_length(unit.name) if unit is not None else None
        return _start(terms(level, node.this), length)
    if isinstance(node, exp.DateBin):
        return _start(terms(level, node.expression), constant_length(node.this))
    return ()


def _start(inner: Terms, length: Length | None) -> Terms:
    if length is None or min(length) < 0:
        return ()
    return [Term(t.node, t.low_us - length.most_us, t.high_us) for t in inner]


def _chosen(level: Level, node: exp.Expr) -> Terms:
    """Return the terms of an expression that is always one of several instants, or NULL."""
    if isinstance(node, _CHOICES):
        parts = [node.this, *node.expressions]
    elif isinstance(node, exp.Case):
        parts = [branch.args["true"] for branch in node.args.get("ifs") or ()]
        parts.append(node.args.get("default") or exp.null())
    else:
        return ()
    found: list[Term] = []
    for part in parts:
        if isinstance(part, exp.Null):
            continue
        inner = terms(level, part)
        if not inner:
            return ()
        found += inner
    # What may be NULL beside its node is said by a second term.
    return [*found, *found[:1]]
