"""run: build what is new, swap names when it is complete, record it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter

from featuresql.compiler.compile_project import CompiledProject
from featuresql.errors import EngineError, FeatureSQLError, Location, UsageError, raise_all
from featuresql.plan.check_queries import instant_years
from featuresql.plan.find_chunks import ALL, Named
from featuresql.plan.fingerprint import fingerprints, versions
from featuresql.plan.plan_run import plan_run
from featuresql.plan.select_models import ancestors, select_models
from featuresql.plan.steps import BuildStep, RunPlan
from featuresql.ports import EngineSession, ModelVersion, Progress, RunRecord
from featuresql.workflows.artifacts import write_json
from featuresql.workflows.catalog import write_catalog
from featuresql.workflows.compile_models import compile_models, write_compiled
from featuresql.workflows.find_states import find_states
from featuresql.workflows.raise_leaks import raise_leaks
from featuresql.workflows.workspace import Workspace


@dataclass(frozen=True, slots=True)
class ModelResult:
    """What became of one step. `status` is built, kept, failed or skipped."""

    model: str
    status: str
    seconds: float
    rows: int | None
    version: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class RunReport:
    """What a run did, in the order of its steps."""

    run_id: str
    results: tuple[ModelResult, ...]


def plan_models(  # noqa: PLR0913 - what a run may be asked for
    workspace: Workspace,
    compiled: CompiledProject,
    select: str | None = None,
    exclude: str | None = None,
    *,
    full_refresh: bool = False,
    named: Named = ALL,
) -> tuple[RunPlan, dict[str, str], dict[str, str]]:
    """Return the plan, the fingerprints and the sources' states behind it. Nothing is run."""
    selected = select_models(compiled, select, exclude)
    needed = ancestors(compiled.models, selected)
    sources = {source for name in needed for source in compiled.models[name].sources}
    states = {
        name: workspace.engine.state(workspace.project.sources[name]) for name in sorted(sources)
    }
    prints = fingerprints(compiled)
    part = replace(compiled, models={n: m for n, m in compiled.models.items() if n in needed})
    found = versions(part, prints, states)
    chosen = [name for name in selected if part.models[name].intervals is not None]
    _check_named(named, chosen)
    with workspace.engine.session() as session:
        existing = session.relations()
        intervals = find_states(
            workspace,
            part,
            prints,
            found,
            states,
            session,
            refreshed=chosen if full_refresh else (),
            forced=chosen if not named.is_all else (),
        )
    plan = plan_run(
        part,
        selected,
        found,
        existing,
        dialect=workspace.engine.dialect,
        full_refresh=full_refresh,
        states=intervals,
        named=named,
    )
    return plan, prints, states


def run_models(  # noqa: PLR0913 - what a run may be asked for
    workspace: Workspace,
    select: str | None = None,
    exclude: str | None = None,
    *,
    full_refresh: bool = False,
    fail_on_leak: bool = True,
    named: Named = ALL,
    fail_fast: bool = False,
) -> RunReport:
    """Build the selected models; what has not changed is kept.

    Of incremental models the intervals that are missing or whose sources have changed are built;
    with `named` those that it names, whether they have changed or not.

    A leak in one of them that its model does not accept is an error before anything runs, unless
    `fail_on_leak` is false.

    A model that fails leaves its name where it was; what reads it is skipped, the rest goes on, or
    nothing with `fail_fast`. Then the errors are raised. `target/run_results.json` and
    `target/catalog.json` are written in every case.
    """
    started = workspace.clock()
    run = RunRecord(uuid.uuid4().hex, "run", started, "running")
    registry = workspace.registry()
    compiled = compile_models(workspace)
    write_compiled(workspace, compiled, tuple(compiled.models))
    if fail_on_leak:
        raise_leaks(compiled, select_models(compiled, select, exclude))
    registry.record_run(run)
    plan, prints, states = plan_models(
        workspace, compiled, select, exclude, full_refresh=full_refresh, named=named
    )
    work = _Run(workspace, plan, prints, states, fail_fast=fail_fast)
    try:
        work.do()
    finally:
        # Written on Ctrl-C too: `retry` goes on from there.
        report = RunReport(run.run_id, tuple(work.results))
        is_whole = not work.errors and len(work.results) == len(plan.steps)
        status = "success" if is_whole else "error"
        detail = _results_json(report, plan)
        write_json(workspace.target_dir / "run_results.json", {**detail, "status": status})
        write_catalog(workspace, compiled)
        text = json.dumps(detail)
        registry.record_run(replace(run, status=status, finished_at=workspace.clock(), detail=text))
    raise_all(work.errors)
    return report


