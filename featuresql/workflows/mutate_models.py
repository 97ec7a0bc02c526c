"""test --mutate: change models in small ways, and see whether their unit tests notice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from featuresql.compiler.compile_model import compile_model
from featuresql.compiler.compile_project import CompiledProject
from featuresql.compiler.draft import Catalog, CompiledModel, Draft
from featuresql.compiler.parse import parse
from featuresql.errors import FeatureSQLError, Location
from featuresql.plan.select_models import select_models
from featuresql.ports import Progress
from featuresql.quality.mutants import Mutant, mutants
from featuresql.render.render_project import render_project
from featuresql.render.rendered import RenderedModel
from featuresql.spec.model import UnitTest
from featuresql.workflows.compile_models import compile_models
from featuresql.workflows.unit_tests import run_unit_test
from featuresql.workflows.workspace import Workspace

Fate = Literal["killed", "survived", "refused", "same"]


@dataclass(frozen=True, slots=True)
class TriedMutant:
    """What became of a mutant.

    `refused` does not compile, `same` compiles to the same SQL: neither says anything of the tests.
    `tests` are those that ran.
    """

    model: str
    kind: str
    before: str
    after: str
    location: Location
    fate: Fate
    tests: int = 0


@dataclass(frozen=True, slots=True)
class MutationReport:
    """All mutants that were made, by model; `untested` are models without a unit test to run."""

    tried: tuple[TriedMutant, ...]
    untested: tuple[str, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many mutants there are of each fate."""
        found = Counter(mutant.fate for mutant in self.tried)
        return {fate: found[fate] for fate in ("killed", "survived", "refused", "same")}

    @property
    def survivors(self) -> tuple[TriedMutant, ...]:
        """The mutants that no test has noticed."""
        return tuple(mutant for mutant in self.tried if mutant.fate == "survived")


def mutate_models(
    workspace: Workspace, select: str | None = None, exclude: str | None = None
) -> MutationReport:
    """Try every mutant of the selected models on unit tests.

    What is changed in a model's SQL is tried on its own tests, the `ttl` of a view on those of the
    models that join it. A mutant that fails a test, or with which one cannot run, is killed. Tests
    that replace variables are left out, since they render the model anew. Nothing that is built is
    read.
    """
    compiled = compile_models(workspace)
    selected = select_models(compiled, select, exclude)
    work = _Work(workspace, compiled)
    tried: list[TriedMutant] = []
    untested = []
    for index, name in enumerate(selected, 1):
        workspace.report(Progress("mutate", name, "started", index, len(selected)))
        found = list(work.try_model(name))
        if not found:
            untested.append(name)
        workspace.report(Progress("mutate", name, "done", index, len(selected)))
        tried += found
    return MutationReport(tuple(tried), tuple(untested))


@dataclass(frozen=True, slots=True)
class _Work:
    """Makes mutants of a project's models and runs tests on them."""

    workspace: Workspace
    compiled: CompiledProject

    def tests(self, name: str) -> list[UnitTest]:
        """Return the unit tests that render a model as the project does."""
        units = self.compiled.project.unit_tests
        return [test for test in units if test.model == name and not test.override_vars]

    def try_model(self, name: str) -> Iterator[TriedMutant]:
        """Make the mutants of a model, and run on each the tests that may notice it."""
        rendered = self._render(name)
        catalog = self._catalog(self.compiled)
        draft = parse(Draft(rendered, catalog))
        own = self.tests(name)
        readers = [m.name for m in self.compiled.models.values() if name in m.refs]
        joined = [test for reader in readers for test in self.tests(reader)]
        seen = {_meaning(self.compiled.models[name])}
        for mutant in mutants(draft.tree, rendered.config):
            tests = own if mutant.node is not None else joined
            if not tests:
                continue
            place = rendered.config_place("ttl")
            place = place if mutant.node is None else draft.locate(mutant.node)
            tried = TriedMutant(name, mutant.kind, mutant.before, mutant.after, place, "refused")
            model = _compile(rendered, mutant, catalog)
            if model is None:
                yield tried
            elif _meaning(model) in seen:
                yield replace(tried, fate="same")
            else:
                seen.add(_meaning(model))
                changed = self._with(model, readers if mutant.node is None else ())
                is_killed, ran = self._is_killed(changed, tests)
                yield replace(tried, fate="killed" if is_killed else "survived", tests=ran)

    def _with(self, model: CompiledModel, readers: Sequence[str]) -> CompiledProject:
        """Return the project with a mutant, and with `readers` compiled over it."""
        models = {**self.compiled.models, model.name: model}
        for reader in readers:
            catalog = self._catalog(replace(self.compiled, models=models))
            models[reader] = compile_model(self._render(reader), catalog)
        return replace(self.compiled, models=models)

    def _is_killed(self, changed: CompiledProject, tests: Sequence[UnitTest]) -> tuple[bool, int]:
        for ran, test in enumerate(tests, 1):
            if run_unit_test(self.workspace, changed, test).is_broken:
                return True, ran
        return False, len(tests)

    def _render(self, name: str) -> RenderedModel:
        return render_project(self.compiled.project, [name])[name]

    @staticmethod
    def _catalog(compiled: CompiledProject) -> Catalog:
        return Catalog(compiled.sources, compiled.models, compiled.project.entities)


def _compile(rendered: RenderedModel, mutant: Mutant, catalog: Catalog) -> CompiledModel | None:
    """Return the mutant as a model, None where it is none."""
    changed = replace(rendered, sql=mutant.tree.sql("duckdb"), config=mutant.config)
    try:
        return compile_model(changed, catalog)
    except FeatureSQLError:
        return None


def _meaning(model: CompiledModel) -> tuple[str, int | None]:
    return model.after_asof.sql, model.config.ttl_us
