"""Comparisons and logic: all of them give a BOOLEAN."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from featuresql.compiler.typing.argument import Argument, describe, tuple_of
from featuresql.compiler.typing.common_type import common_argument
from featuresql.errors import CompileError
from featuresql.spec.column_type import BOOLEAN, ColumnType

if TYPE_CHECKING:
    from featuresql.compiler.typing.typer import Typer

TRUTH: Final = Argument(BOOLEAN)


def compare(left: Argument, right: Argument) -> None:
    """Check that two values can be compared.

    DuckDB also compares INTEGER with VARCHAR columns by `=` and fails on the first text that is no
    number; that is refused here, as DuckDB itself refuses it for `<`.
    """
    if common_argument(left, right) is None:
        raise CompileError(
            f"cannot compare {describe(left)} with {describe(right)}",
            code="type-mismatch",
            hint="cast one side to the type of the other",
        )


def check_truth(argument: Argument, what: str) -> None:
    """Check that a value may stand as a condition: a BOOLEAN, or an integer that is not zero."""
    kind = argument.type
    if kind == BOOLEAN or argument.is_null or kind.is_integer:
        return
    raise CompileError(
        f"{what} needs a BOOLEAN, not {describe(argument)}",
        code="type-mismatch",
        hint="compare it with something",
    )


def _comparison(typer: Typer, node: exp.Expr) -> Argument:
    compare(typer.argument(node.this), typer.argument(node.expression))
    return TRUTH


def _between(typer: Typer, node: exp.Expr) -> Argument:
    this = typer.argument(node.this)
    for bound in ("low", "high"):
        compare(this, typer.argument(node.args[bound]))
    return TRUTH


def _in(typer: Typer, node: exp.Expr) -> Argument:
    this = typer.argument(node.this)
    query, unnest = node.args.get("query"), node.args.get("unnest")
    if query is not None:
        compare(this, _row(typer, query))
    if unnest is not None:
        listed = typer.argument(unnest).type
        compare(this, Argument(listed.element or listed))
    field = node.args.get("field")
    if field is not None:
        listed = typer.argument(field).type
        compare(this, Argument(listed.element or listed))
    for value in node.expressions:
        compare(this, typer.argument(value))
    return TRUTH


def _row(typer: Typer, query: exp.Expr) -> Argument:
    """Give what a query holds in each row: a value, or a tuple of several."""
    columns = typer.rows[id(query)]
    if len(columns) == 1:
        return Argument(columns[0][1])
    return Argument(tuple_of(tuple(kind for _, kind in columns)))


def _logic(typer: Typer, node: exp.Expr) -> Argument:
    what = node.key.upper()
    for part in (node.this, node.args.get("expression")):
        if part is not None:
            check_truth(typer.argument(part), what)
    return TRUTH


def _quantified(typer: Typer, node: exp.Expr) -> Argument:
    """Give what `x = ANY (...)` compares x with: a list's element or a query's column."""
    found: ColumnType = typer.argument(node.this).type
    return Argument(found.element or found)


def _truth(_typer: Typer, _node: exp.Expr) -> Argument:
    return TRUTH


HANDLERS: Final[dict[type[exp.Expr], Callable[[Typer, exp.Expr], Argument]]] = {
    **dict.fromkeys((exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE), _comparison),
    exp.NullSafeEQ: _comparison,
    exp.NullSafeNEQ: _comparison,
    exp.Between: _between,
    exp.In: _in,
    exp.Is: _truth,
    exp.Exists: _truth,
    exp.Escape: _truth,
    exp.And: _logic,
    exp.Or: _logic,
    exp.Not: _logic,
    exp.Any: _quantified,
    exp.All: _quantified,
}
