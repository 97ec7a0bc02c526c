"""What is known of the instants of a row: which is later than which, and which is not NULL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from featuresql.compiler.leakage.needs import EPOCH, Atom, Clause, Point

MAX_CLAUSES: Final = 24
MAX_CLAUSE_SIZE: Final = 4

_Edges = dict[Atom, dict[Atom, int]]


@dataclass(slots=True)
class Known:
    """Atoms that are not NULL, and clauses of atoms not all of which are."""

    atoms: set[Atom]
    clauses: set[Clause]

    def meets(self, clause: Clause) -> bool:
        """Whether one of `clause` is surely not NULL."""
        return not self.atoms.isdisjoint(clause) or any(c <= clause for c in self.clauses)


@dataclass(slots=True)
class Facts:
    """Facts that hold for every row of a relation.

    `below[hi][lo] = n` says `hi >= lo + n` microseconds wherever neither is NULL; `above` is the
    same the other way round. `present` are clauses that hold for all rows. A rule under an atom
    says that its clause holds where the atom and all the rule's premises are not NULL. `made_of`
    gives the one atom from which another is computed.
    """

    below: _Edges = field(default_factory=dict)
    above: _Edges = field(default_factory=dict)
    present: set[Clause] = field(default_factory=set)
    rules: dict[Atom, set[tuple[frozenset[Atom], Clause]]] = field(default_factory=dict)
    made_of: dict[Atom, Atom] = field(default_factory=dict)

    def copy(self) -> Facts:
        """Return the same facts, to be added to."""
        return Facts(
            {atom: dict(edges) for atom, edges in self.below.items()},
            {atom: dict(edges) for atom, edges in self.above.items()},
            set(self.present),
            {atom: set(rules) for atom, rules in self.rules.items()},
            dict(self.made_of),
        )

    def add(self, other: Facts) -> None:
        """Take in `other`, whose facts hold for the same rows."""
        for high, edges in other.below.items():
            for low, offset in edges.items():
                self.at_least(high, low, offset)
        self.present |= other.present
        for atom, rules in other.rules.items():
            self.rules.setdefault(atom, set()).update(rules)
        self.made_of.update(other.made_of)

    def touching(self, rows: frozenset[int]) -> Facts:
        """Return the facts in which one of `rows` takes part, and how atoms are made.

        What a condition says of other rows holds only where `rows` have a row that meets it.
        """
        found = Facts(rules=self.rules, made_of=self.made_of).copy()
        for high, edges in self.below.items():
            for low, offset in edges.items():
                if high.row in rows or low.row in rows:
                    found.at_least(high, low, offset)
        found.present = {c for c in self.present if all(atom.row in rows for atom in c)}
        return found

    def forget(self, conditional: Facts, rows: frozenset[int], kept: Facts) -> None:
        """Take back what `conditional` says of others than `rows`, unless `kept` says it too."""
        for high, edges in conditional.below.items():
            for low in edges:
                if high.row in rows or low.row in rows:
                    continue
                self.below[high].pop(low)
                self.above[low].pop(high)
                if low in kept.below.get(high, {}):
                    self.at_least(high, low, kept.below[high][low])
        gone = {c for c in conditional.present if any(atom.row not in rows for atom in c)}
        self.present -= gone - kept.present

    def at_least(self, high: Atom, low: Atom, offset_us: int) -> None:
        """Note that `high >= low + offset_us`."""
        if high == low:
            return
        edges = self.below.setdefault(high, {})
        if low not in edges or edges[low] < offset_us:
            edges[low] = offset_us
            self.above.setdefault(low, {})[high] = offset_us

    def equal(self, atom: Atom, point: Point) -> None:
        """Note that `atom` is the instant `point`."""
        self.at_least(atom, point.atom, point.offset_us)
        self.at_least(point.atom, atom, -point.offset_us)

    def implies(self, atom: Atom, clauses: Iterable[Clause], *premises: Atom) -> None:
        """Note that the clauses hold where `atom` and the premises are not NULL."""
        together = frozenset(premises)
        for one in (atom, *premises):
            rest = (together | {atom}) - {one}
            rules = self.rules.setdefault(one, set())
            rules.update((rest, clause) for clause in clauses if one not in clause)

    def given(self, atoms: Iterable[Atom]) -> Known:
        """Return what is not NULL where none of `atoms` is."""
        known = Known({EPOCH}, set())
        pending = [frozenset((atom,)) for atom in atoms]
        pending += self.present
        while pending:
            clause = pending.pop()
            if len(clause) > 1:
                if known.atoms.isdisjoint(clause):
                    known.clauses.add(clause)
                continue
            (atom,) = clause
            if atom in known.atoms:
                continue
            known.atoms.add(atom)
            for premises, implied in self.rules.get(atom, ()):
                if premises <= known.atoms:
                    pending.append(implied)
        return known

    def reach_down(self, start: Atom, known: Known) -> dict[Atom, int]:
        """Return all atoms that `start` is not before, each with the best offset.

        The answer `{low: n}` says `start >= low + n`. Only atoms that are `known` lead further.
        """
        return _longest(self.below, start, known)

    def reach_up(self, start: Atom, known: Known) -> dict[Atom, int]:
        """Return all atoms that are not before `start`: `{high: n}` says `high >= start + n`."""
        return _longest(self.above, start, known)

    def determined_by(self, atoms: Iterable[Atom]) -> set[Atom]:
        """Return the atoms that are the same wherever `atoms` are: these, and what they make."""
        found = set(atoms)
        pending = True
        while pending:
            more = {a for a, origin in self.made_of.items() if origin in found and a not in found}
            found |= more
            pending = bool(more)
        return found

    def atoms(self) -> set[Atom]:
        """Return all atoms that are compared with another."""
        return {*self.below, *self.above}


def _longest(
    edges: Mapping[Atom, Mapping[Atom, int]], start: Atom, known: Known
) -> dict[Atom, int]:
    """Return the longest way to each atom. Facts that contradict each other end the search."""
    best = {start: 0}
    pending = [start]
    rounds = 0
    while pending and rounds <= len(edges) + 1:
        rounds += 1
        following: list[Atom] = []
        for atom in pending:
            here = best[atom]
            for other, offset in edges.get(atom, {}).items():
                if other not in best or best[other] < here + offset:
                    best[other] = here + offset
                    if other in known.atoms:
                        following.append(other)
        pending = following
    return best


def either(left: Iterable[Clause], right: Iterable[Clause]) -> frozenset[Clause]:
    """Return clauses that hold where all of `left` or all of `right` do."""
    right = tuple(right)
    found = {a | b for a in left for b in right if len(a | b) <= MAX_CLAUSE_SIZE}
    return tidy(found)


def tidy(clauses: Iterable[Clause]) -> frozenset[Clause]:
    """Return the clauses without those that others say more strictly, the short ones first."""
    kept: list[Clause] = []
    for clause in sorted(set(clauses), key=lambda c: (len(c), sorted(c))):
        if len(kept) >= MAX_CLAUSES:
            break
        if not any(other <= clause for other in kept):
            kept.append(clause)
    return frozenset(kept)
