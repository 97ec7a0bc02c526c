"""A data test -> the query of the rows that fail it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from typing import Final, TypeAlias

from sqlglot import exp

from featuresql.compiler.asof import column, relation, timestamp
from featuresql.compiler.draft import Catalog, CompiledModel
from featuresql.errors import ProjectError, did_you_mean
from featuresql.quality.parse_condition import parse_condition
from featuresql.quality.typed_value import typed_value
from featuresql.render.rendered import REF_SCHEMA
from featuresql.spec.column_type import ColumnType
from featuresql.spec.model import Column, DataTest

Builder: TypeAlias = Callable[[DataTest, CompiledModel, Catalog], exp.Select]


def failing_rows(test: DataTest, catalog: Catalog) -> exp.Select:
    """Return the query of the rows of `ref.MODEL` that fail `test`; no row means that it passes.

    Raises `ProjectError` or `CompileError` at the test's place where it does not fit its model.
    """
    model = catalog.models[test.model]
    query = BUILDERS[test.name](test, model, catalog)
    return query if test.where is None else _only_where(query, test, model, catalog)


def _only_where(
    query: exp.Select, test: DataTest, model: CompiledModel, catalog: Catalog
) -> exp.Select:
    """Return the query over those rows of the model for which the test's `where` is true."""
    condition = parse_condition(str(test.where), model, catalog, test.location)
    used = condition.find(exp.Column)
    alias = used.table if used is not None and used.table else model.name
    rows = exp.select(*[column(c.name) for c in model.columns])
    rows = rows.from_(relation(REF_SCHEMA, model.name, alias)).where(condition)
    result = query.copy()
    source = result.args["from_"].this
    outer = exp.to_identifier(source.alias_or_name, quoted=True)
    result.args["from_"].set("this", rows.subquery(outer))
    return result


def not_null(test: DataTest, model: CompiledModel, catalog: Catalog) -> exp.Select:
    """Select the rows whose column is NULL."""
    del catalog
    tested = _tested(test, model)
    return _rows(model, tested).where(_is_null(tested))


def unique(test: DataTest, model: CompiledModel, catalog: Catalog) -> exp.Select:
    """Select the values that several rows have, with their `count`; NULL is no value."""
    del catalog
    tested = _tested(test, model)
    query = _repeated(model, (tested,))
    return query.where(exp.not_(_is_null(tested)))


def unique_columns(test: DataTest, model: CompiledModel, catalog: Catalog) -> exp.Select:
    """Select the combinations that several rows have; here NULL is equal to NULL."""
    del catalog
    names = test.arguments["columns"]
    assert isinstance(names, list | tuple)  # noqa: S101 - the project's reader has checked it
    return _repeated(model, tuple(_find(test, model, str(name)) for name in names))


def accepted_values(test: DataTest, model: CompiledModel, catalog: Catalog) -> exp.Select:
    """Select the rows whose value is none of those given; NULL passes."""
    del catalog
    tested = _tested(test, model)
    values = test.arguments["values"]
    assert isinstance(values, list | tuple)  # noqa: S101 - as above
    accepted = [_literal(test, value, tested.type) for value in values]
    return _rows(model, tested).where(
        exp.not_(_is_null(tested)),
        exp.not_(exp.In(this=column(tested.name), expressions=accepted)),
    )


def relationships(test: DataTest, model: CompiledModel, catalog: Catalog) -> exp.Select:
    """Select the rows whose value is not in the other model's column; NULL passes."""
    tested = _tested(test, model)
    other = catalog.models[str(test.arguments["to"])]
    field = _find(test, other, str(test.arguments["field"]))
    if field.type != tested.type and not (field.type.is_integer and tested.type.is_integer):
        raise _wrong(
            test, f"'{tested.name}' is {tested.type}, '{other.name}.{field.name}' is {field.type}"
        )
    known = (
        exp.select(column(field.name))
        .from_(relation(REF_SCHEMA, other.name))
        .where(exp.not_(_is_null(field)))
    )
    return _rows(model, tested).where(
        exp.not_(_is_null(tested)),
        exp.not_(exp.In(this=column(tested.name), query=known.subquery())),
    )


def value_range(test: DataTest, model: CompiledModel, catalog: Catalog) -> exp.Select:
    """Select the rows whose value is outside of the bounds; NULL passes, NaN does not."""
    del catalog
    tested = _tested(test, model)
    value = column(tested.name)
    outside: list[exp.Expr] = []
    least, most = test.arguments.get("min"), test.arguments.get("max")
    if least is not None:
        outside.append(exp.LT(this=value.copy(), expression=_bound(test, least, tested)))
    if most is not None:
        outside.append(exp.GT(this=value.copy(), expression=_bound(test, most, tested)))
    if tested.type.is_float:
        outside.append(exp.func("isnan", value.copy(), dialect="duckdb"))
    return _rows(model, tested).where(exp.or_(*outside))


def matches(test: DataTest, model: CompiledModel, catalog: Catalog) -> exp.Select:
    """Select the rows whose text the regular expression matches nowhere; NULL passes."""
    tested = _tested(test, model)
    if tested.type.name != "VARCHAR":
        raise _wrong(test, f"'{tested.name}' is {tested.type}, no text")
    pattern = exp.Literal.string(str(test.arguments["pattern"]))
    call = exp.Anonymous(this="regexp_matches", expressions=[column(tested.name), pattern])
    return expression(replace(test, arguments={"sql": call.sql("duckdb")}), model, catalog)


