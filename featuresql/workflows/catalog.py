"""What is built, as `catalog.json`: tables, columns, types, rows and versions."""

from __future__ import annotations

from featuresql.compiler.compile_project import CompiledProject
from featuresql.workflows.artifacts import write_json
from featuresql.workflows.workspace import Workspace

CATALOG_VERSION = 1


def write_catalog(workspace: Workspace, compiled: CompiledProject) -> dict[str, object]:
    """Write `target/catalog.json`, and return what it holds.

    A model that was never built has no relation, version, rows and time.
    """
    built = workspace.registry().model_versions()
    models = {}
    for model in compiled.models.values():
        version = built.get(model.name)
        models[model.name] = {
            "kind": model.config.kind,
            "columns": {column.name: str(column.type) for column in model.columns},
            "relation": version.relation if version else None,
            "version": version.version if version else None,
            "fingerprint": version.fingerprint if version else None,
            "rows": version.rows if version else None,
            "built_at": version.built_at.isoformat() if version else None,
        }
    sources = {
        name: {"columns": {column.name: str(column.type) for column in columns}}
        for name, columns in compiled.sources.items()
    }
    found: dict[str, object] = {
        "catalog_version": CATALOG_VERSION,
        "project": compiled.project.name,
        "target": compiled.project.target.name,
        "models": models,
        "sources": sources,
    }
    write_json(workspace.target_dir / "catalog.json", found)
    return found