@dataclass(slots=True)
class _Run:
    """A run on its way: what became of the steps so far."""

    workspace: Workspace
    plan: RunPlan
    prints: dict[str, str]
    states: dict[str, str]
    fail_fast: bool
    results: list[ModelResult] = field(default_factory=list)
    errors: list[FeatureSQLError] = field(default_factory=list)

    def do(self) -> None:
        """Take the steps, parents first."""
        current = self.workspace.registry().model_versions()
        with self.workspace.engine.session() as session:
            for index, step in enumerate(self.plan.steps, 1):
                progress = Progress("run", step.model, "started", index, len(self.plan.steps))
                reason = self._reason_to_skip(step)
                if reason:
                    skipped = ModelResult(step.model, "skipped", 0.0, None, step.version, reason)
                    self.results.append(skipped)
                    continue
                result, error = _run_step(self.workspace, session, step, progress)
                self.results.append(result)
                if error is not None:
                    self.errors.append(error)
                elif result.status == "built" or _is_other(current.get(step.model), step):
                    _record(self.workspace, step, result, self.prints, self.states)

    def _reason_to_skip(self, step: BuildStep) -> str:
        if self.errors and self.fail_fast:
            return "the run has stopped at the first failure"
        broken = {r.model for r in self.results if r.status in {"failed", "skipped"}}
        parent = next((name for name in step.parents if name in broken), None)
        return "" if parent is None else f"'{parent}' failed, which it reads"


def _is_other(current: ModelVersion | None, step: BuildStep) -> bool:
    """Whether a version that was kept was not the model's current one: its text has come back."""
    return step.action == "keep" and (current is None or current.version != step.version)


def _run_step(
    workspace: Workspace,
    session: EngineSession,
    step: BuildStep,
    progress: Progress,
) -> tuple[ModelResult, FeatureSQLError | None]:
    workspace.report(progress)
    began = perf_counter()
    try:
        if step.action == "build":
            _build(workspace, session, step, progress)
            _check_built(session, step, workspace.engine.dialect)
        session.execute(step.swap)
        if step.ledger is not None:
            workspace.registry().record_ledger(step.ledger)
        rows = _count(session, step) if step.stored else None
    except EngineError as error:
        workspace.report(replace(progress, status="failed"))
        message = f"{step.model}: {error.message}"
        place = error.location or Location(step.path)
        failure = EngineError(message, code=error.code, location=place, hint=error.hint)
        seconds = perf_counter() - began
        return ModelResult(step.model, "failed", seconds, None, step.version, message), failure
    seconds = perf_counter() - began
    status = "built" if step.action == "build" else "kept"
    done = "done" if status == "built" else "kept"
    workspace.report(replace(progress, status=done, seconds=seconds, rows=rows))
    return ModelResult(step.model, status, seconds, rows, step.version), None


def _build(
    workspace: Workspace, session: EngineSession, step: BuildStep, progress: Progress
) -> None:
    """Make what the step makes. Of an incremental model each interval is noted when it is done.

    A kill between an interval and its note only has it built once more.
    """
    registry, name = workspace.registry(), ".".join(step.relation)
    if step.ledger is not None:
        registry.record_ledger(replace(step.ledger, complete_for=""))
        if step.build:
            registry.forget_intervals(name)
    session.execute(step.build)
    for index, chunk in enumerate(step.chunks, 1):
        session.execute(chunk.statements)
        registry.record_interval(name, chunk.start_us, chunk.seen)
        place = replace(progress, index=index, total=len(step.chunks))
        workspace.report(replace(place, name=f"{step.model}: intervals", status="interval"))
    session.execute(step.finish)


def _check_named(named: Named, incremental: Sequence[str]) -> None:
    if named.start is not None and named.end is not None and named.start >= named.end:
        raise UsageError("--start is not before --end", code="interval")
    if not named.is_all and not incremental:
        message = "--start and --end name intervals, but no selected model is incremental"
        raise UsageError(message, code="selection", hint="config(materialized='incremental', …)")


def _check_built(session: EngineSession, step: BuildStep, dialect: str) -> None:
    """Check that the engine's types are the compiler's: everything after this trusts them."""
    made = {c.name: c.type for c in session.columns(*step.relation)}
    for column in step.columns:
        if made.get(column.name) != column.type:
            message = (
                f"column '{column.name}' came out as {made.get(column.name)}, not {column.type}"
            )
            raise EngineError(message, code="type-differs", hint="write a CAST in the model")
    if step.outside is None:
        return
    count = session.query(step.outside).read_all()["n"][0].as_py()
    if count:
        first, last = instant_years(dialect)
        message = f"{count} rows have '{step.event_time}' outside of the years {first} to {last}"
        raise EngineError(message, code="instant-range", hint="filter them in a staging model")


def _count(session: EngineSession, step: BuildStep) -> int:
    rows = session.query(step.count).read_all()
    return int(rows["n"][0].as_py())


def _record(
    workspace: Workspace,
    step: BuildStep,
    result: ModelResult,
    prints: dict[str, str],
    states: dict[str, str],
) -> None:
    workspace.registry().record_model_version(
        ModelVersion(
            model=step.model,
            version=step.version,
            fingerprint=prints[step.model],
            source_state=json.dumps(states, sort_keys=True),
            relation=".".join(step.relation),
            rows=result.rows or 0,
            built_at=workspace.clock(),
            seconds=result.seconds,
        )
    )


def _results_json(report: RunReport, plan: RunPlan) -> dict[str, object]:
    done = {result.model for result in report.results}
    results = [
        *report.results,
        *(
            ModelResult(step.model, "skipped", 0.0, None, step.version, "the run was interrupted")
            for step in plan.steps
            if step.model not in done
        ),
    ]
    return {
        "run_results_version": 1,
        "verb": "run",
        "run_id": report.run_id,
        "results": [
            {
                "model": r.model,
                "status": r.status,
                "seconds": round(r.seconds, 6),
                "rows": r.rows,
                "version": r.version,
                "message": r.message,
            }
            for r in results
        ],
    }
