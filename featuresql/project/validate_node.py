"""A YAML node -> a checked section, with every error at its line."""

from __future__ import annotations

from typing import Final, TypeVar

from featuresql.errors import FeatureSQLError, ProjectError
from featuresql.project.find_problems import Problem, find_problems
from featuresql.project.strict_model import StrictModel
from featuresql.project.text_file import Mark, TextFile, is_secret_key
from featuresql.project.yaml_node import YamlNode

_Model = TypeVar("_Model", bound=StrictModel)

_REFUSED: Final = {
    "missing-file": "names no file or folder of the project",
    "path-outside": "leaves the project",
    "not-an-identifier": "is no name",
    "unknown-suffix": "has no file suffix that is known",
    "unknown-target": "is no target",
    "unknown-timezone": "is no timezone",
    "unknown-type": "is no type",
    "key-type": "is no type for a key",
    "wrong-type": "is of another type",
}


def validate_node(
    model: type[_Model], node: YamlNode, file: TextFile, errors: list[FeatureSQLError]
) -> _Model | None:
    """Return `node` as a `model`, or None; what is wrong goes to `errors`, each with its line.

    Nothing is said of a value whose `env_var` was not evaluated.
    """
    checked, problems = find_problems(model, node.plain())
    for found in problems:
        culprit, mark = _locate(node, found)
        if not culprit.unevaluated:
            error = error_at(culprit, mark, file, (found.code, found.message, found.hint))
            if any(map(is_secret_key, found.path)):
                error.excerpt = None
            errors.append(error)
    return checked


def error_at(
    node: YamlNode, mark: Mark, file: TextFile, what: tuple[str, str, str | None]
) -> ProjectError:
    """Return the error (code, message, hint) about `node`, without what `env_var` gave there."""
    code, message, hint = what
    if node.from_environment:
        message, hint = f"what env_var gave here {_REFUSED.get(code, 'is not allowed')}", None
    return file.error(mark, code, message, hint)


def section(model: type[_Model], node: YamlNode | None) -> _Model | None:
    """Return `node` as a `model`, or None where it is absent, wrong or not evaluated."""
    if node is None or not node.is_evaluated():
        return None
    return find_problems(model, node.plain())[0]


def _locate(root: YamlNode, found: Problem) -> tuple[YamlNode, Mark]:
    """Return the node that a problem is about, and its mark. Pydantic's own tags are no keys."""
    node, key_mark = root, root.mark
    for part in found.path:
        child = node.child(part)
        if child is not None:
            key_mark = node.key_mark(part) if isinstance(part, str) else child.mark
            node = child
    return node, key_mark if found.at_key else node.mark
