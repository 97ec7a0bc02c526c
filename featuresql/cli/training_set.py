"""featuresql training-set."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click
import pyarrow as pa

from featuresql.cli.open_project import open_project
from featuresql.cli.options import ProjectOptions, example, project_options, to_instant
from featuresql.cli.print_result import print_json
from featuresql.cli.read_rows import read_rows
from featuresql.cli.write_rows import check_suffix, write_rows
from featuresql.compiler.compile_project import CompiledProject
from featuresql.workflows.compile_models import compile_models
from featuresql.workflows.find_service import find_service
from featuresql.workflows.service_schema import arrow_schema
from featuresql.workflows.training_set import training_set as open_training_set

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command(
    "training-set", epilog=example("featuresql training-set flight_delay --output train.parquet")
)
@click.argument("service")
@click.option("--output", required=True, type=_FILE, help="A .parquet, .csv or .arrow file.")
@click.option("--spine", type=_FILE, help="Rows to use in place of the service's own.")
@click.option(
    "--known-at", callback=to_instant, metavar="TIME", help="Only what was known then exists."
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@project_options
def training_set(  # noqa: PLR0913 - one parameter an option
    *,
    project: ProjectOptions,
    service: str,
    output: Path,
    spine: Path | None,
    known_at: datetime | None,
    as_json: bool,
) -> None:
    """Write a training set to a file.

    One row for each row of the spine, in its order, each value as it was visible at the row's own
    instant. The file appears when it is complete.
    """
    check_suffix(output)
    with open_project(project) as workspace:
        compiled = compile_models(workspace)
        rows = None if spine is None else read_rows(spine, spine_schema(compiled, service))
        with open_training_set(workspace, compiled, service, rows, known_at) as reader:
            count = write_rows(output, reader)
            names = reader.schema.names
    if as_json:
        print_json({"service": service, "rows": count, "columns": names, "file": str(output)})
        return
    click.echo(f"{service}: {count:,} rows, {len(names)} columns in {output}")


def spine_schema(compiled: CompiledProject, service: str) -> pa.Schema:
    """Return all columns that a spine of the service may have."""
    _, plan = find_service(compiled, service)
    kind, name = plan.spine_relation
    columns = compiled.models[name].columns if kind == "ref" else compiled.sources[name]
    return arrow_schema(columns)
