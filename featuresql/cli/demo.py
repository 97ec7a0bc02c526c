"""featuresql demo."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Final

import click
import pyarrow as pa
from pyarrow import parquet

from featuresql.cli.demo_parts.compare_columns import compare_columns
from featuresql.cli.demo_parts.measure_latency import measure_latency
from featuresql.cli.demo_parts.place_example import place_example
from featuresql.cli.demo_parts.read_spine import read_spine
from featuresql.cli.demo_parts.run_server import run_server
from featuresql.cli.demo_parts.trace_feature import trace_feature
from featuresql.cli.open_project import open_project
from featuresql.cli.options import ProjectOptions, example, project_options
from featuresql.cli.print_result import json_value, print_table
from featuresql.cli.write_rows import write_rows
from featuresql.client import FeatureClient
from featuresql.errors import TestFailureError
from featuresql.quality.test_report import raise_failures
from featuresql.workflows.compile_models import compile_models
from featuresql.workflows.materialize import materialize
from featuresql.workflows.run_models import run_models
from featuresql.workflows.test_models import test_models
from featuresql.workflows.training_set import training_set

SERVICE: Final = "flight_delay"
VIEW: Final = "carrier_delay"
FEATURE: Final = "arr_delay_mean"
WATERMARK: Final = datetime(2013, 7, 1, 16, tzinfo=UTC)
FLIGHTS: Final = 2_500
_KINDS: Final = {"unit": "unit tests", "data": "data tests", "leakage": "leakage replays"}
_DEFAULT: Final = Path("featuresql-demo")


@click.command("demo", epilog=example("featuresql demo"))
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    help=f"Where the example project goes; ./{_DEFAULT} if absent.",
)
@project_options
def demo(*, project: ProjectOptions, folder: Path | None) -> None:
    """Go the whole way on the example project.

    336,776 real flights: models built and proven, a training set, features served over Arrow
    Flight and compared with it, value by value. It ends by itself, within a minute, and needs no
    network. A project that is in the folder already is used as it is.
    """
    began = perf_counter()
    folder = folder or (_DEFAULT if project.project_dir == Path() else project.project_dir)
    is_new = place_example(folder)
    click.echo(
        f"{'The example project is now' if is_new else 'Using the project that is'} in {folder}"
    )
    project = replace(project, project_dir=folder)
    _build(project)
    _test(project)
    spine = _write_training_set(project, folder / "target" / f"{SERVICE}.parquet")
    _materialize(project)
    asked = _serve(project, spine, folder / "target" / f"{SERVICE}.parquet")
    _trace(project)
    _suggest(folder, asked.slice(0, 1).to_pylist()[0])
    click.echo(f"\nAll of it took {perf_counter() - began:.0f} s.")


def _head(text: str) -> None:
    click.echo("\n" + click.style(text, bold=True))


def _build(project: ProjectOptions) -> None:
    _head("Models compiled and built")
    with open_project(project, has_lines=False) as workspace:
        began = perf_counter()
        compiled = compile_models(workspace)
        seconds = perf_counter() - began
        report = run_models(workspace)
    click.echo(f"{len(compiled.models)} models compiled in {seconds:.2f} s")
    print_table(
        ("model", "status", "rows", "seconds"),
        [(r.model, r.status, r.rows, r.seconds) for r in report.results],
    )


def _test(project: ProjectOptions) -> None:
    _head("Unit tests, data tests and the leakage replay")
    with open_project(project, has_lines=False) as workspace:
        began = perf_counter()
        report = test_models(workspace, leakage=True)
        seconds = perf_counter() - began
    raise_failures(report)
    for kind, count in Counter(result.kind for result in report.results).items():
        click.echo(f"{count} {_KINDS[kind]} passed")
    click.echo(f"in {seconds:.2f} s")


def _write_training_set(project: ProjectOptions, path: Path) -> pa.Table:
    _head(f"A training set: flights due after {WATERMARK:%Y-%m-%d %H:%M} UTC, as known then")
    with open_project(project, has_lines=False) as workspace:
        compiled = compile_models(workspace)
        spine = read_spine(workspace, compiled, SERVICE, WATERMARK, FLIGHTS)
        began = perf_counter()
        with training_set(workspace, compiled, SERVICE, spine, WATERMARK) as reader:
            rows = write_rows(path, reader)
            columns = len(reader.schema)
        seconds = perf_counter() - began
    click.echo(f"{rows:,} rows, {columns} columns in {path}, in {seconds:.2f} s")
    return spine


def _materialize(project: ProjectOptions) -> None:
    _head(f"Features materialized until {WATERMARK:%Y-%m-%d %H:%M} UTC")
    with open_project(project, has_lines=False) as workspace:
        versions = materialize(workspace, until=WATERMARK)
    print_table(("view", "entities"), [(v.view.name, v.rows) for v in versions])


def _serve(project: ProjectOptions, spine: pa.Table, path: Path) -> pa.Table:
    _head("The same flights, asked over Arrow Flight")
    with run_server(project) as url, FeatureClient(url) as client:
        click.echo(f"serving {url}")
        schema = client.services()[SERVICE]
        rows = spine.select([*dict.fromkeys([*schema.request.names, schema.event_time])])
        _compare(parquet.ParquetFile(path).read(), client.get_online_features(SERVICE, rows))
        with client.stream(SERVICE) as stream:
            latencies = measure_latency(stream, rows)
    _head("Latency over one stream, median")
    print_table(("flights", "ms"), [*latencies.items()])
    return rows


def _compare(offline: pa.Table, online: pa.Table) -> None:
    found = compare_columns(offline, online)
    print_table(
        ("column", "compared", "not NULL", "differing"),
        [(c.name, c.rows, c.values, c.differing) for c in found],
    )
    differing = sum(c.differing for c in found)
    total = sum(c.rows for c in found)
    if differing:
        raise TestFailureError(
            f"{differing:,} of {total:,} values differ between the training set and the server",
            code="skew",
        )
    click.echo(f"{total:,} values compared with the training set, bit by bit: all are the same")


def _trace(project: ProjectOptions) -> None:
    _head(f"Where {SERVICE}.{FEATURE} comes from")
    with open_project(project, has_lines=False) as workspace:
        origin = trace_feature(compile_models(workspace), VIEW, FEATURE)
    click.echo(f"model    {origin.model}, in {origin.path}")
    click.echo(f"SQL      {origin.expression}")
    click.echo(f"sources  {', '.join(origin.sources)}")


def _suggest(folder: Path, flight: dict[str, object]) -> None:
    _head("What to try next")
    at = flight.pop("departs_at")
    keys = " ".join(f"--key {name}={value}" for name, value in flight.items())
    click.echo(f"cd {folder}")
    click.echo(f"featuresql get {SERVICE} {keys} --at {json_value(at)}")
    click.echo(f"featuresql debug {SERVICE}")
    click.echo("featuresql serve")
