"""Pydantic's errors -> sentences for the user, each with the path of keys that it is about."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from featuresql.errors import did_you_mean
from featuresql.project.strict_model import StrictModel, describe
from featuresql.project.text_file import is_secret_key

_Model = TypeVar("_Model", bound=StrictModel)

_EXPECTED: Final = {
    "string_type": "text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "mapping_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}
_DISCRIMINATOR: Final = "type"
_ABOUT_KEYS: Final = frozenset({"unknown-key", "unknown-test", "unknown-argument"})


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: under which keys, and whether a key itself is meant."""

    path: tuple[str | int, ...]
    code: str
    message: str
    hint: str | None = None
    at_key: bool = False


def find_problems(model: type[_Model], value: object) -> tuple[_Model | None, tuple[Problem, ...]]:
    """Return `value` as a `model`, or None and everything that is wrong with it."""
    try:
        return model.model_validate(value), ()
    except ValidationError as error:
        return None, tuple(_problem(found) for found in error.errors(include_url=False))


def _problem(found: ErrorDetails) -> Problem:
    kind, path = found["type"], found["loc"]
    context: Mapping[str, object] = found.get("ctx", {})
    if path and path[-1] == "[key]":
        path, at_key = path[:-1], True
    else:
        at_key = kind in _ABOUT_KEYS
    if "-" in kind:
        hint = str(context["hint"]) or None
        return Problem(path, kind, str(context["message"]), hint, at_key)
    name = next((part for part in reversed(path) if isinstance(part, str)), None)
    about = f"'{name}': " if name is not None else ""
    if kind == "union_tag_not_found":
        path, kind = (*path, _DISCRIMINATOR), "missing"
    if kind == "missing":
        message = f"the key '{path[-1]}' is missing"
        return Problem(path[:-1], "missing-key", message, at_key=True)
    if kind == "union_tag_invalid":
        return _wrong_choice(
            (*path, _DISCRIMINATOR), context["tag"], str(context["expected_tags"]), "'type': "
        )
    shown = "a value that is not shown" if _is_secret(path) else describe(found["input"])
    if kind == "literal_error":
        return _wrong_choice(path, found["input"], str(context["expected"]), about)
    expected = _EXPECTED.get(kind) or _limit(kind, context) or found["msg"]
    return Problem(path, "wrong-type", f"{about}found {shown}, expected {expected}")


def _wrong_choice(path: tuple[str | int, ...], value: object, expected: str, about: str) -> Problem:
    choices = re.findall(r"'([^']*)'", expected) or [expected]
    shown = ", ".join(f"'{choice}'" for choice in choices) if len(choices) > 1 else expected
    message = f"{about}found {describe(value)}, expected {shown}"
    hint = did_you_mean(value, choices) if isinstance(value, str) else None
    return Problem(path, "wrong-value", message, hint)


def _limit(kind: str, context: Mapping[str, object]) -> str | None:
    if kind == "too_short":
        return f"at least {context['min_length']}"
    if kind == "greater_than_equal":
        return f"at least {context['ge']}"
    if kind == "less_than_equal":
        return f"at most {context['le']}"
    return None


def _is_secret(path: tuple[str | int, ...]) -> bool:
    return any(is_secret_key(part) for part in path)
