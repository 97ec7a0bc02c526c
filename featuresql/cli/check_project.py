"""A project and its target, part by part: does each of them work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from featuresql.errors import FeatureSQLError, ManyErrors
from featuresql.spec.model import Source
from featuresql.workflows.compile_models import compile_models
from featuresql.workflows.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Check:
    """What came of looking at one part. `errors` is empty where it works."""

    part: str
    detail: str
    errors: tuple[FeatureSQLError, ...] = ()

    @property
    def status(self) -> str:
        """`ok` or `error`."""
        return "error" if self.errors else "ok"


def check_project(workspace: Workspace) -> list[Check]:
    """Open the target's engine, online store and registry, read each source, compile all models.

    No model is run. What is embedded is made where it is not there yet. A part that fails stops no
    other. No detail shows an option or a URL, which may hold a secret.
    """
    target = workspace.project.target
    parts: dict[str, Callable[[], str]] = {
        f"engine {target.engine.type}": partial(_engine, workspace),
        f"online store {target.online.type}": partial(_online, workspace),
        "registry": partial(_registry, workspace),
        **{
            f"source {name}": partial(_source, workspace, source)
            for name, source in workspace.project.sources.items()
        },
        "models": partial(_models, workspace),
    }
    return [_check(part, look) for part, look in parts.items()]


def _check(part: str, look: Callable[[], str]) -> Check:
    try:
        return Check(part, look())
    except ManyErrors as error:
        return Check(part, f"{len(error.errors)} errors", error.errors)
    except FeatureSQLError as error:
        return Check(part, error.code, (error,))


def _engine(workspace: Workspace) -> str:
    with workspace.engine.session() as session:
        return f"{len(session.relations())} tables and views"


def _online(workspace: Workspace) -> str:
    return f"{len(workspace.online().current())} views materialized"


def _registry(workspace: Workspace) -> str:
    return f"{len(workspace.registry().model_versions())} models recorded"


def _source(workspace: Workspace, source: Source) -> str:
    return f"{len(workspace.engine.describe(source))} columns"


def _models(workspace: Workspace) -> str:
    return f"{len(compile_models(workspace, with_properties=True).models)} compile"
