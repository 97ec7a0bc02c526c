"""What is known of the instants of a relation's rows, and of the rows that they are made of."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

Relation = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Span:
    """One instant beside another: no more than `back_us` before it and `ahead_us` after it.

    Either may be less than 0, or infinite.
    """

    back_us: float
    ahead_us: float

    def then(self, other: Span) -> Span:
        """Return `a` beside `c`, when this is `a` beside `b`, and `other` is `b` beside `c`."""
        return Span(self.back_us + other.back_us, self.ahead_us + other.ahead_us)

    def hull(self, other: Span) -> Span:
        """Return the span in which the instant is when it is in one of the two."""
        return Span(max(self.back_us, other.back_us), max(self.ahead_us, other.ahead_us))

    def meet(self, other: Span) -> Span:
        """Return the span in which the instant is when it is in both."""
        return Span(min(self.back_us, other.back_us), min(self.ahead_us, other.ahead_us))

    @property
    def reverse(self) -> Span:
        """Return where the other instant is beside this one."""
        return Span(self.ahead_us, self.back_us)

    @property
    def is_finite(self) -> bool:
        """Whether both sides have a bound."""
        return math.isfinite(self.back_us) and math.isfinite(self.ahead_us)


SAME: Final = Span(0, 0)
ANYWHERE: Final = Span(math.inf, math.inf)
# No two instants lie further apart: a span of it is a bound that leaves nothing out.
WHOLE_PAST_US: Final = 10_000 * 366 * 86_400 * 1_000_000


@dataclass(frozen=True, slots=True)
class Reading:
    """Rows of a relation that take part in a row of a query.

    `spans[own][column]` says where their column `own` is beside the column of the query's row. What
    is missing may be anywhere; `cause` says why, where all of it is missing.
    """

    relation: Relation
    spans: Mapping[str, Mapping[str, Span]]
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Times:
    """What is known of the instants of a query's rows.

    `links[a][b]` says where column `a` is beside column `b`, where neither is NULL. A column of
    `weak` may be NULL where those that it is linked to are not. `reads` are all rows that can
    change a row; of each of its `rows` it has at least one that makes it be there, and `rows` is
    None where a row may come from nowhere.
    """

    links: Mapping[str, Mapping[str, Span]] = field(default_factory=dict)
    weak: frozenset[str] = frozenset()
    reads: tuple[Reading, ...] = ()
    rows: tuple[Reading, ...] | None = None


@dataclass(frozen=True, slots=True)
class Reach:
    """Rows of a relation that matter for a model's rows at an instant.

    Those whose `column` is no more than `back_us` before it and no more than `ahead_us` after.
    """

    relation: Relation
    column: str
    back_us: int
    ahead_us: int


@dataclass(frozen=True, slots=True)
class Intervals:
    """How an incremental model is built in pieces.

    `cuts` say which rows of the relations in its SQL a piece reads; a relation without one is read
    whole. `changes` say which rows of the sources, through all models between, change a row;
    `rows` those that make it be there. Any change of a source of `whole` changes all.
    """

    cuts: tuple[Reach, ...]
    changes: tuple[Reach, ...]
    rows: tuple[Reach, ...]
    whole: tuple[str, ...]
