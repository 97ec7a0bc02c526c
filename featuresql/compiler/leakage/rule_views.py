"""Feature views in a reader's joins: as-of joins, at the reader's own instant."""

from __future__ import annotations

from sqlglot import exp

from featuresql.compiler.collect_columns import output
from featuresql.compiler.leakage.needs import (
    NOTHING,
    Atom,
    Cause,
    Fault,
    Needs,
    NotBefore,
    Point,
    Present,
)
from featuresql.compiler.leakage.relation import Relation, Value
from featuresql.compiler.leakage.scope import Scope, known_as
from featuresql.spec.verdict import Verdict


def is_view_join(scope: Scope, node: exp.Join) -> bool:
    """Whether the join of the outermost SELECT becomes an as-of join."""
    table = node.this
    if not isinstance(table, exp.Table) or table.db != "ref":
        return False
    proof = scope.analysis.proofs.get(table.name)
    return proof is not None and proof.view is not None


def join_view(scope: Scope, select: exp.Select, node: exp.Join) -> None:
    """Join the row of the view that is visible at the instant of each row, or NULL.

    By the very definition that row was known by then, and so was that no newer one was there. What
    the view itself has not proven stays so.
    """
    proof = scope.analysis.proofs[node.this.name]
    instant = output(select, scope.analysis.event_time)
    value = scope.value(instant) if instant is not None else Value()
    needs = value.needs | _key_needs(scope, node)
    mark = scope.new_atom()
    if value.point is not None:
        name = node.this.name
        cause = scope.analysis.cause(f"'{name}' is joined as of the row's own instant", node)
        at, offset = value.point
        needs |= {NotBefore(at, offset, cause), Present(frozenset((at,)), cause)}
        scope.facts.implies(mark, value.known)
    view = proof.view
    assert view is not None  # noqa: S101 - is_view_join has seen it
    columns: dict[str, Value] = {}
    for column in proof.relation.columns:
        verdict = proof.verdicts.get(column)
        found = needs | _inherited(scope, node, column, verdict) | _ties(scope, node, column)
        columns[column] = Value(found, None, known_as(Point(mark)))
    for column in {view.event_time, view.available_at or view.event_time}:
        atom = scope.new_atom()
        scope.facts.implies(atom, known_as(Point(mark)))
        if value.point is not None:
            scope.facts.at_least(value.point.atom, atom, -value.point.offset_us)
        old = columns[column.lower()]
        columns[column.lower()] = Value(old.needs, Point(atom), known_as(Point(atom)))
    scope.tables[node.alias_or_name.lower()] = columns


def request_rows(scope: Scope, source: exp.Expr) -> Relation:
    """Give the rows that are asked for: they bring what is known then, and are not judged."""
    row = scope.analysis.fresh_row()
    names = _spine_columns(scope, source)
    columns = {
        name: Value(NOTHING, Point(Atom(row, name)), known_as(Point(Atom(row, name))))
        for name in names
    }
    return Relation(columns, rows=frozenset((row,)))


def _spine_columns(scope: Scope, source: exp.Expr) -> list[str]:
    if source.text("db") == "ref" and source.name in scope.analysis.proofs:
        return list(scope.analysis.proofs[source.name].relation.columns)
    return [c.name.lower() for c in scope.analysis.source_columns.get(source.name, ())]


def _key_needs(scope: Scope, node: exp.Join) -> Needs:
    """Return what the reader's side of the key comparisons needs."""
    alias = node.alias_or_name.lower()
    on = node.args.get("on")
    columns = [] if on is None else [c for c in on.find_all(exp.Column) if c.table.lower() != alias]
    return NOTHING.union(*(scope.value(column).needs for column in columns))


def _inherited(
    scope: Scope, node: exp.Join, column: str, verdict: Verdict | None
) -> frozenset[Fault]:
    if verdict is None or verdict.verdict == "proven":
        return frozenset()
    name = node.this.name
    where = f" ({verdict.location})" if verdict.location is not None else ""
    text = f"'{name}.{column}' is {verdict.verdict}: {verdict.reason}{where}"
    if verdict.verdict == "leaks":
        text = f"'{name}.{column}' leaks: {verdict.reason}{where}"
    cause = Cause(text, scope.analysis.locate(node), f"mend '{name}'")
    return frozenset((Fault(verdict.verdict, cause, None, verdict.accepted),))


def _ties(scope: Scope, node: exp.Join, column: str) -> frozenset[Fault]:
    """Return a fault if a column that tells tied rows of the view apart is not proven."""
    proof = scope.analysis.proofs[node.this.name]
    wrong = sorted(n for n, v in proof.verdicts.items() if v.verdict != "proven" and n != column)
    if not wrong:
        return frozenset()
    name = node.this.name
    text = f"where rows of '{name}' tie, '{wrong[0]}' decides, which is not proven"
    hint = f"mend '{name}.{wrong[0]}'"
    accepted = proof.verdicts[wrong[0]].accepted
    return frozenset(
        (Fault("unproven", Cause(text, scope.analysis.locate(node), hint), None, accepted),)
    )
