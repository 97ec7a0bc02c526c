"""featuresql show."""

from __future__ import annotations

from datetime import datetime

import click

from featuresql.cli.open_project import open_project
from featuresql.cli.options import (
    ProjectOptions,
    complete_models,
    example,
    output_option,
    project_options,
    to_instant,
)
from featuresql.cli.print_result import print_json, print_table
from featuresql.workflows.compile_models import compile_models
from featuresql.workflows.show_rows import show_rows


@click.command("show", epilog=example("featuresql show carrier_delay --limit 5 --at 2013-07-01"))
@click.argument("model", shell_complete=complete_models)
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=10, show_default=True, help="How many rows."
)
@click.option(
    "--at", callback=to_instant, metavar="TIME", help="Rows up to then; a service's as then known."
)
@output_option
@project_options
def show(
    *, project: ProjectOptions, model: str, limit: int, at: datetime | None, output: str
) -> None:
    """Show some rows of a model.

    The newest first, where it has an event time. Of a service it shows training rows over the
    newest rows of its own spine. What it reads has to be built.
    """
    with open_project(project, has_lines=False) as workspace:
        compiled = compile_models(workspace)
        rows = show_rows(workspace, compiled, model, limit=limit, at=at)
    if output == "json":
        print_json({"model": model, "rows": rows.to_pylist()})
        return
    print_table(rows.column_names, [list(row.values()) for row in rows.to_pylist()])
