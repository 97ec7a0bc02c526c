"""A project's files -> one frozen Project, or every error in them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Final

from pydantic_core import PydanticCustomError

from featuresql.errors import FeatureSQLError, ProjectError, did_you_mean, raise_all
from featuresql.project.find_files import OutsideError, check_folder, list_files
from featuresql.project.find_problems import find_problems
from featuresql.project.parse_yaml import parse_yaml
from featuresql.project.project_file import ProjectFile
from featuresql.project.read_properties import Properties, read_consumers, read_properties
from featuresql.project.read_sources import read_entities, read_sources
from featuresql.project.read_target import project_name, read_target, select_target
from featuresql.project.resolve_environment import refuse_environment, resolve_environment
from featuresql.project.strict_model import StrictModel, Variable, check_identifier
from featuresql.project.text_file import TextFile, read_text_file
from featuresql.project.validate_node import error_at, validate_node
from featuresql.project.yaml_node import YamlNode
from featuresql.spec.model import MacroFile, ModelFile, Project

PROJECT_FILE: Final = "featuresql.yml"
_DEFAULT_FOLDERS: Final = {"model_paths": "models", "macro_paths": "macros"}
_SQL: Final = frozenset({".sql"})
_YAML: Final = frozenset({".yml", ".yaml"})
_NO_VARIABLES: Final[Mapping[str, object]] = MappingProxyType({})


class _Variables(StrictModel):
    values: dict[str, Variable]


def load_project(
    root: Path,
    target: str | None = None,
    variables: Mapping[str, object] = _NO_VARIABLES,
    environment: Mapping[str, str] | None = None,
) -> Project:
    """Return the project in the folder `root`, everything in it checked for itself.

    `target` names the target to use instead of the project's default; `variables` replace the
    values of variables that the project declares; `environment` is what `env_var` reads, the
    process's own where it is None. Only `targets` and `default_target` may call `env_var`, and of
    the targets only the chosen one's calls are evaluated.

    Raises `ProjectError`, or `ManyErrors` with every error that was found.
    """
    errors: list[FeatureSQLError] = []
    root = Path(os.path.realpath(root))
    file, node = _read_project_file(root, errors)
    held = os.environ if environment is None else environment
    node, chosen = _resolve(node, file, target, held, errors)
    found = validate_node(ProjectFile, node, file, errors)
    name = project_name(found, node)
    used = read_target(name, chosen, node, file, errors) if chosen is not None else None
    sources = read_sources(root, node, file, errors)
    entities = read_entities(node, file)
    values = _read_variables(node, file, variables, errors)
    models, properties_files = _read_models(root, node, file, errors)
    macros = _read_macros(root, node, file, errors)
    properties = Properties(
        models=models,
        sources=_names(node, "sources"),
        variables=_names(node, "vars"),
        errors=errors,
    )
    read_consumers(file, node, properties)
    for properties_file in properties_files:
        _read_properties_file(properties_file, properties)
    raise_all(errors)
    assert used is not None  # noqa: S101 - a target that is missing or wrong has raised above
    return Project(
        name=name,
        root=str(root),
        file=PROJECT_FILE,
        variables=values,
        target=used,
        sources=sources,
        entities=entities,
        models={
            name: ModelFile(name, model.path, model.text) for name, model in sorted(models.items())
        },
        macros=tuple(MacroFile(macro.path, macro.text) for macro in macros),
        properties=properties.properties,
        data_tests=tuple(properties.data_tests),
        unit_tests=tuple(properties.unit_tests.values()),
        consumers=tuple(properties.consumers.values()),
    )


def _read_project_file(root: Path, errors: list[FeatureSQLError]) -> tuple[TextFile, YamlNode]:
    if not (root / PROJECT_FILE).exists():
        raise ProjectError(
            f"there is no file '{PROJECT_FILE}' in this folder",
            code="no-project",
            hint="go to a project's folder or give it with --project-dir; "
            "`featuresql init NAME` makes a new one",
        )
    file = read_text_file(root, PROJECT_FILE)
    node = parse_yaml(file, errors)
    if node is None:
        raise file.error((1, 1), "missing-key", "the file is empty, expected at least a 'name'")
    if not isinstance(node.content, dict):
        message = "found no mapping, expected keys such as 'name' and 'sources'"
        raise file.error(node.mark, "wrong-type", message)
    return file, node


def _resolve(
    node: YamlNode,
    file: TextFile,
    target: str | None,
    environment: Mapping[str, str],
    errors: list[FeatureSQLError],
) -> tuple[YamlNode, str | None]:
    """Return the project file's node with what `env_var` gives, and the chosen target's name."""
    children = dict(node.items())
    for key, child in children.items():
        if key == "default_target":
            children[key] = resolve_environment(child, file, environment, errors)
        elif key != "targets":
            children[key] = refuse_environment(child, key, file, errors)
    node = replace(node, content=children)
    chosen = select_target(node, file, target, errors)
    if "targets" in children:
        targets = {
            name: resolve_environment(child, file, environment if name == chosen else None, errors)
            for name, child in children["targets"].items().items()
        }
        if targets:
            children["targets"] = replace(children["targets"], content=targets)
    return replace(node, content=children), chosen


def _read_variables(
    node: YamlNode,
    file: TextFile,
    overrides: Mapping[str, object],
    errors: list[FeatureSQLError],
) -> dict[str, object]:
    declared = node.child("vars")
    values: dict[str, object] = {}
    if declared is not None:
        values = {
            name: str(value) if isinstance(value := child.plain(), str) else value
            for name, child in declared.items().items()
        }
    mark = node.key_mark("vars")
    for name in overrides:
        if name not in values:
            message, hint = f"unknown variable '{name}'", did_you_mean(name, values)
            errors.append(file.error(mark, "unknown-variable", message, hint))
    for found in find_problems(_Variables, {"values": dict(overrides)})[1]:
        message = f"the value given for '{found.path[-1]}': {found.message}"
        errors.append(file.error(mark, found.code, message))
    values |= overrides
    return {
        name: tuple(value) if isinstance(value, list | tuple) else value
        for name, value in values.items()
    }


def _names(node: YamlNode, key: str) -> list[str]:
    child = node.child(key)
    return list(child.items()) if child is not None else []


def _read_models(
    root: Path, node: YamlNode, file: TextFile, errors: list[FeatureSQLError]
) -> tuple[dict[str, TextFile], list[TextFile]]:
    """Return the model files by their names, and the properties files."""
    models: dict[str, TextFile] = {}
    properties = []
    for text_file in _read_folders(root, "model_paths", _SQL | _YAML, node, file, errors):
        path = PurePosixPath(text_file.path)
        if path.suffix.lower() in _YAML:
            properties.append(text_file)
            continue
        try:
            check_identifier(path.stem)
        except PydanticCustomError as error:
            context = error.context or {}
            message, hint = f"a model's name: {context['message']}", context["hint"]
            errors.append(text_file.error((1, 1), error.type, message, f"{hint} (rename the file)"))
            continue
        first = models.setdefault(path.stem, text_file)
        if first is not text_file:
            message = f"the model '{path.stem}' stands here twice, first in '{first.path}'"
            hint = "a model is named by its file: rename one of the two"
            errors.append(text_file.error((1, 1), "duplicate-name", message, hint))
    return models, properties


def _read_macros(
    root: Path, node: YamlNode, file: TextFile, errors: list[FeatureSQLError]
) -> list[TextFile]:
    return _read_folders(root, "macro_paths", _SQL, node, file, errors)


def _read_folders(  # noqa: PLR0913, PLR0917 - the reader's four and what to read
    root: Path,
    key: str,
    suffixes: frozenset[str],
    node: YamlNode,
    file: TextFile,
    errors: list[FeatureSQLError],
) -> list[TextFile]:
    """Return the texts of all files below the folders that `key` names, each file once."""
    child = node.child(key)
    default = _DEFAULT_FOLDERS[key]
    if child is None:
        folders = [YamlNode(default, node.key_mark("name"))]
    else:
        folders = [element for element in child.elements() if _is_text(element)]
    paths: dict[str, None] = {}
    for element in folders:
        folder = str(element.content)
        # Git keeps no empty folders, so a project may well have lost its empty macros.
        if key == "macro_paths" and folder == default and not (root / folder).exists():
            continue
        wrong = check_folder(root, folder)
        try:
            if wrong is None:
                paths |= dict.fromkeys(list_files(root, folder, suffixes))
        except OutsideError as error:
            hint = "copy what it points to"
            wrong = ("path-outside", f"the link '{error}' leaves the project", hint)
        except OSError as error:
            reason = f"cannot read the folder '{folder}': {error.strerror}"
            wrong = ("unreadable-file", reason, None)
        if wrong is not None:
            errors.append(error_at(element, element.mark, file, wrong))
    texts = []
    for path in paths:
        try:
            texts.append(read_text_file(root, path))
        except ProjectError as error:
            errors.append(error)
    return texts


def _is_text(node: YamlNode) -> bool:
    return isinstance(node.content, str) and not node.unevaluated


def _read_properties_file(file: TextFile, properties: Properties) -> None:
    try:
        node = parse_yaml(file, properties.errors)
    except ProjectError as error:
        properties.errors.append(error)
        return
    if node is not None:
        read_properties(file, node, properties)
