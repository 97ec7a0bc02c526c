"""The steps of a run: frozen, printable, and exactly what is executed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from featuresql.plan.version_relation import version_relation
from featuresql.spec.model import Column


@dataclass(frozen=True, slots=True)
class Ledger:
    """Which table holds an incremental model of one definition.

    `base` stands for the definition, `number` counts its full refreshes. `complete_for` is the
    version, definition and sources, that the table is complete for; empty while it is not.
    """

    model: str
    base: str
    number: int
    complete_for: str = ""

    @property
    def relation(self) -> str:
        """The table, as schema.name."""
        return ".".join(version_relation(self.model, f"{self.base}_{self.number}"))


@dataclass(frozen=True, slots=True)
class Chunk:
    """One interval of an incremental model: `statements` run in one transaction.

    It goes from `start_us` up to `end_us`, microseconds since 1970 in UTC. `seen` tells what it is
    made from, None where nothing is left to make it from.
    """

    start_us: int
    end_us: int
    reason: str
    seen: str | None
    statements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BuildStep:
    """Make one version of a model, or keep it where `action` is keep.

    `build` makes the version's relations, `chunks` fill those of an incremental model interval by
    interval, `finish` does what follows from them, and `swap` points the model's names at it; each
    list runs in one transaction, where the engine has them. `swap` is empty where the names stay
    at an older version, for this one is not complete. `ledger` is that of an incremental model as
    it is when all is done. `relation` is (schema, name) of the version.
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
    chunks: tuple[Chunk, ...] = ()
    finish: tuple[str, ...] = ()
    ledger: Ledger | None = None

    @property
    def statements(self) -> tuple[str, ...]:
        """Return what a run executes, in order."""
        if self.action == "keep":
            return self.swap
        chunks = [statement for chunk in self.chunks for statement in chunk.statements]
        return (*self.build, *chunks, *self.finish, *self.swap)


@dataclass(frozen=True, slots=True)
class RunPlan:
    """All steps of a run, parents first."""

    steps: tuple[BuildStep, ...]

    @property
    def to_build(self) -> tuple[BuildStep, ...]:
        """The steps that make something."""
        return tuple(step for step in self.steps if step.action == "build")
