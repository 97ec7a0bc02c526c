"""A model as its readers see it: without the atoms that nobody can ask for."""

from __future__ import annotations

from dataclasses import replace

from featuresql.compiler.leakage.facts import Facts
from featuresql.compiler.leakage.needs import Atom, Clause, Need, NotBefore, Point, Present
from featuresql.compiler.leakage.relation import Relation, Value
from featuresql.spec.model import FeatureView

_AVAILABLE = "available_at"


def summarize(relation: Relation, view: FeatureView | None) -> Relation:
    """Return the relation with no other atoms than those of its columns and of its needs."""
    if view is not None and view.available_at is not None:
        relation = _stamped(relation, view.event_time.lower(), view.available_at.lower())
    kept = _kept_atoms(relation)
    facts = _between(relation.facts, kept)
    columns = {
        name: replace(value, known=_only(value.known | _implied(relation.facts, value), kept))
        for name, value in relation.columns.items()
    }
    rows = frozenset(atom.row for atom in kept) & relation.rows
    return Relation(columns, relation.needs, facts, rows)


def _stamped(relation: Relation, event: str, available: str) -> Relation:
    """Return the view as it is built: its availability is never NULL, never before the event."""
    event_value, old = relation.columns[event], relation.columns[available]
    if event_value.point is None or old.point is None:
        return relation
    row = max(relation.rows, default=0)
    atom = Atom(row, _AVAILABLE)
    facts = relation.facts.copy()
    for point in (event_value.point, old.point):
        facts.at_least(atom, point.atom, point.offset_us)
        facts.implies(point.atom, [frozenset((atom,))])
    either = frozenset((event_value.point.atom, old.point.atom))
    facts.implies(atom, [either])
    value = Value(event_value.needs | old.needs, Point(atom), frozenset((frozenset((atom,)),)))
    columns = {**relation.columns, available: value}
    return Relation(columns, relation.needs, facts, relation.rows | {row})


def _kept_atoms(relation: Relation) -> set[Atom]:
    kept = {value.point.atom for value in relation.columns.values() if value.point is not None}
    for need in relation.all_needs():
        kept |= _atoms_of(need)
    return kept


def _atoms_of(need: Need) -> set[Atom]:
    if isinstance(need, NotBefore):
        return {need.atom}
    if isinstance(need, Present):
        return {*need.atoms, *need.when}
    return set() if need.unless is None else {need.unless}


def _between(facts: Facts, kept: set[Atom]) -> Facts:
    """Return what the facts say of the kept atoms, by whatever way between them."""
    found = Facts(present=set(_only(_clauses(facts, ()), kept)))
    in_pairs = any(premises for rules in facts.rules.values() for premises, _ in rules)
    for high in kept:
        known = facts.given((high,))
        clauses = {frozenset((atom,)) for atom in known.atoms} | known.clauses
        found.implies(high, _only(clauses, kept) - found.present - {frozenset((high,))})
        for low, offset in facts.reach_down(high, known).items():
            if low in kept:
                found.at_least(high, low, offset)
        for low in kept if in_pairs else ():
            both = facts.given((high, low))
            best = facts.reach_down(high, both).get(low)
            if best is not None:
                found.at_least(high, low, best)
            more = {frozenset((atom,)) for atom in both.atoms - known.atoms} | both.clauses
            found.implies(high, _only(more, kept) - {frozenset((low,))}, low)
    return found


def _implied(facts: Facts, value: Value) -> frozenset[Clause]:
    if value.point is not None or not value.known:
        return value.known
    given = facts.given(atom for clause in value.known if len(clause) == 1 for atom in clause)
    return frozenset(frozenset((atom,)) for atom in given.atoms)


def _clauses(facts: Facts, atoms: tuple[Atom, ...]) -> set[Clause]:
    given = facts.given(atoms)
    return {frozenset((atom,)) for atom in given.atoms} | given.clauses


def _only(clauses: set[Clause] | frozenset[Clause], kept: set[Atom]) -> frozenset[Clause]:
    return frozenset(clause for clause in clauses if clause <= kept)
