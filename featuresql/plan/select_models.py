"""Which models a command is for, in dbt's words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from featuresql.compiler.compile_project import CompiledProject
from featuresql.compiler.draft import CompiledModel
from featuresql.errors import PlanError, did_you_mean

METHODS = ("tag", "path", "source", "kind")


def select_models(
    project: CompiledProject, select: str | None = None, exclude: str | None = None
) -> tuple[str, ...]:
    """Return the names selected, parents first.

    Words are joined by spaces (any of them) and commas (all of them). A word is a model's name,
    with `*` for any letters, `tag:`, `path:`, `source:` or `kind:`; `+` before it adds all that it
    reads, `+` after it all that reads it. Raises `PlanError` for a word that names nothing.
    """
    chosen = set(project.models) if select is None else _union(project, select)
    if exclude is not None:
        chosen -= _union(project, exclude)
    return tuple(name for name in project.models if name in chosen)


def ancestors(models: Mapping[str, CompiledModel], names: Iterable[str]) -> set[str]:
    """Return `names` and all models that they read, however far."""
    return _closure(names, {name: model.refs for name, model in models.items()})


def descendants(models: Mapping[str, CompiledModel], names: Iterable[str]) -> set[str]:
    """Return `names` and all models that read them, however far."""
    children: dict[str, list[str]] = {name: [] for name in models}
    for name, model in models.items():
        for parent in model.refs:
            children[parent].append(name)
    return _closure(names, children)


def _union(project: CompiledProject, words: str) -> set[str]:
    found: set[str] = set()
    for word in words.split():
        sets = [_one(project, part) for part in word.split(",") if part]
        found |= set.intersection(*sets) if sets else set()
    return found


def _one(project: CompiledProject, word: str) -> set[str]:
    match = re.fullmatch(r"(\+?)([^+]+)(\+?)", word)
    if match is None:
        raise PlanError(
            f"'{word}' is no selection", code="selection", hint="write +model, model+ or tag:x"
        )
    before, term, after = match.groups()
    named = {name for name, model in project.models.items() if _matches(model, term)}
    if not named:
        hint = did_you_mean(term, project.models)
        raise PlanError(f"'{term}' selects no model", code="selection", hint=hint)
    result = set(named)
    if before:
        result |= ancestors(project.models, named)
    if after:
        result |= descendants(project.models, named)
    return result


def _matches(model: CompiledModel, term: str) -> bool:
    method, colon, value = term.partition(":")
    if not colon:
        return fnmatchcase(model.name, term)
    if method not in METHODS:
        hint = did_you_mean(method, METHODS)
        raise PlanError(f"'{method}:' is no way to select", code="selection", hint=hint)
    if method == "tag":
        return value in model.config.tags
    if method == "kind":
        return value == model.config.kind
    if method == "source":
        return value in model.sources
    return model.path == value or model.path.startswith(value.rstrip("/") + "/")


def _closure(names: Iterable[str], edges: Mapping[str, Iterable[str]]) -> set[str]:
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += edges[name]
    return found
