"""UNION, EXCEPT and INTERSECT."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from featuresql.compiler.leakage.facts import Facts
from featuresql.compiler.leakage.lift import Bound, Lifting, key_bounds, outer_bounds
from featuresql.compiler.leakage.needs import (
    NOTHING,
    Atom,
    Needs,
    NotBefore,
    Point,
    only_if,
)
from featuresql.compiler.leakage.relation import Relation, Value
from featuresql.compiler.leakage.rule_limits import limit
from featuresql.compiler.leakage.scope import Scope

Branch = tuple[Relation, list[tuple[str, Value]]]


def set_operation(scope: Scope, node: exp.SetOperation) -> Relation:
    """Judge a set operation: UNION, with or without ALL, EXCEPT or INTERSECT."""
    branches = [
        scope.analysis.query(part, scope.outer, scope.ctes) for part in (node.this, node.expression)
    ]
    names, columns = _aligned(node, branches)
    scope.facts = Facts() if scope.outer is None else scope.outer.facts.copy()
    scope.rows = set().union(*(branch.rows for branch in branches))
    if isinstance(node, exp.Union):
        for branch in branches:
            # What one branch says of the rows around the query need not hold in the other.
            own = branch.facts.touching(branch.rows)
            own.present.clear()
            scope.facts.add(own)
        found = _union(scope, names, branches, columns)
        if node.args.get("distinct"):
            found = without_doubles(scope, found, node)
    else:
        found = _compared(scope, node, names, branches, columns)
    scope.needs = found.needs
    scope.aliases = dict(found.columns)
    limit(scope, node)
    return Relation(found.columns, scope.needs, scope.facts, scope.own())


def _aligned(
    node: exp.SetOperation, branches: list[Relation]
) -> tuple[list[str], list[list[Value]]]:
    """Return the names of the columns, and each branch's columns in their order."""
    if not node.args.get("by_name"):
        return list(branches[0].columns), [list(branch.columns.values()) for branch in branches]
    names = list(dict.fromkeys(name for branch in branches for name in branch.columns))
    null = Value(is_null=True)
    return names, [[branch.columns.get(name, null) for name in names] for branch in branches]


def _union(
    scope: Scope, names: list[str], branches: list[Relation], columns: list[list[Value]]
) -> Relation:
    """Judge UNION ALL: for a row of one branch the atoms and the mark of the other are NULL."""
    atoms = [scope.new_atom() for _ in names]
    needs = NOTHING
    of_columns: list[Needs] = [NOTHING for _ in names]
    are_instants = [False for _ in names]
    for branch, values in zip(branches, columns, strict=True):
        mark = scope.new_atom()
        scope.facts.implies(mark, branch.facts.present)
        needs |= _marked(scope, branch.needs, mark)
        for index, value in enumerate(values):
            of_columns[index] |= _marked(scope, value.needs, mark)
            scope.facts.implies(atoms[index], value.known, mark)
            point = _own_point(scope, branch, value, mark)
            if point is not None:
                are_instants[index] = True
                scope.facts.equal(atoms[index], point)
                scope.facts.implies(point.atom, [frozenset((mark,))])
    result = {
        name: Value(of_columns[i], Point(atoms[i]) if are_instants[i] else None, _clause(atoms[i]))
        for i, name in enumerate(names)
    }
    return Relation(result, needs, scope.facts, scope.own())


def _marked(scope: Scope, needs: Needs, mark: Atom) -> Needs:
    """Return the needs for rows of the branch only; where its atoms are there, so is the mark."""
    for need in needs:
        if isinstance(need, NotBefore):
            scope.facts.implies(need.atom, [frozenset((mark,))])
    return only_if(needs, mark)


def _own_point(scope: Scope, branch: Relation, value: Value, mark: Atom) -> Point | None:
    """Return the instant as one that is NULL for rows of other branches."""
    point = value.point
    if point is None or point.atom.row in branch.rows:
        return point
    atom = scope.new_atom()
    scope.facts.equal(atom, point)
    scope.facts.implies(atom, [*value.known, frozenset((point.atom,)), frozenset((mark,))])
    scope.facts.implies(mark, [frozenset((atom,))], point.atom)
    return Point(atom)


def without_doubles(scope: Scope, relation: Relation, node: exp.Expr) -> Relation:
    """Keep one of equal rows: it is there from the first of them on."""
    needs = relation.all_needs()
    columns = {name: replace(value, needs=NOTHING) for name, value in relation.columns.items()}
    if not needs:
        return replace(relation, columns=columns)
    cause = scope.analysis.cause("of equal rows the first that is known counts", node)
    own = scope.own()
    bounds = key_bounds(scope.facts, own, [value.point for value in columns.values()])
    fresh = scope.analysis.fresh_atom
    lifting = Lifting(own, scope.facts.copy(), scope.facts, bounds, cause, fresh)
    return replace(relation, columns=columns, needs=lifting.needs(needs))


def _compared(
    scope: Scope,
    node: exp.SetOperation,
    names: list[str],
    branches: list[Relation],
    columns: list[list[Value]],
) -> Relation:
    """Judge EXCEPT and INTERSECT: all equal rows of the other query have to be known.

    A row that EXCEPT keeps has no equal row: nothing holds of one.
    """
    kept = branches[:1] if isinstance(node, exp.Except) else branches
    for branch in kept:
        scope.facts.add(branch.facts)
    atoms = [scope.new_atom() for _ in names]
    needs = NOTHING
    instants = [False for _ in names]
    for position, (branch, values) in enumerate(zip(branches, columns, strict=True)):
        for index, value in enumerate(values) if position < len(kept) else ():
            # Equal rows have equal columns: the atom is the column of either.
            scope.facts.implies(atoms[index], value.known)
            if value.point is not None:
                instants[index] = True
                scope.facts.equal(atoms[index], value.point)
                scope.facts.implies(value.point.atom, [frozenset((atoms[index],))])
        bounds = [
            Bound(value.point.atom, atoms[index], value.point.offset_us)
            for index, value in enumerate(values)
            if value.point is not None
        ]
        needs |= _all_equal(scope, node, branch, bounds, values)
    result = {
        name: Value(NOTHING, Point(atoms[i]) if instants[i] else None, _clause(atoms[i]))
        for i, name in enumerate(names)
    }
    return Relation(result, needs, scope.facts, scope.own())


def _all_equal(
    scope: Scope, node: exp.Expr, branch: Relation, bounds: list[Bound], values: list[Value]
) -> Needs:
    needs = branch.needs.union(*(value.needs for value in values))
    if not needs:
        return needs
    cause = scope.analysis.cause("equal rows of both queries count", node)
    hint = "select the instant too, so that only rows of one instant are compared"
    text = "equal rows that are known only later decide whether a row is there"
    fault = scope.analysis.fault("leaks", text, node, hint)
    facts = branch.facts.copy()
    bounds = bounds + outer_bounds(facts, branch.rows)
    fresh = scope.analysis.fresh_atom
    return Lifting(branch.rows, facts, scope.facts, bounds, cause, fresh, fault).needs(needs)


def _clause(atom: Atom) -> frozenset[frozenset[Atom]]:
    return frozenset((frozenset((atom,)),))
