"""The steps of a run: frozen, printable, and exactly what is executed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from featuresql.spec.model import Column


@dataclass(frozen=True, slots=True)
class BuildStep:
    """Make one version of a model, or keep it where `action` is keep.

    `build` makes the version's relations, `swap` points the model's names at them; each list runs
    in one transaction, where the engine has them. `relation` is (schema, name) of the version.
    `columns` are what it must have, `stored` tells a table from a view. `count` asks for its rows,
    `outside` for those whose event time the engine does not hold, both as `n`.
    """

    model: str
    path: str
    parents: tuple[str, ...]
    kind: str
    action: Literal["build", "keep"]
    version: str
    relation: tuple[str, str]
    columns: tuple[Column, ...]
    build: tuple[str, ...]
    swap: tuple[str, ...]
    reason: str
    stored: bool
    count: str
    outside: str | None = None
    event_time: str | None = None


@dataclass(frozen=True, slots=True)
class RunPlan:
    """All steps of a run, parents first."""

    steps: tuple[BuildStep, ...]

    @property
    def to_build(self) -> tuple[BuildStep, ...]:
        """The steps that make something."""
        return tuple(step for step in self.steps if step.action == "build")
