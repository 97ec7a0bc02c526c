"""The expression of a data test -> a checked, typed tree."""

from __future__ import annotations

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from featuresql.compiler.annotate_types import annotate_types
from featuresql.compiler.asof import relation
from featuresql.compiler.collect_columns import output
from featuresql.compiler.draft import Catalog, CompiledModel, Draft
from featuresql.compiler.qualify_columns import qualify_columns
from featuresql.compiler.resolve_tables import resolve_tables
from featuresql.compiler.typing import column_type_of
from featuresql.errors import CompileError, FeatureSQLError, Location, ManyErrors
from featuresql.render.rendered import REF_SCHEMA, RenderedModel
from featuresql.render.source_map import TemplateFile, make_source_map
from featuresql.spec.model import ModelConfig

MAX_CHARS = 10_000
RESULT = "condition"
# One row's values are all that a condition may look at.
REFUSED = (exp.Query, exp.AggFunc, exp.Window, exp.UDTF, exp.Table, exp.Star, exp.Exists)


def parse_condition(
    sql: str, model: CompiledModel, catalog: Catalog, location: Location
) -> exp.Expr:
    """Return the boolean expression `sql` over the columns of `model`, qualified and typed.

    Raises `CompileError` at `location` where it is no single expression, reads more than one row,
    names an unknown column, calls what models may not call, or is not BOOLEAN.
    """
    expression = _parse(sql, location)
    tree = exp.select(exp.alias_(exp.paren(expression), RESULT))
    draft = Draft(
        _as_model(sql, model, location), catalog, tree.from_(relation(REF_SCHEMA, model.name))
    )
    try:
        for run in (resolve_tables, qualify_columns, annotate_types):
            draft = run(draft)
    except ManyErrors as error:
        raise _placed(error.errors[0], sql, location) from None
    except FeatureSQLError as error:
        raise _placed(error, sql, location) from None
    condition = output(draft.tree, RESULT)
    assert condition is not None  # noqa: S101 - the SELECT above has no other item
    kind = column_type_of(condition)
    if kind.name not in {"BOOLEAN", "NULL"}:
        raise _error("condition-type", f"the expression is {kind}, not BOOLEAN", sql, location)
    return condition


def _parse(sql: str, location: Location) -> exp.Expr:
    if len(sql) > MAX_CHARS:
        raise _error("too-long", f"the expression has {len(sql)} characters", sql, location)
    try:
        statements = sqlglot.parse(sql, dialect="duckdb")
    except (SqlglotError, RecursionError) as error:
        reason = str(error).split("\n", maxsplit=1)[0] or "it is nested too deeply"
        raise _error("syntax", f"the expression cannot be read: {reason}", sql, location) from None
    expression = statements[0] if len(statements) == 1 else None
    if not isinstance(expression, exp.Condition):
        raise _error("syntax", "a test's expression is one boolean expression", sql, location)
    found = expression.find(*REFUSED)
    if found is not None:
        message = f"a test's expression has no {type(found).__name__.lower()}: it is about one row"
        hint = "test a model that makes the value"
        raise _error("condition-shape", message, sql, location, hint)
    return expression


def _as_model(sql: str, model: CompiledModel, location: Location) -> RenderedModel:
    """Dress the expression as a model, which is where the compiler's passes place errors."""
    return RenderedModel(
        name=model.name,
        path=location.path,
        template=sql,
        sql=sql,
        source_map=make_source_map(TemplateFile(location.path, sql), sql, ()),
        config=ModelConfig(),
        config_location=location,
        refs={model.name: location},
        sources={},
    )


def _placed(error: FeatureSQLError, sql: str, location: Location) -> CompileError:
    return _error(error.code, error.message, sql, location, error.hint)


def _error(
    code: str, message: str, sql: str, location: Location, hint: str | None = None
) -> CompileError:
    shown = sql if len(sql) <= 100 else f"{sql[:100]}…"  # noqa: PLR2004 - one line
    return CompileError(f"{message} (in '{shown}')", code=code, location=location, hint=hint)
