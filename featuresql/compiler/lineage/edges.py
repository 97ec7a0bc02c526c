"""Sets of edges as integers, so that a union is one `|` however wide the tables are.

An edge says that an input column reaches a value in one of eleven ways. The input columns of a
model are numbered; an integer holds one bit for each column and way: a plane of `width` bits for
each way, the direct ways first. A hash or a count gives its input's values away no more: its edges
are masked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Final, Literal, NamedTuple, TypeAlias

Transformation: TypeAlias = Literal["identity", "transformation", "aggregation"]
Kind: TypeAlias = Literal["filter", "join", "group_by", "sort", "window", "conditional"]

IDENTITY: Final = 0
TRANSFORMATION: Final = 1
AGGREGATION: Final = 2
MASKED_TRANSFORMATION: Final = 3
MASKED_AGGREGATION: Final = 4
DIRECT: Final[tuple[tuple[Transformation, bool], ...]] = (
    ("identity", False),
    ("transformation", False),
    ("aggregation", False),
    ("transformation", True),
    ("aggregation", True),
)
KINDS: Final[tuple[Kind, ...]] = ("filter", "join", "group_by", "sort", "window", "conditional")
FILTER, JOIN, GROUP_BY, SORT, WINDOW, CONDITIONAL = range(len(DIRECT), len(DIRECT) + len(KINDS))

# Where an edge of a direct way lands after one more step.
_STEPS: Final = {
    IDENTITY: (0, 1, 2, 3, 4),
    TRANSFORMATION: (1, 1, 2, 3, 4),
    AGGREGATION: (2, 2, 2, 4, 4),
    MASKED_TRANSFORMATION: (3, 3, 4, 3, 4),
    MASKED_AGGREGATION: (4, 4, 4, 4, 4),
}


class Use(NamedTuple):
    """How a part of an expression counts for the whole.

    Its values flow in the direct way `flow`; or, where that is None, it only decides something, in
    each of the ways `kinds`.
    """

    flow: int | None
    kinds: frozenset[int] = frozenset()


AS_IS: Final = Use(IDENTITY)


@cache
def through(use: Use, way: int) -> Use:
    """Return the use of a part whose value goes the direct way `way` before it is used."""
    return use if use.flow is None else Use(_STEPS[way][use.flow])


@cache
def deciding(use: Use, kind: int) -> Use:
    """Return the use of a part that only decides, by `kind`, about what is used."""
    return Use(None, use.kinds | {kind})


@dataclass(frozen=True, slots=True)
class Planes:
    """The arithmetic of edges over `width` input columns."""

    width: int
    _direct: int = field(init=False)
    _plane: int = field(init=False)

    def __post_init__(self) -> None:
        """Make the masks."""
        object.__setattr__(self, "_plane", (1 << self.width) - 1)
        object.__setattr__(self, "_direct", (1 << self.width * len(DIRECT)) - 1)

    def carry(self, edges: int, use: Use) -> int:
        """Return the edges of a whole to which a part with `edges` counts by `use`.

        What decides about the part decides about the whole, in the same ways as before.
        """
        if use.flow == IDENTITY or not edges:
            return edges
        direct = edges & self._direct
        result = edges ^ direct
        if use.flow is None:
            columns = self.columns(edges)
            for kind in use.kinds:
                result |= columns << kind * self.width
            return result
        for way, target in enumerate(_STEPS[use.flow]):
            plane = direct >> way * self.width & self._plane
            result |= plane << target * self.width
        return result

    def decide(self, edges: int, kind: int) -> int:
        """Return the edges of rows that are decided about, by `kind`, by a value with `edges`."""
        return self.carry(edges, Use(None, frozenset({kind})))

    def columns(self, edges: int) -> int:
        """Return the bits of all columns that `edges` start from, whatever their ways."""
        found = 0
        while edges:
            found |= edges & self._plane
            edges >>= self.width
        return found

    def decode(self, edges: int) -> Iterator[tuple[int, int]]:
        """Give the (way, column) of each edge, in order."""
        for position in positions(edges):
            yield divmod(position, self.width)


def positions(edges: int) -> Iterator[int]:
    """Give the positions of all bits that are set, the lowest first."""
    bits = bin(edges)[:1:-1]
    found = bits.find("1")
    while found >= 0:
        yield found
        found = bits.find("1", found + 1)
