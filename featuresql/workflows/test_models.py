"""test: unit tests, data tests and, where asked, the leakage replay."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial
from time import perf_counter
from typing import ClassVar, Self

from featuresql.compiler.compile_project import CompiledProject
from featuresql.plan.select_models import select_models
from featuresql.ports import Progress
from featuresql.quality.test_report import TestReport, TestResult
from featuresql.spec.model import DataTest, UnitTest
from featuresql.workflows.artifacts import write_json
from featuresql.workflows.compare_engines import compare_engines
from featuresql.workflows.compile_models import compile_models
from featuresql.workflows.data_tests import run_data_test, test_name
from featuresql.workflows.leakage_replay import leakage_replay
from featuresql.workflows.raise_leaks import raise_leaks
from featuresql.workflows.unit_tests import run_unit_test
from featuresql.workflows.workspace import Workspace


@dataclass(slots=True)
class TestRun:
    """The tests of some models, run part by part; tells of each test as it begins and ends."""

    __test__: ClassVar[bool] = False

    workspace: Workspace
    compiled: CompiledProject
    units: tuple[UnitTest, ...]
    data: tuple[DataTest, ...]
    views: tuple[str, ...]
    index: int = 0

    @classmethod
    def of(
        cls,
        workspace: Workspace,
        compiled: CompiledProject,
        selected: Collection[str],
        *,
        leakage: bool,
    ) -> Self:
        """Take the tests of the `selected` models; with `leakage` their views are replayed too."""
        project = compiled.project
        return cls(
            workspace,
            compiled,
            units=tuple(test for test in project.unit_tests if test.model in selected),
            data=tuple(test for test in project.data_tests if test.model in selected),
            views=tuple(
                name for name in selected if leakage and compiled.models[name].view is not None
            ),
        )

    def tested_models(self) -> frozenset[str]:
        """Return the models that are tested once they are built."""
        return frozenset(test.model for test in self.data) | frozenset(self.views)

    def unit_tests(self, names: Collection[str]) -> list[TestResult]:
        """Run the unit tests of the models `names`; they need nothing that is built."""
        return [
            self._run(test.name, partial(run_unit_test, self.workspace, self.compiled, test))
            for test in self.units
            if test.model in names
        ]

    def data_tests(self, names: Collection[str]) -> list[TestResult]:
        """Run the data tests of the models `names`, on what was built last."""
        tests = [test for test in self.data if test.model in names]
        if not tests:
            return []
        with self.workspace.engine.session() as session:
            return [
                self._run(
                    f"{test.model}.{test_name(test)}",
                    partial(
                        run_data_test,
                        session,
                        self.compiled,
                        test,
                        self.workspace.clock(),
                        self.workspace.engine.dialect,
                    ),
                )
                for test in tests
            ]

    def replays(self, names: Collection[str]) -> list[TestResult]:
        """Replay those of the views that are among `names`, on what was built last."""
        views = tuple(view for view in self.views if view in names)
        if not views:
            return []
        self._start("leakage replay")
        results = leakage_replay(self.workspace, self.compiled, views)
        return [self._done(f"{result.model}.{result.name}", result) for result in results]

    def _run(self, name: str, test: Callable[[], TestResult]) -> TestResult:
        self._start(name)
        began = perf_counter()
        result = test()
        return self._done(name, replace(result, seconds=perf_counter() - began))

    def _start(self, name: str) -> None:
        self.workspace.report(Progress("test", name, "started", self.index + 1, self._total))

    def _done(self, name: str, result: TestResult) -> TestResult:
        self.index += 1
        status = "failed" if result.is_broken else "done"
        progress = Progress("test", name, status, self.index, self._total, result.seconds)
        self.workspace.report(progress)
        return result

    @property
    def _total(self) -> int:
        return len(self.units) + len(self.data) + len(self.views)


def test_models(  # noqa: PLR0913 - what tests may be asked for
    workspace: Workspace,
    select: str | None = None,  # noqa: PT028 - a verb, no test of pytest's
    exclude: str | None = None,  # noqa: PT028 - as above
    *,
    leakage: bool = False,  # noqa: PT028 - as above
    fail_on_leak: bool = True,  # noqa: PT028 - as above
    engines: Sequence[str] = (),  # noqa: PT028 - as above
) -> TestReport:
    """Run the tests of the selected models; `leakage` adds the replay of their feature views.

    With `engines`, embedded ones by their types, unit tests run on each of them, and the models'
    rows over samples of the real sources are compared.

    A test that fails, or cannot be run, stops no other. Data tests and the replay look at what was
    built last. `target/run_results.json` is written in every case but one: where the project does
    not compile, or a selected one leaks and `fail_on_leak` is true, the errors are raised and
    nothing runs.
    """
    compiled = compile_models(workspace)
    selected = select_models(compiled, select, exclude)
    if fail_on_leak:
        raise_leaks(compiled, selected)
    run = TestRun.of(workspace, compiled, selected, leakage=leakage)
    results: list[TestResult] = []
    for name in engines:
        other = replace(run, workspace=replace(workspace, engine=workspace.other_engine(name)))
        results += [
            replace(result, name=f"{result.name} on {name}")
            for result in other.unit_tests(selected)
        ]
    if engines:
        results += compare_engines(workspace, compiled, selected, engines)
    else:
        results += run.unit_tests(selected)
    results += [*run.data_tests(selected), *run.replays(selected)]
    report = TestReport(tuple(results))
    write_json(workspace.target_dir / "run_results.json", report.as_json())
    return report
