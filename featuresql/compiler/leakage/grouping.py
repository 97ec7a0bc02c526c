"""GROUP BY: one row for each group of rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlglot import exp

from featuresql.compiler.leakage.facts import Facts
from featuresql.compiler.leakage.lift import Bound, Lifting, key_bounds
from featuresql.compiler.leakage.needs import (
    NOTHING,
    Atom,
    Fault,
    Need,
    Needs,
    NotBefore,
    Point,
    Present,
)
from featuresql.compiler.leakage.relation import Value
from featuresql.compiler.leakage.scope import Scope
from featuresql.compiler.typing import find_function

LATER_ROWS = (
    "group by an interval of time and stamp the row with its end, or aggregate over a window"
)


@dataclass(slots=True)
class Grouping:
    """The rows below an aggregation, and the expressions by which they are grouped.

    `base` is the scope of the single rows, `needs` what a row and its keys need. `existence` is
    what the group needs in order to be there: one of its rows.
    """

    base: Scope
    keys: dict[exp.Expr, Value]
    bounds: list[Bound]
    needs: Needs
    existence: Lifting | None = None
    unbounded: set[Need] = field(default_factory=set)

    def column(self, table: str, name: str) -> Value | None:
        """Return the key that is this column, or None."""
        for key, value in self.keys.items():
            is_called_so = isinstance(key, exp.Column) and key.name.lower() == name
            if is_called_so and (not table or key.text("table").lower() == table):
                return value
        return None


def is_aggregated(select: exp.Select) -> bool:
    """Whether the SELECT gives a row for a group of rows."""
    if select.args.get("group") is not None or select.args.get("having") is not None:
        return True
    clauses = [*select.expressions, *_clause(select, "qualify"), *_clause(select, "order")]
    return any(_has_aggregate(clause) for clause in clauses)


def is_aggregate(node: exp.Expr) -> bool:
    """Whether the node is the call of an aggregate."""
    if not isinstance(node, exp.Func):
        return False
    function = find_function(node)
    if function is None:
        return isinstance(node, exp.AggFunc)
    return function.kind == "aggregate"


def group(scope: Scope, select: exp.Select) -> None:
    """Turn the scope of single rows into one of groups."""
    base = Scope(
        scope.analysis, scope.outer, scope.ctes, scope.row, scope.tables, scope.facts, scope.needs
    )
    base.rows, base.windows = scope.rows, scope.windows
    clause = select.args.get("group")
    always, sometimes = _key_expressions(select, clause)
    values = {key: base.value(key) for key in [*always, *sometimes]}
    needs = base.needs.union(*(value.needs for value in values.values()))
    bounds = key_bounds(scope.facts, scope.own(), [values[key].point for key in always])
    grouping = Grouping(
        base,
        {key: Value(NOTHING, value.point, value.known) for key, value in values.items()},
        bounds,
        needs,
    )
    for key in sometimes:
        grouping.keys[key] = Value(NOTHING, None, frozenset())
    scope.grouping = grouping
    scope.seen = {}
    if not always:
        # There is a group even where there is no row, and then no condition was true of one.
        scope.facts = scope.facts.touching(scope.own())
        scope.facts.present.clear()
        if scope.outer is not None:
            scope.facts.add(scope.outer.facts)
    scope.needs = _existence(scope, grouping, select) if clause is not None else NOTHING


def _existence(scope: Scope, grouping: Grouping, select: exp.Select) -> Needs:
    """Return what a group needs: the first of its rows that is known."""
    cause = scope.analysis.cause("a group is there from the first of its rows on", select)
    facts, below = scope.facts, grouping.base.facts
    lifting = Lifting(scope.own(), below, facts, grouping.bounds, cause, scope.analysis.fresh_atom)
    grouping.existence = lifting
    found = lifting.needs(grouping.needs)
    for need, lifted in lifting.made.items():
        if lifted is None or lifted == need or isinstance(lifted, Fault):
            continue
        atom = lifted.atom if isinstance(lifted, NotBefore) else min(lifted.atoms)
        if atom not in facts.above and not _is_implied(facts, atom):
            grouping.unbounded.add(need)
    return found


def first_bounds(scope: Scope, grouping: Grouping, argument: Point, result: Atom) -> None:
    """Note that `result`, the least `argument` of the group, is not before the group is there.

    The row that has the least argument has to meet every need that no key bounds.
    """
    lifting, facts = grouping.existence, scope.facts
    if lifting is None:
        return
    reached: list[tuple[Atom, int | None]] = []
    for need in sorted(grouping.unbounded, key=repr):
        lifted = lifting.made[need]
        if isinstance(need, NotBefore) and isinstance(lifted, NotBefore):
            given = facts.given((argument.atom, need.atom))
            offset = facts.reach_down(argument.atom, given).get(need.atom)
            if offset is None:
                return
            reached.append((lifted.atom, offset + argument.offset_us - need.offset_us))
        elif isinstance(need, Present) and isinstance(lifted, Present):
            if not facts.given({argument.atom, *need.when}).meets(need.atoms):
                return
            reached.append((min(lifted.atoms), None))
    for atom, offset in reached:
        if offset is None:
            facts.implies(result, [frozenset((atom,))])
        else:
            facts.at_least(result, atom, offset)


def _is_implied(facts: Facts, atom: Atom) -> bool:
    clause = frozenset((atom,))
    return any(implied == clause for rules in facts.rules.values() for _, implied in rules)


def _key_expressions(
    select: exp.Select, clause: exp.Expr | None
) -> tuple[list[exp.Expr], list[exp.Expr]]:
    """Return the keys of every group, and those that are NULL for some of the groupings."""
    if clause is None:
        return [], []
    if clause.args.get("all"):
        return [item.unalias() for item in select.expressions if not _has_aggregate(item)], []
    always = list(clause.expressions)
    sometimes: list[exp.Expr] = []
    for name in ("rollup", "cube", "grouping_sets"):
        for part in clause.args.get(name) or ():
            sometimes += [
                key
                for key in part.find_all(exp.Expr)
                if not isinstance(key, exp.Rollup | exp.Cube | exp.GroupingSets | exp.Tuple)
                and not isinstance(key, exp.Identifier | exp.Literal)
            ]
    return always, sometimes


def _clause(select: exp.Select, name: str) -> Iterable[exp.Expr]:
    clause = select.args.get(name)
    return () if clause is None else (clause,)


def _has_aggregate(node: exp.Expr) -> bool:
    """Whether there is an aggregate that is neither a window's own nor a subquery's."""
    if isinstance(node, exp.Query):
        return False
    children: Iterable[exp.Expr] = node.iter_expressions()
    if isinstance(node, exp.Window):
        function = node.this
        while isinstance(function, exp.Filter | exp.IgnoreNulls | exp.RespectNulls):
            function = function.this
        children = [*function.iter_expressions(), *_window_parts(node)]
    elif is_aggregate(node):
        return True
    return any(_has_aggregate(child) for child in children)


def _window_parts(window: exp.Window) -> Iterable[exp.Expr]:
    yield from window.args.get("partition_by") or ()
    if window.args.get("order") is not None:
        yield window.args["order"]
