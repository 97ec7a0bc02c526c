"""Which models a command is for, in dbt's words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Final

from featuresql.compiler.compile_project import CompiledProject
from featuresql.compiler.draft import CompiledModel
from featuresql.errors import PlanError, did_you_mean

_WORD: Final = re.compile(
    r"(?P<at>@)?(?:(?P<up>\d*)(?P<before>\+))?(?P<term>[^+@]+)(?:(?P<after>\+)(?P<down>\d*))?"
)
_HOW: Final = (
    "write model, +model, 2+model+1, @model, tag:x, path:x, source:x, kind:x or config.x:y"
)


@dataclass(frozen=True, slots=True)
class Earlier:
    """What is known of another time, by models' names.

    `changes` are `new` or `modified` beside the artifacts of another state, `results` what became
    of models in the last run: `success`, `error` or `skipped`. None is not known.
    """

    changes: Mapping[str, str] | None = None
    results: Mapping[str, str] | None = None


NOTHING: Final = Earlier()


def select_models(
    project: CompiledProject,
    select: str | None = None,
    exclude: str | None = None,
    earlier: Earlier = NOTHING,
) -> tuple[str, ...]:
    """Return the names selected, parents first.

    Words are joined by spaces (any of them) and commas (all of them). A word is a model's name or
    one of `tag:`, `path:`, `source:`, `kind:`, `config.NAME:`, `state:` and `result:`; `*` stands
    for any letters. `+` before it adds all that it reads, `+` after it all that reads it, a number
    says how far; `@` adds all that reads it, and all that these read. Raises `PlanError` for a word
    that names nothing; that nothing is in a state, or had a result, is no error.
    """
    chosen = set(project.models) if select is None else _union(project, select, earlier)
    if exclude is not None:
        chosen -= _union(project, exclude, earlier)
    return tuple(name for name in project.models if name in chosen)


def ancestors(models: Mapping[str, CompiledModel], names: Iterable[str]) -> set[str]:
    """Return `names` and all models that they read, however far."""
    return _closure(names, _parents(models))


def descendants(models: Mapping[str, CompiledModel], names: Iterable[str]) -> set[str]:
    """Return `names` and all models that read them, however far."""
    return _closure(names, _children(models))


def _parents(models: Mapping[str, CompiledModel]) -> dict[str, tuple[str, ...]]:
    return {name: model.refs for name, model in models.items()}


def _children(models: Mapping[str, CompiledModel]) -> dict[str, list[str]]:
    children: dict[str, list[str]] = {name: [] for name in models}
    for name, model in models.items():
        for parent in model.refs:
            children[parent].append(name)
    return children


def _union(project: CompiledProject, words: str, earlier: Earlier) -> set[str]:
    found: set[str] = set()
    for word in words.split():
        sets = [_one(project, part, earlier) for part in word.split(",") if part]
        found |= set.intersection(*sets) if sets else set()
    return found


def _one(project: CompiledProject, word: str, earlier: Earlier) -> set[str]:
    match = _WORD.fullmatch(word)
    if match is None or (match["at"] and (match["before"] or match["after"])):
        raise PlanError(f"'{word}' is no selection", code="selection", hint=_HOW)
    term = match["term"]
    method, colon, value = term.partition(":")
    matches = _method(method, value, earlier) if colon else _named(term)
    named = {name for name, model in project.models.items() if matches(model)}
    if not named and method not in {"state", "result"}:
        hint = did_you_mean(term, project.models)
        raise PlanError(f"'{term}' selects no model", code="selection", hint=hint)
    models = project.models
    if match["at"]:
        return ancestors(models, descendants(models, named))
    result = set(named)
    if match["before"]:
        result |= _closure(named, _parents(models), _hops(match["up"]))
    if match["after"]:
        result |= _closure(named, _children(models), _hops(match["down"]))
    return result


def _hops(number: str) -> int | None:
    return int(number) if number else None


def _named(pattern: str) -> Callable[[CompiledModel], bool]:
    return lambda model: fnmatchcase(model.name, pattern)


def _method(method: str, value: str, earlier: Earlier) -> Callable[[CompiledModel], bool]:
    """Return what tells whether a model is one of `method:value`."""
    if method.startswith("config."):
        return lambda model: _has_config(model, method.removeprefix("config."), value)
    if method == "state":
        wanted = _wanted(method, value, {"new": {"new"}, "modified": {"new", "modified"}})
        changes = _known(earlier.changes, "state:", "give --state DIR, the target folder of it")
        return lambda model: changes.get(model.name) in wanted
    if method == "result":
        wanted = _wanted(method, value, {name: {name} for name in ("error", "skipped", "success")})
        results = _known(earlier.results, "result:", "there is no target/run_results.json yet")
        return lambda model: results.get(model.name) in wanted
    if method not in METHODS:
        hint = did_you_mean(method, [*METHODS, "config.NAME", "state", "result"])
        raise PlanError(f"'{method}:' is no way to select", code="selection", hint=hint)
    return lambda model: METHODS[method](model, value)


def _wanted(method: str, value: str, values: Mapping[str, set[str]]) -> set[str]:
    if value not in values:
        hint = did_you_mean(value, values)
        raise PlanError(f"there is no '{method}:{value}'", code="selection", hint=hint)
    return values[value]


def _known(found: Mapping[str, str] | None, word: str, hint: str) -> Mapping[str, str]:
    if found is None:
        raise PlanError(f"'{word}' has nothing to look at", code="selection", hint=hint)
    return found


def _has_config(model: CompiledModel, name: str, value: str) -> bool:
    config = asdict(model.config)
    if name not in config:
        hint = did_you_mean(name, config)
        raise PlanError(f"config() has no '{name}'", code="selection", hint=hint)
    found = config[name]
    values = found if isinstance(found, tuple | list) else [found]
    return any(fnmatchcase(str(item).lower(), value.lower()) for item in values if item is not None)


def _at_path(model: CompiledModel, path: str) -> bool:
    return model.path.startswith(path.rstrip("/") + "/") or fnmatchcase(model.path, path)


METHODS: Final[Mapping[str, Callable[[CompiledModel, str], bool]]] = {
    "tag": lambda model, value: any(fnmatchcase(tag, value) for tag in model.config.tags),
    "path": _at_path,
    "source": lambda model, value: any(fnmatchcase(name, value) for name in model.sources),
    "kind": lambda model, value: fnmatchcase(model.config.kind, value),
}


def _closure(
    names: Iterable[str], edges: Mapping[str, Iterable[str]], hops: int | None = None
) -> set[str]:
    """Return `names` and what edges lead to, by at most so many hops."""
    found = set(names)
    edge = set(found)
    while edge and hops != 0:
        edge = {other for name in edge for other in edges[name]} - found
        found |= edge
        hops = None if hops is None else hops - 1
    return found
