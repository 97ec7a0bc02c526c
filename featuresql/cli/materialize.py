"""featuresql materialize."""

from __future__ import annotations

from datetime import datetime

import click

from featuresql.cli.open_project import open_project
from featuresql.cli.options import (
    ProjectOptions,
    example,
    output_option,
    project_options,
    select_option,
    to_instant,
)
from featuresql.cli.print_result import print_json, print_table
from featuresql.spec.instant import from_us
from featuresql.workflows.materialize import materialize as materialize_views


@click.command(
    "materialize",
    epilog=example("featuresql materialize --select carrier_delay --until 2013-07-01"),
)
@select_option
@click.option(
    "--until", callback=to_instant, metavar="TIME", help="As things stood then; now if absent."
)
@output_option
@project_options
def materialize(
    project: ProjectOptions, select: str | None, until: datetime | None, output: str
) -> None:
    """Write feature views into the online store.

    Each view's latest row of each entity, as it was known at --until. Readers see the old rows
    until the new ones are complete.
    """
    with open_project(project) as workspace:
        versions = materialize_views(workspace, select, until)
    found = [
        {
            "view": version.view.name,
            "rows": version.rows,
            "watermark": from_us(version.watermark_us).isoformat(),
            "number": version.number,
            "version": version.version,
        }
        for version in versions
    ]
    if output == "json":
        print_json({"views": found})
        return
    print_table(("view", "rows", "watermark", "number", "version"), [[*v.values()] for v in found])
