"""featuresql get."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime

import click
import pyarrow as pa

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
from featuresql.workflows.serve_features import ServeFeatures


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
    required=True,
    metavar="NAME=VALUE",
    help="A key or request column of the service; give it once for each.",
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
            serving = ServeFeatures(lambda: workspace)
            row = request_row(texts, _find(serving.services(), service))
            answer = pa.Table.from_batches([serving.get_online_features(service, row, at)])
    features = {name: answer.column(name)[0].as_py() for name in answer.schema.names}
    if output == "json":
        print_json({"service": service, "features": features})
        return
    shown = [(name, "NULL" if v is None else str(json_value(v))) for name, v in features.items()]
    print_table(("feature", "value"), shown)


def _find(services: Mapping[str, ServiceSchema], name: str) -> ServiceSchema:
    if name not in services:
        raise RequestError(
            f"there is no feature service '{name}'",
            code="unknown-service",
            hint=did_you_mean(name, services),
        )
    return services[name]
