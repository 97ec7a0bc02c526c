"""compile: every model checked, SQL for the engine and the manifest written."""

from __future__ import annotations

import pickle
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from featuresql.compiler.compile_project import CompiledProject, KeptModel, compile_changed
from featuresql.compiler.draft import Catalog, CompiledModel, Draft
from featuresql.compiler.order_models import order_models
from featuresql.compiler.place_relations import place_relations
from featuresql.compiler.relation_columns import relation_columns
from featuresql.compiler.write_sql import write_query
from featuresql.errors import FeatureSQLError, ManyErrors, raise_all
from featuresql.plan.fingerprint import fingerprints
from featuresql.render.render_project import render_project
from featuresql.render.rendered import RenderedModel
from featuresql.spec.model import Column
from featuresql.workflows.artifacts import write_changed, write_json
from featuresql.workflows.check_properties import check_properties
from featuresql.workflows.compile_cache import CacheEntry, read_cache, write_cache
from featuresql.workflows.compile_keys import compile_keys, render_keys
from featuresql.workflows.manifest import manifest
from featuresql.workflows.workspace import Workspace


def compile_models(workspace: Workspace, *, with_properties: bool = False) -> CompiledProject:
    """Render and compile all models of the project. Nothing is run.

    What was compiled before from the very same is taken from the workspace's cache, and what is
    compiled now is put there. With `with_properties` also check that what properties files say fits
    the models. Raises every error found, as one `FeatureSQLError` or `ManyErrors`.
    """
    project = workspace.project
    cached = read_cache(workspace.cache)
    keys = render_keys(project)
    known = {
        name: entry
        for name, entry in cached.items()
        if keys.get(name) == entry.render_key
        and project.models.keys() >= set(entry.refs)
        and project.sources.keys() >= set(entry.sources)
    }
    rendered = render_project(project, project.models.keys() - known.keys())
    refs, read = _reads(rendered, known.values())
    columns = _describe(workspace, {source for found in read.values() for source in found})
    ordered = {name: refs[name] for name in order_models(refs)}
    wanted = compile_keys(project, keys, ordered, read, columns)
    kept = {n: _unpack(entry) for n, entry in known.items() if entry.compile_key == wanted[n]}
    rendered |= render_project(project, known.keys() - kept.keys())
    compiled, errors = compile_changed(project, rendered, columns, kept)
    compiled, unwritable = _write_statements(compiled, rendered, workspace.engine.dialect)
    entries = [
        CacheEntry(name, keys[name], refs[name], read[name], wanted[name], *_packed(compiled, name))
        for name in compiled.models
        if name not in kept
    ]
    gone = cached.keys() - kept.keys()
    if entries or gone:
        write_cache(workspace.cache, entries, gone)
    raise_all([*errors, *unwritable])
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
        write_changed(path, compiled.models[name].statement + "\n")
        written.append(path)
    found = manifest(compiled, fingerprints(compiled))
    write_json(workspace.target_dir / "manifest.json", found, indent=None)
    return tuple(written)


def _reads(
    rendered: Mapping[str, RenderedModel], known: Iterable[CacheEntry]
) -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]]:
    """Return the models and the sources that each model reads."""
    refs = {entry.name: entry.refs for entry in known}
    sources = {entry.name: entry.sources for entry in known}
    refs |= {name: tuple(model.refs) for name, model in rendered.items()}
    sources |= {name: tuple(model.sources) for name, model in rendered.items()}
    return refs, sources


def _describe(workspace: Workspace, names: Collection[str]) -> dict[str, tuple[Column, ...]]:
    columns: dict[str, tuple[Column, ...]] = {}
    errors: list[FeatureSQLError] = []
    for name in sorted(names):
        try:
            columns[name] = workspace.engine.describe(workspace.project.sources[name])
        except FeatureSQLError as error:
            errors.append(error)
    raise_all(errors)
    return columns


def _write_statements(
    compiled: CompiledProject, rendered: Mapping[str, RenderedModel], dialect: str
) -> tuple[CompiledProject, list[FeatureSQLError]]:
    """Give models that were compiled now their SQL; return also why some cannot be written."""
    columns_of = relation_columns(compiled)
    catalog = Catalog(compiled.sources, compiled.models, compiled.project.entities)
    models: dict[str, CompiledModel] = {}
    errors: list[FeatureSQLError] = []
    for name, model in compiled.models.items():
        if name not in rendered:
            models[name] = model
            continue
        tree, draft = place_relations(model.tree), Draft(rendered[name], catalog)
        try:
            statement = write_query(tree, dialect, columns_of, draft.error, pretty=True)
            models[name] = replace(model, statement=statement)
        except ManyErrors as error:
            errors += error.errors
        except FeatureSQLError as error:
            errors.append(error)
    return replace(compiled, models=models), errors


def _packed(compiled: CompiledProject, name: str) -> tuple[bytes, bytes]:
    return pickle.dumps(compiled.models[name]), pickle.dumps(compiled.proofs[name])


def _unpack(entry: CacheEntry) -> KeptModel:
    return KeptModel(pickle.loads(entry.model), entry.proof)  # noqa: S301 - the user's own file
