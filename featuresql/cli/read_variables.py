"""--vars: a YAML or JSON mapping on the command line."""

from __future__ import annotations

from collections.abc import Mapping

from featuresql.errors import FeatureSQLError
from featuresql.project.parse_yaml import parse_yaml
from featuresql.project.text_file import TextFile


def read_variables(text: str) -> Mapping[str, object]:
    """Return the mapping that `text` holds, read by the rules of the project's own files.

    Raises `ValueError` where it is none.
    """
    errors: list[FeatureSQLError] = []
    try:
        node = parse_yaml(TextFile("--vars", text), errors)
    except FeatureSQLError as error:
        errors.append(error)
        node = None
    if errors:
        raise ValueError(errors[0].message)
    value = {} if node is None else node.plain()
    if not isinstance(value, dict):
        raise ValueError("give a mapping, such as '{window: 2 days}'")  # noqa: TRY004 - its one kind of error
    return value
