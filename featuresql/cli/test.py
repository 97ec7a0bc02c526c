"""featuresql test."""

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
from featuresql.cli.print_mutants import print_mutants
from featuresql.cli.print_result import print_json, print_table
from featuresql.cli.resolve_selection import resolve_selection
from featuresql.cli.show_error import error_document
from featuresql.errors import ManyErrors
from featuresql.quality.github_annotations import github_annotations
from featuresql.quality.junit_xml import junit_xml
from featuresql.quality.test_report import TestReport, failures, raise_failures
from featuresql.workflows.artifacts import write_text
from featuresql.workflows.mutate_models import mutate_models
from featuresql.workflows.test_models import test_models

_FILE = click.Path(path_type=Path, dir_okay=False)


def _to_engines(_context: click.Context, _parameter: click.Parameter, text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))


@click.command("test", epilog=example("featuresql test --select carrier_delay --leakage"))
@selection_options
@click.option(
    "--leakage", is_flag=True, help="Replay models over cut sources: none sees the future."
)
@click.option(
    "--engines",
    callback=_to_engines,
    default="",
    metavar="TYPES",
    help="Run unit tests on each of these embedded engines, and compare the models' rows over "
    "samples of the sources: duckdb,chdb.",
)
@click.option(
    "--mutate",
    is_flag=True,
    help="Instead, change the models in small ways, and show which changes no unit test notices.",
)
@click.option("--github", is_flag=True, help="Print annotations for a GitHub workflow too.")
@click.option("--junit", type=_FILE, help="Write the results as JUnit XML too.")
@leak_option
@output_option
@project_options
def test(  # noqa: PLR0913 - one parameter an option
    *,
    project: ProjectOptions,
    select: str | None,
    exclude: str | None,
    state: Path | None,
    leakage: bool,
    engines: tuple[str, ...],
    mutate: bool,
    github: bool,
    junit: Path | None,
    fail_on_leak: bool,
    output: str,
) -> None:
    """Run unit tests, data tests and the leakage replay.

    Data tests look at what was built: run the models first. Exits with 1 where a test fails.
    """
    with open_project(project, has_lines=not mutate) as workspace:
        select, exclude = resolve_selection(workspace, select, exclude, state)
        if mutate:
            print_mutants(mutate_models(workspace, select, exclude), output)
            return
        report = test_models(
            workspace,
            select,
            exclude,
            leakage=leakage,
            fail_on_leak=fail_on_leak,
            engines=engines,
        )
    if github:
        for line in github_annotations(report, project.project_dir):
            click.echo(line, err=True)
    if junit is not None:
        write_text(junit, junit_xml(report))
    if output == "json":
        failed = error_document(ManyErrors(failures(report))) if report.broken else {}
        print_json({**report.as_json(), **failed})
    else:
        _print_report(report)
    raise_failures(report)


def _print_report(report: TestReport) -> None:
    rows = [(r.kind, r.model, r.name, r.status, r.seconds) for r in report.results]
    print_table(("kind", "model", "test", "status", "seconds"), rows)
    show_warnings(report)
    click.echo(f"\n{summary(report)}")


def show_warnings(report: TestReport) -> None:
    """Write the tests that failed with the severity `warn` on stderr, a block each."""
    for result in report.results:
        if result.status == "warn":
            click.echo(str(result), err=True)


def summary(report: TestReport) -> str:
    """Return how many tests passed and failed; warnings and errors where there are any."""
    counts = report.counts
    parts = [f"{counts['pass']} passed"]
    parts += [f"{counts['warn']} warned"] if counts["warn"] else []
    parts.append(f"{counts['fail']} failed")
    parts += [f"{counts['error']} could not run"] if counts["error"] else []
    return ", ".join(parts)
