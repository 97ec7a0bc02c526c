"""What the sources hold now, and what a ledger has seen of them -> the intervals to build."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from typing import Final

from featuresql.compiler.intervals.times import Intervals, Reach
from featuresql.errors import PlanError
from featuresql.spec.instant import to_us

MAX_INTERVALS: Final = 100_000
_WRAP: Final = 1 << 64


@dataclass(frozen=True, slots=True)
class SourceInterval:
    """The rows of a source in one interval: how many, the latest availability, a checksum."""

    start_us: int
    rows: int
    latest_us: int | None
    checksum: int


@dataclass(frozen=True, slots=True)
class State:
    """What is known of an incremental model before a run.

    `number` is that of its table, `is_there` tells whether the engine has it. `done` is the ledger
    of that table: what each completed interval was made from. `digests` are the rows of the sources
    by (source, column), each in the order of time; it is None where nothing has changed.
    `complete_for` is the version that the table was last complete for, empty where a run on it has
    not ended.
    """

    base: str
    number: int
    is_there: bool
    complete_for: str
    done: Mapping[int, str]
    digests: Mapping[tuple[str, str], Sequence[SourceInterval]] | None

    @property
    def suffix(self) -> str:
        """What distinguishes the table from others of the model."""
        return f"{self.base}_{self.number}"


@dataclass(frozen=True, slots=True)
class Named:
    """The intervals that the user asks for: those that reach into [start, end), in UTC."""

    start: datetime | None = None
    end: datetime | None = None

    def has(self, start_us: int, end_us: int) -> bool:
        """Whether the interval is one of them."""
        is_late = self.start is None or end_us > to_us(self.start)
        return is_late and (self.end is None or start_us < to_us(self.end))

    @property
    def is_all(self) -> bool:
        """Whether nothing was asked for by name."""
        return self.start is None and self.end is None


ALL: Final = Named()


@dataclass(frozen=True, slots=True)
class Wanted:
    """An interval to build, why, and what it will be made from; None where that is nothing."""

    start_us: int
    reason: str
    seen: str | None


def find_chunks(
    model: str, intervals: Intervals, interval_us: int, state: State, named: Named
) -> tuple[list[Wanted], bool]:
    """Return the intervals to build, in order, and whether the model is complete after them.

    Raises `PlanError` where there would be more than 100,000 of them.
    """
    if state.digests is None:
        return [], True
    starts = _starts(model, intervals.rows, interval_us, state)
    seen = _seen(intervals.changes, interval_us, state, starts)
    found: list[Wanted] = []
    is_complete = True
    for start in sorted(seen.keys() | state.done.keys()):
        now, before = seen.get(start), state.done.get(start)
        is_named = named.has(start, start + interval_us)
        reason = _reason(now, before)
        if not is_named:
            is_complete = is_complete and not reason
        elif reason or not named.is_all:
            found.append(Wanted(start, reason or "named", now))
    return found, is_complete


def _reason(now: str | None, before: str | None) -> str:
    if now == before:
        return ""
    if before is None:
        return "new"
    return "gone" if now is None else "changed"


def _starts(model: str, rows: Sequence[Reach], interval_us: int, state: State) -> list[int]:
    """Return the starts of all intervals in which the model may have rows."""
    found: set[int] = set()
    for reach in rows:
        for bucket in (state.digests or {})[reach.relation[1], reach.column]:
            first = (bucket.start_us - reach.ahead_us) // interval_us
            last = (bucket.start_us + interval_us - 1 + reach.back_us) // interval_us
            if len(found) + last - first >= MAX_INTERVALS:
                message = f"'{model}' would have more than {MAX_INTERVALS:,} intervals"
                raise PlanError(message, code="too-many-intervals", hint="take a longer interval")
            found.update(range(first, last + 1))
    return [number * interval_us for number in sorted(found)]


def _seen(
    changes: Sequence[Reach], interval_us: int, state: State, starts: Sequence[int]
) -> dict[int, str]:
    """Return what each interval is made from: of each source its rows, as JSON."""
    parts: list[Iterator[tuple[str, tuple[int, int | None, int]]]] = []
    for reach in changes:
        source, column = reach.relation[1], reach.column
        digest = (state.digests or {})[source, column]
        parts.append(_of_reach(f"{source}.{column}", reach, interval_us, digest, starts))
    texts = {}
    for start, *found in zip(starts, *parts, strict=True):
        texts[start] = json.dumps(dict(found), sort_keys=True)
    return texts


def _of_reach(
    name: str,
    reach: Reach,
    interval_us: int,
    digest: Sequence[SourceInterval],
    starts: Sequence[int],
) -> Iterator[tuple[str, tuple[int, int | None, int]]]:
    """Give of each interval the count and checksum of the rows in its reach.

    The availability is that of the newest of the source's intervals among them.
    """
    at = [bucket.start_us for bucket in digest]
    counts = [0, *accumulate(bucket.rows for bucket in digest)]
    sums = [0, *accumulate(bucket.checksum for bucket in digest)]
    for start in starts:
        low = (start - reach.back_us) // interval_us * interval_us
        high = (start + interval_us - 1 + reach.ahead_us) // interval_us * interval_us
        first, end = bisect_left(at, low), bisect_left(at, high + 1)
        latest = digest[end - 1].latest_us if end > first else None
        yield name, (counts[end] - counts[first], latest, (sums[end] - sums[first]) % _WRAP)
