"""Expressions that choose: CASE, COALESCE, GREATEST, LEAST, NULLIF."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from featuresql.compiler.leakage.facts import Facts, either
from featuresql.compiler.leakage.needs import NOTHING, Atom, Clause, Needs
from featuresql.compiler.leakage.relation import Value
from featuresql.compiler.leakage.rule_conditions import assume, deny
from featuresql.compiler.leakage.scope import Scope, is_instant, known_as

Branch = tuple[Value, Facts]


def case(scope: Scope, node: exp.Expr) -> Value:
    """Judge CASE: it depends on all conditions and branches, and is one of the branches."""
    subject, default = node.args.get("this"), node.args.get("default")
    values = [scope.value(subject)] if subject is not None else []
    branches: list[Branch] = []
    rest = Facts()
    for when in node.args["ifs"]:
        values.append(scope.value(when.this))
        facts = rest.copy()
        if subject is None:
            assume(scope, facts, when.this)
            deny(scope, rest, when.this)
        branches.append((scope.value(when.args["true"]), facts))
    if default is not None:
        branches.append((scope.value(default), rest))
    values += [value for value, _ in branches]
    return _one_of(scope, node, _together(values), branches)


def if_(scope: Scope, node: exp.Expr) -> Value:
    """Judge `if(c, a, b)`, which is a CASE."""
    condition, other = node.this, node.args.get("false")
    facts, rest = Facts(), Facts()
    assume(scope, facts, condition)
    deny(scope, rest, condition)
    branches: list[Branch] = [(scope.value(node.args["true"]), facts)]
    if other is not None:
        branches.append((scope.value(other), rest))
    values = [scope.value(condition), *(value for value, _ in branches)]
    return _one_of(scope, node, _together(values), branches)


def coalesce(scope: Scope, node: exp.Expr) -> Value:
    """Judge COALESCE: it is one of its arguments."""
    values = [scope.value(part) for part in [node.this, *node.expressions]]
    result = _one_of(scope, node, _together(values), [(value, Facts()) for value in values])
    _there_with_any(scope, result, values)
    return result


def extremum(scope: Scope, node: exp.Expr) -> Value:
    """Judge GREATEST, not before any argument, and LEAST, not after; both pass over NULL."""
    values = [scope.value(part) for part in [node.this, *node.expressions]]
    branches: list[Branch] = [(value, Facts()) for value in values]
    result = _one_of(scope, node, _together(values), branches)
    _there_with_any(scope, result, values)
    if result.point is not None:
        for value in values:
            if value.point is None:
                continue
            atom, low = result.point.atom, value.point
            if isinstance(node, exp.Greatest):
                scope.facts.at_least(atom, low.atom, low.offset_us)
            else:
                scope.facts.at_least(low.atom, atom, -low.offset_us)
    return result


def nullif(scope: Scope, node: exp.Expr) -> Value:
    """Judge NULLIF: it is its first argument, or NULL."""
    values = [scope.value(node.this), scope.value(node.expression)]
    return _one_of(scope, node, _together(values), [(values[0], Facts())])


def _there_with_any(scope: Scope, result: Value, values: Sequence[Value]) -> None:
    """Note that the result, which passes over NULL, is there where one of the values is."""
    for value in values:
        if result.point is not None and value.point is not None:
            scope.facts.implies(value.point.atom, known_as(result.point))


def _together(values: Sequence[Value]) -> Needs:
    return NOTHING.union(*(value.needs for value in values))


def _one_of(scope: Scope, node: exp.Expr, needs: Needs, branches: Sequence[Branch]) -> Value:
    """Return the value that is one of the branches, none of which is known to be it.

    Each branch has the facts that hold where it is chosen.
    """
    real = [branch for branch in branches if not branch[0].is_null]
    known = _known(scope, real)
    if not is_instant(node):
        return Value(needs, None, known)
    result = scope.instant(needs, known)
    assert result.point is not None  # noqa: S101 - instant() gives one
    if real and all(value.point is not None for value, _ in real):
        _meet(scope, result.point.atom, real)
    return result


def _known(scope: Scope, branches: Sequence[Branch]) -> frozenset[Clause]:
    known: frozenset[Clause] | None = None
    for value, facts in branches:
        if not value.known and not facts.present:
            return frozenset()
        clauses = {*value.known, *facts.present}
        given = scope.facts.given(atom for c in clauses if len(c) == 1 for atom in c)
        clauses |= {frozenset((atom,)) for atom in given.atoms}
        known = frozenset(clauses) if known is None else either(known, clauses)
    return known or frozenset()


def _meet(scope: Scope, result: Atom, branches: Sequence[Branch]) -> None:
    """Note what holds for `result` because it holds for each branch."""
    below: dict[Atom, int] | None = None
    above: dict[Atom, int] | None = None
    for value, extra in branches:
        assert value.point is not None  # noqa: S101 - the caller has seen that each has one
        facts = scope.facts
        if extra.below or extra.present:
            facts = scope.facts.copy()
            facts.add(extra)
        atom, offset = value.point
        given = facts.given((atom,))
        down = {low: n + offset for low, n in facts.reach_down(atom, given).items()}
        up = {high: n - offset for high, n in facts.reach_up(atom, given).items()}
        below = down if below is None else _least(below, down)
        above = up if above is None else _least(above, up)
    for low, offset in (below or {}).items():
        scope.facts.at_least(result, low, offset)
    for high, offset in (above or {}).items():
        scope.facts.at_least(high, result, offset)


def _least(one: dict[Atom, int], other: dict[Atom, int]) -> dict[Atom, int]:
    return {atom: min(n, other[atom]) for atom, n in one.items() if atom in other}
