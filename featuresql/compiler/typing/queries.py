"""The columns of a query, with every expression in it typed on the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from featuresql.compiler.typing.argument import UNKNOWN, Argument
from featuresql.compiler.typing.common_type import union_type
from featuresql.compiler.typing.conditions import check_truth
from featuresql.compiler.typing.names import Columns, Names
from featuresql.compiler.typing.sources import bind_source, renamed
from featuresql.errors import CompileError
from featuresql.spec.column_type import ColumnType

if TYPE_CHECKING:
    from featuresql.compiler.typing.typer import Typer

_CONDITIONS: Final = ("where", "having", "qualify")
# What takes whole rows of a subquery.
_ROWS_WANTED: Final = (exp.In, exp.Exists, exp.Any, exp.All, exp.Subquery)
_CLAUSES: Final = (*_CONDITIONS, "group", "distinct", "order", "limit", "offset")


def bind_query(typer: Typer, query: exp.Expr) -> Columns:
    """Type everything in `query` and return its columns."""
    with typer.within(Names(parent=typer.names)):
        _bind_ctes(typer, query)
        if isinstance(query, exp.Subquery):
            columns = bind_query(typer, query.this)
        elif isinstance(query, exp.SetOperation):
            columns = _bind_set_operation(typer, query)
        elif isinstance(query, exp.Select):
            columns = _bind_select(typer, query)
        else:
            columns = bind_source(typer, query)
    return columns


def _bind_ctes(typer: Typer, query: exp.Expr) -> None:
    clause = query.args.get("with_")
    if clause is None:
        return
    for cte in clause.expressions:
        body, alias = cte.this, cte.args["alias"]
        if clause.args.get("recursive") and isinstance(body, exp.SetOperation):
            # The first part says what the columns are; the second may then read them.
            first = renamed(bind_query(typer, body.this), alias)
            typer.names.ctes[cte.alias.lower()] = first
        columns = renamed(bind_query(typer, body), alias)
        typer.names.ctes[cte.alias.lower()] = columns


def _bind_select(typer: Typer, select: exp.Select) -> Columns:
    _bind_sources(typer, select)
    columns = tuple((item.alias_or_name, typer.annotate(item).type) for item in select.expressions)
    typer.names.aliases = {name.lower(): kind for name, kind in columns if name}
    for window in select.args.get("windows") or ():
        _annotate_parts(typer, window, ("partition_by", "order", "spec"))
    _annotate_parts(typer, select, _CLAUSES)
    for key in _CONDITIONS:
        clause = select.args.get(key)
        if clause is not None:
            _check_condition(typer, clause.this, key.upper())
    return columns


def _bind_sources(typer: Typer, select: exp.Select) -> None:
    source = select.args.get("from_")
    if source is not None:
        bind_source(typer, source.this)
    for join in select.args.get("joins") or ():
        bind_source(typer, join.this)
        if join.args.get("on") is not None:
            typer.annotate(join.args["on"])
            _check_condition(typer, join.args["on"], "ON")
    for lateral in select.args.get("laterals") or ():
        bind_source(typer, lateral)


def _annotate_parts(typer: Typer, node: exp.Expr, keys: tuple[str, ...]) -> None:
    for key in keys:
        value = node.args.get(key)
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, exp.Expr):
                typer.annotate(part)


def _check_condition(typer: Typer, condition: exp.Expr, what: str) -> None:
    argument = typer.argument(condition)
    if argument.type == UNKNOWN:
        return
    try:
        check_truth(argument, what)
    except CompileError as error:
        typer.report(condition, error)


def _bind_set_operation(typer: Typer, operation: exp.SetOperation) -> Columns:
    left = bind_query(typer, operation.this)
    right = bind_query(typer, operation.expression)
    try:
        columns = combine(operation, left, right)
    except CompileError as error:
        typer.report(operation, error)
        return left
    typer.names.aliases = {name.lower(): kind for name, kind in columns}
    _annotate_parts(typer, operation, ("order", "limit", "offset"))
    return columns


def combine(operation: exp.SetOperation, left: Columns, right: Columns) -> Columns:
    """Return the columns of a set operation over `left` and `right`.

    Raises `CompileError` where their numbers or types do not go together.
    """
    what = operation.key.upper()
    if operation.args.get("by_name"):
        return _combine_by_name(what, left, right)
    if len(left) != len(right):
        raise CompileError(f"{what} of {len(left)} and {len(right)} columns", code="type-mismatch")
    return tuple(
        (name, _together(what, name, kind, other))
        for (name, kind), (_, other) in zip(left, right, strict=True)
    )


def _combine_by_name(what: str, left: Columns, right: Columns) -> Columns:
    others = {name.lower(): kind for name, kind in right}
    columns = [
        (name, _together(what, name, kind, others.pop(name.lower(), kind))) for name, kind in left
    ]
    return (*columns, *((name, kind) for name, kind in right if name.lower() in others))


def _together(what: str, name: str, left: ColumnType, right: ColumnType) -> ColumnType:
    if UNKNOWN in (left, right):
        return UNKNOWN
    kind = union_type(left, right)
    if kind is None:
        raise CompileError(
            f"{what}: '{name}' is {left} on one side and {right} on the other",
            code="type-mismatch",
            hint="cast one of them",
        )
    return kind


def _value_of(typer: Typer, query: exp.Expr) -> Argument:
    """Type a query that stands where a value is wanted: its first column."""
    columns = bind_query(typer, query)
    typer.rows[id(query)] = columns
    if len(columns) > 1 and not isinstance(query.parent, _ROWS_WANTED):
        raise CompileError(
            f"a subquery of {len(columns)} columns stands where one value is wanted",
            code="type-mismatch",
            hint="select one column",
        )
    return Argument(columns[0][1])


HANDLERS: Final[dict[type[exp.Expr], Callable[[Typer, exp.Expr], Argument]]] = dict.fromkeys(
    (exp.Subquery, exp.Select, exp.Union, exp.Intersect, exp.Except), _value_of
)
