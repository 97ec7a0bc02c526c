"""featuresql lineage."""

from __future__ import annotations

import os
from importlib.metadata import version

import click

from featuresql.cli.lineage_tree import downstream_tree, print_tree, upstream_tree
from featuresql.cli.open_project import open_project
from featuresql.cli.options import ProjectOptions, example, project_options
from featuresql.cli.print_result import print_json
from featuresql.docs.dot import dot
from featuresql.docs.lineage_graph import LineageGraph, lineage_graph
from featuresql.docs.lineage_html import lineage_html
from featuresql.docs.lineage_json import lineage_json
from featuresql.docs.mermaid import mermaid
from featuresql.docs.openlineage import openlineage_events
from featuresql.docs.send_events import send_events
from featuresql.workflows.lineage import LineageAnswer, ask_lineage

FORMATS = ("tree", "json", "openlineage", "mermaid", "dot", "html")


@click.command(
    "lineage",
    epilog=example(
        "featuresql lineage flight_delay.delay_miles --transitive",
        "featuresql lineage source.flights.dep_delay --downstream",
        "featuresql lineage --format html > lineage.html",
    ),
)
@click.argument("name", required=False, metavar="[MODEL[.COLUMN]]")
@click.option("--downstream", is_flag=True, help="What it is an input of, instead of its inputs.")
@click.option("--transitive", is_flag=True, help="All the way, not one hop.")
@click.option(
    "--format",
    "output",
    type=click.Choice(FORMATS),
    default="tree",
    show_default=True,
    help="How it is printed on stdout.",
)
@click.option("--send", "url", metavar="URL", help="Post the OpenLineage events there.")
@project_options
def lineage(  # noqa: PLR0913 - one parameter an option
    *,
    project: ProjectOptions,
    name: str | None,
    downstream: bool,
    transitive: bool,
    output: str,
    url: str | None,
) -> None:
    """Show where columns come from, and what decides about them.

    MODEL is a model or a source as source.NAME; all models where it is absent. Inputs whose values
    flow are told apart from those that only decide: by a filter, a join, a group, an order, a
    window or a condition. OpenLineage events are of the whole project; OPENLINEAGE_API_KEY holds
    the key for --send.
    """
    with open_project(project, has_lines=False) as workspace:
        answer = ask_lineage(workspace, name, is_downstream=downstream, is_transitive=transitive)
        at = workspace.clock()
    if url is not None or output == "openlineage":
        producer = f"https://pypi.org/project/featuresql/{version('featuresql')}"
        events = openlineage_events(answer.compiled, answer.lineage, at, producer)
        if url is None:
            print_json(events)
        else:
            send_events(events, url, os.environ)
            click.echo(f"sent {len(events)} events")
        return
    _print(answer, output)


def _print(answer: LineageAnswer, output: str) -> None:
    if output == "json":
        print_json(lineage_json(answer.columns, answer.consumers if answer.is_downstream else None))
    elif output == "html":
        asked = [column.ref for column in answer.columns] if answer.name else []
        click.echo(lineage_html(answer.compiled, answer.lineage, asked), nl=False)
    elif output in {"mermaid", "dot"}:
        draw = mermaid if output == "mermaid" else dot
        click.echo(draw(_graph(answer), of_columns=answer.name is not None), nl=False)
    else:
        for column in answer.columns:
            if answer.is_downstream:
                consumers = answer.consumers.get(column.ref, ())
                tree = downstream_tree(
                    answer.lineage, column.ref, consumers, is_transitive=answer.is_transitive
                )
            else:
                tree = upstream_tree(answer.lineage, column.ref, is_transitive=answer.is_transitive)
            print_tree(tree)


def _graph(answer: LineageAnswer) -> LineageGraph:
    return lineage_graph(
        answer.lineage,
        [column.ref for column in answer.columns] if answer.name else (),
        [(c.name, c.service) for c in answer.compiled.project.consumers],
        is_downstream=answer.is_downstream,
        is_transitive=answer.is_transitive,
    )
