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
from featuresql.workflows.training_set import TrainingSetPlan, plan_training_set
from featuresql.workflows.training_set import training_set as open_training_set

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command(
    "training-set", epilog=example("featuresql training-set flight_delay --output train.parquet")
)
@click.argument("service")
@click.option("--output", type=_FILE, help="A .parquet, .csv or .arrow file.")
@click.option("--spine", type=_FILE, help="Rows to use in place of the service's own.")
@click.option(
    "--known-at", callback=to_instant, metavar="TIME", help="Only what was known then exists."
)
@click.option("--dry-run", is_flag=True, help="Print the statement; run and write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@project_options
def training_set(  # noqa: PLR0913 - one parameter an option
    *,
    project: ProjectOptions,
    service: str,
    output: Path | None,
    spine: Path | None,
    known_at: datetime | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Write a training set to a file.

    One row for each row of the spine, in its order, each value as it was visible at the row's own
    instant. The file appears when it is complete.
    """
    if output is None:
        if not dry_run:
            raise click.MissingParameter(param_hint="'--output'", param_type="option")
    else:
        check_suffix(output)
    with open_project(project, has_lines=not dry_run) as workspace:
        compiled = compile_models(workspace)
        rows = None if spine is None else read_rows(spine, spine_schema(compiled, service))
        if dry_run or output is None:
            with workspace.engine.session() as session:
                plan = plan_training_set(
                    workspace, compiled, session, service, spine=rows, known_at=known_at
                )
            _print_plan(plan, as_json=as_json)
            return
        with open_training_set(workspace, compiled, service, rows, known_at) as reader:
            count = write_rows(output, reader)
            names = reader.schema.names
    if as_json:
        print_json({"service": service, "rows": count, "columns": names, "file": str(output)})
        return
    click.echo(f"{service}: {count:,} rows, {len(names)} columns in {output}")


def _print_plan(plan: TrainingSetPlan, *, as_json: bool) -> None:
    if as_json:
        print_json({"statement": plan.statement, "is_pruned": plan.is_pruned})
        return
    how = "views are pruned to the spine's keys first" if plan.is_pruned else "views are read whole"
    click.echo(f"-- {how}\n{plan.statement};")


def spine_schema(compiled: CompiledProject, service: str) -> pa.Schema:
    """Return all columns that a spine of the service may have."""
    _, plan = find_service(compiled, service)
    kind, name = plan.spine_relation
    columns = compiled.models[name].columns if kind == "ref" else compiled.sources[name]
    return arrow_schema(columns)
