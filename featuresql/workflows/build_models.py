"""build: run and test each model; what reads a model that failed is not built."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from featuresql.compiler.compile_project import CompiledProject
from featuresql.compiler.draft import CompiledModel
from featuresql.errors import FeatureSQLError, ManyErrors
from featuresql.plan.select_models import descendants, select_models
from featuresql.ports import Progress
from featuresql.quality.test_report import TestReport, TestResult
from featuresql.workflows.artifacts import write_json
from featuresql.workflows.compile_models import compile_models
from featuresql.workflows.raise_leaks import raise_leaks
from featuresql.workflows.run_models import run_models
from featuresql.workflows.test_models import TestRun
from featuresql.workflows.workspace import Workspace

Status = Literal["built", "kept", "failed", "skipped"]
_STATUSES: Final[Mapping[str, Status]] = {"done": "built", "kept": "kept", "failed": "failed"}


@dataclass(frozen=True, slots=True)
class BuiltModel:
    """What became of one model. `message` says why it failed or was skipped."""

    model: str
    status: Status
    seconds: float = 0.0
    rows: int | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What became of each model and each test. `errors` are those of models that failed."""

    models: tuple[BuiltModel, ...]
    tests: TestReport
    errors: tuple[FeatureSQLError, ...] = ()

    def as_json(self) -> dict[str, object]:
        """Return the report as values that JSON can hold: the shape of `run_results.json`."""
        models = [
            {
                "model": result.model,
                "status": result.status,
                "seconds": round(result.seconds, 6),
                "rows": result.rows,
                "message": result.message,
            }
            for result in self.models
        ]
        status = "error" if self.errors or self.tests.broken else "success"
        return {**self.tests.as_json(), "verb": "build", "status": status, "models": models}


def build_models(  # noqa: PLR0913 - what a build may be asked for
    workspace: Workspace,
    select: str | None = None,
    exclude: str | None = None,
    *,
    full_refresh: bool = False,
    leakage: bool = False,
    fail_on_leak: bool = True,
) -> BuildReport:
    """Build the selected models and test them: unit tests before a model is built, others after.

    `leakage` adds the replay of feature views. A model that cannot be built, or a test of which
    fails, stops what reads it, however far; the rest goes on. `target/run_results.json` is written
    but where the project does not compile, or a selected model leaks and `fail_on_leak` is true:
    then the errors are raised and nothing runs.
    """
    compiled = compile_models(workspace, with_properties=True)
    selected = select_models(compiled, select, exclude)
    if fail_on_leak:
        raise_leaks(compiled, selected)
    build = _Build(workspace, compiled, TestRun.of(workspace, compiled, selected, leakage=leakage))
    build.total = len(selected)
    for names in waves(compiled.models, selected, build.tests.tested_models()):
        build.run_wave(names, full_refresh=full_refresh)
    report = build.report(selected)
    write_json(workspace.target_dir / "run_results.json", report.as_json())
    return report


def waves(
    models: Mapping[str, CompiledModel], selected: Sequence[str], tested: Collection[str]
) -> list[list[str]]:
    """Return `selected`, parents first, in as few groups as there can be.

    What reads a model of `tested` stands in a later group than that model.
    """
    places: dict[str, int] = {}
    for name in models:  # parents first
        behind = (places[parent] + (parent in tested) for parent in models[name].refs)
        places[name] = max(behind, default=0)
    groups: dict[int, list[str]] = {}
    for name in selected:
        groups.setdefault(places[name], []).append(name)
    return [groups[place] for place in sorted(groups)]


@dataclass(slots=True)
class _Build:
    """A build on its way. `broken` says of models that go no further why that is."""

    workspace: Workspace
    compiled: CompiledProject
    tests: TestRun
    total: int = 0
    models: dict[str, BuiltModel] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    results: list[TestResult] = field(default_factory=list)
    errors: list[FeatureSQLError] = field(default_factory=list)

    def run_wave(self, names: Sequence[str], *, full_refresh: bool) -> None:
        """Test, build and test again; each step leaves out what the one before has broken."""
        self._note(self.tests.unit_tests(self._whole(names)))
        self._run(self._whole(names), full_refresh=full_refresh)
        built = self._whole(names)
        self._note(self.tests.data_tests(built))
        self._note(self.tests.replays(built))

    def report(self, selected: Sequence[str]) -> BuildReport:
        """Return what became of `selected`; what was not built was skipped."""
        models = (
            self.models.get(name) or BuiltModel(name, "skipped", message=self.broken[name])
            for name in selected
        )
        return BuildReport(tuple(models), TestReport(tuple(self.results)), tuple(self.errors))

    def _whole(self, names: Sequence[str]) -> list[str]:
        return [name for name in names if name not in self.broken]

    def _break(self, model: str, why: str) -> None:
        self.broken.setdefault(model, why)
        for name in descendants(self.compiled.models, [model]) - {model}:
            self.broken.setdefault(name, f"'{model}', which it reads: {why}")

    def _note(self, results: Sequence[TestResult]) -> None:
        self.results += results
        for result in results:
            if result.is_broken:
                self._break(result.model, f"its test {result.name} failed")

    def _run(self, names: Sequence[str], *, full_refresh: bool) -> None:
        if not names:
            return
        workspace = replace(self.workspace, report=self._report)
        try:
            run_models(workspace, " ".join(names), full_refresh=full_refresh, fail_on_leak=False)
        except FeatureSQLError as error:
            failed = [name for name in names if self._has_failed(name)]
            if not failed:  # it is no model's
                raise
            self.errors += error.errors if isinstance(error, ManyErrors) else (error,)
            for name in failed:
                self._break(name, "it could not be built")

    def _has_failed(self, name: str) -> bool:
        return name in self.models and self.models[name].status == "failed"

    def _report(self, progress: Progress) -> None:
        """Note what a run says of a model, and pass it on with its place in the whole."""
        if progress.status == "interval":
            self.workspace.report(progress)
            return
        index = len(self.models) + 1
        if progress.status in _STATUSES:
            status = _STATUSES[progress.status]
            message = "it could not be built" if status == "failed" else ""
            self.models[progress.name] = BuiltModel(
                progress.name, status, progress.seconds, progress.rows, message
            )
        self.workspace.report(replace(progress, index=index, total=self.total))
