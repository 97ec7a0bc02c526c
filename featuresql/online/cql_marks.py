"""Which versions of a view nobody reads, or nobody yet: one value of the state for each view.

A value is overwritten, never removed: whoever lists the marks would have to read over tombstones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from featuresql.online.cql_state import GARBAGE, Change, CqlState

WRITING: Final = "writing"
REPLACED: Final = "replaced"
DEAD: Final = "dead"


@dataclass(frozen=True, slots=True)
class Mark:
    """What became of a version, since when: `since_s` is seconds since 1970.

    `word` is writing, replaced or dead; who has called it dead removes its rows.
    """

    word: str
    since_s: float


Marks = Mapping[int, Mark]


def read_marks(text: str | None) -> dict[int, Mark]:
    """Return the marks by the versions' numbers, as `write_marks` wrote them; none of None."""
    marks = {}
    for part in (text or "").split(",") if text else ():
        number, word, since = part.split(" ")
        marks[int(number)] = Mark(word, float(since))
    return marks


def write_marks(marks: Marks) -> str:
    """Return the marks as a text."""
    return ",".join(f"{n} {mark.word} {mark.since_s:.0f}" for n, mark in sorted(marks.items()))


def change_marks(state: CqlState, view: str, change: Callable[[Marks], Marks]) -> None:
    """Put what `change` makes of the view's marks in their place; it may be called again."""
    while True:
        text = state.value(GARBAGE, view)
        if state.change([Change(GARBAGE, view, text, write_marks(change(read_marks(text))))]):
            return
