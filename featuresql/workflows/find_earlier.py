"""What artifacts say of another time: what has changed since, and how the last run ended."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from featuresql.compiler.compile_project import CompiledProject
from featuresql.errors import PlanError
from featuresql.plan.fingerprint import fingerprints
from featuresql.plan.select_models import Earlier
from featuresql.workflows.manifest import manifest
from featuresql.workflows.workspace import Workspace

_OWN: Final = ("kind", "sql", "config")
_RESULTS: Final = {
    "built": "success",
    "kept": "success",
    "pass": "success",
    "warn": "success",
    "failed": "error",
    "fail": "error",
    "error": "error",
    "skipped": "skipped",
}


def find_earlier(
    workspace: Workspace, compiled: CompiledProject, state: Path | None = None
) -> Earlier:
    """Return what the manifest in `state` and the last results say.

    The results are those in `state`, or else of this target. Raises `PlanError` where `state` has
    no manifest of this project.
    """
    changes = None if state is None else _changes(compiled, state)
    return Earlier(changes, last_results(state or workspace.target_dir))


def last_results(folder: Path) -> dict[str, str] | None:
    """Return what became of each model in the last run, build or test; None where none is known.

    A model that was built and one of whose tests failed has the result `error`.
    """
    document = _read(folder / "run_results.json")
    if document is None:
        return None
    found: dict[str, str] = {}
    for part in ("models", "results"):
        listed = document.get(part)
        for item in listed if isinstance(listed, list) else ():
            model, result = item.get("model"), _RESULTS.get(str(item.get("status")))
            if isinstance(model, str) and result is not None and found.get(model) != "error":
                found[model] = result
    return found


def last_verb(folder: Path) -> str | None:
    """Return the command that wrote the last results: run, build or test."""
    document = _read(folder / "run_results.json")
    verb = None if document is None else document.get("verb")
    return verb if isinstance(verb, str) else None


def _changes(compiled: CompiledProject, state: Path) -> dict[str, str]:
    """Return which models are new or have changed themselves; what they read does not count."""
    document = _read(state / "manifest.json")
    nodes = None if document is None else document.get("nodes")
    if document is None or not isinstance(nodes, dict):
        raise PlanError(
            f"'{state}' has no manifest of a project",
            code="state",
            hint="--state is the target folder of another state, with its manifest.json",
        )
    if document.get("project") != compiled.project.name:
        message = f"'{state}' is of the project '{document.get('project')}'"
        raise PlanError(message, code="state", hint=f"this is '{compiled.project.name}'")
    now = json.loads(json.dumps(manifest(compiled, fingerprints(compiled))["nodes"], default=str))
    changes = {}
    for name, node in now.items():
        before = nodes.get(name)
        if before is None:
            changes[name] = "new"
        elif _own(node) != _own(before):
            changes[name] = "modified"
    return changes


def _own(node: Mapping[str, object]) -> list[object]:
    columns = node.get("columns")
    types = {n: c.get("type") for n, c in columns.items()} if isinstance(columns, dict) else None
    return [*(node.get(name) for name in _OWN), types]


def _read(path: Path) -> dict[str, object] | None:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return document if isinstance(document, dict) else None
