"""The service of that name."""

from __future__ import annotations

from featuresql.compiler.compile_project import CompiledProject
from featuresql.compiler.draft import CompiledModel, ServicePlan
from featuresql.errors import RequestError, did_you_mean


def find_service(compiled: CompiledProject, name: str) -> tuple[CompiledModel, ServicePlan]:
    """Return the service's model and plan.

    Raises `RequestError` with code `unknown-service`.
    """
    model = compiled.models.get(name)
    if model is not None and model.service is not None:
        return model, model.service
    services = [m.name for m in compiled.models.values() if m.service is not None]
    what = f"'{name}' is a {model.config.kind}, no feature service" if model else None
    raise RequestError(
        what or f"there is no feature service '{name}'",
        code="unknown-service",
        hint=did_you_mean(name, services),
    )
