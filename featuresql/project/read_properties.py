"""Properties files -> what they say of models, data tests and unit tests."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from featuresql.errors import FeatureSQLError, Location, did_you_mean
from featuresql.project.properties_file import (
    ColumnTests,
    ConsumerSection,
    ModelSection,
    ModelTests,
    PropertiesFile,
    Relationships,
    UnitTestSection,
    parse_reference,
)
from featuresql.project.text_file import Mark, TextFile
from featuresql.project.validate_node import section, validate_node
from featuresql.project.yaml_node import YamlNode
from featuresql.spec.model import (
    ColumnProperties,
    Consumer,
    DataTest,
    GivenInput,
    ModelProperties,
    UnitTest,
)

_COMMON: Final = {"severity", "where", "warn_if", "error_if"}


@dataclass(slots=True)
class Properties:
    """What the properties files that were read so far say, and what the project has."""

    models: Collection[str]
    sources: Collection[str]
    variables: Collection[str]
    errors: list[FeatureSQLError]
    properties: dict[str, ModelProperties] = field(default_factory=dict)
    data_tests: list[DataTest] = field(default_factory=list)
    unit_tests: dict[str, UnitTest] = field(default_factory=dict)
    consumers: dict[str, Consumer] = field(default_factory=dict)

    def check_known(
        self, what: str, name: str, known: Collection[str], file: TextFile, mark: Mark
    ) -> None:
        """Report a name that the project does not know."""
        if name not in known:
            message, hint = f"unknown {what} '{name}'", did_you_mean(name, known)
            self.errors.append(file.error(mark, f"unknown-{what}", message, hint))

    def check_new(
        self, what: str, name: str, first: Location | None, file: TextFile, mark: Mark
    ) -> None:
        """Report a name that stands elsewhere already."""
        if first is not None:
            message = f"the {what} '{name}' stands here twice, first at {first}"
            self.errors.append(file.error(mark, "duplicate-name", message))


def read_properties(file: TextFile, node: YamlNode, properties: Properties) -> None:
    """Add what a properties file says to `properties`; what is wrong goes to its errors."""
    validate_node(PropertiesFile, node, file, properties.errors)
    for child in _elements(node, "models"):
        model = section(ModelSection, child)
        if model is not None:
            _read_model(model, child, file, properties)
    for child in _elements(node, "unit_tests"):
        test = section(UnitTestSection, child)
        if test is not None:
            _read_unit_test(test, child, file, properties)
    read_consumers(file, node, properties)


def read_consumers(file: TextFile, node: YamlNode, into: Properties) -> None:
    """Add the `consumers` of a properties file, or of the project file, to `into`."""
    for child in _elements(node, "consumers"):
        found = section(ConsumerSection, child)
        if found is None:
            continue
        mark = child.value_mark("name")
        first = into.consumers.get(found.name)
        into.check_new("consumer", found.name, first.location if first else None, file, mark)
        into.check_known("model", found.service, into.models, file, child.value_mark("service"))
        into.consumers[found.name] = Consumer(
            name=found.name,
            kind=found.kind,
            service=found.service,
            location=file.location(mark),
            owner=found.owner,
            url=found.url,
            description=found.description,
        )


def _elements(node: YamlNode | None, key: str) -> list[YamlNode]:
    child = node.child(key) if node is not None else None
    return child.elements() if child is not None else []


def _read_model(model: ModelSection, node: YamlNode, file: TextFile, into: Properties) -> None:
    mark = node.value_mark("name")
    first = into.properties.get(model.name)
    into.check_new("model", model.name, first.location if first else None, file, mark)
    into.check_known("model", model.name, into.models, file, mark)
    columns: dict[str, ColumnProperties] = {}
    for column, child in zip(model.columns, _elements(node, "columns"), strict=True):
        place = child.value_mark("name")
        seen = columns.get(column.name)
        into.check_new("column", column.name, seen.location if seen else None, file, place)
        location = file.location(place)
        columns[column.name] = ColumnProperties(column.name, location, column.description)
        tests = [*column.tests, *column.data_tests]
        nodes = [*_elements(child, "tests"), *_elements(child, "data_tests")]
        for item, item_node in zip(tests, nodes, strict=True):
            _add_data_test(model.name, column.name, item, item_node, file, into)
    nodes = [*_elements(node, "tests"), *_elements(node, "data_tests")]
    for test, test_node in zip([*model.tests, *model.data_tests], nodes, strict=True):
        _add_data_test(model.name, None, test, test_node, file, into)
    location = file.location(mark)
    into.properties[model.name] = ModelProperties(
        model.name, location, model.description, tuple(columns.values())
    )


def _add_data_test(  # noqa: PLR0913, PLR0917 - the six things that a test is made of
    model: str,
    column: str | None,
    item: str | ColumnTests | ModelTests,
    node: YamlNode,
    file: TextFile,
    into: Properties,
) -> None:
    location = file.location(node.mark)
    if isinstance(item, str):
        into.data_tests.append(DataTest(item, model, location, column))
        return
    (name,) = item.model_fields_set
    found = getattr(item, name)
    if found is None:
        into.data_tests.append(DataTest(name, model, location, column))
        return
    arguments: dict[str, object] = found.model_dump(exclude=_COMMON, exclude_none=True)
    if isinstance(found, Relationships):
        reference = parse_reference(found.to)
        assert reference is not None  # noqa: S101 - the section's own validator has parsed it
        arguments["to"] = reference[1]
        inner = node.child(name)
        mark = inner.value_mark("to") if inner is not None else node.mark
        into.check_known("model", reference[1], into.models, file, mark)
    into.data_tests.append(
        DataTest(
            name,
            model,
            location,
            column,
            arguments,
            severity=found.severity,
            where=found.where,
            warn_if=found.warn_if,
            error_if=found.error_if,
        )
    )


def _read_unit_test(
    test: UnitTestSection, node: YamlNode, file: TextFile, into: Properties
) -> None:
    mark = node.value_mark("name")
    first = into.unit_tests.get(test.name)
    into.check_new("unit test", test.name, first.location if first else None, file, mark)
    into.check_known("model", test.model, into.models, file, node.value_mark("model"))
    given: dict[tuple[str, str], GivenInput] = {}
    for item, child in zip(test.given, _elements(node, "given"), strict=True):
        reference = parse_reference(item.input)
        assert reference is not None  # noqa: S101 - the section's own validator has parsed it
        kind, name = reference
        place = child.value_mark("input")
        if kind == "ref":
            into.check_known("model", name, into.models, file, place)
        else:
            into.check_known("source", name, into.sources, file, place)
        seen = given.get(reference)
        into.check_new("input", item.input, seen.location if seen else None, file, place)
        given[reference] = GivenInput(kind, name, _rows(item.rows), file.location(place))
    _check_override_vars(test.overrides.vars, node, file, into)
    into.unit_tests[test.name] = UnitTest(
        name=test.name,
        model=test.model,
        given=tuple(given.values()),
        expect=_rows(test.expect.rows),
        location=file.location(mark),
        override_vars=dict(test.overrides.vars),
        description=test.description,
    )


def _check_override_vars(
    variables: Mapping[str, object], node: YamlNode, file: TextFile, into: Properties
) -> None:
    overrides = node.child("overrides")
    names = overrides.child("vars") if overrides is not None else None
    for name in variables:
        mark = names.key_mark(name) if names is not None else node.mark
        into.check_known("variable", name, into.variables, file, mark)


def _rows(rows: list[dict[str, object]]) -> tuple[Mapping[str, object], ...]:
    return tuple(dict(row) for row in rows)
