"""featuresql get."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from datetime import datetime

import click
import pyarrow as pa

from featuresql.cli.explain_nulls import explain_nulls
from featuresql.cli.open_project import open_project
from featuresql.cli.options import (
    ProjectOptions,
    example,
    output_option,
    project_options,
    to_instant,
)
from featuresql.cli.print_result import json_value, print_json, print_table
from featuresql.cli.request_row import request_row, split_keys
from featuresql.client import FeatureClient
from featuresql.errors import RequestError, did_you_mean
from featuresql.ports import ServiceSchema
from featuresql.workflows.compile_models import compile_models
from featuresql.workflows.find_service import find_service
from featuresql.workflows.lookup import Question, lookup, prepare_service
from featuresql.workflows.workspace import Workspace


@click.command(
    "get",
    epilog=example(
        "featuresql get flight_delay --key carrier=AA --key origin=JFK --key dest=LAX \\",
        "  --key tailnum=N338AA --key distance=2475 --at 2013-07-01T12:00:00Z",
    ),
)
@click.argument("service")
@click.option(
    "--key",
    "-k",
    "keys",
    multiple=True,
    metavar="NAME=VALUE",
    help="A key or request column of the service; give it once for each that it has.",
)
@click.option(
    "--at", callback=to_instant, metavar="TIME", help="The instant to answer for; now if absent."
)
@click.option("--url", help="Ask the server there, not the project's own store.")
@output_option
@project_options
def get(  # noqa: PLR0913 - one parameter an option
    *,
    project: ProjectOptions,
    service: str,
    keys: tuple[str, ...],
    at: datetime | None,
    url: str | None,
    output: str,
) -> None:
    """Show one online feature vector.

    With --url a server is asked, and no project is needed; its token comes from the environment
    variable FEATURESQL_TOKEN.
    """
    texts = split_keys(keys)
    if url is not None:
        with FeatureClient(url, os.environ.get("FEATURESQL_TOKEN")) as client:
            row = request_row(texts, _find(client.services(), service))
            answer = client.get_online_features(service, row, at)
    else:
        with open_project(project) as workspace:
            answer = _ask(workspace, service, texts, at)
    features = {name: answer.column(name)[0].as_py() for name in answer.schema.names}
    if output == "json":
        print_json({"service": service, "features": features})
        return
    shown = [(name, "NULL" if v is None else str(json_value(v))) for name, v in features.items()]
    print_table(("feature", "value"), shown)


def _ask(
    workspace: Workspace, service: str, texts: Mapping[str, str], at: datetime | None
) -> pa.Table:
    """Return the vector; on a terminal say on stderr why values of a view are missing now."""
    compiled = compile_models(workspace)
    model, plan = find_service(compiled, service)
    prepared = prepare_service(model)
    row = request_row(texts, prepared.schema)
    now = workspace.clock()
    answer = lookup(prepared, workspace.online(), workspace.evaluator(), Question(row, now, at))
    if at is None and plan.spine_event_time not in texts and sys.stderr.isatty():
        for reason in explain_nulls(workspace, prepared, row, now):
            click.echo(f"note: {reason}", err=True)
    return pa.Table.from_batches([answer])


def _find(services: Mapping[str, ServiceSchema], name: str) -> ServiceSchema:
    if name not in services:
        raise RequestError(
            f"there is no feature service '{name}'",
            code="unknown-service",
            hint=did_you_mean(name, services),
        )
    return services[name]
