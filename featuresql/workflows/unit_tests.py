"""Unit tests: rows in, rows out, for one model, in an empty engine."""

from __future__ import annotations

import pyarrow as pa
from sqlglot import exp

from featuresql.compiler.asof import (
    ASOF_SCHEMA,
    HISTORY_SCHEMA,
    ROW,
    column,
    normalized_availability,
    path_query,
    relation,
)
from featuresql.compiler.compile_model import compile_model
from featuresql.compiler.compile_project import CompiledProject
from featuresql.compiler.draft import Catalog, CompiledModel
from featuresql.compiler.place_relations import NAMES_SCHEMA, place_relations
from featuresql.compiler.relation_columns import relation_columns, table_columns
from featuresql.compiler.write_sql import write_query, write_table
from featuresql.errors import FeatureSQLError, ProjectError, did_you_mean
from featuresql.ports import EngineSession
from featuresql.quality.compare_rows import compare_rows
from featuresql.quality.test_report import TestResult, error_result
from featuresql.quality.text_table import MAX_ROWS, text_table
from featuresql.quality.typed_rows import typed_rows
from featuresql.render.render_model import render_model
from featuresql.spec.model import Column, FeatureView, GivenInput, UnitTest
from featuresql.workflows.workspace import Workspace

# In Arrow a value of these has another type than the model's, until it is cast.
_LOST_IN_ARROW = frozenset({"HUGEINT", "UUID", "JSON", "TIMESTAMPTZ"})


def run_unit_test(workspace: Workspace, compiled: CompiledProject, test: UnitTest) -> TestResult:
    """Run one unit test; what is wrong with the test itself is a result with the status `error`."""
    try:
        model = _model(compiled, test)
        _check_inputs(model, test)
        expected = _expected(model, test)
        with workspace.engine.scratch() as session:
            dialect = workspace.engine.dialect
            for given in test.given:
                _load(session, compiled, given, dialect)
            actual = _run(session, compiled, model, expected, dialect)
    except FeatureSQLError as error:
        return error_result(test.name, "unit", test.model, test.location, error)
    difference = compare_rows(expected, actual)
    if difference.is_empty:
        return TestResult(test.name, "unit", test.model, "pass", test.location)
    missing, unexpected = difference.missing, difference.unexpected
    return TestResult(
        test.name,
        "unit",
        test.model,
        "fail",
        test.location,
        message=f"{missing.num_rows} rows are missing, {unexpected.num_rows} are not expected",
        failures=missing.num_rows + unexpected.num_rows,
        rows_shown=_difference_table(missing, unexpected),
    )


def _model(compiled: CompiledProject, test: UnitTest) -> CompiledModel:
    """Return the model, compiled anew where the test replaces variables."""
    if not test.override_vars:
        return compiled.models[test.model]
    project = compiled.project
    rendered = render_model(project.models[test.model], project, variables=test.override_vars)
    return compile_model(rendered, Catalog(compiled.sources, compiled.models, project.entities))


def _check_inputs(model: CompiledModel, test: UnitTest) -> None:
    read = {("ref", name) for name in model.refs} | {("source", name) for name in model.sources}
    given = {(each.kind, each.name): each for each in test.given}
    missing = sorted(read - given.keys())
    if missing:
        names = ", ".join(_called(kind, name) for kind, name in missing)
        raise ProjectError(
            f"'{model.name}' reads {names}, for which the test gives no rows",
            code="missing-input",
            location=test.location,
            hint="add it to 'given'; 'rows: []' gives none",
        )
    for key, each in given.items():
        if key not in read:
            raise ProjectError(
                f"the test gives rows for {_called(*key)}, which '{model.name}' does not read",
                code="unknown-input",
                location=each.location,
                hint=did_you_mean(_called(*key), [_called(*known) for known in read]),
            )


def _called(kind: str, name: str) -> str:
    return f"{kind}('{name}')"


