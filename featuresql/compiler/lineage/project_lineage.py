"""The lineage of every model of a project, or of those that a question needs."""

from __future__ import annotations

from collections.abc import Collection

from featuresql.compiler.compile_project import CompiledProject
from featuresql.compiler.lineage.column_lineage import ModelLineage, ProjectLineage
from featuresql.compiler.lineage.model_lineage import model_lineage


def project_lineage(
    compiled: CompiledProject, only: Collection[str] | None = None
) -> ProjectLineage:
    """Return the lineage of all models, or of `only` these, whose parents must be among them."""
    found: dict[str, ModelLineage] = {}
    decided: set[str] = set()
    for name, model in compiled.models.items():
        if only is None or name in only:
            found[name] = model_lineage(model, compiled.models, compiled.sources, decided)
            if found[name].rows:
                decided.add(name)
    declared = {
        name: tuple(column.name for column in compiled.sources.get(name, source.columns))
        for name, source in compiled.project.sources.items()
    }
    return ProjectLineage(found, declared)
