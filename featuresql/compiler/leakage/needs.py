"""The abstract domain: instants of a row, and what has to hold before a row can be known.

An `Atom` is an instant that a row has, visible or not. What a value, or the existence of a row,
depends on is a set of `Need`s. A row is known at `T` when all its needs are met at `T`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final, Literal, NamedTuple, TypeAlias

from featuresql.errors import Location

Kind: TypeAlias = Literal["leaks", "unproven"]


class Atom(NamedTuple):
    """An instant, or a mark, of one row: `row` says of which, `name` tells it from the others.

    It may be NULL. Two atoms of one `row` belong to the same row of the same relation.
    """

    row: int
    name: str


# The beginning of 1970. Constants are so many microseconds after it; it is never NULL.
EPOCH: Final = Atom(0, "1970-01-01")

# At least one of these atoms is not NULL.
Clause: TypeAlias = frozenset[Atom]


class Point(NamedTuple):
    """An instant as an atom and microseconds after it; NULL where the atom is NULL, and only so."""

    atom: Atom
    offset_us: int = 0


@dataclass(frozen=True, slots=True)
class Cause:
    """Where a need comes from, for people."""

    text: str
    location: Location | None = None
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class NotBefore:
    """Where the atom is not NULL, nothing is known before that instant and `offset_us` more."""

    atom: Atom
    offset_us: int
    cause: Cause = field(compare=False)
    is_availability: bool = False


@dataclass(frozen=True, slots=True)
class Present:
    """Where all of `when` are not NULL, one of `atoms` must not be, or nothing is ever known."""

    atoms: Clause
    cause: Cause = field(compare=False)
    when: frozenset[Atom] = frozenset()


@dataclass(frozen=True, slots=True)
class Fault:
    """No instant is known to be late enough, except where `unless` is not NULL.

    `accepted` is the reason for which a model that is read has accepted it.
    """

    kind: Kind
    cause: Cause
    unless: Atom | None = None
    accepted: str | None = None


Need: TypeAlias = NotBefore | Present | Fault
Needs: TypeAlias = frozenset[Need]
NOTHING: Final[Needs] = frozenset()


def only_if(needs: Needs, mark: Atom) -> Needs:
    """Return the needs as they are where rows without `mark` have none of their atoms."""
    return frozenset(
        replace(need, when=need.when | {mark}) if isinstance(need, Present) else need
        for need in needs
    )
