"""compile: every model checked, SQL for the engine and the manifest written."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from featuresql.compiler.compile_project import CompiledProject, compile_project
from featuresql.compiler.draft import Catalog, Draft
from featuresql.compiler.place_relations import place_relations
from featuresql.compiler.relation_columns import relation_columns
from featuresql.compiler.write_sql import DUCKDB, write_query
from featuresql.errors import FeatureSQLError, ManyErrors, raise_all
from featuresql.plan.fingerprint import fingerprints
from featuresql.render.render_project import render_project
from featuresql.render.rendered import RenderedModel
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
    raise_all(_unwritable(compiled, rendered, workspace.engine.dialect))
    if with_properties:
        raise_all(check_properties(compiled))
    return compiled


def write_compiled(
    workspace: Workspace, compiled: CompiledProject, selected: Collection[str]
) -> tuple[Path, ...]:
    """Write `target/compiled/MODEL.sql` of each selected model, and `target/manifest.json`."""
    written = []
    columns_of = relation_columns(compiled)
    for name in selected:
        path = workspace.target_dir / "compiled" / f"{name}.sql"
        tree = place_relations(compiled.models[name].tree)
        sql = write_query(tree, workspace.engine.dialect, columns_of, pretty=True)
        write_text(path, sql + "\n")
        written.append(path)
    write_json(workspace.target_dir / "manifest.json", manifest(compiled, fingerprints(compiled)))
    return tuple(written)


def _unwritable(
    compiled: CompiledProject, rendered: Mapping[str, RenderedModel], dialect: str
) -> list[FeatureSQLError]:
    """Return why models cannot be written for the engine, with the places in their templates."""
    if dialect == DUCKDB:
        return []
    columns_of = relation_columns(compiled)
    catalog = Catalog(compiled.sources, compiled.models, compiled.project.entities)
    errors: list[FeatureSQLError] = []
    for name, model in compiled.models.items():
        draft = Draft(rendered[name], catalog)
        try:
            write_query(model.tree, dialect, columns_of, draft.error)
        except ManyErrors as error:
            errors += error.errors
        except FeatureSQLError as error:
            errors.append(error)
    return errors
