"""All models' templates -> SQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from featuresql.errors import FeatureSQLError, ManyErrors, PlanError, did_you_mean, raise_all
from featuresql.render.load_macros import load_macros
from featuresql.render.render_model import render_model
from featuresql.render.rendered import RenderedModel
from featuresql.spec.model import Project


def render_project(
    project: Project,
    names: Iterable[str] | None = None,
    *,
    variables: Mapping[str, object] | None = None,
) -> dict[str, RenderedModel]:
    """Render the models called `names`, or all, in the project's order.

    Every model is tried, so that all errors are raised together: RenderError and ProjectError, in
    ManyErrors where there are several. A name that is no model's is a PlanError.
    """
    wanted = set(project.models if names is None else names)
    for name in sorted(wanted - set(project.models)):
        raise PlanError(f"there is no model '{name}'", hint=did_you_mean(name, project.models))
    macros = load_macros(project.macros)
    rendered: dict[str, RenderedModel] = {}
    errors: list[FeatureSQLError] = []
    for name, model in project.models.items():
        if name not in wanted:
            continue
        try:
            rendered[name] = render_model(model, project, variables=variables, macros=macros)
        except ManyErrors as several:
            errors += several.errors
        except FeatureSQLError as error:
            errors.append(error)
    raise_all(errors)
    return rendered
