"""What the properties files say of compiled models, checked against them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from featuresql.compiler.compile_project import CompiledProject
from featuresql.compiler.draft import Catalog
from featuresql.errors import FeatureSQLError, Location, ManyErrors, ProjectError, did_you_mean
from featuresql.quality.failing_rows import failing_rows
from featuresql.spec.model import Column, UnitTest


def check_properties(compiled: CompiledProject) -> list[FeatureSQLError]:
    """Return all that does not fit, by its place: described or tested columns that are none.

    A data test is an error too where it fits its column's type or its model's rows in no way. Of a
    unit test only the names of columns are looked at. Nothing is run.
    """
    found: dict[tuple[Location, str], FeatureSQLError] = {}
    for error in (*_described(compiled), *_data_tests(compiled), *_unit_tests(compiled)):
        place = error.location or Location("")
        found.setdefault((place, error.message), error)
    return [found[key] for key in sorted(found)]


def _described(compiled: CompiledProject) -> Iterator[FeatureSQLError]:
    for properties in compiled.project.properties.values():
        columns = compiled.models[properties.name].columns
        for column in properties.columns:
            what = f"the model '{properties.name}'"
            yield from _unknown([column.name], columns, what, column.location)


def _data_tests(compiled: CompiledProject) -> Iterator[FeatureSQLError]:
    catalog = Catalog(compiled.sources, compiled.models, compiled.project.entities)
    for test in compiled.project.data_tests:
        known = {column.name for column in compiled.models[test.model].columns}
        if test.column is not None and test.column not in known:
            continue  # said once, where the column is described
        try:
            failing_rows(test, catalog)
        except ManyErrors as errors:
            yield from errors.errors
        except FeatureSQLError as error:
            yield error


def _unit_tests(compiled: CompiledProject) -> Iterator[FeatureSQLError]:
    for test in compiled.project.unit_tests:
        for given in test.given:
            if given.kind == "ref":
                columns = compiled.models[given.name].columns
            elif given.name in compiled.sources:
                columns = compiled.sources[given.name]
            else:
                continue  # no model reads it: the test itself says so
            what = f"the input {given.kind}('{given.name}')"
            yield from _unknown(_named(given.rows), columns, what, given.location)
        yield from _expected(compiled, test)


def _expected(compiled: CompiledProject, test: UnitTest) -> Iterator[FeatureSQLError]:
    if test.override_vars:
        return  # other variables may give other columns
    columns = compiled.models[test.model].columns
    what = f"the unit test '{test.name}' expects rows of '{test.model}', which"
    yield from _unknown(_named(test.expect), columns, what, test.location)


def _named(rows: Iterable[Mapping[str, object]]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))


def _unknown(
    names: Iterable[str], columns: tuple[Column, ...], what: str, location: Location
) -> Iterator[FeatureSQLError]:
    known = [column.name for column in columns]
    for name in names:
        if name not in known:
            yield ProjectError(
                f"{what} has no column '{name}'",
                code="unknown-column",
                location=location,
                hint=did_you_mean(name, known),
            )
