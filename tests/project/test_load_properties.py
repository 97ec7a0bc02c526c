from collections.abc import Callable
from datetime import date, datetime

from whole_project import FILES

from featuresql.errors import FeatureSQLError, Location
from featuresql.spec.model import ColumnProperties, DataTest, ModelProperties, Project

ErrorsOf = Callable[..., tuple[FeatureSQLError, ...]]
Load = Callable[..., Project]


PROPERTIES = """\
version: 2
models:
  - name: flights
    description: All flights.
    columns:
      - name: carrier
        description: Who flew.
        tests:
          - not_null
          - accepted_values: {values: [AA, UA], severity: warn}
        data_tests:
          - unique: {severity: warn}
          - relationships: {to: ref('b'), field: x}
      - name: delay
        tests:
          - range: {min: -60, max: 1440.5}
    tests:
      - row_count: {min: 1}
      - unique_columns: {columns: [carrier, delay]}
      - expression: {sql: "delay > -100"}
unit_tests:
  - name: counts
    description: It counts.
    model: flights
    given:
      - input: ref('b')
        rows:
          - {x: 1, at: 2013-07-01 12:00:00, day: 2013-07-01, none: null, list: [1, 2]}
          - {x: 2}
      - input: source("planes")
        rows: []
    expect:
      rows: [{x: 3.5, text: "1"}]
    overrides:
      vars: {window: 2 days}
"""


def test_properties_are_read_with_their_places(project: Load) -> None:
    found = project({**FILES, "models/p.yaml": PROPERTIES})
    at = {line: Location("models/p.yaml", line, column) for line, column in ((3, 11), (6, 15))}
    assert found.properties == {
        "flights": ModelProperties(
            "flights",
            at[3],
            "All flights.",
            (
                ColumnProperties("carrier", at[6], "Who flew."),
                ColumnProperties("delay", Location("models/p.yaml", 14, 15)),
            ),
        )
    }


def test_data_tests_are_read_in_the_order_of_the_file(project: Load) -> None:
    found = project({**FILES, "models/p.yml": PROPERTIES}).data_tests

    def test_of(line: int, name: str, column: str | None, **arguments: object) -> DataTest:
        severity = arguments.pop("severity", "error")
        place = Location("models/p.yml", line, 13 if column else 9)
        return DataTest(name, "flights", place, column, arguments, severity)  # type: ignore[arg-type]

    assert found == (
        test_of(9, "not_null", "carrier"),
        test_of(10, "accepted_values", "carrier", values=["AA", "UA"], severity="warn"),
        test_of(12, "unique", "carrier", severity="warn"),
        test_of(13, "relationships", "carrier", to="b", field="x"),
        test_of(16, "range", "delay", min=-60, max=1440.5),
        test_of(18, "row_count", None, min=1),
        test_of(19, "unique_columns", None, columns=["carrier", "delay"]),
        test_of(20, "expression", None, sql="delay > -100"),
    )


def test_unit_tests_are_read_with_typed_rows(project: Load) -> None:
    (test,) = project({**FILES, "models/p.yml": PROPERTIES}).unit_tests
    assert (test.name, test.model, test.description) == ("counts", "flights", "It counts.")
    ref, source = test.given
    assert (ref.kind, ref.name) == ("ref", "b")
    assert ref.location == Location("models/p.yml", 26, 16)
    noon = datetime(2013, 7, 1, 12)  # noqa: DTZ001 - models' own instants have no zone
    row = {"x": 1, "at": noon, "day": date(2013, 7, 1), "none": None, "list": [1, 2]}
    assert ref.rows == (row, {"x": 2})
    assert (source.kind, source.name, source.rows) == ("source", "planes", ())
    assert test.expect == ({"x": 3.5, "text": "1"},)
    assert test.override_vars == {"window": "2 days"}
    assert test.location == Location("models/p.yml", 22, 11)


def test_an_empty_properties_file_says_nothing(project: Load) -> None:
    found = project({**FILES, "models/p.yml": "# nothing yet\n"})
    assert (found.properties, found.data_tests, found.unit_tests) == ({}, (), ())


def test_a_template_in_a_properties_file_is_only_text(project: Load) -> None:
    text = "models: [{name: flights, description: \"{{ env_var('X') }}\"}]\n"
    found = project({**FILES, "models/p.yml": text})
    assert found.properties["flights"].description == "{{ env_var('X') }}"
