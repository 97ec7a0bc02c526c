"""compile: every model checked, SQL for the engine and the manifest written."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from featuresql.compiler.compile_project import CompiledProject, compile_project
from featuresql.compiler.place_relations import place_relations
from featuresql.errors import FeatureSQLError, raise_all
from featuresql.plan.fingerprint import fingerprints
from featuresql.render.render_project import render_project
from featuresql.spec.model import Column
from featuresql.workflows.artifacts import write_json, write_text
from featuresql.workflows.check_properties import check_properties
from featuresql.workflows.manifest import manifest
from featuresql.workflows.workspace import Workspace


def compile_models(workspace: Workspace, *, with_properties: bool = False) -> CompiledProject:
    """Render and compile all models of the project. Nothing is run or written.

    With `with_properties` also check that what properties files say fits the models. Raises every
    error found, as one `FeatureSQLError` or `ManyErrors`.
    """
    rendered = render_project(workspace.project)
    read = sorted({name for model in rendered.values() for name in model.sources})
    columns: dict[str, tuple[Column, ...]] = {}
    errors: list[FeatureSQLError] = []
    for name in read:
        try:
            columns[name] = workspace.engine.describe(workspace.project.sources[name])
        except FeatureSQLError as error:
            errors.append(error)
    raise_all(errors)
    compiled = compile_project(workspace.project, rendered, columns)
    if with_properties:
        raise_all(check_properties(compiled))
    return compiled


def write_compiled(
    workspace: Workspace, compiled: CompiledProject, selected: Collection[str]
) -> tuple[Path, ...]:
    """Write `target/compiled/MODEL.sql` of each selected model, and `target/manifest.json`."""
    written = []
    for name in selected:
        path = workspace.target_dir / "compiled" / f"{name}.sql"
        sql = place_relations(compiled.models[name].tree).sql("duckdb", pretty=True)
        write_text(path, sql + "\n")
        written.append(path)
    write_json(workspace.target_dir / "manifest.json", manifest(compiled, fingerprints(compiled)))
    return tuple(written)
