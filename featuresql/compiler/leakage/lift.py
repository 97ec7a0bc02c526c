"""From what many rows need to what one row needs, which depends on them all.

A group, a window's frame, a subquery or the other side of a join has many rows, which stand for
each row of the result. What each of them needs must be met. The latest instant among them is a
new atom, and it is bounded by what is the same for all of them: the keys of the group, the
instant by which the frame is ordered, the row that the subquery stands in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from featuresql.compiler.leakage.facts import Facts
from featuresql.compiler.leakage.needs import (
    Atom,
    Cause,
    Fault,
    Need,
    Needs,
    NotBefore,
    Point,
    Present,
)

RESTATED = (
    "rows that become known later restate this one, so that its earlier form is no longer shown"
)


@dataclass(frozen=True, slots=True)
class Bound:
    """An instant that bounds the rows: if a row's `atom >= x`, the result's `at >= x + shift_us`.

    For a key of the group both are the key. For a frame that ends an hour after the current row
    both are the instant of its order, and the shift is an hour less.
    """

    atom: Atom
    at: Atom
    shift_us: int = 0


@dataclass(frozen=True, slots=True)
class Lifting:
    """One lift: over rows whose atoms have the numbers `own`, under the facts of these rows.

    Facts about the new atoms are added to `target`. `unbounded` is the fault where nothing bounds
    a need; without it a new atom stays unbounded. `restated` is what the latest of the rows gives:
    it bounds them, but it is another as long as not all of them are known. `fresh` makes an atom
    beside the one it stands for.
    """

    own: frozenset[int]
    facts: Facts
    target: Facts
    bounds: Sequence[Bound]
    cause: Cause
    fresh: Callable[[Atom], Atom]
    unbounded: Fault | None = None
    restated: Sequence[Bound] = ()
    made: dict[Need, Need | None] = field(default_factory=dict)

    def needs(self, needs: Iterable[Need]) -> Needs:
        """Return what the result needs where each of the rows needs `needs`."""
        found = set()
        for need in needs:
            if need not in self.made:
                self.made[need] = self._lift(need)
            lifted = self.made[need]
            if lifted is not None:
                found.add(lifted)
        return frozenset(found)

    def _lift(self, need: Need) -> Need | None:
        if isinstance(need, NotBefore):
            return need if need.atom.row not in self.own else self._not_before(need)
        if isinstance(need, Present):
            atoms = need.atoms | need.when
            return need if all(a.row not in self.own for a in atoms) else self._present(need)
        if need.unless is None or need.unless.row not in self.own:
            return need
        if need.unless in self.facts.given(()).atoms:
            return None
        return Fault(need.kind, need.cause, None, need.accepted)

    def _not_before(self, need: NotBefore) -> Need:
        latest = self.fresh(need.atom)
        bounded = False
        for bound in self.bounds:
            known = self.facts.given((bound.atom, need.atom))
            offset = self.facts.reach_down(bound.atom, known).get(need.atom)
            if offset is not None:
                bounded = True
                total = offset + bound.shift_us - need.offset_us
                self.target.at_least(bound.at, latest, total)
        if not bounded and self.unbounded is not None:
            return self._fault(need, self.unbounded)
        return NotBefore(latest, 0, self.cause, need.is_availability)

    def _fault(self, need: NotBefore, fault: Fault) -> Fault:
        """Return the fault of a need that nothing bounds; what may well be met is no leak."""
        for bound in self.restated:
            known = self.facts.given((need.atom,))
            is_later = need.atom in self.facts.reach_down(bound.atom, known)
            if bound.atom in known.atoms and is_later:
                return Fault("unproven", replace(fault.cause, text=RESTATED))
        if need.is_availability:
            return fault
        for bound in self.bounds:
            known = self.facts.given((bound.atom, need.atom))
            below = self.facts.reach_down(bound.atom, known)
            is_compared = need.atom in self.facts.reach_up(bound.atom, known)
            if not is_compared and any(atom.row == need.atom.row for atom in below):
                text = f"{need.cause.text}, and nothing says that '{{}}' is that late"
                shown = next(a for a in below if a.row == need.atom.row)
                return Fault("unproven", replace(fault.cause, text=text.format(shown.name)))
        return fault

    def _present(self, need: Present) -> Need | None:
        if self.facts.given(need.when).meets(need.atoms):
            return None
        mark = self.fresh(min(need.atoms))
        bounded = False
        for bound in self.bounds:
            if self.facts.given({bound.atom, *need.when}).meets(need.atoms):
                bounded = True
                self.target.implies(bound.at, [frozenset((mark,))])
        if not bounded and self.unbounded is not None:
            return Fault("unproven", need.cause)
        return Present(frozenset((mark,)), need.cause)


def key_bounds(facts: Facts, own: frozenset[int], keys: Iterable[Point | None]) -> list[Bound]:
    """Return what is the same for all rows with the same keys, as bounds of them."""
    atoms = {point.atom for point in keys if point is not None and point.atom.row in own}
    determined = sorted(facts.determined_by(atoms))
    return [Bound(atom, atom) for atom in determined] + outer_bounds(facts, own)


def outer_bounds(facts: Facts, own: frozenset[int]) -> list[Bound]:
    """Return the atoms that are the same for all rows `own`, as bounds of them."""
    return [Bound(atom, atom) for atom in sorted(facts.atoms()) if atom.row not in own]
