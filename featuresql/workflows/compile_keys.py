"""Keys that change with whatever a compiled model is made from."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path

from featuresql.plan.fingerprint import digest
from featuresql.spec.model import Column, Project


def render_keys(project: Project) -> dict[str, str]:
    """Return, for each model, a key of all that its rendering depends on."""
    macros = [(macro.path, macro.text) for macro in project.macros]
    common = digest([code_state(), macros, repr(sorted(project.variables.items()))])
    return {
        name: digest([common, model.path, model.text]) for name, model in project.models.items()
    }


def compile_keys(
    project: Project,
    rendered: Mapping[str, str],
    parents: Mapping[str, tuple[str, ...]],
    sources: Mapping[str, tuple[str, ...]],
    columns: Mapping[str, tuple[Column, ...]],
) -> dict[str, str]:
    """Return, for each model, a key of all that its compiling depends on.

    `parents` and `sources` are what each reads, parents first; `columns` are the sources' own.
    """
    entities = {name: repr(entity.keys) for name, entity in project.entities.items()}
    common = digest([entities, project.target.engine.type])
    source_keys = {name: _source_key(project, name, found) for name, found in columns.items()}
    keys: dict[str, str] = {}
    for name, above in parents.items():
        read = [(source, source_keys[source]) for source in sorted(sources[name])]
        keys[name] = digest([common, rendered[name], [keys[p] for p in sorted(above)], read])
    return keys


@cache
def code_state() -> str:
    """Return a key of this program: its own files, sqlglot's version and Python's."""
    root = Path(__file__).parents[1]
    files = [(str(path), path.stat()) for path in sorted(root.rglob("*.py"))]
    states = [(path, state.st_mtime_ns, state.st_size) for path, state in files]
    return digest([states, version("sqlglot"), sys.version])


def _source_key(project: Project, name: str, columns: tuple[Column, ...]) -> str:
    source = project.sources[name]
    told = (source.event_time, source.available_at, source.timezone, source.static)
    return digest([repr(told), repr(columns)])
