"""diff: what a change of the project touches."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

from featuresql.compiler.compile_project import CompiledProject
from featuresql.compiler.lineage import SOURCE_PREFIX, ColumnRef, downstream, project_lineage
from featuresql.compiler.lineage.meaning import Meaning, meaning
from featuresql.errors import UsageError
from featuresql.plan.fingerprint import fingerprints
from featuresql.spec.model import Consumer
from featuresql.workflows.compile_models import compile_models
from featuresql.workflows.manifest import manifest
from featuresql.workflows.workspace import Workspace

Json: TypeAlias = Mapping[str, object]
Change: TypeAlias = Literal["added", "removed", "changed"]

# What a model's config, and a source, may say in another way without changing a value. What else a
# source's columns are shows in the models that read them.
_MODEL_SETTINGS_ASIDE: Final = frozenset(("accept_leak", "engines", "materialized"))
_SOURCE_SETTINGS_ASIDE: Final = frozenset(("static", "columns", "event_time", "available_at"))


@dataclass(frozen=True, slots=True)
class ColumnChange:
    """A column that came, went, or means something else; `before` and `after` are its SQL."""

    model: str
    column: str
    change: Change
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class ModelChange:
    """A model that will be built again, and why.

    `change` is None where only what it reads has changed. `has_other_rows` where something else
    decides which rows it has; `settings` are the keys of its config that changed.
    """

    model: str
    kind: str
    change: Change | None
    owner: str = ""
    has_other_rows: bool = False
    settings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceChange:
    """A source that came, went, or is declared in another way: `settings` are the keys."""

    source: str
    change: Change
    settings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class VerdictChange:
    """A feature about which the leakage proof now says something else.

    `before` is nothing where there was no such feature. A risk that is accepted says so.
    """

    model: str
    column: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class ProjectDiff:
    """What a change touches.

    `features`, of views and of services, and `services` are those that it reaches, however far.
    """

    sources: tuple[SourceChange, ...] = ()
    models: tuple[ModelChange, ...] = ()
    columns: tuple[ColumnChange, ...] = ()
    features: tuple[ColumnRef, ...] = ()
    services: tuple[str, ...] = ()
    consumers: tuple[Consumer, ...] = ()
    verdicts: tuple[VerdictChange, ...] = ()
    owners: tuple[str, ...] = ()


def diff_project(workspace: Workspace, base: Path | None = None) -> ProjectDiff:
    """Compare the project with the manifest in the folder `base`, by default its own last one.

    Nothing is run or written. Raises `UsageError` with code `no-base` where there is no manifest,
    and what compiling raises.
    """
    before = _read_manifest(base or workspace.target_dir)
    compiled = compile_models(workspace)
    after: Json = json.loads(json.dumps(manifest(compiled, fingerprints(compiled)), default=str))
    return compare(before, after, compiled)


def compare(before: Json, after: Json, compiled: CompiledProject) -> ProjectDiff:
    """Compare two manifests, the second of which is of `compiled`."""
    old, new = _nodes(before), _nodes(after)
    sources = list(_sources(before, after))
    models: list[ModelChange] = []
    columns: list[ColumnChange] = []
    seeds = [ref for change in sources for ref in _columns_of_source(change, after)]
    for name in [*new, *(name for name in old if name not in new)]:
        if name in old and name in new and old[name]["fingerprint"] == new[name]["fingerprint"]:
            continue
        change, changed = _compare_model(name, before, after)
        models.append(change)
        columns += changed
        has_other_values = change.has_other_rows or not _MODEL_SETTINGS_ASIDE.issuperset(
            change.settings
        )
        if change.change != "removed" and (has_other_values or change.change == "added"):
            seeds += [ColumnRef(name, column) for column in _mapping(new[name]["columns"])]
        else:
            seeds += [ColumnRef(name, c.column) for c in changed if c.change != "removed"]
    reached = _reached(compiled, seeds)
    nodes = {ref.node for ref in reached} | {change.model for change in models}
    consumers = tuple(c for c in compiled.project.consumers if c.service in nodes)
    services = tuple(n for n, m in compiled.models.items() if m.service is not None and n in nodes)
    owners = [change.owner for change in models] + [c.owner for c in consumers]
    owners += [compiled.models[name].config.owner for name in services]
    return ProjectDiff(
        sources=tuple(sources),
        models=tuple(models),
        columns=tuple(columns),
        features=tuple(ref for ref in reached if _is_feature(compiled, ref)),
        services=services,
        consumers=consumers,
        verdicts=tuple(_verdicts(old, new)),
        owners=tuple(dict.fromkeys(owner for owner in owners if owner)),
    )


def _read_manifest(folder: Path) -> Json:
    path = folder / "manifest.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no JSON"
        raise UsageError(
            f"there is nothing to compare with: {path.name} in '{folder.name}': {reason}",
            code="no-base",
            hint="run `featuresql compile` on the base, and give its target folder by --base",
        ) from None
    if not isinstance(found, dict) or not isinstance(found.get("nodes"), dict):
        raise UsageError(f"'{folder.name}' holds no manifest of FeatureSQL", code="no-base")
    return found


def _compare_model(name: str, before: Json, after: Json) -> tuple[ModelChange, list[ColumnChange]]:
    old, new = _nodes(before).get(name), _nodes(after).get(name)
    node = new or old or {}
    kind, owner = str(node.get("kind", "")), str(_mapping(node.get("config")).get("owner", ""))
    if old is None or new is None:
        change: Change = "added" if old is None else "removed"
        listed = [ColumnChange(name, c, change) for c in _mapping(node.get("columns"))]
        return ModelChange(name, kind, change, owner), listed
    settings = _settings(old, new)
    columns, has_other_rows = _columns(name, before, after)
    is_changed = bool(columns) or has_other_rows or bool(settings)
    found = ModelChange(
        name, kind, "changed" if is_changed else None, owner, has_other_rows, settings
    )
    return found, columns


def _settings(old: Json, new: Json) -> tuple[str, ...]:
    one, other = _mapping(old.get("config")), _mapping(new.get("config"))
    keys = sorted({*one, *other} - {"description", "owner", "tags"})
    return tuple(key for key in keys if one.get(key) != other.get(key))


def _columns(name: str, before: Json, after: Json) -> tuple[list[ColumnChange], bool]:
    """Return the columns that differ, and whether something else decides about rows."""
    old, new = _nodes(before)[name], _nodes(after)[name]
    one, other = _mapping(old["columns"]), _mapping(new["columns"])
    is_same = old.get("sql") == new.get("sql")
    was = None if is_same else _meaning(before, old)
    now = None if is_same else _meaning(after, new)
    changes = []
    for column in dict.fromkeys((*one, *other)):
        texts = _text(was, column), _text(now, column)
        if column not in other or column not in one:
            change: Change = "removed" if column in one else "added"
            changes.append(ColumnChange(name, column, change, *texts))
        elif was and now and was.columns.get(column) != now.columns.get(column):
            changes.append(ColumnChange(name, column, "changed", *texts))
        elif _type(one[column]) != _type(other[column]):
            types = _type(one[column]), _type(other[column])
            changes.append(ColumnChange(name, column, "changed", *types))
    has_same_rows = was is not None and now is not None and was.rows == now.rows
    return changes, not is_same and not has_same_rows


def _sources(before: Json, after: Json) -> Iterable[SourceChange]:
    """Give the sources that are declared in another way; keys that one side lacks do not count."""
    old, new = _mapping(before.get("sources")), _mapping(after.get("sources"))
    for name in dict.fromkeys((*new, *old)):
        one, other = _mapping(old.get(name)), _mapping(new.get(name))
        if name not in old or name not in new:
            yield SourceChange(name, "added" if name in new else "removed")
        elif settings := tuple(key for key in other if key in one and one[key] != other[key]):
            yield SourceChange(name, "changed", settings)


def _columns_of_source(change: SourceChange, after: Json) -> list[ColumnRef]:
    """Return the columns of a source whose declaration changes what it holds."""
    if change.change != "changed" or _SOURCE_SETTINGS_ASIDE.issuperset(change.settings):
        return []
    columns = _mapping(_mapping(_mapping(after.get("sources")).get(change.source)).get("columns"))
    return [ColumnRef(f"{SOURCE_PREFIX}{change.source}", column) for column in columns]


def _text(known: Meaning | None, column: str) -> str:
    return known.texts.get(column, "") if known is not None else ""


def _type(column: object) -> str:
    return str(_mapping(column).get("type", ""))


def _meaning(document: Json, node: Json) -> Meaning | None:
    nodes, sources = _nodes(document), _mapping(document.get("sources"))

    def names(schema: str, name: str) -> tuple[str, ...]:
        known = nodes.get(name, {}) if schema == "ref" else _mapping(sources.get(name))
        return tuple(_mapping(known.get("columns")))

    sql = node.get("sql")
    return meaning(sql, names) if isinstance(sql, str) else None


def _reached(compiled: CompiledProject, seeds: Iterable[ColumnRef]) -> list[ColumnRef]:
    """Return `seeds` and every column that they reach, parents first."""
    lineage = project_lineage(compiled)
    known = {node: set(lineage.columns(node)) for node in lineage.nodes()}
    chosen = [ref for ref in dict.fromkeys(seeds) if ref in known.get(ref.node, ())]
    found = set(chosen)
    for one in downstream(lineage, chosen, transitive=True):
        found |= {i.ref for i in one.direct} | {i.ref for i in one.indirect}
    return [ref for model in lineage.models for ref in lineage.columns(model) if ref in found]


def _is_feature(compiled: CompiledProject, ref: ColumnRef) -> bool:
    """Whether it is a view's feature, or what a service answers beside what it was asked with."""
    model = compiled.models[ref.node]
    if model.view is not None:
        return any(feature.name == ref.column for feature in model.view.features)
    if model.service is None or ref.column == model.service.event_time:
        return False
    found = (output for output in model.service.outputs if output.name == ref.column)
    spine = model.service.spine_alias
    return any(output.origin is None or output.origin[0] != spine for output in found)


def _verdicts(old: Mapping[str, Json], new: Mapping[str, Json]) -> Iterable[VerdictChange]:
    for name, node in new.items():
        for column, feature in _mapping(node.get("features")).items():
            known = _mapping(_mapping(old.get(name)).get("features")).get(column)
            before, after = _verdict(known), _verdict(feature)
            if before != after and after:
                yield VerdictChange(name, column, before, after)


def _verdict(feature: object) -> str:
    found = _mapping(_mapping(feature).get("leakage"))
    verdict = str(found.get("verdict", ""))
    return f"{verdict} (accepted)" if found.get("accepted") else verdict


def _nodes(document: Json) -> Mapping[str, Json]:
    return {name: _mapping(node) for name, node in _mapping(document.get("nodes")).items()}


def _mapping(value: object) -> Json:
    return value if isinstance(value, dict) else {}
