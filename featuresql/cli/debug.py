"""featuresql debug."""

from __future__ import annotations

from collections.abc import Iterator

import click

from featuresql.cli.add_excerpts import add_excerpts
from featuresql.cli.check_project import check_project
from featuresql.cli.open_project import open_project
from featuresql.cli.options import ProjectOptions, example, output_option, project_options
from featuresql.cli.print_result import print_json, print_table
from featuresql.cli.show_error import error_document
from featuresql.compiler.compile_model import compile_model, passes
from featuresql.compiler.draft import Catalog, CompiledModel, Draft
from featuresql.compiler.order_models import order_models
from featuresql.errors import FeatureSQLError, ManyErrors, PlanError, did_you_mean, raise_all
from featuresql.render.render_project import render_project
from featuresql.workflows.workspace import Workspace


@click.command("debug", epilog=example("featuresql debug flight_delay"))
@click.argument("model", required=False)
@click.option("--tree", is_flag=True, help="Show syntax trees in place of SQL.")
@output_option
@project_options
def debug(*, project: ProjectOptions, model: str | None, tree: bool, output: str) -> None:
    """Check the project and its target, or show how a model is compiled.

    Without MODEL: whether the target's engine, online store and registry can be opened, each source
    read and each model compiled. With MODEL: its SQL after each pass of the compiler; the passes
    before one that fails are shown, then its error.
    """
    if model is None:
        _check(project, output)
    else:
        _show(project, model, output, is_tree=tree)


def _check(project: ProjectOptions, output: str) -> None:
    with open_project(project) as workspace:
        checks = check_project(workspace)
        errors = [error for check in checks for error in check.errors]
        if errors:
            add_excerpts(ManyErrors(errors), workspace.root)
    if output == "json":
        failed = error_document(ManyErrors(errors)) if errors else {}
        found = [{"part": c.part, "status": c.status, "detail": c.detail} for c in checks]
        target = workspace.project.target.name
        print_json({"project": workspace.project.name, "target": target, "checks": found, **failed})
    else:
        click.echo(f"project {workspace.project.name}, target {workspace.project.target.name}\n")
        print_table(("part", "status", "detail"), [(c.part, c.status, c.detail) for c in checks])
    raise_all(errors)


def _show(project: ProjectOptions, model: str, output: str, *, is_tree: bool) -> None:
    shown: list[dict[str, str]] = []
    failure = None
    with open_project(project) as workspace:
        steps = _drafts(workspace, model)
        try:
            shown.extend(
                {
                    "pass": name,
                    "sql": draft.tree.sql("duckdb", pretty=True),
                    "tree": repr(draft.tree),
                }
                for name, draft in steps
            )
        except FeatureSQLError as error:
            failure = error
    if output == "json":
        failed = error_document(failure) if failure is not None else {}
        print_json({"model": model, "passes": shown, **failed})
    else:
        _print_passes(shown, "tree" if is_tree else "sql")
    if failure is not None:
        raise failure


def _print_passes(shown: list[dict[str, str]], part: str) -> None:
    before = None
    for index, step in enumerate(shown, 1):
        is_same = step[part] == before
        click.echo(f"-- {index}/{len(shown)} {step['pass']}" + (": as before" if is_same else ""))
        if not is_same:
            click.echo(step[part])
        before = step[part]


def _drafts(workspace: Workspace, model: str) -> Iterator[tuple[str, Draft]]:
    """Compile what the model reads, then give the model after each pass."""
    project = workspace.project
    if model not in project.models:
        hint = did_you_mean(model, project.models)
        raise PlanError(f"there is no model '{model}'", code="unknown-model", hint=hint)
    rendered = render_project(project, [model])
    waiting = [*rendered[model].refs]
    while waiting:
        name = waiting.pop()
        if name not in rendered:
            rendered |= render_project(project, [name])
            waiting += rendered[name].refs
    sources = {
        name: workspace.engine.describe(project.sources[name])
        for name in sorted({name for found in rendered.values() for name in found.sources})
    }
    compiled: dict[str, CompiledModel] = {}
    parents = {name: tuple(found.refs) for name, found in rendered.items()}
    catalog = Catalog(sources, compiled, project.entities)
    for name in order_models(parents):
        if name != model:
            compiled[name] = compile_model(rendered[name], catalog)
    yield from passes(rendered[model], catalog)
