"""featuresql compile."""

from __future__ import annotations

from pathlib import Path

import click

from featuresql.cli.open_project import open_project
from featuresql.cli.options import (
    ProjectOptions,
    example,
    leak_option,
    output_option,
    project_options,
    selection_options,
)
from featuresql.cli.print_result import print_json, print_table
from featuresql.cli.resolve_selection import resolve_selection
from featuresql.plan.select_models import select_models
from featuresql.workflows.compile_models import compile_models, write_compiled
from featuresql.workflows.interval_notes import interval_document, interval_text
from featuresql.workflows.leakage_notes import leakage_counts, leakage_notes, leakage_text
from featuresql.workflows.raise_leaks import raise_leaks


@click.command("compile", epilog=example("featuresql compile --select +flight_delay"))
@selection_options
@leak_option
@output_option
@project_options
def compile(  # noqa: A001, PLR0913 - the command's name; one parameter an option
    *,
    project: ProjectOptions,
    select: str | None,
    exclude: str | None,
    state: Path | None,
    fail_on_leak: bool,
    output: str,
) -> None:
    """Check models and write their SQL.

    Every model is checked, and what properties files say of it. The selected ones' SQL for the
    target's engine goes into target/compiled/MODEL.sql. A feature that sees what was not yet known
    at its row's own instant is an error. Nothing is run.
    """
    with open_project(project) as workspace:
        select, exclude = resolve_selection(workspace, select, exclude, state)
        compiled = compile_models(workspace, with_properties=True)
        names = select_models(compiled, select, exclude)
        paths = write_compiled(workspace, compiled, names)
        if fail_on_leak:
            raise_leaks(compiled, names)
        files = [path.relative_to(workspace.root).as_posix() for path in paths]
    models = [compiled.models[name] for name in names]
    if output == "json":
        found = [
            {
                "name": m.name,
                "kind": m.config.kind,
                "columns": len(m.columns),
                "leakage": leakage_counts(m),
                "intervals": interval_document(m),
                "file": file,
            }
            for m, file in zip(models, files, strict=True)
        ]
        print_json({"models": found})
        return
    rows = [
        (m.name, m.config.kind, len(m.columns), leakage_text(m), interval_text(m), file)
        for m, file in zip(models, files, strict=True)
    ]
    print_table(("model", "kind", "columns", "leakage", "intervals", "file"), rows)
    for note in (note for model in models for note in leakage_notes(model)):
        click.echo(note, err=True)