def freshness(test: DataTest, model: CompiledModel, catalog: Catalog) -> exp.Select:
    """Select one row, the newest instant, where there is none or it is before `oldest`."""
    del catalog
    tested = _tested(test, model)
    oldest = test.arguments["oldest"]
    if tested.type.name != "TIMESTAMP" or not isinstance(oldest, datetime):
        raise _wrong(test, f"'{tested.name}' is {tested.type}, no TIMESTAMP")
    newest = exp.Max(this=column(tested.name))
    is_old = exp.LT(this=newest.copy(), expression=timestamp(oldest))
    missing = exp.Is(this=newest.copy(), expression=exp.null())
    query = exp.select(exp.alias_(newest, tested.name, quoted=True))
    return query.from_(relation(REF_SCHEMA, model.name)).having(exp.or_(missing, is_old))


def row_count(test: DataTest, model: CompiledModel, catalog: Catalog) -> exp.Select:
    """Select one row, the number of rows, where it is outside of the bounds."""
    del catalog
    count = exp.Count(this=exp.Star())
    least, most = test.arguments.get("min"), test.arguments.get("max")
    outside: list[exp.Expr] = []
    if least is not None:
        outside.append(exp.LT(this=count.copy(), expression=exp.Literal.number(str(least))))
    if most is not None:
        outside.append(exp.GT(this=count.copy(), expression=exp.Literal.number(str(most))))
    shown = exp.alias_(count, "row_count", quoted=True)
    query = exp.select(shown).from_(relation(REF_SCHEMA, model.name))
    return query.having(exp.or_(*outside))


def expression(test: DataTest, model: CompiledModel, catalog: Catalog) -> exp.Select:
    """Select the rows for which the expression is false; NULL passes."""
    condition = parse_condition(str(test.arguments["sql"]), model, catalog, test.location)
    used = {c.name for c in condition.find_all(exp.Column)}
    first = [c for c in model.columns if c.name in used or c.name == test.column]
    alias = condition.find(exp.Column)
    query = _rows(model, *first)
    if alias is not None and alias.table:
        query = query.from_(relation(REF_SCHEMA, model.name, alias.table))
    return query.where(exp.not_(exp.paren(condition)))


BUILDERS: Final[dict[str, Builder]] = {
    "not_null": not_null,
    "unique": unique,
    "unique_columns": unique_columns,
    "accepted_values": accepted_values,
    "relationships": relationships,
    "range": value_range,
    "matches": matches,
    "freshness": freshness,
    "row_count": row_count,
    "expression": expression,
}


def _rows(model: CompiledModel, *first: Column) -> exp.Select:
    """Whole rows, those columns first that the test is about."""
    names = [c.name for c in first]
    names += [c.name for c in model.columns if c.name not in names]
    return exp.select(*[column(name) for name in names]).from_(relation(REF_SCHEMA, model.name))


def _repeated(model: CompiledModel, columns: tuple[Column, ...]) -> exp.Select:
    keys = [column(c.name) for c in columns]
    count = exp.Count(this=exp.Star())
    return (
        exp.select(*keys, exp.alias_(count, "count", quoted=True))
        .from_(relation(REF_SCHEMA, model.name))
        .group_by(*[key.copy() for key in keys])
        .having(exp.GT(this=count.copy(), expression=exp.Literal.number(1)))
    )


def _is_null(tested: Column) -> exp.Expr:
    return exp.Is(this=column(tested.name), expression=exp.null())


def _tested(test: DataTest, model: CompiledModel) -> Column:
    return _find(test, model, test.column or "")


def _find(test: DataTest, model: CompiledModel, name: str) -> Column:
    for found in model.columns:
        if found.name == name:
            return found
    raise ProjectError(
        f"the test '{test.name}' is of '{name}', '{model.name}' has no such column",
        code="unknown-column",
        location=test.location,
        hint=did_you_mean(name, [c.name for c in model.columns]),
    )


def _bound(test: DataTest, bound: object, tested: Column) -> exp.Expr:
    """Return the bound; a number's is exact, also where the column's type cannot hold it."""
    is_number = isinstance(bound, int | float) and not isinstance(bound, bool)
    if tested.type.is_numeric and is_number:
        if isinstance(bound, int):
            return exp.Literal.number(str(bound))
        return exp.cast(exp.Literal.string(repr(bound)), "DOUBLE", dialect="duckdb")
    if tested.type.name not in {"DATE", "TIMESTAMP"} or is_number:
        raise _wrong(test, f"{bound} is no bound for '{tested.name}', which is {tested.type}")
    return _literal(test, bound, tested.type)


def _literal(test: DataTest, value: object, kind: ColumnType) -> exp.Expr:
    if kind.name in {"LIST", "STRUCT", "BLOB", "NULL"}:
        raise _wrong(test, f"the test takes no values of the type {kind}")
    try:
        found = typed_value(value, kind)
    except ValueError as error:
        raise _wrong(test, str(error)) from None
    if isinstance(found, bool):
        return exp.true() if found else exp.false()
    if isinstance(found, datetime):
        return timestamp(found)
    text = found.isoformat() if isinstance(found, date) else str(found)
    return exp.cast(exp.Literal.string(text), str(kind), dialect="duckdb")


def _wrong(test: DataTest, message: str) -> ProjectError:
    return ProjectError(
        f"the test '{test.name}': {message}", code="wrong-type", location=test.location
    )
