"""Joins: a row of both sides, and rows of one side for which there is none of the other."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlglot import exp

from featuresql.compiler.leakage.facts import Facts
from featuresql.compiler.leakage.lift import Lifting, outer_bounds
from featuresql.compiler.leakage.needs import (
    NOTHING,
    Atom,
    Fault,
    Needs,
    NotBefore,
    Point,
    only_if,
)
from featuresql.compiler.leakage.relation import Relation, Value
from featuresql.compiler.leakage.rule_conditions import assume
from featuresql.compiler.leakage.scope import Scope, known_as

_HINT = "compare the instants in ON: e.ts <= s.ts; a source without time is declared `static: true`"


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a join: relations by their aliases, what their rows need, and their facts."""

    tables: dict[str, dict[str, Value]]
    needs: Needs
    facts: Facts
    rows: frozenset[int]


def join(scope: Scope, node: exp.Join, right: Relation) -> None:
    """Join `right` to what is in the scope already."""
    name = node.this.alias_or_name.lower()
    left_side = Side(
        {alias: dict(columns) for alias, columns in scope.tables.items()},
        scope.needs,
        scope.facts,
        scope.own(),
    )
    right_side = Side({name: dict(right.columns)}, right.needs, right.facts, right.rows)
    scope.tables = {**scope.tables, name: right.columns}
    scope.facts = left_side.facts.copy()
    scope.facts.add(right.facts)
    scope.rows |= right.rows
    kind, side = (node.kind or "").upper(), (node.side or "").upper()
    scope.seen = {}
    on, conditions = node.args.get("on"), Facts()
    on_needs = NOTHING
    if on is not None:
        on_needs = scope.value(on).needs
        assume(scope, conditions, on)
    both = scope.facts.copy()
    both.add(conditions)
    if side in {"LEFT", "FULL"} or kind == "ANTI":
        scope.facts.forget(right.facts, right.rows, left_side.facts)
    if side in {"RIGHT", "FULL"}:
        around = scope.outer.facts if scope.outer is not None else Facts()
        scope.facts.forget(left_side.facts, left_side.rows, around)
    is_asof = (node.method or "").upper() == "ASOF"
    if kind not in {"", "INNER", "CROSS", "OUTER", "SEMI", "ANTI"} or (node.method and not is_asof):
        text = f"{node.kind or node.method} JOIN pairs rows by their position"
        scope.needs |= right.needs | {scope.analysis.fault("leaks", text, node)}
        return
    if kind in {"SEMI", "ANTI"}:
        del scope.tables[name]
        scope.needs |= _unmatched(scope, node, both, right_side, right.needs | on_needs)
        if kind == "SEMI":
            _keep(scope.facts, conditions, left_side.rows)
        return
    scope.needs |= right.needs | on_needs
    if is_asof:
        scope.needs |= _unmatched(scope, node, both, right_side, right.needs | on_needs)
    if side == "FULL":
        _pad_both(scope, node, (left_side, right_side), both, on_needs)
        scope.seen = {}
    elif side in {"LEFT", "RIGHT"}:
        other = right_side if side == "LEFT" else left_side
        mark = _pad(scope, node, other, both, on_needs)
        # What was computed for matching rows may be another instant for the rest.
        scope.seen = {}
        scope.facts.implies(mark, conditions.present)
        scope.facts.add(_touching(conditions, other.rows - {scope.row}))
    else:
        scope.facts.add(conditions)


def _pad(scope: Scope, node: exp.Join, other: Side, both: Facts, on_needs: Needs) -> Atom:
    """Rows stay for which the other side has none: then its atoms, and the mark, are NULL."""
    mark = scope.new_atom()
    column_needs = {v.needs for columns in other.tables.values() for v in columns.values()}
    lifting = _lifting(scope, node, both, other)
    lifted = lifting.needs(other.needs | on_needs)
    faults = {need for need in lifted if isinstance(need, Fault)} - other.needs - on_needs
    rest = scope.needs - _of(scope.needs, other)
    if faults:
        open_faults = {replace(fault, unless=mark) for fault in faults}
        scope.needs = rest | only_if(_of(scope.needs, other), mark) | open_faults
        moved = {needs: only_if(needs, mark) for needs in column_needs}
    else:
        scope.needs = rest | lifted
        moved = {}
        for needs in column_needs:
            found = lifting.needs(needs)
            is_bounded = not any(isinstance(need, Fault) for need in found - needs)
            moved[needs] = found if is_bounded else only_if(needs, mark)
    _set_optional(scope, other, mark, moved)
    return mark


