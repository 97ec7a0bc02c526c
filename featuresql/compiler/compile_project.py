"""All models of a project, parents first."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import cast

from featuresql.compiler.compile_model import compile_model
from featuresql.compiler.draft import Catalog, CompiledModel, Draft
from featuresql.compiler.intervals.trace_times import trace_times
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
    proofs: Mapping[str, Proof] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KeptModel:
    """A model that was compiled before from the very same, and its proof as bytes."""

    model: CompiledModel
    packed_proof: bytes

    def proof(self) -> Proof:
        """Return the proof, which only models that are compiled anew have to know."""
        return cast("Proof", pickle.loads(self.packed_proof))  # noqa: S301 - the user's own file


def compile_project(
    project: Project,
    rendered: Mapping[str, RenderedModel],
    sources: Mapping[str, tuple[Column, ...]],
) -> CompiledProject:
    """Compile `rendered`, whose sources have the columns that `sources` gives.

    Every model that can be compiled is, so that all errors are found at once: a model whose parent
    failed is passed over in silence. Raises `CompileError`, `PlanError` or `ManyErrors`.
    """
    compiled, errors = compile_changed(project, rendered, sources, {})
    raise_all(errors)
    return compiled


def compile_changed(
    project: Project,
    rendered: Mapping[str, RenderedModel],
    sources: Mapping[str, tuple[Column, ...]],
    kept: Mapping[str, KeptModel],
) -> tuple[CompiledProject, list[FeatureSQLError]]:
    """Compile `rendered` beside models that are `kept`; return what passed, and all errors.

    `proofs` has those of the models that were compiled now. Raises `PlanError` where models read
    each other in a circle.
    """
    refs = {name: tuple(model.refs) for name, model in rendered.items()}
    refs |= {name: found.model.refs for name, found in kept.items()}
    parents = {name: tuple(ref for ref in found if ref in refs) for name, found in refs.items()}
    entities: Mapping[str, Entity] = project.entities
    compiled: dict[str, CompiledModel] = {}
    proofs: dict[str, Proof] = {}
    errors: list[FeatureSQLError] = []
    for name in order_models(parents):
        if any(parent not in compiled for parent in parents[name]):
            continue
        if name in kept:
            compiled[name] = kept[name].model
            continue
        proofs |= {p: kept[p].proof() for p in parents[name] if p not in proofs}
        try:
            catalog = Catalog(sources, compiled, entities)
            draft = Draft(rendered[name], catalog)
            model = trace_times(compile_model(rendered[name], catalog), project.sources, draft)
            known = Known(project.sources, sources, proofs)
            proofs[name] = prove_leakage(model, known, draft)
            compiled[name] = replace(model, leakage=proofs[name].verdicts)
        except ManyErrors as error:
            errors += error.errors
        except FeatureSQLError as error:
            errors.append(error)
    return CompiledProject(project, compiled, sources, proofs), errors
