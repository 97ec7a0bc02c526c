"""What the proof says of a feature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from featuresql.errors import Location


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a feature sees only what was known at its row's own instants.

    `reason`, `location` and `hint` are there where it is not `proven`. `accepted` is the reason
    for which the model, or the one that it comes from, accepts the risk.
    """

    verdict: Literal["proven", "unproven", "leaks"]
    reason: str = ""
    location: Location | None = None
    hint: str | None = None
    accepted: str | None = None

    @property
    def fails(self) -> bool:
        """Whether it is a leak that nobody has accepted."""
        return self.verdict == "leaks" and self.accepted is None


PROVEN = Verdict("proven")
