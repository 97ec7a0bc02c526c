"""featuresql clean."""

from __future__ import annotations

from datetime import timedelta

import click

from featuresql.cli.open_project import open_project
from featuresql.cli.options import ProjectOptions, example, output_option, project_options
from featuresql.cli.print_result import print_json, print_table
from featuresql.project.duration import parse_duration
from featuresql.workflows.clean import clean as clean_versions


def _to_duration(_context: click.Context, parameter: click.Parameter, text: str) -> timedelta:
    try:
        return timedelta(microseconds=parse_duration(text))
    except ValueError as error:
        raise click.BadParameter(str(error), param=parameter) from None


@click.command("clean", epilog=example("featuresql clean --older-than '30 days' --dry-run"))
@click.option(
    "--older-than",
    default="7 days",
    show_default=True,
    callback=_to_duration,
    metavar="TIME",
    help="How long ago a version has to be built.",
)
@click.option("--dry-run", is_flag=True, help="Print the statements, run nothing.")
@output_option
@project_options
def clean(*, project: ProjectOptions, older_than: timedelta, dry_run: bool, output: str) -> None:
    """Drop versions that no name shows.

    A version that a name shows, or that such a version reads, stays, however old it is. What
    online stores hold is not touched: they drop old versions themselves.
    """
    with open_project(project, has_lines=False) as workspace:
        dropped = clean_versions(workspace, older_than, dry_run=dry_run)
    if output == "json":
        print_json(
            {"dropped": [{"relation": d.relation, "statement": d.statement} for d in dropped]}
        )
    elif dry_run:
        for found in dropped:
            click.echo(f"{found.statement};")
    else:
        print_table(("dropped",), [[found.relation] for found in dropped])
