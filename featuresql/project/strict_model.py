"""What all pydantic classes of project files share: strictness, names and scalars."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Annotated, ClassVar, Final, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainValidator,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from featuresql.errors import did_you_mean
from featuresql.project.duration import parse_duration
from featuresql.project.yaml_node import EnvironmentText
from featuresql.spec.column_type import KEY_TYPES, parse_type

MAX_NAME_LENGTH: Final = 63
IDENTIFIER: Final = re.compile(r"[a-z_][a-z0-9_]{0,62}")
TEMPLATE_PATTERN: Final = r"\{\{"


def problem(code: str, message: str, hint: str = "") -> PydanticCustomError:
    """Return an error that a validator raises: it keeps its code, message and hint.

    The hyphen in `code` is what tells it from pydantic's own.
    """
    return PydanticCustomError(code, "{message}", {"message": message, "hint": hint})


class StrictModel(BaseModel):
    """A mapping with exactly these keys, of exactly these types. An unknown key names its nearest.

    `noun` is what the class calls its keys.
    """

    noun: ClassVar[str] = "key"
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, hide_input_in_errors=True)

    @model_validator(mode="wrap")
    @classmethod
    def _name_nearest_keys(cls, data: object, handler: Callable[[object], Self]) -> Self:
        try:
            return handler(data)
        except ValidationError as error:
            known = [field.alias or name for name, field in cls.model_fields.items()]
            details = []
            for found in error.errors(include_url=False):
                kind: str | PydanticCustomError = found["type"]
                if kind == "extra_forbidden" and len(found["loc"]) == 1:
                    key = str(found["loc"][0])
                    message = f"unknown {cls.noun} '{key}'"
                    kind = problem(f"unknown-{cls.noun}", message, did_you_mean(key, known))
                elif "-" in found["type"]:
                    kind = problem(found["type"], found["ctx"]["message"], found["ctx"]["hint"])
                detail = InitErrorDetails(
                    type=kind, loc=found["loc"], input=found["input"], ctx=found.get("ctx", {})
                )
                details.append(detail)
            raise ValidationError.from_exception_data(cls.__name__, details) from None


def check_identifier(name: str) -> str:
    """Return `name`, which must be a lower-case identifier of at most 63 characters."""
    if IDENTIFIER.fullmatch(name):
        return name
    if len(name) > MAX_NAME_LENGTH:
        shown = f"{name[:MAX_NAME_LENGTH]}…"
        raise problem("not-an-identifier", f"the name '{shown}' is longer than 63 characters")
    suggestion = re.sub(r"[^a-z0-9_]+", "_", name.lower()).strip("_") or "name"
    suggestion = suggestion if IDENTIFIER.fullmatch(suggestion) else f"_{suggestion}"
    raise problem(
        "not-an-identifier",
        f"'{name}' is no name: found other than lower-case letters, digits and underscores, "
        "or a digit at its start",
        f"call it '{suggestion}'",
    )


def _column_name(name: str) -> str:
    if not name or "\0" in name:
        raise problem("not-a-column", "a column's name is empty")
    return name


def _column_type(text: str) -> str:
    try:
        parse_type(text)
    except ValueError as error:
        raise problem("unknown-type", str(error), "write a type of DuckDB's") from error
    return text


def _key_type(text: str) -> str:
    if not parse_type(_column_type(text)).is_key_type:
        known = ", ".join(sorted(KEY_TYPES))
        raise problem("key-type", f"a key may not be of type {text}", f"allowed: {known}")
    return text


def _duration(text: str) -> str:
    try:
        parse_duration(text)
    except ValueError as error:
        raise problem("not-a-duration", str(error)) from error
    return text


def _variable(value: object) -> object:
    elements = value if isinstance(value, list | tuple) else [value]
    for element in elements:
        if element is not None and not isinstance(element, str | int | float | date | datetime):
            raise problem(
                "wrong-type",
                f"found {describe(element)}, expected text, a number, true or false, a date, "
                "an instant, null, or a list of these",
            )
    return list(elements) if isinstance(value, list | tuple) else value


def _whole_number_of_environment(value: object) -> object:
    if isinstance(value, EnvironmentText) and re.fullmatch(r"[0-9]{1,9}", value):
        return int(value)
    return value


def _boolean_of_environment(value: object) -> object:
    if isinstance(value, EnvironmentText):
        return {"true": True, "false": False}.get(value.lower(), value)
    return value


def describe(value: object) -> str:
    """Return what `value` is, in words, for an error; what `env_var` gave is not shown."""
    match value:
        case EnvironmentText():
            words = "the value of env_var"
        case None:
            words = "nothing"
        case bool():
            words = str(value).lower()
        case int() | float():
            words = f"the number {value}"
        case date():
            words = f"the date {value}"
        case str():
            words = f"'{value[:60]}…'" if len(value) > 60 else f"'{value}'"  # noqa: PLR2004 - shown
        case list() | tuple():
            words = "a list"
        case _:
            words = "a mapping" if isinstance(value, Mapping) else f"a {type(value).__name__}"
    return words


_TEMPLATE_SCHEMA: Final = {"type": "string", "pattern": TEMPLATE_PATTERN}
_SCALAR_SCHEMAS: Final = [{"type": name} for name in ("string", "number", "boolean", "null")]

Identifier = Annotated[
    str,
    AfterValidator(check_identifier),
    WithJsonSchema({"type": "string", "pattern": "^[a-z_][a-z0-9_]{0,62}$"}),
]
ColumnName = Annotated[str, AfterValidator(_column_name)]
ColumnTypeText = Annotated[str, AfterValidator(_column_type)]
KeyTypeText = Annotated[str, AfterValidator(_key_type)]
Duration = Annotated[str, AfterValidator(_duration)]
Variable = Annotated[
    object,
    PlainValidator(_variable),
    WithJsonSchema(
        {"anyOf": [*_SCALAR_SCHEMAS, {"type": "array", "items": {"anyOf": _SCALAR_SCHEMAS}}]}
    ),
]
WholeNumber = Annotated[
    int,
    BeforeValidator(_whole_number_of_environment),
    WithJsonSchema({"anyOf": [{"type": "integer"}, _TEMPLATE_SCHEMA]}),
]
Flag = Annotated[
    bool,
    BeforeValidator(_boolean_of_environment),
    WithJsonSchema({"anyOf": [{"type": "boolean"}, _TEMPLATE_SCHEMA]}),
]
