"""featuresql run."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from featuresql.cli.open_project import open_project
from featuresql.cli.options import (
    ProjectOptions,
    example,
    leak_option,
    output_option,
    project_options,
    selection_options,
    to_instant,
)
from featuresql.cli.print_result import print_json, print_table
from featuresql.cli.resolve_selection import resolve_selection
from featuresql.plan.find_chunks import Named
from featuresql.plan.select_models import select_models
from featuresql.plan.steps import RunPlan
from featuresql.spec.instant import from_us
from featuresql.workflows.compile_models import compile_models
from featuresql.workflows.raise_leaks import raise_leaks
from featuresql.workflows.run_models import RunReport, plan_models, run_models


@click.command("run", epilog=example("featuresql run --select +carrier_delay --dry-run"))
@selection_options
@click.option("--full-refresh", is_flag=True, help="Build what has not changed too.")
@click.option(
    "--start",
    callback=to_instant,
    metavar="TIME",
    help="Build the intervals of incremental models again from then on.",
)
@click.option(
    "--end", callback=to_instant, metavar="TIME", help="… and before then, which is not included."
)
@click.option("--fail-fast", is_flag=True, help="Stop at the first model that fails.")
@click.option("--dry-run", is_flag=True, help="Print the statements, run nothing.")
@leak_option
@output_option
@project_options
def run(  # noqa: PLR0913 - one parameter an option
    *,
    project: ProjectOptions,
    select: str | None,
    exclude: str | None,
    state: Path | None,
    full_refresh: bool,
    start: datetime | None,
    end: datetime | None,
    fail_fast: bool,
    dry_run: bool,
    fail_on_leak: bool,
    output: str,
) -> None:
    """Build models in the engine.

    What has not changed is kept. A model's name shows its new version once that is complete. Of an
    incremental model only the intervals are built that are missing or whose sources have changed.
    """
    named = Named(start, end)
    if dry_run:
        with open_project(project) as workspace:
            select, exclude = resolve_selection(workspace, select, exclude, state)
            compiled = compile_models(workspace)
            if fail_on_leak:
                raise_leaks(compiled, select_models(compiled, select, exclude))
            plan, _, _ = plan_models(
                workspace, compiled, select, exclude, full_refresh=full_refresh, named=named
            )
        _print_plan(plan, output)
        return
    with open_project(project) as workspace:
        select, exclude = resolve_selection(workspace, select, exclude, state)
        report = run_models(
            workspace,
            select,
            exclude,
            full_refresh=full_refresh,
            fail_on_leak=fail_on_leak,
            named=named,
            fail_fast=fail_fast,
        )
    print_run(report, output)


def _print_plan(plan: RunPlan, output: str) -> None:
    if output == "json":
        steps = [
            {
                "model": step.model,
                "kind": step.kind,
                "action": step.action,
                "reason": step.reason,
                "version": step.version,
                "relation": ".".join(step.relation),
                "intervals": [
                    {
                        "start": from_us(chunk.start_us).isoformat(),
                        "end": from_us(chunk.end_us).isoformat(),
                        "reason": chunk.reason,
                    }
                    for chunk in step.chunks
                ],
                "statements": step.statements,
            }
            for step in plan.steps
        ]
        print_json({"steps": steps})
        return
    for index, step in enumerate(plan.steps, 1):
        click.echo(f"-- {index}/{len(plan.steps)} {step.model}: {step.action} ({step.reason})")
        for statement in step.statements:
            click.echo(f"{statement};")


def print_run(report: RunReport, output: str) -> None:
    """Print what became of each model."""
    if output == "json":
        results = [
            {
                "model": result.model,
                "status": result.status,
                "seconds": round(result.seconds, 6),
                "rows": result.rows,
                "version": result.version,
            }
            for result in report.results
        ]
        print_json({"run_id": report.run_id, "results": results})
        return
    rows = [(r.model, r.status, r.rows, r.seconds, r.version) for r in report.results]
    print_table(("model", "status", "rows", "seconds", "version"), rows)
