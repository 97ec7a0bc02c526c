"""What stands in FROM: sources, models, CTEs, derived tables, VALUES, lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlglot import exp

from featuresql.compiler.leakage.constants import constant_length
from featuresql.compiler.leakage.facts import Facts
from featuresql.compiler.leakage.needs import (
    NOTHING,
    Atom,
    Cause,
    Fault,
    Need,
    Needs,
    NotBefore,
    Point,
    Present,
)
from featuresql.compiler.leakage.relation import Relation, Value
from featuresql.compiler.leakage.scope import INSTANT_TYPES, Cte, Scope, known_as
from featuresql.compiler.typing import to_data_type
from featuresql.spec.model import Column, Source

_NO_TIME = (
    "declare its event_time, or `static: true` where the team vouches that it does not change"
)


def read_relation(scope: Scope, node: exp.Expr) -> Relation:
    """Return the relation that `node` in FROM is, its columns named as it names them."""
    relation = _read(scope, node)
    alias = node.args.get("alias")
    names = [] if alias is None else [i.name.lower() for i in alias.args.get("columns") or ()]
    if not names:
        return relation
    old = list(relation.columns.items())
    columns = {names[i] if i < len(names) else name: v for i, (name, v) in enumerate(old)}
    return replace(relation, columns=columns)


def _read(scope: Scope, node: exp.Expr) -> Relation:
    inner = node.this
    if isinstance(node, exp.Lateral) and isinstance(inner, exp.Subquery | exp.Unnest):
        return read_relation(scope, inner)
    if isinstance(node, exp.Table) and isinstance(inner, exp.Identifier):
        return _table(scope, node)
    if isinstance(node, exp.Values):
        return _values(scope, node)
    if isinstance(node, exp.Unnest):
        return _unnest(scope, node)
    if isinstance(node, exp.Query) and not isinstance(node, exp.Table):
        outer = scope if scope.tables or scope.outer is not None else None
        return scope.analysis.query(node, outer, scope.ctes)
    return _series(scope, inner if isinstance(node, exp.Table | exp.Lateral) else node)


def _table(scope: Scope, table: exp.Table) -> Relation:
    if not table.db:
        cte = _cte(scope, table.name.lower())
        if cte is not None:
            return cte.read(scope.analysis.fresh_row)
    if table.db == "source" and table.name in scope.analysis.sources:
        return _source(scope, table, scope.analysis.sources[table.name])
    proof = scope.analysis.proofs.get(table.name) if table.db == "ref" else None
    if proof is None:
        fault = scope.analysis.fault("unproven", f"'{table.name}' is not understood", table)
        return Relation({}, frozenset((fault,)))
    found = proof.relation.renamed(scope.analysis.fresh_row)
    return _placed(scope, found, table)


def _cte(scope: Scope, name: str) -> Cte | None:
    level: Scope | None = scope
    while level is not None:
        if name in level.ctes:
            return level.ctes[name]
        level = level.outer
    return None


def _placed(scope: Scope, relation: Relation, table: exp.Table) -> Relation:
    """Return the relation with its faults moved to where it is read: that is the text to mend."""
    seen: dict[Needs, Needs] = {}

    def move(needs: Needs) -> Needs:
        if needs not in seen:
            seen[needs] = frozenset(
                replace(n, cause=scope.analysis.cause(n.cause.text, table, n.cause.hint))
                if isinstance(n, Fault)
                else replace(n, cause=replace(n.cause, location=None))
                for n in needs
            )
        return seen[needs]

    columns = {n: replace(v, needs=move(v.needs)) for n, v in relation.columns.items()}
    return replace(relation, columns=columns, needs=move(relation.needs))


def _source(scope: Scope, table: exp.Table, source: Source) -> Relation:
    """Give a source, whose rows are known at `greatest(event_time, available_at)`.

    Without an instant nothing says when a row was known, unless the source is `static`.
    """
    row = scope.analysis.fresh_row()
    columns = scope.analysis.source_columns.get(source.name, source.columns)
    atoms = {c.name.lower(): Atom(row, f"{source.name}.{c.name}") for c in columns}
    needs = _source_needs(scope, table, source, atoms)
    values = {c.name.lower(): _column(c, atoms[c.name.lower()]) for c in columns}
    values = {name: replace(value, needs=needs) for name, value in values.items()}
    return Relation(values, needs, Facts(), frozenset((row,)))


def _source_needs(scope: Scope, table: exp.Table, source: Source, atoms: dict[str, Atom]) -> Needs:
    if source.static:
        return NOTHING
    event = atoms.get((source.event_time or "").lower())
    if event is None:
        text = f"the source '{source.name}' does not say when its rows were known"
        return frozenset((scope.analysis.fault("unproven", text, table, _NO_TIME),))
    text = f"a row of the source '{source.name}' is known at its '{source.event_time}'"
    cause = Cause(text)
    needs: set[Need] = {NotBefore(event, 0, cause)}
    present = {event}
    known = atoms.get((source.available_at or "").lower())
    if known is not None:
        text = f"a row of the source '{source.name}' is known only at its '{source.available_at}'"
        needs.add(NotBefore(known, 0, Cause(text), is_availability=True))
        present.add(known)
    text = f"a row of the source '{source.name}' without its '{source.event_time}' is never known"
    needs.add(Present(frozenset(present), Cause(text)))
    return frozenset(needs)


def _column(column: Column, atom: Atom) -> Value:
    is_instant = to_data_type(column.type).this in INSTANT_TYPES
    return Value(NOTHING, Point(atom) if is_instant else None, known_as(Point(atom)))


def _values(scope: Scope, values: exp.Values) -> Relation:
    """Give rows written out in the model, which are always there."""
    row = scope.analysis.fresh_row()
    facts, columns = Facts(), {}
    cells = [[scope.value(cell) for cell in line.expressions] for line in values.expressions]
    for index, column in enumerate(zip(*cells, strict=False)):
        needs = NOTHING.union(*(value.needs for value in column))
        points = [value.point for value in column if not value.is_null]
        atom = Atom(row, f"col{index}")
        is_instant = bool(points) and all(point is not None for point in points)
        _constant_bounds(facts, atom, [point for point in points if point is not None])
        point = Point(atom) if is_instant else None
        columns[f"col{index}"] = Value(needs, point, known_as(Point(atom)))
    needs = NOTHING.union(*(value.needs for value in columns.values()))
    return Relation(columns, needs, facts, frozenset((row,)))


def _constant_bounds(facts: Facts, atom: Atom, points: Sequence[Point]) -> None:
    if points and len({point.atom for point in points}) == 1:
        offsets = [point.offset_us for point in points]
        facts.at_least(atom, points[0].atom, min(offsets))
        facts.at_least(points[0].atom, atom, -max(offsets))


def _unnest(scope: Scope, unnest: exp.Unnest) -> Relation:
    """Give the elements of a list, which are known as the list is."""
    row = scope.analysis.fresh_row()
    needs = NOTHING.union(*(scope.value(value).needs for value in unnest.expressions))
    atom = Atom(row, "unnest")
    columns = {"unnest": Value(needs, Point(atom), known_as(Point(atom)))}
    for index in range(1, len(unnest.expressions)):
        columns[f"unnest_{index}"] = Value(needs)
    if unnest.args.get("offset"):
        columns["ordinality"] = Value(needs)
    facts = Facts()
    if len(unnest.expressions) == 1:
        _series_bounds(scope, facts, atom, unnest.expressions[0])
    return Relation(columns, needs, facts, frozenset((row,)))


def _series(scope: Scope, call: exp.Expr) -> Relation:
    """Give `generate_series(a, b, step)`: instants from `a` to `b`."""
    row = scope.analysis.fresh_row()
    value = scope.value(call)
    name = "range" if call.args.get("is_end_exclusive") else "generate_series"
    atom = Atom(row, name)
    facts = Facts()
    _series_bounds(scope, facts, atom, call)
    columns = {name: Value(value.needs, Point(atom), known_as(Point(atom)))}
    return Relation(columns, value.needs, facts, frozenset((row,)))


def _series_bounds(scope: Scope, facts: Facts, atom: Atom, call: exp.Expr) -> None:
    """Note where a series of instants begins and ends, if it goes upwards by a constant step."""
    step = constant_length(call.args.get("step"))
    if not isinstance(call, exp.GenerateSeries) or step is None or step.least_us <= 0:
        return
    start, end = scope.value(call.args["start"]).point, scope.value(call.args["end"]).point
    if start is not None:
        facts.at_least(atom, start.atom, start.offset_us)
    if end is not None:
        facts.at_least(end.atom, atom, -end.offset_us)