def _pad_both(
    scope: Scope, node: exp.Join, sides: tuple[Side, Side], both: Facts, on_needs: Needs
) -> None:
    """Rows of both sides stay: each needs what it needs itself, and to know what it matches."""
    left, right = sides
    marks = scope.new_atom(), scope.new_atom()
    for side, other, mark, other_mark in ((left, right, *marks), (right, left, *marks[::-1])):
        lifted = _lifting(scope, node, both, other).needs(other.needs | on_needs)
        old = other.needs | on_needs
        scope.needs |= only_if(lifted - old, mark)
        own = _of(scope.needs, side)
        scope.needs = (scope.needs - own) | only_if(own, mark)
        needs = {v.needs for columns in other.tables.values() for v in columns.values()}
        _set_optional(scope, other, other_mark, {n: only_if(n, other_mark) for n in needs})


def _set_optional(scope: Scope, other: Side, mark: Atom, moved: dict[Needs, Needs]) -> None:
    """Make the columns of the other side NULL where the mark is."""
    for clause in other.facts.present:
        scope.facts.present.discard(clause)
    scope.facts.implies(mark, other.facts.present)
    for alias, columns in other.tables.items():
        scope.tables[alias] = {
            name: _padded(scope, replace(value, needs=moved[value.needs]), other.rows, mark)
            for name, value in columns.items()
        }


def _of(needs: Needs, side: Side) -> Needs:
    """Return the needs that are about rows of that side."""
    return frozenset(
        need
        for need in needs
        if (isinstance(need, NotBefore) and need.atom.row in side.rows)
        or (
            not isinstance(need, NotBefore | Fault)
            and any(atom.row in side.rows for atom in need.atoms | need.when)
        )
    )


def _padded(scope: Scope, value: Value, rows: frozenset[int], mark: Atom) -> Value:
    """Return a column of the side that may be missing; then it is NULL."""
    known = value.known | {frozenset((mark,))}
    point = value.point
    if point is not None and point.atom.row not in rows:
        atom = scope.new_atom()
        scope.facts.equal(atom, point)
        scope.facts.implies(atom, [*value.known, frozenset((mark,)), frozenset((point.atom,))])
        point, known = Point(atom), known | known_as(Point(atom))
    return Value(value.needs, point, known)


def _unmatched(scope: Scope, node: exp.Join, both: Facts, other: Side, needs: Needs) -> Needs:
    """Return what it needs to know all rows of the other side that match."""
    return _lifting(scope, node, both, other).needs(needs)


def _lifting(scope: Scope, node: exp.Join, both: Facts, other: Side) -> Lifting:
    name = node.this.alias_or_name
    cause = scope.analysis.cause(f"the join takes in all matching rows of '{name}'", node, _HINT)
    text = f"whether '{name}' has a matching row may be known only later"
    fault = Fault("leaks", scope.analysis.cause(text, node, _HINT))
    bounds = outer_bounds(both, other.rows)
    fresh = scope.analysis.fresh_atom
    return Lifting(other.rows, both, scope.facts, bounds, cause, fresh, fault)


def _touching(conditions: Facts, rows: frozenset[int]) -> Facts:
    """Return what ON says of rows that may be missing: where they are, it holds."""
    kept = Facts()
    for high, edges in conditions.below.items():
        for low, offset in edges.items():
            if high.row in rows or low.row in rows:
                kept.at_least(high, low, offset)
    return kept


def _keep(facts: Facts, conditions: Facts, rows: frozenset[int]) -> None:
    """Add what ON says of the rows that stay."""
    for high, edges in conditions.below.items():
        for low, offset in edges.items():
            if high.row in rows and low.row in rows:
                facts.at_least(high, low, offset)
    facts.present |= {c for c in conditions.present if all(a.row in rows for a in c)}
