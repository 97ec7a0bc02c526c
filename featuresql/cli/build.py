"""featuresql build."""

from __future__ import annotations

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
)
from featuresql.cli.print_result import print_json, print_table
from featuresql.cli.resolve_selection import resolve_selection
from featuresql.cli.show_error import error_document
from featuresql.cli.test import show_warnings, summary
from featuresql.errors import FeatureSQLError, ManyErrors, TestFailureError, raise_all
from featuresql.quality.test_report import failures, raise_failures
from featuresql.workflows.build_models import BuildReport, build_models


@click.command("build", epilog=example("featuresql build --select +carrier_delay --leakage"))
@selection_options
@click.option("--full-refresh", is_flag=True, help="Build what has not changed too.")
@click.option("--leakage", is_flag=True, help="Replay views over cut sources too.")
@leak_option
@output_option
@project_options
def build(  # noqa: PLR0913 - one parameter an option
    *,
    project: ProjectOptions,
    select: str | None,
    exclude: str | None,
    state: Path | None,
    full_refresh: bool,
    leakage: bool,
    fail_on_leak: bool,
    output: str,
) -> None:
    """Build models and test them, parents first.

    A model whose build or test fails stops what reads it; the rest goes on. Exits with 1 then.
    """
    with open_project(project) as workspace:
        select, exclude = resolve_selection(workspace, select, exclude, state)
        report = build_models(
            workspace,
            select,
            exclude,
            full_refresh=full_refresh,
            leakage=leakage,
            fail_on_leak=fail_on_leak,
        )
    print_build(report, output)


def print_build(report: BuildReport, output: str) -> None:
    """Print what became of models and tests, and raise what failed."""
    if output == "json":
        broken = [*report.errors, *failures(report.tests)]
        failed = error_document(ManyErrors(broken)) if broken else {}
        print_json({**report.as_json(), **failed})
    else:
        _print_report(report)
    errors: list[FeatureSQLError] = [*report.errors]
    try:
        raise_failures(report.tests)
    except TestFailureError as error:
        errors.append(error)
    raise_all(errors)


def _print_report(report: BuildReport) -> None:
    tests: dict[str, list[str]] = {}
    for result in report.tests.results:
        tests.setdefault(result.model, []).append(result.status)
    rows = [
        (
            m.model,
            m.status,
            m.rows,
            m.seconds,
            ", ".join(
                f"{tests[m.model].count(status)} {status}"
                for status in ("pass", "warn", "fail", "error")
                if status in tests.get(m.model, ())
            ),
            m.message,
        )
        for m in report.models
    ]
    print_table(("model", "status", "rows", "seconds", "tests", "why"), rows)
    show_warnings(report.tests)
    statuses = [model.status for model in report.models]
    counts = [f"{statuses.count('built')} built", f"{statuses.count('kept')} kept"]
    for status in ("failed", "skipped"):
        counts += [f"{statuses.count(status)} {status}"] if status in statuses else []
    click.echo(f"\nmodels: {', '.join(counts)}\ntests: {summary(report.tests)}")
