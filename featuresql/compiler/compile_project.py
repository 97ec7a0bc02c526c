"""All models of a project, parents first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from featuresql.compiler.compile_model import compile_model
from featuresql.compiler.draft import Catalog, CompiledModel, Draft
from featuresql.compiler.leakage import Known, Proof, prove_leakage
from featuresql.compiler.order_models import order_models
from featuresql.errors import FeatureSQLError, ManyErrors, raise_all
from featuresql.render.rendered import RenderedModel
from featuresql.spec.model import Column, Entity, Project


@dataclass(frozen=True, slots=True)
class CompiledProject:
    """A project whose models have all passed. `models` is in an order to build them in."""

    project: Project
    models: Mapping[str, CompiledModel]
    sources: Mapping[str, tuple[Column, ...]]


def compile_project(
    project: Project,
    rendered: Mapping[str, RenderedModel],
    sources: Mapping[str, tuple[Column, ...]],
) -> CompiledProject:
    """Compile `rendered`, whose sources have the columns that `sources` gives.

    Every model that can be compiled is, so that all errors are found at once: a model whose parent
    failed is passed over in silence. Raises `CompileError`, `PlanError` or `ManyErrors`.
    """
    parents = {
        name: tuple(m for m in model.refs if m in rendered) for name, model in rendered.items()
    }
    entities: Mapping[str, Entity] = project.entities
    compiled: dict[str, CompiledModel] = {}
    proofs: dict[str, Proof] = {}
    errors: list[FeatureSQLError] = []
    for name in order_models(parents):
        if any(parent not in compiled for parent in parents[name]):
            continue
        try:
            catalog = Catalog(sources, compiled, entities)
            model = compile_model(rendered[name], catalog)
            known = Known(project.sources, sources, proofs)
            proofs[name] = prove_leakage(model, known, Draft(rendered[name], catalog))
            compiled[name] = replace(model, leakage=proofs[name].verdicts)
        except ManyErrors as error:
            errors += error.errors
        except FeatureSQLError as error:
            errors.append(error)
    raise_all(errors)
    return CompiledProject(project, compiled, sources)
