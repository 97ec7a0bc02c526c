"""featuresql ls."""

from __future__ import annotations

from pathlib import Path

import click

from featuresql.cli.open_project import open_project
from featuresql.cli.options import (
    ProjectOptions,
    example,
    output_option,
    project_options,
    selection_options,
)
from featuresql.cli.print_result import print_json, print_table
from featuresql.cli.resolve_selection import resolve_selection
from featuresql.plan.select_models import select_models
from featuresql.workflows.compile_models import compile_models


@click.command("ls", epilog=example("featuresql ls --select kind:feature_view --output json"))
@selection_options
@output_option
@project_options
def ls(
    project: ProjectOptions,
    select: str | None,
    exclude: str | None,
    state: Path | None,
    output: str,
) -> None:
    """List models, parents first."""
    with open_project(project) as workspace:
        select, exclude = resolve_selection(workspace, select, exclude, state)
        compiled = compile_models(workspace)
        names = select_models(compiled, select, exclude)
    models = [compiled.models[name] for name in names]
    if output == "json":
        found = [
            {
                "name": m.name,
                "kind": m.config.kind,
                "entity": m.config.entity,
                "path": m.path,
                "tags": list(m.config.tags),
                "refs": list(m.refs),
                "sources": list(m.sources),
                "columns": {column.name: str(column.type) for column in m.columns},
            }
            for m in models
        ]
        print_json({"models": found})
        return
    rows = [
        (m.name, m.config.kind, m.config.entity, len(m.columns), ", ".join((*m.refs, *m.sources)))
        for m in models
    ]
    print_table(("model", "kind", "entity", "columns", "reads"), rows)
