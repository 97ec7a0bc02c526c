"""test: unit tests, data tests and, where asked, the leakage replay."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from time import perf_counter

from featuresql.compiler.compile_project import CompiledProject
from featuresql.plan.select_models import select_models
from featuresql.ports import Progress
from featuresql.quality.test_report import TestReport, TestResult
from featuresql.workflows.artifacts import write_json
from featuresql.workflows.compile_models import compile_models
from featuresql.workflows.data_tests import run_data_test, test_name
from featuresql.workflows.leakage_replay import leakage_replay
from featuresql.workflows.unit_tests import run_unit_test
from featuresql.workflows.workspace import Workspace


@dataclass(slots=True)
class _Counter:
    """Tells of each test as it ends."""

    workspace: Workspace
    total: int
    index: int = 0

    def run(self, name: str, test: Callable[[], TestResult]) -> TestResult:
        self.workspace.report(Progress("test", name, "started", self.index + 1, self.total))
        began = perf_counter()
        result = test()
        return self.done(name, replace(result, seconds=perf_counter() - began))

    def done(self, name: str, result: TestResult) -> TestResult:
        self.index += 1
        status = "failed" if result.is_broken else "done"
        progress = Progress("test", name, status, self.index, self.total, result.seconds)
        self.workspace.report(progress)
        return result


def test_models(
    workspace: Workspace,
    select: str | None = None,  # noqa: PT028 - a verb, no test of pytest's
    exclude: str | None = None,  # noqa: PT028 - as above
    *,
    leakage: bool = False,  # noqa: PT028 - as above
) -> TestReport:
    """Run the tests of the selected models; `leakage` adds the replay of their feature views.

    A test that fails, or cannot be run, stops no other. Data tests and the replay look at what was
    built last. `target/run_results.json` is written in every case but one: where the project does
    not compile its errors are raised and nothing runs.
    """
    compiled = compile_models(workspace)
    selected = select_models(compiled, select, exclude)
    project = compiled.project
    unit_tests = [test for test in project.unit_tests if test.model in selected]
    data_tests = [test for test in project.data_tests if test.model in selected]
    views = tuple(name for name in selected if leakage and compiled.models[name].view is not None)
    counter = _Counter(workspace, len(unit_tests) + len(data_tests) + len(views))
    results = [
        counter.run(test.name, partial(run_unit_test, workspace, compiled, test))
        for test in unit_tests
    ]
    if data_tests:
        with workspace.engine.session() as session:
            results += [
                counter.run(
                    f"{test.model}.{test_name(test)}",
                    partial(run_data_test, session, compiled, test),
                )
                for test in data_tests
            ]
    results += _replayed(workspace, compiled, views, counter)
    report = TestReport(tuple(results))
    write_json(workspace.target_dir / "run_results.json", report.as_json())
    return report


def _replayed(
    workspace: Workspace, compiled: CompiledProject, views: tuple[str, ...], counter: _Counter
) -> list[TestResult]:
    if views:
        started = Progress("test", "leakage replay", "started", counter.index + 1, counter.total)
        workspace.report(started)
    results = leakage_replay(workspace, compiled, views)
    return [counter.done(f"{result.model}.{result.name}", result) for result in results]
