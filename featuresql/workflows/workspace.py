"""What every workflow works on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from featuresql.ports import Clock, Engine, Evaluator, OnlineStore, Progress, Registry, Report
from featuresql.spec.model import Project


def silent(progress: Progress) -> None:
    """Show nothing."""
    del progress


@dataclass(frozen=True, slots=True)
class Workspace:
    """A project on its target. Stores and registry are opened when first asked for.

    `other_engine` gives an engine of another type, for what is made for a moment and compared;
    `cache` is the file of what has been compiled, None where nothing is kept.
    """

    project: Project
    engine: Engine
    online: Callable[[], OnlineStore]
    registry: Callable[[], Registry]
    evaluator: Callable[[], Evaluator]
    clock: Clock
    other_engine: Callable[[str], Engine]
    report: Report = silent
    cache: Path | None = None

    @property
    def root(self) -> Path:
        """The folder of the project."""
        return Path(self.project.root)

    @property
    def target_dir(self) -> Path:
        """The folder of artifacts."""
        return self.root / "target"
