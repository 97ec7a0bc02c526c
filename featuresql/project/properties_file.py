"""What a properties file may hold, as pydantic classes: checks and JSON Schema in one."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Annotated, ClassVar, Final, Literal, Self

from pydantic import (
    AfterValidator,
    ConfigDict,
    Discriminator,
    Field,
    PlainValidator,
    Tag,
    WithJsonSchema,
    model_validator,
)

from featuresql.errors import did_you_mean
from featuresql.project.strict_model import (
    ColumnName,
    Duration,
    Identifier,
    StrictModel,
    Variable,
    check_identifier,
    describe,
    problem,
)

_REFERENCE: Final = re.compile(r"\s*(ref|source)\(\s*(['\"])([^'\"]+)\2\s*\)\s*")
_THRESHOLD: Final = re.compile(r"\s*(>=|<=|!=|=|>|<)\s*(\d{1,15})\s*")
_BARE_TESTS: Final = ("not_null", "unique")
_Severity = Literal["error", "warn"]


def parse_reference(text: str) -> tuple[Literal["ref", "source"], str] | None:
    """Return the kind and the name of `ref('name')` or `source('name')`, None for another text."""
    match = _REFERENCE.fullmatch(text)
    if match is None:
        return None
    return ("ref" if match[1] == "ref" else "source"), match[3]


def _input(text: str) -> str:
    found = parse_reference(text)
    if found is None:
        message = f"'input': found '{text}', expected ref('model') or source('name')"
        raise problem("wrong-value", message)
    check_identifier(found[1])
    return text


def _model_reference(text: str) -> str:
    found = parse_reference(text)
    if found is None or found[0] != "ref":
        raise problem("wrong-value", f"'to': found '{text}', expected ref('model')")
    check_identifier(found[1])
    return text


def _bound(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float | date):
        message = f"found {describe(value)}, expected a number, a date or an instant"
        raise problem("wrong-type", message)
    return value


def _value(value: object) -> object:
    if not isinstance(value, str | int | float | date):
        message = f"found {describe(value)}, expected text, a number, true or false, or a date"
        raise problem("wrong-type", message)
    return value


def _threshold(text: str) -> str:
    if parse_threshold(text) is None:
        raise problem("wrong-value", f"found '{text}', expected a comparison such as '> 10'")
    return text


def parse_threshold(text: str) -> tuple[str, int] | None:
    """Return the operator and the number of a text such as `> 10`, None for another text."""
    match = _THRESHOLD.fullmatch(text)
    return None if match is None else (match[1], int(match[2]))


_Bound = Annotated[
    object,
    PlainValidator(_bound),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string"}]}),
]
_Value = Annotated[
    object,
    PlainValidator(_value),
    WithJsonSchema({"type": ["string", "number", "boolean"]}),
]


class TestArguments(StrictModel):
    """What every data test takes."""

    __test__ = False
    noun: ClassVar[str] = "argument"

    severity: _Severity = "error"
    where: Annotated[str, Field(min_length=1)] | None = None
    warn_if: Annotated[str, AfterValidator(_threshold)] | None = None
    error_if: Annotated[str, AfterValidator(_threshold)] | None = None


class AcceptedValues(TestArguments):
    """Every value is one of these, or NULL."""

    values: Annotated[list[_Value], Field(min_length=1)]


class Relationships(TestArguments):
    """Every value is in a column of another model, or NULL."""

    to: Annotated[str, AfterValidator(_model_reference)]
    field: ColumnName


class Range(TestArguments):
    """Every value is between both bounds, inclusive, or NULL."""

    min: _Bound | None = None
    max: _Bound | None = None

    @model_validator(mode="after")
    def _check_bounds(self) -> Self:
        _check_bounds(self.min, self.max)
        return self


class Expression(TestArguments):
    """A boolean expression that is true, or NULL, for every row."""

    sql: Annotated[str, Field(min_length=1)]


class Matches(TestArguments):
    """Every value, which is text, has a part that the regular expression matches, or is NULL."""

    pattern: Annotated[str, Field(min_length=1)]


class Freshness(TestArguments):
    """The newest instant of the column is no older than this when the test runs."""

    max_age: Duration


class RowCount(TestArguments):
    """How many rows the model has, both bounds inclusive."""

    min: Annotated[int, Field(ge=0)] | None = None
    max: Annotated[int, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _check_bounds(self) -> Self:
        _check_bounds(self.min, self.max)
        return self


class UniqueColumns(TestArguments):
    """No two rows have the same values in these columns."""

    columns: Annotated[list[ColumnName], Field(min_length=1)]


def _check_bounds(least: object, most: object) -> None:
    if least is None and most is None:
        raise problem("missing-key", "neither 'min' nor 'max' is given, expected one or both")
    try:
        empty = least is not None and most is not None and least > most  # type: ignore[operator]
    except TypeError:
        message = "'min' and 'max' are not of one type"
        raise problem("wrong-type", message) from None
    if empty:
        raise problem("wrong-value", f"'min' {least} is greater than 'max' {most}")


class _OneTest(StrictModel):
    """A mapping with one key, the test's name."""

    noun: ClassVar[str] = "test"
    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    @model_validator(mode="after")
    def _check_one(self) -> Self:
        given = len(self.model_fields_set)
        if given != 1:
            message = f"found {given} tests in one entry, expected one"
            raise problem("wrong-type", message, "begin each test with '- '")
        (name,) = self.model_fields_set
        if name not in _BARE_TESTS and getattr(self, name) is None:
            raise problem("missing-key", f"the test '{name}' needs arguments")
        return self


