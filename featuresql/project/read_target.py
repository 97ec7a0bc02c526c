"""The section `targets` of the project file -> the one target that was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from featuresql.errors import FeatureSQLError, did_you_mean
from featuresql.project.project_file import ProjectFile, TargetSection
from featuresql.project.text_file import TextFile
from featuresql.project.validate_node import error_at, section
from featuresql.project.yaml_node import YamlNode
from featuresql.spec.model import EngineConfig, OnlineConfig, RegistryConfig, Target

DEFAULT_TARGET: Final = "local"
_REGISTRIES: Final = ("sqlite", "postgresql")
_OWN_FIELDS: Final = frozenset({"type", "path"})


def select_target(
    node: YamlNode, file: TextFile, asked: str | None, errors: list[FeatureSQLError]
) -> str | None:
    """Return the name of the target to use, None where there is no such; why goes to `errors`.

    It is the asked one, or else the `default_target`, or else the only one.
    """
    targets = node.child("targets")
    names = list(targets.items()) if targets is not None else [DEFAULT_TARGET]
    mark = node.key_mark("targets")
    default = node.child("default_target")
    chosen = asked
    if default is not None and isinstance(default.content, str) and not default.unevaluated:
        if default.content not in names:
            message = f"unknown target '{default.content}' in 'default_target'"
            hint = did_you_mean(default.content, names)
            what = ("unknown-target", message, hint)
            errors.append(error_at(default, default.mark, file, what))
            chosen = chosen or default.content
        chosen = chosen or default.content
    if chosen is None and len(names) == 1:
        chosen = names[0]
    if chosen is None and default is None and names:
        message = f"there are {len(names)} targets and no 'default_target'"
        hint = f"add a line such as `default_target: {names[0]}`"
        errors.append(file.error(mark, "unknown-target", message, hint))
    if asked is not None and asked not in names:
        hint = did_you_mean(asked, names)
        errors.append(file.error(mark, "unknown-target", f"unknown target '{asked}'", hint))
    return chosen if chosen in names else None


def read_target(
    project: str, name: str, node: YamlNode, file: TextFile, errors: list[FeatureSQLError]
) -> Target | None:
    """Return the target `name`, what it leaves out embedded; None where its section is wrong."""
    targets = node.child("targets")
    if targets is None:
        found, mark = TargetSection(), node.mark
    else:
        child, mark = targets.child(name), targets.key_mark(name)
        checked = section(TargetSection, child)
        if checked is None or child is None:
            return None
        found = checked
        registry = child.child("registry")
        if found.registry is not None and registry is not None:
            scheme, separator, _ = found.registry.url.partition("://")
            if not separator or scheme.partition("+")[0] not in _REGISTRIES:
                message = "'url': found a value that is not shown, expected an SQLAlchemy URL"
                hint = "such as sqlite:///target/registry.db; known: " + ", ".join(_REGISTRIES)
                place = registry.value_mark("url")
                errors.append(file.error(place, "wrong-value", message, hint))
    return Target(
        name=name,
        engine=_engine(project, found),
        online=_online(found),
        registry=RegistryConfig(
            str(found.registry.url) if found.registry else "sqlite:///target/registry.db"
        ),
        location=file.location(mark),
    )


def project_name(found: ProjectFile | None, node: YamlNode) -> str:
    """Return the project's name, or a stand-in where it is wrong and has been reported."""
    name = node.child("name")
    if found is not None:
        return str(found.name)
    return str(name.content) if name is not None and isinstance(name.content, str) else "project"


def _engine(project: str, found: TargetSection) -> EngineConfig:
    engine = found.engine
    if engine is None:
        return EngineConfig("duckdb", f"target/{project}.duckdb")
    path = getattr(engine, "path", None)
    if path is None and engine.type != "clickhouse":
        path = f"target/{project}.{engine.type}"
    return EngineConfig(engine.type, path, _options(engine.model_dump(exclude_none=True)))


def _online(found: TargetSection) -> OnlineConfig:
    online = found.online
    if online is None:
        return OnlineConfig("lmdb", "target/online")
    path = getattr(online, "path", None)
    if path is None and online.type == "lmdb":
        path = "target/online"
    return OnlineConfig(online.type, path, _options(online.model_dump(exclude_none=True)))


def _options(values: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in values.items() if key not in _OWN_FIELDS}
