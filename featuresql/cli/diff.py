"""featuresql diff."""

from __future__ import annotations

from pathlib import Path

import click

from featuresql.cli.open_project import open_project
from featuresql.cli.options import ProjectOptions, example, project_options
from featuresql.cli.print_result import print_json
from featuresql.docs.diff_document import diff_json, diff_markdown, diff_text
from featuresql.workflows.diff import diff_project


@click.command(
    "diff",
    epilog=example(
        "featuresql diff",
        "featuresql diff --base ../main/target --output markdown",
    ),
)
@click.option(
    "--base",
    type=click.Path(path_type=Path),
    metavar="TARGET_DIR",
    help="The target folder to compare with; the project's own, as last compiled, if absent.",
)
@click.option(
    "--output",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
    help="How it is printed on stdout.",
)
@project_options
def diff(project: ProjectOptions, base: Path | None, output: str) -> None:
    """Show what a change touches.

    Which models will be built again, which columns mean something else, which features, services
    and consumers that reaches, what the leakage proof says otherwise, and who owns it all. Nothing
    is run or written.
    """
    with open_project(project, has_lines=False) as workspace:
        found = diff_project(workspace, base)
    if output == "json":
        print_json(diff_json(found))
    else:
        click.echo((diff_markdown if output == "markdown" else diff_text)(found), nl=False)