class ColumnTests(_OneTest):
    """A test of a column, with its arguments."""

    not_null: TestArguments | None = None
    unique: TestArguments | None = None
    accepted_values: AcceptedValues | None = None
    relationships: Relationships | None = None
    range: Range | None = None
    matches: Matches | None = None
    freshness: Freshness | None = None
    expression: Expression | None = None


class ModelTests(_OneTest):
    """A test of a model, with its arguments."""

    expression: Expression | None = None
    row_count: RowCount | None = None
    unique_columns: UniqueColumns | None = None


def _bare(tests: type[_OneTest]) -> Callable[[str], str]:
    def check(name: str) -> str:
        if name not in tests.model_fields:
            message = f"unknown test '{name}'"
            raise problem("unknown-test", message, did_you_mean(name, tests.model_fields))
        if name not in _BARE_TESTS:
            raise problem("missing-key", f"the test '{name}' needs arguments")
        return name

    return check


def _form(value: object) -> str:
    return "name" if isinstance(value, str) else "mapping"


ColumnTestItem = Annotated[
    Annotated[
        str,
        AfterValidator(_bare(ColumnTests)),
        WithJsonSchema({"enum": list(_BARE_TESTS)}),
        Tag("name"),
    ]
    | Annotated[ColumnTests, Tag("mapping")],
    Discriminator(_form),
]
ModelTestItem = Annotated[
    Annotated[str, AfterValidator(_bare(ModelTests)), WithJsonSchema({"not": {}}), Tag("name")]
    | Annotated[ModelTests, Tag("mapping")],
    Discriminator(_form),
]


class ColumnSection(StrictModel):
    """A column of a model: what it means, and its tests."""

    name: ColumnName
    description: str = ""
    tests: list[ColumnTestItem] = Field(default_factory=list)
    data_tests: list[ColumnTestItem] = Field(default_factory=list)


class ModelSection(StrictModel):
    """A model: what it means, its columns and its tests."""

    name: Identifier
    description: str = ""
    columns: list[ColumnSection] = Field(default_factory=list)
    tests: list[ModelTestItem] = Field(default_factory=list)
    data_tests: list[ModelTestItem] = Field(default_factory=list)


_Rows = list[dict[ColumnName, object]]


class GivenSection(StrictModel):
    """Rows in place of a `ref` or a `source`."""

    input: Annotated[str, AfterValidator(_input)]
    rows: _Rows


class ExpectSection(StrictModel):
    """The rows that the model must return, in any order."""

    rows: _Rows


class OverridesSection(StrictModel):
    """What a unit test replaces."""

    vars: dict[Identifier, Variable] = Field(default_factory=dict)


class UnitTestSection(StrictModel):
    """Rows in, rows out, for one model."""

    name: Identifier
    model: Identifier
    description: str = ""
    given: list[GivenSection] = Field(default_factory=list)
    expect: ExpectSection
    overrides: OverridesSection = Field(default_factory=OverridesSection)


class ConsumerSection(StrictModel):
    """Who uses a service: an ML model, a dashboard or a job."""

    name: Annotated[str, Field(min_length=1)]
    kind: Annotated[str, Field(min_length=1)]
    service: Identifier
    owner: str = ""
    url: str = ""
    description: str = ""


class PropertiesFile(StrictModel):
    """A properties file of FeatureSQL."""

    model_config = ConfigDict(title="FeatureSQL properties")

    version: Literal[2] | None = None
    models: list[ModelSection] = Field(default_factory=list)
    unit_tests: list[UnitTestSection] = Field(default_factory=list)
    consumers: list[ConsumerSection] = Field(default_factory=list)
