"""The judgement: a feature's needs against its row's own instants."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from featuresql.compiler.leakage.facts import Facts
from featuresql.compiler.leakage.needs import (
    Cause,
    Fault,
    Need,
    Needs,
    NotBefore,
    Point,
    Present,
)
from featuresql.errors import Location
from featuresql.spec.verdict import PROVEN, Verdict


@dataclass(slots=True)
class Judge:
    """The instants of a row: `event` and, where there is one, `available`.

    `rows` are those that the instants are made of, `shown` is how they are called, `location`
    where they are written.
    """

    facts: Facts
    event: Point
    available: Point | None
    rows: frozenset[int]
    shown: str
    location: Location
    hint: str
    seen: dict[Need, Fault | None] = field(default_factory=dict)

    def verdict(self, needs: Needs) -> Verdict:
        """Return the verdict for a value and a row that need these: the worst of the faults."""
        faults = [fault for need in needs if (fault := self._fault(need)) is not None]
        if not faults:
            return PROVEN
        worst = min(faults, key=_rank)
        return Verdict(
            worst.kind,
            worst.cause.text,
            worst.cause.location or self.location,
            worst.cause.hint,
            worst.accepted,
        )

    def _fault(self, need: Need) -> Fault | None:
        if need not in self.seen:
            self.seen[need] = self._judged(need)
        return self.seen[need]

    def _judged(self, need: Need) -> Fault | None:
        if isinstance(need, NotBefore):
            return self._not_before(need)
        if isinstance(need, Present):
            known = self.facts.given({self.event.atom, *need.when})
            return None if known.meets(need.atoms) else Fault("unproven", need.cause)
        if need.unless is not None and need.unless in self.facts.given((self.event.atom,)).atoms:
            return None
        return need

    def _not_before(self, need: NotBefore) -> Fault | None:
        known = self.facts.given((self.event.atom, need.atom))
        starts = [self.event]
        if self.available is not None and self.available.atom in known.atoms:
            starts.append(self.available)
        is_compared = False
        for start in starts:
            found = self.facts.reach_down(start.atom, known).get(need.atom)
            if found is not None and found + start.offset_us >= need.offset_us:
                return None
            is_compared = is_compared or found is not None
            is_compared = is_compared or need.atom in self.facts.reach_up(start.atom, known)
        if is_compared:
            text = f"{need.cause.text}, and {self.shown} can be earlier"
            return Fault("leaks", Cause(text, need.cause.location, need.cause.hint or self.hint))
        is_foreign = need.is_availability or need.atom.row not in self.rows
        text = f"{need.cause.text}, and {self.shown} may be earlier"
        cause = Cause(text, need.cause.location, need.cause.hint or self.hint)
        return Fault("leaks" if is_foreign else "unproven", cause)


def _rank(fault: Fault) -> tuple[bool, bool, str, int, str]:
    place = fault.cause.location or Location("")
    is_accepted = fault.accepted is not None
    return (fault.kind != "leaks", is_accepted, place.path, place.line, fault.cause.text)


def rows_of(needs: Iterable[Need], points: Iterable[Point | None]) -> frozenset[int]:
    """Return the rows that the needs and the points are about."""
    rows = {point.atom.row for point in points if point is not None}
    for need in needs:
        if isinstance(need, NotBefore):
            rows.add(need.atom.row)
        elif isinstance(need, Present):
            rows |= {atom.row for atom in need.atoms}
    return frozenset(rows)
