"""`{{ env_var('NAME') }}` in the project file's texts -> the variable's value, or a refusal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from jinja2 import StrictUndefined, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from featuresql.errors import FeatureSQLError
from featuresql.project.text_file import TextFile
from featuresql.project.yaml_node import YamlNode

_MARKS: Final = ("{{", "{%", "{#")
_ARGUMENTS: Final = (1, 2)


@dataclass(frozen=True, slots=True)
class _UnsetVariableError(Exception):
    name: str


def resolve_environment(
    node: YamlNode,
    file: TextFile,
    environment: Mapping[str, str] | None,
    errors: list[FeatureSQLError],
) -> YamlNode:
    """Return `node` with the `env_var` calls in its texts replaced by what `environment` holds.

    Where `environment` is None nothing is looked up, and such a text is left as not evaluated; so
    is one whose variable is unset, which goes to `errors`. Only `env_var` with constants may stand
    there.
    """
    content = node.content
    if isinstance(content, dict):
        mapped = {
            key: resolve_environment(child, file, environment, errors)
            for key, child in content.items()
        }
        return replace(node, content=mapped)
    if isinstance(content, list):
        return replace(
            node,
            content=[resolve_environment(child, file, environment, errors) for child in content],
        )
    if not isinstance(content, str) or not any(mark in content for mark in _MARKS):
        return node
    if environment is None:
        return replace(node, unevaluated=True)
    try:
        return replace(node, content=_evaluate(content, environment), from_environment=True)
    except _UnsetVariableError as error:
        message = f"the environment variable '{error.name}' is not set"
        hint = f"set it, or give a default: env_var('{error.name}', '…')"
        errors.append(file.error(node.mark, "unset-variable", message, hint))
    except (TemplateSyntaxError, ValueError) as error:
        message = f"found a template that is not read here: {error}"
        hint = "only {{ env_var('NAME', 'default') }} may stand here"
        errors.append(file.error(node.mark, "template", message, hint))
    return replace(node, unevaluated=True)


def refuse_environment(
    node: YamlNode, key: str, file: TextFile, errors: list[FeatureSQLError]
) -> YamlNode:
    """Return `node`, the value of the file's `key`, with its templates left as not evaluated.

    Each of them goes to `errors`: what stands here is written into compiled SQL and artifacts,
    where nothing of the environment may be.
    """
    content = node.content
    if isinstance(content, dict):
        mapped = {k: refuse_environment(child, key, file, errors) for k, child in content.items()}
        return replace(node, content=mapped)
    if isinstance(content, list):
        listed = [refuse_environment(child, key, file, errors) for child in content]
        return replace(node, content=listed)
    if not isinstance(content, str) or not any(mark in content for mark in _MARKS):
        return node
    message = f"a template stands under '{key}', which ends up in compiled SQL and artifacts"
    hint = "only 'targets' and 'default_target' read the environment"
    if key == "vars":
        hint += "; give this run another value with --vars '{NAME: VALUE}'"
    errors.append(file.error(node.mark, "template", message, hint))
    return replace(node, unevaluated=True)


def _evaluate(text: str, environment: Mapping[str, str]) -> str:
    # Texts for SQL and drivers: HTML's escapes would spoil them.
    sandbox = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
    sandbox.globals = {}
    for part in sandbox.parse(text).body:
        if not isinstance(part, nodes.Output) or not all(map(_is_allowed, part.nodes)):
            raise ValueError("only env_var with constants is known")

    def env_var(name: str, default: object = None) -> str:
        if name in environment:
            return environment[name]
        if default is None:
            raise _UnsetVariableError(name)
        return str(default)

    return sandbox.from_string(text).render(env_var=env_var)


def _is_allowed(expression: nodes.Expr) -> bool:
    if isinstance(expression, nodes.TemplateData):
        return True
    if not isinstance(expression, nodes.Call) or not isinstance(expression.node, nodes.Name):
        return False
    named = [keyword.value for keyword in expression.kwargs if keyword.key == "default"]
    given = [*expression.args, *named]
    return (
        expression.node.name == "env_var"
        and len(named) == len(expression.kwargs)
        and expression.dyn_args is None
        and expression.dyn_kwargs is None
        and len(expression.args) >= 1
        and len(given) in _ARGUMENTS
        and all(isinstance(value, nodes.Const) for value in given)
        and isinstance(given[0], nodes.Const)
        and isinstance(given[0].value, str)
    )
