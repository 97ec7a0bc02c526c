"""Relations and values as the analysis sees them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from featuresql.compiler.leakage.facts import Facts
from featuresql.compiler.leakage.needs import (
    NOTHING,
    Atom,
    Clause,
    Need,
    Needs,
    NotBefore,
    Point,
    Present,
)


@dataclass(frozen=True, slots=True)
class Value:
    """An expression, for each row: what it depends on, and which instant it is.

    `point` is None for what is no instant. `known` are clauses that hold where it is not NULL.
    """

    needs: Needs = NOTHING
    point: Point | None = None
    known: frozenset[Clause] = frozenset()
    is_null: bool = False


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation: its columns by their names, and what decides that a row is in it.

    `rows` are the numbers of its own atoms' rows; atoms of other rows are the same for each of its
    rows. Rows projected on some columns are known when the relation's needs and theirs are met.
    """

    columns: dict[str, Value]
    needs: Needs = NOTHING
    facts: Facts = field(default_factory=Facts)
    rows: frozenset[int] = frozenset()

    def all_needs(self) -> Needs:
        """Return what the rows and all columns need."""
        return self.needs.union(*(value.needs for value in self.columns.values()))

    def renamed(self, fresh: Callable[[], int]) -> Relation:
        """Return the same relation, read once more: with rows of its own."""
        numbers = {row: fresh() for row in sorted(self.rows)}
        return _rename(self, lambda a: Atom(numbers[a.row], a.name) if a.row in numbers else a)


def _rename(relation: Relation, move: Callable[[Atom], Atom]) -> Relation:
    seen: dict[Needs, Needs] = {}

    def needs(found: Needs) -> Needs:
        if found not in seen:
            seen[found] = frozenset(rename_need(need, move) for need in found)
        return seen[found]

    def clause(found: Clause) -> Clause:
        return frozenset(map(move, found))

    columns = {
        name: Value(
            needs(value.needs),
            None if value.point is None else Point(move(value.point.atom), value.point.offset_us),
            frozenset(map(clause, value.known)),
            value.is_null,
        )
        for name, value in relation.columns.items()
    }
    old = relation.facts
    facts = Facts(
        {move(a): {move(b): n for b, n in edges.items()} for a, edges in old.below.items()},
        {move(a): {move(b): n for b, n in edges.items()} for a, edges in old.above.items()},
        set(map(clause, old.present)),
        {
            move(atom): {(clause(premises), clause(implied)) for premises, implied in rules}
            for atom, rules in old.rules.items()
        },
        {move(atom): move(origin) for atom, origin in old.made_of.items()},
    )
    rows = frozenset(move(Atom(row, "")).row for row in relation.rows)
    return Relation(columns, needs(relation.needs), facts, rows)


def rename_need(need: Need, move: Callable[[Atom], Atom]) -> Need:
    """Return the need with other atoms."""
    if isinstance(need, NotBefore):
        return replace(need, atom=move(need.atom))
    if isinstance(need, Present):
        return replace(
            need, atoms=frozenset(map(move, need.atoms)), when=frozenset(map(move, need.when))
        )
    return need if need.unless is None else replace(need, unless=move(need.unless))