def _expected(model: CompiledModel, test: UnitTest) -> pa.Table:
    """Return the rows to expect, with the columns that any of them names, in the model's order."""
    named = {name for row in test.expect for name in row}
    columns = [c for c in model.columns if c.name in named]
    # Typed with all columns, so that an unknown one is told from all that are known.
    whole = typed_rows(test.expect, model.columns, f"the model '{model.name}'", test.location)
    return whole.select([c.name for c in columns or model.columns])


def _load(
    session: EngineSession, compiled: CompiledProject, given: GivenInput, dialect: str
) -> None:
    """Make the relations that stand for an input: for a view also its history and as-of path."""
    view = None
    columns = compiled.sources.get(given.name, ())
    if given.kind == "ref":
        columns, view = compiled.models[given.name].columns, compiled.models[given.name].view
    what = f"the input {_called(given.kind, given.name)}"
    rows = typed_rows(given.rows, columns, what, given.location)
    raw = _place(given.kind, given.name + "__raw")
    session.load(*raw, rows)
    place = _place(given.kind, given.name)
    loaded = table_columns(rows.append_column(ROW, pa.nulls(rows.num_rows, pa.int64())))
    columns_of = relation_columns(compiled, _place, {raw: loaded})
    stored = _as_stored(columns, view, relation(*raw))
    statements = [write_table(place, stored, dialect, columns_of)]
    if view is not None:
        path, order_by = _place(ASOF_SCHEMA, given.name), [key.name for key in view.keys]
        query = path_query(view, relation(*place))
        statements.append(write_table(path, query, dialect, columns_of, order_by))
    session.execute(statements)


def _place(schema: str, name: str) -> tuple[str, str]:
    """Return where an input stands. A view's rows are its history: they carry `__row`."""
    kind = "ref" if schema == HISTORY_SCHEMA else schema
    return NAMES_SCHEMA, f"{kind}__{name}"


def _as_stored(columns: tuple[Column, ...], view: FeatureView | None, raw: exp.Table) -> exp.Select:
    selects: list[exp.Expr] = [column(ROW)]
    for each in columns:
        value: exp.Expr = column(each.name)
        if each.type.name == "TIMESTAMPTZ":
            value = exp.Anonymous(this="timezone", expressions=[exp.Literal.string("UTC"), value])
        elif each.type.name in _LOST_IN_ARROW:
            value = exp.cast(value, str(each.type), dialect="duckdb")
        if view is not None and each.name == view.available_at:
            value = normalized_availability(column(view.event_time), value)
        selects.append(exp.alias_(value, each.name, quoted=True))
    return exp.select(*selects).from_(raw)


def _run(
    session: EngineSession,
    compiled: CompiledProject,
    model: CompiledModel,
    expected: pa.Table,
    dialect: str,
) -> pa.Table:
    """Run the model over what was loaded; only the expected columns, with their types."""
    tree = place_relations(model.tree, _place)
    wanted = [column(name, "q") for name in expected.column_names]
    query = exp.select(*wanted).from_(exp.alias_(tree.subquery(), "q", table=True))
    statement = write_query(query, dialect, relation_columns(compiled, _place))
    types = {each.name: each.type for each in model.columns}
    columns = [Column(name, types[name]) for name in expected.column_names]
    return session.query(statement, columns=columns).read_all().cast(expected.schema)


def _difference_table(missing: pa.Table, unexpected: pa.Table) -> str:
    sides = [
        rows.slice(0, MAX_ROWS).add_column(
            0, "row", pa.array([name] * min(rows.num_rows, MAX_ROWS))
        )
        for name, rows in (("missing", missing), ("unexpected", unexpected))
        if rows.num_rows
    ]
    shown = text_table(pa.concat_tables(sides), max_rows=2 * MAX_ROWS)
    hidden = sum(max(rows.num_rows - MAX_ROWS, 0) for rows in (missing, unexpected))
    return f"{shown}\n… and {hidden} more" if hidden else shown
