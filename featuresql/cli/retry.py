"""featuresql retry."""

from __future__ import annotations

import click

from featuresql.cli.build import print_build
from featuresql.cli.open_project import open_project
from featuresql.cli.options import (
    ProjectOptions,
    example,
    leak_option,
    output_option,
    project_options,
)
from featuresql.cli.run import print_run
from featuresql.errors import UsageError
from featuresql.workflows.build_models import build_models
from featuresql.workflows.find_earlier import last_results, last_verb
from featuresql.workflows.run_models import run_models


@click.command("retry", epilog=example("featuresql retry"))
@leak_option
@output_option
@project_options
def retry(*, project: ProjectOptions, fail_on_leak: bool, output: str) -> None:
    """Take up the last run or build where it failed.

    The models that failed, were skipped or were not reached are built; after a build their tests
    run too. target/run_results.json says which these are.
    """
    with open_project(project) as workspace:
        results = last_results(workspace.target_dir)
        verb = last_verb(workspace.target_dir)
        if results is None or verb not in {"run", "build"}:
            message = "there is no run or build to take up"
            raise UsageError(message, code="selection", hint="begin with `featuresql run`")
        waiting = [name for name, result in results.items() if result != "success"]
        select = " ".join(name for name in waiting if name in workspace.project.models)
        if not select:
            click.echo("nothing failed: there is nothing to do", err=True)
            return
        if verb == "run":
            report = run_models(workspace, select, fail_on_leak=fail_on_leak)
        else:
            built = build_models(workspace, select, fail_on_leak=fail_on_leak)
    if verb == "run":
        print_run(report, output)
    else:
        print_build(built, output)
