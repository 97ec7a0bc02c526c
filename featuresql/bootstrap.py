"""Where adapters are chosen: a project and a target in, a workspace out."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final, Generic, Protocol, TypeVar

from featuresql.engines.duckdb_engine import DuckDBEngine
from featuresql.engines.duckdb_evaluator import DuckDBEvaluator
from featuresql.errors import ProjectError, UsageError, did_you_mean
from featuresql.online.lmdb_store import LmdbStore
from featuresql.ports import Engine, OnlineStore, Registry, Report
from featuresql.project.load_project import load_project
from featuresql.registry.sql_registry import SqlRegistry
from featuresql.spec.model import EngineConfig, Project
from featuresql.workflows.cache_file import cache_file
from featuresql.workflows.workspace import Workspace, silent


class Closeable(Protocol):
    """Something that is given back."""

    def close(self) -> None:
        """Give back what is held."""


EMBEDDED: Final = ("duckdb", "chdb")
Made = TypeVar("Made", bound=Closeable)


def open_workspace(
    project_dir: str | Path = ".",
    target: str | None = None,
    variables: Mapping[str, object] | None = None,
    report: Report = silent,
) -> Workspace:
    """Read the project in `project_dir` and choose the adapters of its target.

    Nothing is opened yet but files of the project. Raises `ProjectError` where the project or the
    target is not right.
    """
    root = Path(project_dir).resolve()
    project = load_project(root, target, variables or {}, os.environ)
    return Workspace(
        project=project,
        engine=_engine(project, root),
        online=Once(lambda: _online(project, root)),
        registry=Once(lambda: _registry(project, root)),
        evaluator=Once(DuckDBEvaluator),
        clock=utc_now,
        other_engine=partial(_other_engine, project, root),
        report=report,
        cache=cache_file(project, os.environ),
    )


def utc_now() -> datetime:
    """Return the present instant in UTC."""
    return datetime.now(UTC)


class Once(Generic[Made]):
    """Makes its value at the first call and keeps it; thread-safe."""

    def __init__(self, make: Callable[[], Made]) -> None:
        """Hold `make` until the value is asked for."""
        self._make = make
        self._guard = threading.Lock()
        self._made: list[Made] = []

    def __call__(self) -> Made:
        """Return the value."""
        with self._guard:
            if not self._made:
                self._made.append(self._make())
            return self._made[0]

    def close(self) -> None:
        """Close the value where it was made."""
        with self._guard:
            while self._made:
                self._made.pop().close()


def close_workspace(workspace: Workspace) -> None:
    """Close what the workspace has opened. It may be used again, and opens anew then."""
    for opened in (workspace.online, workspace.registry, workspace.evaluator):
        if isinstance(opened, Once):
            opened.close()


def reopen_workspace(workspace: Workspace, fresh: Workspace) -> Workspace:
    """Return `fresh` with what `workspace` has opened, where the target is the same."""
    target = fresh.project.target
    if target != replace(workspace.project.target, location=target.location):
        close_workspace(workspace)
        return fresh
    return replace(
        fresh,
        online=workspace.online,
        registry=workspace.registry,
        evaluator=workspace.evaluator,
    )


def _engine(project: Project, root: Path) -> Engine:
    config = project.target.engine
    path = root / (config.path or f"target/{project.name}.{config.type}")
    if config.type == "duckdb":
        return DuckDBEngine(path, root, project.sources, config.options)
    try:
        from featuresql.engines.open_clickhouse import open_clickhouse  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        raise _missing_package(project, error, "clickhouse") from None
    return open_clickhouse(config, path, root, project.sources)


def _other_engine(project: Project, root: Path, engine_type: str) -> Engine:
    """Return an embedded engine of that type, in a folder of its own beside the target's."""
    if engine_type not in EMBEDDED:
        hint = did_you_mean(engine_type, EMBEDDED)
        raise UsageError(f"there is no embedded engine '{engine_type}'", code="engine", hint=hint)
    config = EngineConfig(
        "chdb" if engine_type == "chdb" else "duckdb", f"target/engines/{engine_type}"
    )
    target = replace(project.target, engine=config)
    return _engine(replace(project, target=target), root)


def _online(project: Project, root: Path) -> OnlineStore:
    config = project.target.online
    if config.type == "lmdb":
        return LmdbStore.open(root / (config.path or "target/online"))
    try:
        from featuresql.online.cql_settings import cql_settings  # noqa: PLC0415 - an extra
        from featuresql.online.cql_store import CqlStore  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        raise _missing_package(project, error, "scylla") from None
    return CqlStore.open(cql_settings(config.options, root))


def _registry(project: Project, root: Path) -> Registry:
    return SqlRegistry(_absolute(project.target.registry.url, root))


def _absolute(url: str, root: Path) -> str:
    """Return the URL with a relative SQLite path under the project's root."""
    prefix = "sqlite:///"
    path = url.removeprefix(prefix)
    if not url.startswith(prefix) or path.startswith("/") or path == ":memory:":
        return url
    return f"{prefix}{root / path}"


def _missing_package(project: Project, error: ModuleNotFoundError, extra: str) -> ProjectError:
    return ProjectError(
        f"the target '{project.target.name}' needs the package '{error.name}'",
        code="missing-package",
        location=project.target.location,
        hint=f"install featuresql[{extra}]",
    )
